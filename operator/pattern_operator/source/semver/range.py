"""Which of a repository's tags is the highest version in a range.

Both are judged as Flux and Helm judge them, so that a range means here what it means there. Ranges: the rules of
Masterminds/semver 3.5 (README, "Checking Version Constraints"; constraints.go), also where npm's differ. Tags: strict
versions (semver.org 2.0.0) that may begin with ``v`` (fluxcd/pkg/version), and have ``_`` where the version has ``+``
(Helm, "OCI"). ``tests/data/semver`` holds what that library says of some thousand pairs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import re2

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.quote import quoted
from pattern_operator.source.semver.constraint import BOUND, CONSTRAINT, SPACE, Constraint
from pattern_operator.source.semver.version import NotAVersion, Version

MAX_RANGE: Final = 512  # characters; this and the next are the library's own limits
MAX_ALTERNATIVES: Final = 32
_BETWEEN: Final = re.compile(rf"{SPACE}*,|{SPACE}+")
_WORD: Final = re.compile(r"[^\t\n\f\r ,]+")
_SIMPLE: Final = re.sub(r"\((?!\?)", "(?:", BOUND)  # without groups
_HYPHEN: Final = re2.compile(  # searched for at any place, which takes Python's re the square of the length
    rf"{SPACE}*({_SIMPLE}){SPACE}+-{SPACE}+({_SIMPLE}){SPACE}*"
)
_NAMED_BUILD: Final = re.compile(r"[ =]*v?([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?\+[0-9A-Za-z.-]+) *")
_TAG_ALONE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
OF_SOURCE: Final = "source.ref.semver"  # the field of a spec that a range stands in


@dataclass(frozen=True, slots=True)
class _Alternative:
    """What stands between two ``||``: constraints that all have to hold.

    A pre-release is in it only where a bound, any of them, names a pre-release.
    """

    constraints: tuple[Constraint, ...]
    pre_releases: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read constraints with spaces or one comma between them; raises NotAVersion."""
        found: dict[Constraint, None] = {}  # each once: a range that repeats itself costs no more
        place, end = 0, len(text.rstrip("\t\n\f\r "))
        while True:
            parts = CONSTRAINT.match(text, place)
            if parts is None:
                raise _unreadable(text, place)
            found[Constraint.read(parts)] = None
            place = parts.end()
            if place >= end:
                break
            between = _BETWEEN.match(text, place)
            if between is None:
                raise _unreadable(text, parts.start(2))
            place = between.end()
        return cls(tuple(found), any(each.bound.pre_release for each in found))

    def holds(self, version: Version) -> bool:
        """Whether all constraints hold, whatever is said of pre-releases."""
        for each in self.constraints:  # noqa: SIM110 - all() takes twice as long, some 100,000 times
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

    def __init__(self, text: str, *, field: str = OF_SOURCE) -> None:
        """Read ``text``, which stands in ``field``; raises Stalled (INVALID_REFERENCE) where it is not a range."""
        try:
            self._alternatives = tuple(dict.fromkeys(_alternatives(text)))
        except NotAVersion as error:
            raise Stalled(
                reason=Reason.INVALID_REFERENCE,
                message=f"{field} {quoted(text)} is not a range of versions: {error}. {_advice(text, field=field)}",
            ) from error
        named = _NAMED_BUILD.fullmatch(text)
        self._build = named[1].replace("+", "_") if named is not None else ""

    def choose(self, tags: Sequence[str]) -> Choice:
        """Choose among ``tags``. Of equals (builds) the one that the range names, else the last by name.

        Each tag is read once. A version with its build is that one alone for Helm, too (``registry.Client``).
        """
        if self._build:
            named = next((tag for tag in tags if tag.removeprefix("v").replace("+", "_") == self._build), None)
            if named is not None:
                return Choice(named)
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


def _advice(text: str, *, field: str) -> str:
    is_tag = field == OF_SOURCE and _TAG_ALONE.fullmatch(text)
    tag = "Name a tag in source.ref.tag, or write" if is_tag else "Write"
    return f"{tag} a range as in '>=1.4 <2', '1.x' or '^1.2.3'."
