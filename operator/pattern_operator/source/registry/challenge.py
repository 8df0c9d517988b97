"""Parses what a registry asks for before it answers (``WWW-Authenticate``).

Grammar: RFC 9110 sections 11.2 and 11.3 (a challenge has parameters or, as Negotiate and NTLM do, one token). Bearer
parameters: distribution, "Token Authentication Specification".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

# All repetitions are possessive (Python 3.11): a header that fits nothing is passed over once, and not tried in parts.
_TOKEN: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]++"  # noqa: S105 - RFC 9110 section 5.6.2
_PARAMETER: Final = re.compile(rf'[\s,]*+({_TOKEN})\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|({_TOKEN}))')
_SCHEME: Final = re.compile(rf"[\s,]*+({_TOKEN})(?:\s++|$|(?=,))")
_TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/-]++=*+\s*+(?=,|$)")  # what Negotiate and NTLM send; nobody here reads it
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
    """Read the challenges of the ``WWW-Authenticate`` headers; what is not a challenge ends its header.

    In a time that follows from the length, which is bounded, and so is the number of challenges and parameters.
    """
    found: list[Challenge] = []
    left = _MAX_HEADERS
    for header in headers:
        text, position = header[:left], 0
        left -= len(text)
        while len(found) < _MAX_CHALLENGES and (scheme := _SCHEME.match(text, position)):
            position = scheme.end()
            if token := _TOKEN68.match(text, position):
                position = token.end()
            parameters: dict[str, str] = {}
            while len(parameters) < _MAX_PARAMETERS and (parameter := _PARAMETER.match(text, position)):
                name, quoted, bare = parameter.groups()
                parameters.setdefault(name.lower(), bare if quoted is None else _ESCAPED.sub(r"\1", quoted))
                position = parameter.end()
            found.append(Challenge(scheme[1].lower(), parameters))
    return found
