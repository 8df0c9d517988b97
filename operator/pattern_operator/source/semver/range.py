"""Which of a repository's tags is the highest version in a range.

Both are judged as Flux and Helm judge them, so that a range means here what it means there. Ranges: the rules of
Masterminds/semver 3.5 (README, "Checking Version Constraints"; constraints.go), also where npm's differ. Tags: strict
versions (semver.org 2.0.0) that may begin with ``v`` (fluxcd/pkg/version), and have ``_`` where the version has ``+``
(Helm, "OCI"). ``tests/data/semver`` holds what that library says of some thousand pairs.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import total_ordering
from typing import Final, NamedTuple, Self

import re2

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.quote import quoted

MAX_RANGE: Final = 512  # characters; this and the next three are the library's own limits
MAX_ALTERNATIVES: Final = 32
_MAX_BOUND: Final = 256  # characters
_MAX_NUMBER: Final = 2**64 - 1

_SPACE: Final = r"[\t\n\f\r ]"
_IDENTIFIERS: Final = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_PART: Final = r"[0-9xX*|]+"  # the library's class; a part with a | in it fails where it is read as a number
_BOUND: Final = rf"v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?(-{_IDENTIFIERS})?(?:\+{_IDENTIFIERS})?"
_COMPARATOR: Final = re.compile(rf"{_SPACE}*(=>|=<|=|!=|>=|>|<=|<|~>|~|\^|){_SPACE}*({_BOUND})")
_BETWEEN: Final = re.compile(rf"{_SPACE}*,|{_SPACE}+")
_WORD: Final = re.compile(r"[^\t\n\f\r ,]+")
_SIMPLE: Final = re.sub(r"\((?!\?)", "(?:", _BOUND)  # without groups
_HYPHEN: Final = re2.compile(  # searched for at any place, which takes Python's re the square of the length
    rf"{_SPACE}*({_SIMPLE}){_SPACE}+-{_SPACE}+({_SIMPLE}){_SPACE}*"
)
_NUMBER: Final = r"(0|[1-9][0-9]*)"
_TAG: Final = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:[+_]([0-9A-Za-z.-]+))?")
_NOUGHT: Final = re.compile(r"\.0[0-9]+(?![0-9A-Za-z-])")  # a number that begins with a nought, behind a dot
_TAG_ALONE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
_WILDCARDS: Final = frozenset(("x", "X", "*"))


class NotAVersion(ValueError):
    """The text is not a version or a bound; the message says which part, and why."""


_Identifier = tuple[int, int, str]  # numbers are lower than words (semver.org, 11.4): (0, number, "") or (1, 0, word)


@total_ordering
class _Pre:
    """What stands behind the numbers; taken apart when two of the same numbers are compared, which few are.

    A tag has room for 60 identifiers, and a list for 10,000 tags.
    """

    __slots__ = ("_key", "_text")

    def __init__(self, text: str, key: tuple[_Identifier, ...] | None = None) -> None:
        """``text`` is of identifiers that are read already; without ``key`` they make the order."""
        self._text = text
        self._key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pre) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __lt__(self, other: "_Pre") -> bool:
        return self.key < other.key

    @property
    def key(self) -> tuple[_Identifier, ...]:
        """By which it is ordered."""
        if self._key is None:
            self._key = tuple(map(_identifier, self._text.split(".")))
        return self._key


_RELEASE: Final = _Pre("", ((2, 0, ""),))  # above all that is released before it (11.3)


class Version(NamedTuple):
    """A version without its build; its order is that of precedence (semver.org, 11)."""

    major: int
    minor: int
    patch: int
    pre: _Pre = _RELEASE

    @property
    def pre_release(self) -> bool:
        """Whether it comes before the release of its number."""
        return self.pre is not _RELEASE

    @classmethod
    def of_tag(cls, tag: str) -> Self | None:
        """The version that ``tag`` is, or None."""
        parts = _TAG.fullmatch(tag)
        if parts is None:
            return None
        major, minor, patch, pre, build = parts.groups()
        if (pre and (_has_empty(pre) or _NOUGHT.search(f".{pre}"))) or (build and _has_empty(build)):
            return None
        try:
            return cls(_number(major), _number(minor), _number(patch), _Pre(pre) if pre else _RELEASE)
        except NotAVersion:
            return None

    @classmethod
    def read(cls, major: str, minor: str, patch: str, pre: str | None) -> Self:
        """Make a version of its parts; ``pre`` begins with a hyphen. Raises NotAVersion."""
        after = _Pre(pre[1:], tuple(map(_identifier, pre[1:].split(".")))) if pre else _RELEASE
        return cls(_number(major), _number(minor), _number(patch), after)


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
class _Comparator:
    """One sign with its bound."""

    holds: Callable[[Version, Version, Given], bool]
    bound: Version
    given: Given

    @classmethod
    def read(cls, parts: re.Match[str]) -> Self:
        """Make it of a match of ``_COMPARATOR``; raises NotAVersion."""
        sign, written, *numbers, pre = parts.groups()
        given = next((n for n, each in enumerate(numbers) if each is None or each in _WILDCARDS), 3)
        major, minor, patch = [*numbers[:given], "0", "0", "0"][:3]
        if len(written if given == Given.ALL else f"{major}.{minor}.{patch}{pre or ''}") > _MAX_BOUND:
            raise NotAVersion(f"{quoted(written[:30] + '...')} has more than {_MAX_BOUND} characters")
        return cls(_HOLDS[sign], Version.read(major, minor, patch, pre), Given(given))


@dataclass(frozen=True, slots=True)
class _Alternative:
    """What stands between two ``||``: comparators that all have to hold.

    A pre-release is in it only where a bound, any of them, names a pre-release.
    """

    comparators: tuple[_Comparator, ...]
    pre_releases: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read comparators with spaces or one comma between them; raises NotAVersion."""
        found: dict[_Comparator, None] = {}  # each once: a range that repeats itself costs no more
        place, end = 0, len(text.rstrip("\t\n\f\r "))
        while True:
            parts = _COMPARATOR.match(text, place)
            if parts is None:
                raise _unreadable(text, place)
            found[_Comparator.read(parts)] = None
            place = parts.end()
            if place >= end:
                break
            between = _BETWEEN.match(text, place)
            if between is None:
                raise _unreadable(text, parts.start(2))
            place = between.end()
        return cls(tuple(found), any(each.bound.pre_release for each in found))

    def holds(self, version: Version) -> bool:
        """Whether all comparators hold, whatever is said of pre-releases."""
        for each in self.comparators:  # noqa: SIM110 - all() takes twice as long, some 100,000 times
            if not each.holds(version, each.bound, each.given):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Choice:
    """The tag of the highest version in a range; or None, and in half a sentence what comes nearest."""

    tag: str | None
    why_none: str = ""


