"""What a manifest says, read strictly: the one document that names everything else of an artifact.

Format: OCI image-spec 1.1, "Image Manifest" and "Descriptors"; Docker image manifest V2 schema 2. A document that two
readers could take for different things is refused (CVE-2021-41190).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, InvalidReference
from pattern_operator.errors import Stalled
from pattern_operator.json_fields import object_field, object_list_field, string_field, string_map_field
from pattern_operator.limits import MAX_LAYERS, MAX_MANIFEST
from pattern_operator.quote import one_line
from pattern_operator.source.known_words import known_word
from pattern_operator.source.media_types import essence
from pattern_operator.strict_json import InvalidDocument, TooManyValues, read_bounded

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES: Final = frozenset({OCI_INDEX, DOCKER_INDEX})
ACCEPT: Final = ", ".join((OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_INDEX))

# Of OCI image-spec 1.1.0-rc1 and rc2, which no release has, and of ORAS before it; Docker image manifest V2 schema 1.
_ARTIFACT_MANIFESTS: Final = frozenset(
    {"application/vnd.oci.artifact.manifest.v1+json", "application/vnd.cncf.oras.artifact.manifest.v1+json"}
)
_SCHEMA_1: Final = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)

_NAMES: Final = (
    *("schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations"),
    *("digest", "size"),
)
# What stores of blobs and old registries call a manifest, as they would any other file: the document says what it is.
_SAYS_NOTHING: Final = frozenset(
    {"application/json", "text/json", "application/octet-stream", "binary/octet-stream", "text/plain"}
)
_FOLDED: Final = {name.casefold(): name for name in _NAMES}
_SHOWN: Final = 120  # bytes of a name that a message shows
_MAX_SIZE: Final = 2**63 - 1  # image-spec, "Properties": size is an int64


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image manifest: the config, the layers in order, and what the artifact says of itself."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    subject: Descriptor | None = None


def parse_manifest(
    content: bytes, *, content_type: str = "", context: str = "the manifest", max_layers: int = MAX_LAYERS
) -> Manifest:
    """Read an image manifest.

    Args:
        content: the raw bytes, whose digest was checked.
        content_type: what the registry called them; empty where it is not known, as in the cache.
        context: names the manifest in messages.
        max_layers: how many layers are read.

    Raises:
        Stalled: ARTIFACT_TOO_LARGE: more bytes or layers than are read. ARTIFACT_UNSUPPORTED: it is an index, or
            anything else but an image manifest.
    """
    document, media_type = read_document(content, content_type=content_type, context=context)
    if media_type in INDEXES:
        raise unsupported(context, "is an index, and not an artifact itself: push the pattern as one artifact")
    if media_type not in MANIFESTS:
        raise unsupported(
            context, f"has {_type(media_type)} and not media type {OCI_MANIFEST}: push it as an OCI artifact"
        )
    try:
        layers = object_list_field(document, "layers")
        if len(layers) > max_layers:
            raise Stalled(
                reason=Reason.ARTIFACT_TOO_LARGE,
                message=f"{context} has {len(layers)} layers, and at most {max_layers} are read: put the files into"
                " one.",
            )
        subject = document.get("subject")
        return Manifest(
            media_type=media_type,
            config=read_descriptor(object_field(document, "config")),
            layers=tuple(read_descriptor(layer) for layer in layers),
            artifact_type=essence(string_field(document, "artifactType")),
            annotations=string_map_field(document, "annotations"),
            subject=None if subject is None else read_descriptor(object_field(document, "subject")),
        )
    except InvalidDocument as error:
        raise unsupported(context, str(error)) from error


@dataclass(frozen=True, slots=True)
class Index:
    """The descriptors of an index in order, and why others of them cannot be read."""

    entries: tuple[Descriptor, ...]
    refusals: tuple[Stalled, ...] = ()


def parse_index(
    content: bytes, *, types: Collection[str] | None, content_type: str = "", context: str = "the index"
) -> Index:
    """Read an image index, as the referrers API answers it: its descriptors whose artifact type is one of ``types``.

    The others are passed over, however many and whatever they are; without ``types`` none is. An empty type, as of an
    absent one, is one too. One that cannot be read hides no other.

    Raises:
        Stalled: ARTIFACT_TOO_LARGE or ARTIFACT_UNSUPPORTED, as for a manifest.
    """
    document, media_type = read_document(content, content_type=content_type, context=context)
    if media_type != OCI_INDEX:
        raise unsupported(context, f"has {_type(media_type)} and not media type {OCI_INDEX}")
    listed = document.get("manifests")
    if not isinstance(listed, list):
        raise unsupported(context, "has no list of objects manifests")
    entries: list[Descriptor] = []
    refusals: list[Stalled] = []
    for entry in listed:
        try:
            if not isinstance(entry, dict):
                raise InvalidDocument("has an entry that is not an object")
            called = entry.get("artifactType")
            if types is not None and isinstance(called, str) and essence(called) not in types:
                continue
            entries.append(read_descriptor(entry))
        except InvalidDocument as error:
            refusals = refusals or [unsupported(context, str(error))]  # one is enough to say it
    return Index(tuple(entries), tuple(refusals))


def is_manifest(content: bytes, *, content_type: str) -> bool:
    """Whether ``content`` is a manifest or an index at all, by the words of who sent it or, without any, by its own."""
    called = content_type.partition(";")[0].strip().lower()
    if called not in MANIFESTS | INDEXES | _SAYS_NOTHING:
        return False
    try:
        document, _ = read_document(content, content_type=content_type, context="")
    except Stalled:
        return False
    return called not in _SAYS_NOTHING or document.get("mediaType") in MANIFESTS | INDEXES


def media_type_of(content: bytes, *, content_type: str, context: str) -> str:
    """What a manifest or index is, for a descriptor of it; raises as ``read_document``."""
    return read_document(content, content_type=content_type, context=context)[1]


def read_document(content: bytes, *, content_type: str, context: str) -> tuple[dict[str, object], str]:
    """Parse the document and find out what it is; a document that claims to be two things is refused."""
    if len(content) > MAX_MANIFEST:
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"{context} is {len(content)} bytes, and at most {MAX_MANIFEST} are read.",
        )
    try:
        document = read_bounded(content)
        _refuse_look_alikes(document)
        if (old := _old_format(document, content_type=content_type)) is not None:
            raise unsupported(context, old)
        if document.get("schemaVersion") != 2 or isinstance(document["schemaVersion"], bool):
            raise InvalidDocument("has no schemaVersion 2")
        media_type = string_field(document, "mediaType")
    except TooManyValues as error:
        raise Stalled(reason=Reason.ARTIFACT_TOO_LARGE, message=f"{context} {error}.") from error
    except InvalidDocument as error:
        raise unsupported(context, f"{error}: push it again") from error
    has_layers, has_manifests = "layers" in document or "config" in document, "manifests" in document
    if has_layers and has_manifests:
        raise unsupported(context, "has both manifests and layers: it could be read as two different things")
    content_type = essence(content_type)
    if content_type in _SAYS_NOTHING:
        content_type = ""
    if media_type and content_type and media_type != content_type:
        ours, theirs = (known_word(each, otherwise="something else") for each in (media_type, content_type))
        raise unsupported(context, f"calls itself {ours}, and the registry calls it {theirs}")
    found = media_type or content_type or (OCI_INDEX if has_manifests else OCI_MANIFEST)
    if (found in INDEXES and has_layers) or (found in MANIFESTS and has_manifests):
        raise unsupported(context, f"is called {found} and does not have that shape")
    return document, found


def _old_format(document: Mapping[str, object], *, content_type: str) -> str | None:
    """What a document is that is a manifest of a format which is no more: by its own words, or the registry's."""
    called = document.get("mediaType")
    media_type = essence(called if isinstance(called, str) else content_type)
    if media_type in _ARTIFACT_MANIFESTS:
        return (
            "is an OCI artifact manifest, a format that the specification does not have any more: push it again as an"
            " image manifest (oras 1.0 and newer do)"
        )
    if media_type in _SCHEMA_1 or ("fsLayers" in document and document.get("schemaVersion") == 1):
        return (
            "is a Docker image manifest of schema 1, which is not read: push it again as an OCI artifact, or as an"
            " image with Docker 1.10 or newer"
        )
    return None


