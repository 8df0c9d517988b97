"""Which layers of an artifact hold the pattern, and which files are in them.

Shapes: a tar of files (Meshery's own build, ``flux push artifact``, an image built from a Dockerfile), or files that
are layers themselves under ``org.opencontainers.image.title`` (``oras push``; OCI image-spec 1.1, "Annotations").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.artifact import Descriptor, File
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_LAYERS_TOTAL, MAX_UNPACKED, MAX_UNPACKED_FILES
from pattern_operator.source.document import shown
from pattern_operator.source.manifest import Manifest
from pattern_operator.source.tarheader import BadHeader, safe_path
from pattern_operator.source.unpack import archive_refused, is_archive, unpack

TITLE: Final = "org.opencontainers.image.title"

_TARS: Final = (".tar", "+tar", ".tar+gzip", ".tar.gzip", "/tar", "/x-tar", "/tar+gzip", "/x-gtar", "/x-tgz")
_ZSTD: Final = ("+zstd", ".zstd", "/zstd")
_WHITEOUT: Final = ".wh."  # OCI image-spec 1.1, "Whiteouts": such a file says that one of a lower layer is no more
_DOCUMENT_NAMES: Final = (".yaml", ".yml", ".json")
_DOCUMENTS: Final = {"yaml": "yaml", "x-yaml": "yaml", "yml": "yaml", "json": "json"}  # of a media type: suffix


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerChoice:
    """What the user says of the layers: the media type to use, and the file or folder that must be there."""

    media_type: str | None = None
    path: str | None = None


def chosen_layers(manifest: Manifest, *, choice: LayerChoice, what: str) -> tuple[Descriptor, ...]:
    """The layers to pull, none twice.

    Raises:
        Stalled: LAYER_NOT_FOUND: there is none, or none of the wanted media type. ARTIFACT_TOO_LARGE: together they
            have more than ``MAX_LAYERS_TOTAL`` bytes. ARTIFACT_UNSUPPORTED: a compression that is not read.
    """
    wanted = [layer for layer in manifest.layers if choice.media_type in (None, layer.media_type)]
    if not wanted:
        raise _not_found(manifest, choice=choice, what=what)
    layers = tuple({(layer.digest, layer.annotations.get(TITLE)): layer for layer in wanted}.values())
    total = sum(layer.size for layer in layers)
    if total > MAX_LAYERS_TOTAL:
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"{what} has layers of {total} bytes, and at most {MAX_LAYERS_TOTAL} are pulled: choose one with "
            "source.layer.mediaType, or split the artifact.",
        )
    for layer in layers:
        if layer.media_type.endswith(_ZSTD):
            raise Stalled(
                reason=Reason.ARTIFACT_UNSUPPORTED,
                message=f"{what} has a layer that is compressed with zstd, which is not read: push it with gzip.",
            )
    return layers


def files_of(
    manifest: Manifest, blobs: Sequence[tuple[Descriptor, bytes]], *, choice: LayerChoice, what: str
) -> tuple[File, ...]:
    """The files in the layers, in order; blocks, so call it in a thread.

    Raises:
        Stalled: LAYER_NOT_FOUND: no layer has files, or none is at the wanted path. ARCHIVE_REFUSED,
            ARTIFACT_TOO_LARGE: as ``unpack``, and for all layers together.
    """
    files: dict[str, File] = {}
    for number, (layer, content) in enumerate(blobs, start=1):
        for file in _files(layer, content, number=number, what=f"layer {number} of {what}"):
            if file.path in files:
                raise archive_refused(what, f"two of its layers hold {file.path!r}")
            if file.path.rpartition("/")[2].startswith(_WHITEOUT):
                raise archive_refused(what, f"{file.path!r} removes a file of another layer")
            files[file.path] = file
        _refuse_too_much(files.values(), what=what)
    if not files:
        raise _not_found(manifest, choice=choice, what=what)
    if choice.path is not None and not _has(files, choice.path):
        raise Stalled(
            reason=Reason.LAYER_NOT_FOUND,
            message=f"{what} has neither file nor folder {choice.path!r}: correct source.layer.path. It has "
            f"{_listed(sorted(files))}.",
        )
    return tuple(files.values())


def _files(layer: Descriptor, content: bytes, *, number: int, what: str) -> tuple[File, ...]:
    title = layer.annotations.get(TITLE, "")
    # `oras push` calls a plain file a tar where it is told no media type, and keeps its name in the title.
    called_tar = layer.media_type.endswith(_TARS) and not title.lower().endswith(_DOCUMENT_NAMES)
    if called_tar or is_archive(content):
        return unpack(content, what=what)
    if title:
        try:
            return (File(safe_path(title), content),)
        except BadHeader as error:
            raise archive_refused(what, f"its title {error}") from error
    suffix = _DOCUMENTS.get(layer.media_type.replace("+", "/").rpartition("/")[2])
    return (File(f"layer-{number}.{suffix}", content),) if suffix else ()


def _refuse_too_much(files: Iterable[File], *, what: str) -> None:
    sizes = [len(file.content) for file in files]
    if len(sizes) > MAX_UNPACKED_FILES or sum(sizes) > MAX_UNPACKED:
        raise Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"{what} has more than {MAX_UNPACKED_FILES} files or {MAX_UNPACKED} bytes in all its layers: "
            "split the artifact.",
        )


def _has(files: Iterable[str], path: str) -> bool:
    path = path.strip("/").removeprefix("./").rstrip("/")
    return not path or any(name == path or name.startswith(f"{path}/") for name in files)


def _not_found(manifest: Manifest, *, choice: LayerChoice, what: str) -> Stalled:
    types = _listed(sorted({layer.media_type for layer in manifest.layers}))
    wanted = f"has no layer of media type {choice.media_type!r}" if choice.media_type else "has no layer with files"
    return Stalled(
        reason=Reason.LAYER_NOT_FOUND,
        message=f"{what} {wanted}: correct source.layer.mediaType, or push files or a tar of them. It has {types}.",
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (", ".join(shown(name, length=60) for name in names[:5]) or "none") + more
