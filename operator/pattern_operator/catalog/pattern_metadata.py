"""What an artifact says of itself: one value, whichever files and annotations it is read from."""

from dataclasses import dataclass, fields, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Link:
    """An http or https address, and what it is called."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Maintainer:
    """Who keeps a pattern."""

    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What changed in a version; ``kind`` is a word such as added or fixed, empty where none is said."""

    description: str
    kind: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredImage:
    """An image of containers that the author names; whether the pattern uses it is not known by that."""

    image: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternMetadata:
    """What an artifact says of itself; a text that is not said is empty. Nothing of it is proven.

    ``version`` is the author's own, which need not be the tag. ``app_version`` is that of what a chart installs.
    ``created`` is RFC 3339 in UTC; ``source``, ``documentation``, ``home`` and ``logo`` are http or https addresses.
    ``deprecated`` is what its author says of it, or ``true``. ``unread`` are sentences on what could not be read.
    """

    name: str = ""
    title: str = ""
    description: str = ""
    version: str = ""
    app_version: str = ""
    licenses: str = ""
    vendor: str = ""
    source: str = ""
    documentation: str = ""
    home: str = ""
    logo: str = ""
    created: str = ""
    category: str = ""
    deprecated: str = ""
    readme: str = ""
    install: str = ""
    pre_release: bool = False
    keywords: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    maintainers: tuple[Maintainer, ...] = ()
    images: tuple[DeclaredImage, ...] = ()
    recommendations: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    unread: tuple[str, ...] = ()

    def or_else(self, other: Self) -> Self:
        """With what ``other`` says where this says nothing; what could not be read is of both."""
        missing = {
            each.name: getattr(other, each.name)
            for each in fields(self)
            if not getattr(self, each.name) and getattr(other, each.name)
        }
        return replace(self, **(missing | {"unread": (*self.unread, *other.unread)}))
