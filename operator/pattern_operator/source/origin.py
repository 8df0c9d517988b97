"""Where a server is, in one spelling: every comparison of hosts of registries and of what they name is made here.

Rules: RFC 6454 section 5 (two origins are the same if scheme, host and port are), RFC 9110 section 4.2.3 (a port that
is not written is the scheme's own, and the host is in any case), RFC 1034 section 3.1 (a name may end in a dot).
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Literal, Self

from yarl import URL

Scheme = Literal["https", "http"]

_PORTS: Final = {"https": 443, "http": 80}
_PORT: Final = re.compile(r"(.*[^:]):([0-9]{1,5})", re.DOTALL)


def canonical_host(host: str) -> str:
    """A host in one spelling: small letters, punycode, no dot at its end; IPv6 at its shortest, without brackets.

    Total: what is not a host stays itself, in small letters.
    """
    host = host.lower().removesuffix(".")
    bare = host.removeprefix("[").removesuffix("]")
    if ":" in bare:  # IPv4 has one spelling; all others are not looked at: a config has up to 33,000 names
        try:
            return str(ipaddress.ip_address(bare))
        except ValueError:
            pass
    if host.isascii():
        return host
    try:
        return URL.build(scheme="https", host=host).raw_host or host
    except ValueError:
        return host


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, a host in one spelling, and the port that is connected to."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def of(cls, url: URL) -> Self:
        """The origin of an absolute URL."""
        return cls(url.scheme, canonical_host(url.raw_host or ""), url.port)

    @classmethod
    def named(cls, authority: str, *, scheme: str) -> Self:
        """The origin of ``host[:port]`` where ``scheme`` is spoken.

        Total: what is not a host and port is a host of that name, which no URL has.
        """
        parts = _PORT.fullmatch(authority)
        host, port = (parts[1], int(parts[2])) if parts else (authority, _PORTS.get(scheme))
        return cls(scheme, canonical_host(host), port)

    @classmethod
    def named_safely(cls, authority: str, *, scheme: str) -> Self:
        """As ``named``, but without a port it is where https is spoken: plain http has to be meant."""
        return cls.named(authority, scheme=scheme if _PORT.fullmatch(authority) else "https")

    @property
    def authority(self) -> str:
        """``host[:port]``, the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port in (None, _PORTS.get(self.scheme)) else f"{host}:{self.port}"

    @property
    def url(self) -> URL:
        """The origin as a URL."""
        return URL(f"{self.scheme}://{self.authority}")


def same_origin(one: URL, other: URL) -> bool:
    """Whether two URLs lead to the same server: scheme, host and effective port."""
    return Origin.of(one) == Origin.of(other)


def same_host(one: URL, other: URL) -> bool:
    """Whether two URLs lead to the same host, on whatever port."""
    return Origin.of(one).host == Origin.of(other).host
