"""What a registry wants to know before it answers (``WWW-Authenticate``), and whom credentials may be told to.

Grammar: RFC 9110 section 11.2. Bearer parameters: distribution, "Token Authentication Specification".
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

# All repetitions are possessive (Python 3.11): a header that fits nothing is passed over once, and not tried in parts.
_TOKEN: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]++"  # noqa: S105 - RFC 9110 section 5.6.2
_PARAMETER: Final = re.compile(rf'[\s,]*+({_TOKEN})\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|({_TOKEN}))')
_SCHEME: Final = re.compile(rf"[\s,]*+({_TOKEN})(?:\s++|$|(?=,))")
_ESCAPED: Final = re.compile(r"\\(.)")
_MAX_HEADERS: Final = 8192  # bytes of all of them; servers and proxies draw the line there for one
_MAX_CHALLENGES: Final = 16  # a registry sends one or two
_MAX_PARAMETERS: Final = 16  # of one challenge; a Bearer challenge has four


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to be let in: ``basic`` or ``bearer``, and its parameters."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Read the challenges of the ``WWW-Authenticate`` headers; what is no challenge ends its header.

    In a time that follows from the length, which is bounded, and so is the number of challenges and parameters.
    """
    found: list[Challenge] = []
    left = _MAX_HEADERS
    for header in headers:
        text, position = header[:left], 0
        left -= len(text)
        while len(found) < _MAX_CHALLENGES and (scheme := _SCHEME.match(text, position)):
            position = scheme.end()
            parameters: dict[str, str] = {}
            while len(parameters) < _MAX_PARAMETERS and (parameter := _PARAMETER.match(text, position)):
                name, quoted, bare = parameter.groups()
                parameters.setdefault(name.lower(), bare if quoted is None else _ESCAPED.sub(r"\1", quoted))
                position = parameter.end()
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