class SemverRange:
    """A range of versions, as a user wrote it."""

    def __init__(self, text: str) -> None:
        """Read ``text``; raises Stalled (INVALID_REFERENCE) where it is not a range."""
        try:
            self._alternatives = tuple(dict.fromkeys(_alternatives(text)))
        except NotAVersion as error:
            raise Stalled(
                reason=Reason.INVALID_REFERENCE,
                message=f"source.ref.semver {quoted(text)} is not a range of versions: {error}. {_advice(text)}",
            ) from error

    def choose(self, tags: Sequence[str]) -> Choice:
        """Choose among ``tags``. Of equals (builds) the last by name. Each tag is read once."""
        highest: tuple[Version, str] | None = None
        passed_over, known = highest, highest
        for tag in reversed(tags):  # registries list in ascending order (distribution-spec), and a lower one costs less
            version = Version.of_tag(tag)
            if version is None:
                continue
            found = (version, tag)
            if highest is not None and found < highest:
                continue
            if version in self:
                highest = found
            elif highest is None:
                if known is None or known < found:
                    known = found
                is_higher = passed_over is None or passed_over < found
                if version.pre_release and is_higher and any(it.holds(version) for it in self._alternatives):
                    passed_over = found
        return Choice(highest[1]) if highest is not None else Choice(None, _why_none(passed_over, known))

    def highest(self, tags: Sequence[str]) -> str | None:
        """The tag of the highest version in the range, or None."""
        return self.choose(tags).tag

    def __contains__(self, version: Version) -> bool:
        # A pre-release is only in an alternative that names one.
        pre_release = version.pre_release
        return any((it.pre_releases or not pre_release) and it.holds(version) for it in self._alternatives)


def _why_none(passed_over: tuple[Version, str] | None, known: tuple[Version, str] | None) -> str:
    if known is None:
        return "no tag is a version, as 1.4.2 or v1.4.2 is"
    if passed_over is not None:
        return f"{passed_over[1]} is a pre-release, which counts where a bound names one, as in '>=1.4.0-0'"
    return f"the highest version is {known[1]}"


def _alternatives(text: str) -> tuple[_Alternative, ...]:
    if len(text) > MAX_RANGE:
        raise NotAVersion(f"it has {len(text)} characters, and at most {MAX_RANGE} are read")
    if not text.isascii():
        raise NotAVersion("it has characters that are not ASCII")
    alternatives = _without_hyphens(text).split("||")
    if len(alternatives) > MAX_ALTERNATIVES:
        raise NotAVersion(f"it has {len(alternatives)} alternatives, and at most {MAX_ALTERNATIVES} are read")
    return tuple(map(_Alternative.parse, alternatives))


def _without_hyphens(text: str) -> str:
    """Write ``low - high`` as ``>= low, <= high``, as the library does: before anything else is read."""
    plain = text
    for each in _HYPHEN.finditer(text):
        plain = plain.replace(each[0], f">= {each[1]}, <= {each[2]} ", 1)
    return plain


def _unreadable(text: str, place: int) -> NotAVersion:
    word = _WORD.search(text, place)
    return NotAVersion(f"{quoted(word[0])} is not a bound" if word else "a bound is missing")


def _advice(text: str) -> str:
    tag = "Name a tag in source.ref.tag, or write" if _TAG_ALONE.fullmatch(text) else "Write"
    return f"{tag} a range as in '>=1.4 <2', '1.x' or '^1.2.3'."


def _has_empty(identifiers: str) -> bool:
    """Whether one of them has no letter."""
    return identifiers[0] == "." or identifiers[-1] == "." or ".." in identifiers


def _number(text: str) -> int:
    if not text.isdecimal():
        raise NotAVersion(f"{quoted(text)} is not a number")
    if int(text) > _MAX_NUMBER:
        raise NotAVersion(f"{quoted(text)} is a number of more than 64 bits")
    return int(text)


def _identifier(text: str) -> _Identifier:
    if not text.isdecimal():
        return (1, 0, text)
    if text[0] == "0" and text != "0":
        raise NotAVersion(f"{quoted(text)} in a pre-release begins with a nought")
    number = int(text)
    return (0, number, "") if number <= _MAX_NUMBER else (1, 0, text)  # the library compares what is larger as words