def _refuse_look_alikes(document: Mapping[str, object]) -> None:
    """Refuse ``Layers`` for ``layers``: Go's encoding/json, and so most tools, would take the one for the other."""
    for name in document:
        if _FOLDED.get(name.casefold(), name) != name:
            raise InvalidDocument(f"has {one_line(name, _SHOWN)!r}, which some readers take for another name")


def read_descriptor(entry: Mapping[str, object]) -> Descriptor:
    """Read a descriptor; raises InvalidDocument where it is none."""
    _refuse_look_alikes(entry)
    size = entry.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MAX_SIZE:
        raise InvalidDocument("has a descriptor whose size is not a number of bytes")
    media_type = essence(string_field(entry, "mediaType"))
    if not media_type:
        raise InvalidDocument("has a descriptor without mediaType")
    try:
        digest = Digest.parse(string_field(entry, "digest"))
    except InvalidReference as error:
        raise InvalidDocument("has a descriptor whose digest is not a sha256 or sha512") from error
    return Descriptor(
        media_type=media_type,
        digest=digest,
        size=size,
        annotations=string_map_field(entry, "annotations"),
        artifact_type=essence(string_field(entry, "artifactType")) or None,
    )


def unsupported(context: str, why: str) -> Stalled:
    """The error for a document that is not what it should be; ``why`` is a clause after ``context``."""
    return Stalled(
        reason=Reason.ARTIFACT_UNSUPPORTED,
        message=f"{context} {why}.",
    )


def _type(media_type: str) -> str:
    """A media type in words; one that is not of the specifications is not repeated."""
    return known_word(media_type, otherwise="a media type of its own")
