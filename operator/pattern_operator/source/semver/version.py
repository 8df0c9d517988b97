"""A version, as a tag spells it.

Rules: strict versions (semver.org 2.0.0) that may begin with ``v`` (fluxcd/pkg/version), and have ``_`` where the
version has ``+`` (Helm, "OCI").
"""

import re
from functools import total_ordering
from typing import Final, NamedTuple, Self

from pattern_operator.quote import quoted

_MAX_NUMBER: Final = 2**64 - 1  # of Masterminds/semver, as the version itself
_NUMBER: Final = r"(0|[1-9][0-9]*)"
_TAG: Final = re.compile(rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:[+_]([0-9A-Za-z.-]+))?")
_NOUGHT: Final = re.compile(r"\.0[0-9]+(?![0-9A-Za-z-])")  # a number that begins with a nought, behind a dot


class NotAVersion(ValueError):
    """The text is not a version or a bound; the message says which part, and why."""


def version_of(tag: str) -> str:
    """The version that a tag stands for: ``1.2.3+b`` of ``1.2.3_b``. A tag that is no version stays as it is."""
    return tag.replace("_", "+", 1) if "_" in tag and Version.of_tag(tag) is not None else tag


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
        raise NotAVersion(f"{quoted(text)} in a pre-release begins with a zero")
    number = int(text)
    return (0, number, "") if number <= _MAX_NUMBER else (1, 0, text)  # the library compares what is larger as words
