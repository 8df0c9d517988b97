"""A session without a server, for what asks one thing of it."""

from collections.abc import AsyncGenerator
from typing import Any

from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import ApiError, Session
from pattern_operator.kube.kopf_watch import KopfWatch
from pattern_operator.kube.own_permissions import OwnPermissions


class FakeSession(Session):
    """Every request is answered by ``answer``, or refused where that is an error; ``bodies`` were sent."""

    def __init__(self, answer: bytes | ApiError = b"{}", *, internal_errors: InternalErrors | None = None) -> None:
        self.server = "https://api.example"
        self.internal_errors = internal_errors or InternalErrors()
        self.own_permissions = OwnPermissions()
        self.kopf_watch = KopfWatch()
        self.watches = set()
        self.bodies: list[bytes | None] = []
        self._answer = answer

    async def request(self, *_: object, body: bytes | None = None, **__: Any) -> bytes:
        self.bodies.append(body)
        return self._said()

    async def stream(self, *_: object, **__: Any) -> AsyncGenerator[bytes, None]:
        yield self._said()

    def _said(self) -> bytes:
        if isinstance(self._answer, ApiError):
            raise self._answer
        return self._answer
