"""What the API server refuses to the operator itself: as long as it does, no pattern is worked on.

Noted from answers to what the operator does anyway, so that a settled cluster is asked nothing. A request in the name
of a pattern's account is not noted: what that may not do costs its pattern.
"""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType

from pattern_operator.kube.resource import verb_and_resource
from pattern_operator.quote import first_few

# Seconds. What is refused is retried within minutes; what is not is not needed any more (a pattern was deleted).
LASTS: Final = 900.0
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class OwnPermissions:
    """The requests (``verb resource``) that were refused of late, and have not been allowed since."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refused: dict[str, tuple[int, float]] = {}  # the status, and when that was

    @property
    def complaint(self) -> str:
        """What is refused, and what to do; empty while nothing is."""
        since = self._clock() - LASTS
        refused = sorted((what, code) for what, (code, at) in self._refused.items() if at > since)
        if not refused:
            return ""
        code = refused[0][1]
        what = first_few([each for each, _ in refused], 1)
        if code == HTTPStatus.UNAUTHORIZED:
            return (
                f"the API server does not accept the operator's credentials any more ({what}, {code}): see whether its"
                " ServiceAccount is still there"
            )
        return (
            f"the operator itself may not {what} ({code}): give it its rights again, as by kubectl apply"
            " --server-side -k manifests/default (or restricted)"
        )

    def answered(self, what: str, code: int) -> None:
        """Take in what came of a request in the operator's own name; other codes than these say nothing."""
        if code in _REFUSED:
            self._refused[what] = code, self._clock()
        elif code in range(200, 300):
            self._refused.pop(what, None)

    async def note(self, request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        """Take in the answers to all requests of an HTTP session; a middleware."""
        response = await handler(request)
        self.answered(" ".join(verb_and_resource(request.method, request.url.path, request.url.query)), response.status)
        return response
