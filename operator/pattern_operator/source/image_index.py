"""Which one manifest an image index leads to: buildx pushes an image as an index of it and of its attestations.

Formats: OCI image-spec 1.1, "Image Index"; BuildKit, docs/attestations/attestation-storage.md: an attestation manifest
has the annotation ``vnd.docker.reference.type`` and the platform unknown/unknown.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from pattern_operator.api.artifact import Descriptor
from pattern_operator.json_fields import string_field
from pattern_operator.quote import first_few, one_line
from pattern_operator.source.manifest import INDEXES, MANIFESTS, read_descriptor, read_document, unsupported
from pattern_operator.source.media_types import essence, is_beside_content
from pattern_operator.strict_json import InvalidDocument

_ATTESTATION: Final = "vnd.docker.reference.type"
_UNKNOWN: Final = "unknown"
_NAMED: Final = 5  # images that a message shows
_DIGEST: Final = 71  # characters of a digest in a message: one of SHA-256 is whole
_PART: Final = 24  # bytes of an operating system or architecture in a message


def manifest_of_index(content: bytes, *, content_type: str = "", context: str) -> Descriptor | None:
    """The one manifest of an index that is not an attestation; None where ``content`` is not an index.

    Args:
        content: the raw bytes, whose digest was checked.
        content_type: what the registry called them; empty where it is not known.
        context: names them in messages.

    Raises:
        Stalled: ARTIFACT_TOO_LARGE or ARTIFACT_UNSUPPORTED: it is neither, or leads to no manifest, or to several.
    """
    document, media_type = read_document(content, content_type=content_type, context=context)
    if media_type not in INDEXES:
        return None
    listed = document.get("manifests")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    images = [entry for entry in entries if not _is_attestation(entry)]
    images = [entry for entry in images if not _has_unknown_platform(entry)] or images
    attestations = len(entries) - len(images)
    usable = {_digest(entry): entry for entry in images}
    if not usable:
        nothing = f"nothing but {_attestations(attestations)}" if attestations else "no manifest"
        raise unsupported(context, f"is an index of {nothing}: push the pattern itself")
    if len(usable) > 1:
        besides = f" beside {_attestations(attestations)}" if attestations else ""
        raise unsupported(
            context,
            f"is an index of {len(usable)} manifests ({_named(usable.values())}){besides}, and a pattern is one: name"
            " its digest in source.ref.digest, or push the pattern as one artifact",
        )
    entry = next(iter(usable.values()))
    try:
        called = essence(string_field(entry, "mediaType"))
        if called not in MANIFESTS:
            kind = "another index" if called in INDEXES else "something that is not a manifest"
            raise InvalidDocument(f"is an index of {kind}: push the pattern as one artifact")
        return read_descriptor(entry)
    except InvalidDocument as error:
        raise unsupported(context, str(error)) from error


def _is_attestation(entry: Mapping[str, object]) -> bool:
    annotations, called = entry.get("annotations"), entry.get("artifactType")
    if isinstance(annotations, dict) and annotations.get(_ATTESTATION):
        return True
    return isinstance(called, str) and is_beside_content(called)


def _has_unknown_platform(entry: Mapping[str, object]) -> bool:
    """Whether the entry is an attestation by its platform: some tools drop annotations. An image alone may have it."""
    platform = entry.get("platform")
    return isinstance(platform, dict) and platform.get("os") == platform.get("architecture") == _UNKNOWN


def _digest(entry: Mapping[str, object]) -> str:
    digest = entry.get("digest")
    return one_line(digest, _DIGEST) if isinstance(digest, str) else ""


def _named(entries: Iterable[Mapping[str, object]]) -> str:
    """The platforms and digests of the first entries, for a message."""
    named = [f"{_platform(entry)} {_digest(entry)}".strip() for entry in entries]
    return first_few(named, _NAMED)


def _platform(entry: Mapping[str, object]) -> str:
    platform = entry.get("platform")
    if not isinstance(platform, dict):
        return ""
    parts = [platform.get(name) for name in ("os", "architecture", "variant")]
    return "/".join(one_line(part, _PART) for part in parts if isinstance(part, str) and part)


def _attestations(number: int) -> str:
    return "an attestation" if number == 1 else f"{number} attestations"
