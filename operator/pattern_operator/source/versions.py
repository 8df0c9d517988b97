"""Which of a repository's tags is the highest version in a range.

Ranges: node-semver's grammar by ``semantic_version.NpmSpec``, and the commas, spaces and ``v`` that Helm and Flux users
write. Versions: semver.org 2.0.0; a tag may begin with ``v``, and has ``_`` where the version has ``+`` (Helm, "OCI").
"""

import re
from collections.abc import Iterable
from typing import Final

from semantic_version import NpmSpec, Version

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled

_COMMA: Final = re.compile(r"\s*,\s*")
_AFTER_OPERATOR: Final = re.compile(r"([<>=~^])\s+(?=[0-9vxX*])")
_TILDE_ARROW: Final = re.compile(r"~>")  # as Ruby and Terraform write ~
_V: Final = re.compile(r"(?<![0-9A-Za-z.-])v(?=[0-9xX*])")
_VERSION_LIKE: Final = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[-_+].*)?")


class Range:
    """A range of versions, as a user wrote it."""

    def __init__(self, text: str) -> None:
        """Read ``text``; raises Stalled (INVALID_REFERENCE) where it is no range."""
        plain = _V.sub("", _AFTER_OPERATOR.sub(r"\1", _COMMA.sub(" ", _TILDE_ARROW.sub("~", text))))
        try:
            self._spec = NpmSpec(" ".join(plain.split()))
        except ValueError as error:
            raise Stalled(
                reason=Reason.INVALID_REFERENCE,
                message=f"source.ref.semver {text!r} is no range of versions: write one as in '>=1.4 <2', '1.x' or "
                "'^1.2.3'.",
            ) from error

    def highest(self, tags: Iterable[str]) -> str | None:
        """The tag of the highest version in the range, or None. Of equals (builds) the last by name."""
        found = [(version, tag) for tag in tags if (version := _version(tag)) is not None and version in self._spec]
        return max(found, key=lambda each: (each[0].precedence_key, each[1]))[1] if found else None


def _version(tag: str) -> Version | None:
    if not _VERSION_LIKE.fullmatch(tag):
        return None
    try:
        return Version(tag.removeprefix("v").replace("_", "+", 1))
    except ValueError:
        return None
