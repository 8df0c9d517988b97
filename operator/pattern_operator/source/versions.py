"""Which of a repository's tags is the highest version in a range.

Ranges: node-semver's grammar by ``semantic_version.NpmSpec``, and the commas, spaces and ``v`` that Helm and Flux users
write. Versions: semver.org 2.0.0; a tag may begin with ``v``, and has ``_`` where the version has ``+`` (Helm, "OCI").
"""

import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from semantic_version import NpmSpec, Version

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.quote import quoted

_HOLDS: Final = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMMA: Final = re.compile(r"\s*,\s*")
_AFTER_OPERATOR: Final = re.compile(r"([<>=~^])\s+(?=[0-9vxX*])")
_TILDE_ARROW: Final = re.compile(r"~>")  # as Ruby and Terraform write ~
_V: Final = re.compile(r"(?<![0-9A-Za-z.-])v(?=[0-9xX*])")
_BUILD: Final = re.compile(r"\+[0-9A-Za-z.-]+")  # says nothing about precedence (semver.org, 10), so nothing in a range
_VERSION_LIKE: Final = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[-_+].*)?")


@dataclass(frozen=True, slots=True)
class _Alternative:
    """What stands between two ``||``: bounds that all have to hold.

    A pre-release is in it only where a bound names a pre-release of the same version (node-semver, "Prerelease Tags").
    ``NpmSpec`` only takes ranges apart: as a judge it lets 2.0.0-rc.1 into ``<2``, and 1.0.0 into ``<=1.0.0-rc.1``.
    """

    bounds: tuple[tuple[str, Version], ...]
    pre_released: frozenset[Version]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read blocks such as ``>=1.4``, ``~1.2`` or ``1.x``, or ``from - to``; raises ValueError."""
        low, hyphen, high = text.partition(" - ")
        blocks = [f">={low}", f"<={high}"] if hyphen else text.split(" ")
        bounds = [(each.operator, each.target) for block in blocks for each in _simple(block)]
        return cls(tuple(bounds), frozenset(bound.truncate() for _, bound in bounds if bound.prerelease))

    def __contains__(self, version: Version) -> bool:
        if version.prerelease and version.truncate() not in self.pre_released:
            return False
        return all(_HOLDS[sign](version, bound) for sign, bound in self.bounds)


def _simple(block: str) -> list[Any]:
    if not NpmSpec.Parser.NPM_SPEC_BLOCK.match(block):
        raise ValueError(f"{quoted(block)} is no bound")
    bounds: list[Any] = NpmSpec.Parser.parse_simple(block)
    return bounds


class Range:
    """A range of versions, as a user wrote it."""

    def __init__(self, text: str) -> None:
        """Read ``text``; raises Stalled (INVALID_REFERENCE) where it is no range."""
        plain = _AFTER_OPERATOR.sub(r"\1", _COMMA.sub(" ", _TILDE_ARROW.sub("~", _BUILD.sub("", text))))
        try:
            self._alternatives = [_Alternative.parse(" ".join(each.split())) for each in _V.sub("", plain).split("||")]
        except ValueError as error:
            raise Stalled(
                reason=Reason.INVALID_REFERENCE,
                message=f"source.ref.semver {quoted(text)} is no range of versions: write one as in '>=1.4 <2', "
                "'1.x' or "
                "'^1.2.3'.",
            ) from error

    def highest(self, tags: Iterable[str]) -> str | None:
        """The tag of the highest version in the range, or None. Of equals (builds) the last by name."""
        found = [(version, tag) for tag in tags if (version := _version(tag)) is not None and version in self]
        return max(found, key=lambda each: (each[0].precedence_key, each[1]))[1] if found else None

    def __contains__(self, version: Version) -> bool:
        plain = version.truncate("prerelease")  # without the build
        return any(plain in alternative for alternative in self._alternatives)


def _version(tag: str) -> Version | None:
    if not _VERSION_LIKE.fullmatch(tag):
        return None
    try:
        return Version(tag.removeprefix("v").replace("_", "+", 1))
    except ValueError:
        return None
