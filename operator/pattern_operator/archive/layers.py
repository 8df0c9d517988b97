"""Which files are in the layers of an artifact, and the content of those that somebody will read.

Shapes: a tar of files (Meshery's own build, ``flux push artifact``, an image built from a Dockerfile), or files that
are layers themselves under ``org.opencontainers.image.title`` (``oras push``; OCI image-spec 1.1, "Annotations"), also
compressed with gzip.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.archive.chart_package import is_chart_package, is_ignore_file
from pattern_operator.archive.tarheader import BLOCK, InvalidHeader, safe_path
from pattern_operator.archive.unpack import archive_refused, entries, inflated, is_archive, is_gzip
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_DOCUMENTS, MAX_UNPACKED, MAX_UNPACKED_FILES
from pattern_operator.quote import first_few, one_line, quoted

TITLE: Final = "org.opencontainers.image.title"

_TARS: Final = (".tar", "+tar", ".tar+gzip", ".tar.gzip", "/tar", "/x-tar", "/tar+gzip", "/x-gtar", "/x-tgz")
_WHITEOUT: Final = ".wh."  # OCI image-spec 1.1, "Whiteouts": such a file says that one of a lower layer is deleted
_DOCUMENT_NAMES: Final = (".yaml", ".yml", ".json")
_DOCUMENTS: Final = {"yaml": "yaml", "x-yaml": "yaml", "yml": "yaml", "json": "json"}  # of a media type: suffix


_ZIPPED_TYPES: Final = ("+gzip", ".gzip", "+gz")
_NAMED: Final = 5  # files, or media types, that a message names
_SHOWN: Final = 64  # bytes of each
_TAR_NAMES: Final = (".tar", ".tgz", ".tar.gz", ".tar.gzip", ".taz", ".gz", ".gzip")
_ZIPPED_NAMES: Final = (".gz", ".gzip")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSelector:
    """What the user says of the layers: the media type to use, and the file or folder that must be there."""

    media_type: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """What a manifest says of a layer, as far as it decides how the layer is read; ``size`` in bytes."""

    media_type: str
    title: str
    size: int


def extract_files(
    layers: Sequence[tuple[Layer, BinaryIO]],
    *,
    selector: LayerSelector,
    context: str,
    types: Sequence[str] = (),
    reads: Callable[[str], bool] = lambda _: True,
) -> tuple[File, ...]:
    """The files in the layers, in order; blocks, so call it where that stops nobody.

    Args:
        layers: each with its content, open at its beginning.
        selector: the path that must be there.
        context: names the artifact in messages.
        types: the media types of all its layers, for messages.
        reads: whether somebody will read a file of this path. Others come without their content, except for one that
            is the only file there is.

    Raises:
        Stalled: LAYER_NOT_FOUND: no layer has files, or none is at the wanted path. ARCHIVE_REFUSED,
            ARTIFACT_TOO_LARGE: as ``entries``, and for all layers together.
    """
    kept = _Kept(context=context, reads=reads)
    for number, (layer, content) in enumerate(layers, start=1):
        before = len(kept.files)
        _read(layer, content, number=number, context=f"layer {number} of {context}", kept=kept)
        for path in list(kept.files)[before:]:
            if path.rpartition("/")[2].startswith(_WHITEOUT):
                raise archive_refused(context, f"{quoted(path)} removes a file of another layer")
    if not kept.files:
        raise not_found(types, selector=selector, context=context)
    if selector.path is not None and not _has(kept.files, selector.path):
        raise Stalled(
            reason=Reason.LAYER_NOT_FOUND,
            message=f"{context} has neither file nor folder {quoted(selector.path)}: correct source.layer.path. It has "
            f"{_listed(sorted(kept.files))}.",
        )
    return kept.all()


def unpacks_to_at_most(size: int, layers: Sequence[tuple[Layer, BinaryIO]]) -> bool:
    """Whether the layers have at most ``size`` bytes together once they are inflated, headers and padding of tars too.

    The layers are left at their beginning. Raises Stalled as ``entries``, for what cannot be inflated.
    """
    left = size
    for layer, content in layers:
        zipped = is_gzip(content.read(2))
        content.seek(0)
        lengths = map(len, inflated(content, size=layer.size, context="")) if zipped else iter((layer.size,))
        for length in lengths:
            left -= length
            if left < 0:
                break
        content.seek(0)
        if left < 0:
            return False
    return True


def not_found(types: Sequence[str], *, selector: LayerSelector, context: str) -> Stalled:
    """The error for an artifact that has no layer to read; ``types`` are the media types of those it has."""
    wanted = (
        f"has no layer of media type {quoted(selector.media_type)}"
        if selector.media_type
        else "has no layer with files"
    )
    return Stalled(
        reason=Reason.LAYER_NOT_FOUND,
        message=f"{context} {wanted}: correct source.layer.mediaType, or push files or a tar of them. It has "
        f"{_listed(sorted(set(types)))}.",
    )


@dataclass(slots=True)
class _Kept:
    """The files so far, and how much of them; what nobody will read has no content here."""

    context: str
    reads: Callable[[str], bool]
    files: dict[str, bytes] = field(default_factory=dict)
    size: int = 0  # of all files
    held: int = 0  # of those whose content is here
    spare: str | None = None  # the first file, as long as nobody knows whether it is the only one

    def wants(self, path: str, size: int) -> bool:
        """Count a file in, and say whether its content is needed."""
        if path in self.files:
            raise archive_refused(self.context, f"two of its layers hold {quoted(path)}")
        self.size += size
        if len(self.files) >= MAX_UNPACKED_FILES or self.size > MAX_UNPACKED:
            raise Stalled(
                reason=Reason.ARTIFACT_TOO_LARGE,
                message=f"{self.context} has more than {MAX_UNPACKED_FILES} files or {MAX_UNPACKED} bytes in all its "
                "layers: split the artifact.",
            )
        if self.spare is not None:
            self.held -= len(self.files[self.spare])
            self.files[self.spare], self.spare = b"", None
        first, read = not self.files, self.reads(path)
        self.files[path] = b""
        if not read and (not first or size > MAX_DOCUMENTS):
            return False
        if self.held + size > MAX_DOCUMENTS:
            raise self._too_large()
        self.held += size
        self.spare = path if not read else None
        return True

    def wants_of_package(self, path: str, size: int) -> bool:
        """``wants``, of a file of a packaged chart."""
        return not is_ignore_file(path) and self.wants(path, size)

    def _too_large(self) -> Stalled:
        return Stalled(
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=f"the documents of {self.context} are more than {MAX_DOCUMENTS} bytes, which is more than the"
            " operator reads. Name the part that is meant in spec.source.layer.path, or split the artifact.",
        )

    def all(self) -> tuple[File, ...]:
        if len(self.files) == 1 and self.size > MAX_DOCUMENTS:  # the only file, and too large to have been kept
            raise self._too_large()
        return tuple(File(path, content) for path, content in self.files.items())


def _read(layer: Layer, content: BinaryIO, *, number: int, context: str, kept: _Kept) -> None:
    """Take in the files of a layer."""
    # `oras push` calls a plain file a tar where it is told no media type, and keeps its name in the title.
    called_tar = layer.media_type.endswith(_TARS) and not layer.title.lower().endswith(_DOCUMENT_NAMES)
    if is_archive(content) or (called_tar and not _is_plain(layer.title, content)):
        wants = kept.wants_of_package if is_chart_package(layer.media_type, layer.title) else kept.wants
        for path, file in entries(content, size=layer.size, context=context, wants=wants):
            kept.files[path] = file
        return
    zipped = is_gzip(content.read(2))
    content.seek(0)
    called = _without(_ZIPPED_TYPES, layer.media_type) if zipped else layer.media_type
    title = _without(_ZIPPED_NAMES, layer.title) if zipped else layer.title
    suffix = _DOCUMENTS.get(called.replace("+", "/").rpartition("/")[2])
    if not title and not suffix:
        return
    try:
        path = safe_path(title) if title else f"layer-{number}.{suffix}"
    except InvalidHeader as error:
        raise archive_refused(context, f"its title {error}") from error
    if not zipped:
        if kept.wants(path, layer.size):
            kept.files[path] = content.read(layer.size)
        return
    size, file = _inflated_file(content, size=layer.size, context=context)
    if kept.wants(path, size):
        kept.files[path] = file


def _is_plain(title: str, content: BinaryIO) -> bool:
    """Whether what is called a tar, and does not begin as one, is a plain file that was pushed without a media type.

    By its name, as README.md; where that has no ending, as LICENSE, by its content: a header of a tar has zero bytes.
    """
    name = title.rpartition("/")[2].lower()
    if not name or name.endswith(_TAR_NAMES):
        return False
    ending = name.strip(".").rpartition(".")
    if ending[0] and ending[2].isalpha():  # a folder may be called web-1.0
        return True
    start = content.read(BLOCK)
    content.seek(0)
    return b"\0" not in start and not is_gzip(start)


def _inflated_file(content: BinaryIO, *, size: int, context: str) -> tuple[int, bytes]:
    """How long a gzipped file is, and its content; without it where it is larger than what anybody reads."""
    length, chunks = 0, list[bytes]()
    for chunk in inflated(content, size=size, context=context):
        length += len(chunk)
        if length <= MAX_DOCUMENTS:
            chunks.append(chunk)
        else:
            chunks.clear()
    return length, b"".join(chunks)


def _without(endings: Sequence[str], name: str) -> str:
    return next((name[: -len(ending)] for ending in endings if name.lower().endswith(ending)), name)


def _has(files: dict[str, bytes], path: str) -> bool:
    path = path.strip("/").removeprefix("./").rstrip("/")
    return not path or any(name == path or name.startswith(f"{path}/") for name in files)


def _listed(names: Sequence[str]) -> str:
    return first_few([one_line(name, _SHOWN) for name in names], _NAMED) or "none"
