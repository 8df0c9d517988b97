"""One sign with its bound, as in ``>=1.4``: what a range is made of.

Rules: Masterminds/semver 3.5 (README, "Checking Version Constraints"; constraints.go), also where npm's differ.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from pattern_operator.quote import quoted
from pattern_operator.source.semver.version import NotAVersion, Version

_MAX_BOUND: Final = 256  # characters; the library's own limit
SPACE: Final = r"[\t\n\f\r ]"
_IDENTIFIERS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_PART: Final = r"[0-9xX*|]+"  # the library's class; a part with a | in it fails where it is read as a number
BOUND: Final = rf"v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?(-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?"
CONSTRAINT: Final = re.compile(rf"{SPACE}*(=>|=<|=|!=|>=|>|<=|<|~>|~|\^|){SPACE}*({BOUND})")
_WILDCARDS: Final = frozenset(("x", "X", "*"))


class Given(IntEnum):
    """Which numbers of a bound are given: the first that is missing or a wildcard hides those behind it."""

    NONE = 0
    MAJOR = 1
    MINOR = 2
    ALL = 3


def _equal(version: Version, bound: Version, given: Given) -> bool:
    return version == bound if given is Given.ALL else _tilde(version, bound, given)


def _not_equal(version: Version, bound: Version, given: Given) -> bool:
    if given is Given.MAJOR:
        return version.major != bound.major
    if given is Given.MINOR:
        return version[:2] != bound[:2] or version.pre != bound.pre
    return version != bound


def _above(version: Version, bound: Version, given: Given) -> bool:
    if given in (Given.MAJOR, Given.MINOR):
        return version[:given] > bound[:given]
    return version > bound


def _at_least(version: Version, bound: Version, given: Given) -> bool:
    del given
    return version >= bound


def _below(version: Version, bound: Version, given: Given) -> bool:
    del given
    return version < bound


def _at_most(version: Version, bound: Version, given: Given) -> bool:
    if given is Given.ALL:
        return version <= bound
    numbers = 1 if given is Given.MAJOR else 2  # the library: <=* is <=0.0
    return version[:numbers] <= bound[:numbers]


def _tilde(version: Version, bound: Version, given: Given) -> bool:
    if version < bound:
        return False
    if bound[:3] == (0, 0, 0) and given in (Given.NONE, Given.ALL):
        return True  # the library: ~0.0.0 is >=0.0.0
    numbers = 1 if given is Given.MAJOR else 2
    return version[:numbers] == bound[:numbers]


def _caret(version: Version, bound: Version, given: Given) -> bool:
    if version < bound:
        return False
    if bound.major or given is Given.MAJOR:
        return version.major == bound.major
    numbers = 2 if bound.minor or given is Given.MINOR else 3
    return version[:numbers] == bound[:numbers]


_HOLDS: Final[Mapping[str, Callable[[Version, Version, Given], bool]]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _above,
    ">=": _at_least,
    "=>": _at_least,
    "<": _below,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}


@dataclass(frozen=True, slots=True)
class Constraint:
    """One sign with its bound."""

    holds: Callable[[Version, Version, Given], bool]
    bound: Version
    given: Given

    @classmethod
    def read(cls, parts: re.Match[str]) -> Self:
        """Make it of a match of ``CONSTRAINT``; raises NotAVersion."""
        sign, written, *numbers, pre = parts.groups()
        given = next((n for n, each in enumerate(numbers) if each is None or each in _WILDCARDS), 3)
        major, minor, patch = [*numbers[:given], "0", "0", "0"][:3]
        if len(written if given == Given.ALL else f"{major}.{minor}.{patch}{pre or ''}") > _MAX_BOUND:
            raise NotAVersion(f"{quoted(written[:30] + '...')} has more than {_MAX_BOUND} characters")
        return cls(_HOLDS[sign], Version.read(major, minor, patch, pre), Given(given))
