"""The few plain HTTP requests the testbed makes itself: never through a proxy, never following a redirect."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, whatever the status."""

    status: int
    headers: Message
    body: bytes


class _Stay(urllib.request.HTTPRedirectHandler):
    """Hands a redirect to the caller as it is."""

    def redirect_request(self, *_: object) -> None:
        return None


def request(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    ca: Path | None = None,
    seconds: float = 30.0,
) -> Answer:
    """Ask ``url`` and return the answer, also when it is an error.

    Raises:
        OSError: nobody answers within ``seconds``.
    """
    asked = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)  # noqa: S310 - own URLs
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({}), _Stay()]
    if ca is not None:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca))))
    try:
        with urllib.request.build_opener(*handlers).open(asked, timeout=seconds) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.headers, refused.read())


def answers(url: str, *, ca: Path | None = None, token: str = "") -> bool:
    """Tell whether ``url`` answers 200 within a second."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return request("GET", url, headers=headers, ca=ca, seconds=1.0).status == 200
    except OSError:
        return False
