"""How a console is run: on a user's machine, or in a cluster behind a proxy."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Final, Protocol, Self

from yarl import URL

from pattern_operator.kube import Endpoint

DEFAULT_NAMESPACE: Final = "default"


class InvalidAddress(ValueError):
    """A console cannot be run at this address; the message says which it can."""


class Mode(StrEnum):
    """What can be done in the page."""

    READ_WRITE = "read-write"  # whatever the user may
    READ_ONLY = "read-only"  # nothing, whatever the user may


@dataclass(frozen=True, slots=True)
class Address:
    """Where browsers find the console: each of ``origins`` is ``scheme://host[:port]``, ``base`` a path or empty."""

    origins: tuple[str, ...]
    base: str = ""

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers of requests that are for it."""
        return frozenset(origin.partition("://")[2] for origin in self.origins)

    @property
    def is_secure(self) -> bool:
        """Whether browsers use TLS: only then do all of them keep a cookie that is Secure."""
        return all(origin.startswith("https://") for origin in self.origins)

    @property
    def cookie(self) -> str:
        """The name of the cookie. With ``__Host-`` no other host can set it (RFC 6265bis, "The __Host- Prefix").

        Cookies are not told apart by port: two consoles on one machine have two names.
        """
        if self.is_secure:
            return "__Host-pattern-operator"
        return f"patternctl-console-{URL(self.origins[0]).port}"

    @classmethod
    def of_loopback(cls, port: int) -> Self:
        """The address of a console on the user's own machine, by each name that a browser may use for it."""
        return cls(tuple(f"http://{host}:{port}" for host in ("127.0.0.1", "localhost", "[::1]")))

    @classmethod
    def of_url(cls, url: str) -> Self:
        """The address behind a proxy, such as ``https://patterns.example.com`` or ``https://example.com/patterns``.

        Raises:
            InvalidAddress: it is not such a URL.
        """
        found = URL()
        try:
            found = URL(url)
            plain = found.scheme == "https" and found.host and not (found.user or found.query_string or found.fragment)
            origin = str(found.origin()) if plain else ""
        except ValueError:
            origin = ""
        if not origin:
            raise InvalidAddress("write the URL as browsers have it: https://host[:port][/path], and nothing else")
        return cls((origin,), found.raw_path.rstrip("/"))


def loopback(address: str) -> str:
    """``address`` where only this machine reaches it.

    Raises:
        InvalidAddress: others reach it, too: the page would act with the user's rights for whoever finds the token.
    """
    try:
        if ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    raise InvalidAddress(f"{address!r} is not a loopback address: the console of a user listens on 127.0.0.1 or ::1")


class EndpointOfToken(Protocol):
    """Makes the endpoint of a user of a bearer token."""

    def __call__(self, token: str) -> Endpoint:
        """The API server, as whoever has ``token``."""
        ...


@dataclass(frozen=True, slots=True)
class LocalSignIn:
    """On a user's machine: who has the one-time token of ``path`` is the user of the kubeconfig."""

    endpoint: Endpoint
    one_time_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenSignIn:
    """In a cluster: each user has a bearer token, which a proxy sends or the user pastes."""

    endpoint_of: EndpointOfToken


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """How a console is run. ``namespace`` is proposed to users who may not see all of them."""

    address: Address
    sign_in: LocalSignIn | TokenSignIn
    mode: Mode = Mode.READ_WRITE
    namespace: str = DEFAULT_NAMESPACE
