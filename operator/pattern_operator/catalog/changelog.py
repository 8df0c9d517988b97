"""The changes of each version, the newest first: by ``CHANGELOG.md``, and by what the metadata says of this version.

Format: Keep a Changelog 1.1.0; headings such as ``## v1.2.0 (2026-01-31)`` are read, too. Total and linear.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pattern_operator.catalog.pattern_metadata import Change, PatternMetadata
from pattern_operator.catalog.untrusted_text import line

MAX_RELEASES: Final = 100  # that are read; the first ones, which are the newest
MAX_CHANGES: Final = 200  # of one of them
_HEADING: Final = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_RELEASE: Final = re.compile(
    r"(?:release |version )?\[?v?(unreleased|[0-9]+\.[0-9]+[0-9A-Za-z.+-]*)\]?(?![\w.])", re.IGNORECASE
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ITEM: Final = re.compile(r"([-*+])[ \t]+(\S.*)")


@dataclass(frozen=True, slots=True)
class Release:
    """A version with what changed in it; ``date`` as in 2026-01-31, empty where none is said."""

    version: str
    date: str = ""
    changes: tuple[Change, ...] = ()


def changelog(markdown: str, metadata: PatternMetadata) -> tuple[Release, ...]:
    """The releases of a changelog, and first what the metadata says of this version, where the changelog does not."""
    releases = tuple(_releases(markdown))
    if not metadata.changes or any(each.version == metadata.version for each in releases):
        return releases
    return (Release(metadata.version, metadata.created[:10], metadata.changes), *releases)


def _releases(markdown: str) -> Iterator[Release]:
    release: Release | None = None
    level, kind, made, changes = 0, "", 0, list[Change]()
    for raw in markdown.splitlines():
        heading = _HEADING.fullmatch(raw.strip())
        named = None if heading is None else _RELEASE.match(heading[2])
        if heading is not None and (release is None or len(heading[1]) <= level):
            if release is not None:
                yield replace(release, changes=tuple(changes))
                made += 1
            if made == MAX_RELEASES:
                return
            release, kind, changes = _named(heading, named), "", []
            level = len(heading[1])
        elif heading is not None:
            kind = line(heading[2], 64).lower()
        elif release is not None:
            _take(raw, kind, changes)
    if release is not None:
        yield replace(release, changes=tuple(changes))


def _named(heading: re.Match[str], named: re.Match[str] | None) -> Release | None:
    """The release that a heading begins; None for a heading of something else, which ends the one before it."""
    if named is None:
        return None
    date = _DATE.search(heading[2], named.end())
    return Release(line(named[1], 128), "" if date is None else date[0])


def _take(raw: str, kind: str, changes: list[Change]) -> None:
    """Take in a line of a release: an entry of its list, or more of the one before."""
    item = _ITEM.fullmatch(raw)
    if item is not None and len(changes) < MAX_CHANGES:
        changes.append(Change(line(item[2]), kind))
    elif item is None and changes and raw[:1].isspace() and raw.strip():
        changes[-1] = replace(changes[-1], description=line(f"{changes[-1].description} {raw.strip()}"))
