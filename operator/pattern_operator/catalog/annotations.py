"""What the annotations of a manifest say of an artifact, and the annotations that say it.

Names: OCI image-spec 1.1, "Pre-Defined Annotation Keys"; Artifact Hub, docs/repositories/container_images.md. Helm
writes the first into the manifests of its charts, too (Helm, ``pkg/registry``).
"""

from collections.abc import Mapping
from typing import Final

from pattern_operator.catalog.pattern_metadata import PatternMetadata
from pattern_operator.catalog.untrusted_text import line, link, moment, paragraphs
from pattern_operator.limits import KIB

_OCI: Final = "org.opencontainers.image."
_HUB: Final = "io.artifacthub.package."
_MAX_DESCRIPTION: Final = 4 * KIB
_MAX_WORD: Final = 128
_MAX_KEYWORDS: Final = 64


def of_annotations(annotations: Mapping[str, str]) -> PatternMetadata:
    """What the annotations of a manifest say."""

    def oci(name: str) -> str:
        return annotations.get(f"{_OCI}{name}", "")

    def hub(name: str) -> str:
        return annotations.get(f"{_HUB}{name}", "")

    keywords = hub("keywords")[: _MAX_KEYWORDS * _MAX_WORD].split(",")[:_MAX_KEYWORDS]
    return PatternMetadata(
        title=line(oci("title") or hub("alternative-name")),
        description=paragraphs(oci("description"), _MAX_DESCRIPTION),
        version=line(oci("version"), _MAX_WORD),
        licenses=line(oci("licenses") or hub("license"), _MAX_WORD),
        vendor=line(oci("vendor")),
        source=link(oci("source")),
        documentation=link(oci("documentation")),
        home=link(oci("url")),
        logo=link(hub("logo-url")),
        created=moment(oci("created")),
        category=line(hub("category"), _MAX_WORD),
        deprecated="true" if hub("deprecated").strip().lower() == "true" else "",
        pre_release=hub("prerelease").strip().lower() == "true",
        keywords=tuple(word for each in keywords if (word := line(each, _MAX_WORD))),
    )


def to_annotations(metadata: PatternMetadata) -> dict[str, str]:
    """The pre-defined annotations that say it: those alone for which there is something to say."""
    said = {
        "title": metadata.title or metadata.name,
        "description": line(metadata.description, _MAX_DESCRIPTION),
        "version": metadata.version,
        "licenses": metadata.licenses,
        "vendor": metadata.vendor,
        "source": metadata.source,
        "documentation": metadata.documentation,
        "url": metadata.home,
        "created": metadata.created,
    }
    return {f"{_OCI}{name}": value for name, value in said.items() if value}
