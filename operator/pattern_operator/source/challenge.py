"""What a registry wants to know before it answers (``WWW-Authenticate``), and whom credentials may be told to.

Grammar: RFC 9110 section 11.2. Bearer parameters: distribution, "Token Authentication Specification".
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

_TOKEN: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - RFC 9110 section 5.6.2
_PARAMETER: Final = re.compile(rf'[\s,]*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))')
_SCHEME: Final = re.compile(rf"[\s,]*({_TOKEN})(?:\s+|\s*$|(?=,))")
_ESCAPED: Final = re.compile(r"\\(.)")
_MAX_HEADER: Final = 8192  # bytes of one header; servers and proxies draw the line there


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to be let in: ``basic`` or ``bearer``, and its parameters."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Read every challenge of every ``WWW-Authenticate`` header; what is no challenge ends its header."""
    found: list[Challenge] = []
    for header in headers:
        rest = header[:_MAX_HEADER]
        while scheme := _SCHEME.match(rest):
            rest = rest[scheme.end() :]
            parameters: dict[str, str] = {}
            while parameter := _PARAMETER.match(rest):
                name, quoted, bare = parameter.groups()
                parameters.setdefault(name.lower(), bare if quoted is None else _ESCAPED.sub(r"\1", quoted))
                rest = rest[parameter.end() :]
            found.append(Challenge(scheme[1].lower(), parameters))
    return found


def may_be_told(realm: str, *, registry: str) -> bool:
    """Whether the token service at host ``realm`` may see the credentials that are meant for host ``registry``.

    It may when it is the same host, one below the other (gitlab.com for registry.gitlab.com), or beside it in one
    domain (auth.docker.io for registry-1.docker.io). There is no list of public suffixes here, so a shared domain must
    have two labels, and three where it looks like one under which others register (co.uk, com.au). IP addresses must
    be equal. Whoever stands outside sees nothing (CVE-2020-15157).
    """
    realm, registry = realm.lower().rstrip("."), registry.lower().rstrip(".")
    if realm == registry:
        return True
    if _is_address(realm) or _is_address(registry):
        return False
    if realm.endswith(f".{registry}") or registry.endswith(f".{realm}"):
        return _is_owned(min(realm, registry, key=len))
    domain = registry.partition(".")[2]
    return _is_owned(domain) and realm.endswith(f".{domain}")


def _is_owned(domain: str) -> bool:
    """Whether one owner has all of ``domain``, as far as its shape tells."""
    labels = domain.split(".")
    if len(labels) < 2:
        return False
    looks_public = len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return len(labels) > 2 or not looks_public


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
