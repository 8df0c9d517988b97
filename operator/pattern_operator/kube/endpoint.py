"""An API server and who asks it: the address, the ``Authorization`` header, and which authority to trust."""

import ssl
from dataclasses import dataclass, field
from typing import Protocol


class Authorization(Protocol):
    """A source of the ``Authorization`` header."""

    async def header(self) -> str:
        """Return the header for the next request; empty when the connection itself (a certificate) says who it is."""
        ...

    async def refresh(self, *, rejected: str) -> bool:
        """After a 401 for the header ``rejected``: look again, and say whether another try makes sense."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An API server and everything that is needed to talk to it. ``repr`` shows no secret."""

    server: str  # https://host:port without a trailing slash; http:// works, for a proxy that authenticates
    authorization: Authorization = field(repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    tls_server_name: str | None = None
    proxy: str | None = field(default=None, repr=False)  # its URL may hold a password
    namespace: str = "default"  # what a command without --namespace means


class StaticAuth:
    """A header that never changes: a static token, a password, or none."""

    def __init__(self, header: str = "") -> None:
        self._header = header

    async def header(self) -> str:
        """Return the header."""
        return self._header

    async def refresh(self, *, rejected: str) -> bool:
        """Say no: there is nothing to look at again."""
        return False


def tls_context(*, ca: str | None) -> ssl.SSLContext:
    """Return a client's context that trusts ``ca`` (PEM), or the system's authorities."""
    context = ssl.create_default_context(cadata=ca)
    # Python 3.13 turned on the strict reading of RFC 5280, which refuses the certificates that managed clusters have
    # served for years (no authority key identifier). The chain and the name are verified all the same.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
