"""The files of a pattern on this machine, for the command line: as strict, and as limited, as what a registry sends."""

import os
import stat
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.archive.chart_package import is_chart_package, is_ignore_file
from pattern_operator.archive.unpack import archive_refused, is_archive, is_gzip, unpack
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_LAYERS_TOTAL, MAX_UNPACKED
from pattern_operator.source import local_tree
from pattern_operator.source.local_tree import documents, opened, read, shown
from pattern_operator.strict_json import InvalidDocument, read_json

_DOCUMENTS: Final = frozenset({".yaml", ".yml", ".json"})
_DOCKER_SAVE: Final = "manifest.json"


Reads = Callable[[str], bool]  # whether a file of this path is read
BeyondDocuments = Callable[[Sequence[str]], Reads | None]  # of the paths of all files; None: documents alone


def read_local(path: Path, *, beyond_documents: BeyondDocuments | None = None) -> tuple[File, ...]:
    """The files at ``path``: one file, the YAML and JSON below a folder, or what is in a tar (also gzipped).

    Of a ``docker save`` tarball, as Meshery exports designs, the files of the first layer. Hidden files and folders are
    passed over; a link is refused, as in an archive. Blocks.

    ``beyond_documents`` is told the paths of all files of a folder, and says which are read where that is not YAML and
    JSON alone: hidden ones count then.

    Raises:
        Stalled: ARTIFACT_NOT_FOUND: nothing can be read there. LAYER_NOT_FOUND: a folder without YAML or JSON.
            ARCHIVE_REFUSED, ARTIFACT_TOO_LARGE: as for what a registry sends.
    """
    try:
        with opened(path) as descriptor:
            is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            return _folder(path, descriptor, beyond_documents) if is_folder else _file(path, descriptor)
    except OSError as error:
        raise Stalled(
            reason=Reason.ARTIFACT_NOT_FOUND,
            message=f"{shown(path)} cannot be read ({error.strerror}): name a file or folder.",
        ) from error


def read_stream(descriptor: int, *, context: str, name: str) -> tuple[File, ...]:
    """The files that come out of a pipe: one, which is called ``name``, or what is in a tar; ``context`` says whence.

    Raises:
        Stalled: ARTIFACT_NOT_FOUND: nothing came. ARCHIVE_REFUSED, ARTIFACT_TOO_LARGE: as ``read_local``.
    """
    content = read(descriptor, where=Path(context), most=MAX_LAYERS_TOTAL)
    if not content:
        raise Stalled(
            reason=Reason.ARTIFACT_NOT_FOUND, message=f"{context} is empty: check whether the command before it failed."
        )
    return _files(content, context=context, name=name)


def _file(path: Path, descriptor: int) -> tuple[File, ...]:
    return _files(read(descriptor, where=path, most=MAX_LAYERS_TOTAL), context=str(path), name=path.name)


def _files(content: bytes, *, context: str, name: str) -> tuple[File, ...]:
    if not is_gzip(content) and not is_archive(BytesIO(content)):
        return (File(name, content),)
    files = unpack(content, context=context)
    layer = _first_layer(files, context=context)
    if layer is not None:
        return unpack(layer.content, context=f"{layer.path} in {context}")
    return tuple(each for each in files if not is_ignore_file(each.path)) if is_chart_package("", name) else files


def _first_layer(files: tuple[File, ...], *, context: str) -> File | None:
    """The first layer of a docker-save tarball (moby, image/spec: ``manifest.json``); None where it is none."""
    by_path = {file.path: file for file in files}
    if _DOCKER_SAVE not in by_path:
        return None
    try:
        images = read_json(by_path[_DOCKER_SAVE].content)
    except InvalidDocument:
        return None
    if not (isinstance(images, list) and images and isinstance(images[0], dict) and "Layers" in images[0]):
        return None
    layers = images[0]["Layers"]
    name = layers[0] if isinstance(layers, list) and layers else None
    if not isinstance(name, str) or name not in by_path:
        raise archive_refused(context, "it is a docker-save tarball whose first layer is not in it")
    return by_path[name]


def _folder(root: Path, descriptor: int, beyond_documents: BeyondDocuments | None) -> tuple[File, ...]:
    reads = beyond_documents(local_tree.names(descriptor, where=root)) if beyond_documents else None
    if reads is None:
        found = documents(descriptor, where=root, suffixes=_DOCUMENTS, most=MAX_UNPACKED)
    else:
        found = local_tree.files(descriptor, where=root, reads=reads, most=MAX_UNPACKED)
    files = tuple(File("/".join(parts), content) for parts, content in found)
    if not files:
        raise Stalled(
            reason=Reason.LAYER_NOT_FOUND,
            message=f"{shown(root)} holds no YAML or JSON file: name the folder of the pattern.",
        )
    return files
