"""Reads ``artifacthub-pkg.yml``, which Meshery writes beside each design that it publishes.

Format: Artifact Hub, docs/metadata/artifacthub-pkg.yml; Meshery fills in some of its fields. Total: a field of another
shape counts as absent.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import array, mapping, mappings, text
from pattern_operator.catalog.document_file import Unread, read_mapping
from pattern_operator.catalog.pattern_metadata import Change, DeclaredImage, Link, Maintainer, PatternMetadata
from pattern_operator.catalog.untrusted_text import line, link, moment, paragraphs
from pattern_operator.limits import KIB

NAMES: Final = frozenset({"artifacthub-pkg.yml", "artifacthub-pkg.yaml"})
MAX_ENTRIES: Final = 128  # of each of its lists; real ones have a dozen, and a long list of changes some fifty
_MAX_DESCRIPTION: Final = 4 * KIB
_MAX_WORD: Final = 128
_SOURCES: Final = frozenset({"source", "source code", "sources", "github", "repository"})  # names of links
_DOCUMENTATIONS: Final = frozenset({"documentation", "docs", "document"})


def read_package(file: File) -> PatternMetadata:
    """What the file says; of one that cannot be read, why."""
    try:
        return _of(read_mapping(file))
    except Unread as error:
        return PatternMetadata(unread=(str(error),))


def _of(top: dict[str, Any]) -> PatternMetadata:
    links = links_of(top.get("links"))
    return PatternMetadata(
        name=line(top.get("name")),
        title=line(top.get("displayName")),
        description=paragraphs(top.get("description"), _MAX_DESCRIPTION),
        version=line(top.get("version"), _MAX_WORD),
        app_version=line(top.get("appVersion"), _MAX_WORD),
        licenses=line(top.get("license"), _MAX_WORD),
        vendor=line(mapping(top.get("provider")).get("name")),
        source=_named(links, _SOURCES),
        documentation=_named(links, _DOCUMENTATIONS),
        home=link(top.get("homeURL")),
        logo=link(top.get("logoURL")),
        created=moment(top.get("createdAt")),
        category=line(top.get("category"), _MAX_WORD),
        deprecated="true" if top.get("deprecated") is True else "",
        readme=paragraphs(top.get("readme")),
        install=paragraphs(top.get("install"), _MAX_DESCRIPTION),
        pre_release=top.get("prerelease") is True,
        keywords=words_of(top.get("keywords")),
        links=links,
        maintainers=maintainers_of(top.get("maintainers")),
        images=tuple(images_of(top.get("containersImages"))),
        recommendations=tuple(_recommendations(top)),
        changes=tuple(changes_of(top.get("changes"))),
    )


def words_of(value: Any) -> tuple[str, ...]:
    """A list of keywords."""
    return tuple(word for each in array(value)[:MAX_ENTRIES] if (word := line(each, _MAX_WORD)))


def links_of(value: Any) -> tuple[Link, ...]:
    """A list of links; what is not an http or https address is left out."""
    found = ((line(each.get("name")), link(each.get("url"))) for each in islice(mappings(value), MAX_ENTRIES))
    return tuple(Link(name or url, url) for name, url in found if url)


def maintainers_of(value: Any) -> tuple[Maintainer, ...]:
    """A list of people with ``name`` and ``email``."""
    found = ((line(each.get("name")), line(each.get("email"))) for each in islice(mappings(value), MAX_ENTRIES))
    return tuple(Maintainer(name or email, email) for name, email in found if name or email)


def images_of(value: Any) -> Iterator[DeclaredImage]:
    """A list of images with ``name`` and ``image``."""
    for each in islice(mappings(value), MAX_ENTRIES):
        if image := line(each.get("image")):
            yield DeclaredImage(image, line(each.get("name")))


def changes_of(value: Any) -> Iterator[Change]:
    """A list of changes, each a sentence, or a mapping with ``kind``, ``description`` and ``links``."""
    for each in array(value)[:MAX_ENTRIES]:
        if isinstance(each, dict):
            found = Change(
                line(each.get("description")), line(each.get("kind"), _MAX_WORD).lower(), links_of(each.get("links"))
            )
        else:
            found = Change(line(each))
        if found.description:
            yield found


def _recommendations(top: dict[str, Any]) -> Iterator[str]:
    for each in islice(mappings(top.get("recommendations")), MAX_ENTRIES):
        if url := link(each.get("url")):
            yield url


def _named(links: tuple[Link, ...], names: frozenset[str]) -> str:
    return next((each.url for each in links if text(each.name).lower() in names), "")
