"""The files of a pattern on this machine, for the command line: as strict, and as limited, as what a registry sends."""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.archive.unpack import archive_refused, is_archive, is_gzip, unpack
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_LAYERS_TOTAL, MAX_UNPACKED, MAX_UNPACKED_FILES
from pattern_operator.strictjson import InvalidDocument, read_json

_DOCUMENTS: Final = frozenset({".yaml", ".yml", ".json"})
_DOCKER_SAVE: Final = "manifest.json"


def read_local(path: Path) -> tuple[File, ...]:
    """The files at ``path``: one file, the YAML and JSON below a folder, or what is in a tar (also gzipped).

    Of a ``docker save`` tarball, as Meshery exports designs, the files of the first layer. Hidden files and folders are
    passed over, and so are links to folders. Blocks.

    Raises:
        Stalled: ARTIFACT_NOT_FOUND: nothing can be read there. LAYER_NOT_FOUND: a folder without YAML or JSON.
            ARCHIVE_REFUSED, ARTIFACT_TOO_LARGE: as for what a registry sends.
    """
    try:
        if path.is_dir():
            return _folder(path)
        return _file(path)
    except OSError as error:
        raise Stalled(
            reason=Reason.ARTIFACT_NOT_FOUND,
            message=f"{path} cannot be read ({error.strerror}): name a file or folder.",
        ) from error


def _file(path: Path) -> tuple[File, ...]:
    content = _read(path, most=MAX_LAYERS_TOTAL)
    if not is_gzip(content) and not is_archive(BytesIO(content)):
        return (File(path.name, content),)
    files = unpack(content, what=str(path))
    layer = _first_layer(files, what=str(path))
    return files if layer is None else unpack(layer.content, what=f"{layer.path} in {path}")


def _first_layer(files: tuple[File, ...], *, what: str) -> File | None:
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
        raise archive_refused(what, "it is a docker-save tarball whose first layer is not in it")
    return by_path[name]


def _folder(root: Path) -> tuple[File, ...]:
    files: list[File] = []
    left = MAX_UNPACKED
    for path in _documents(root):
        if len(files) >= MAX_UNPACKED_FILES:
            raise _too_large(root, f"more than {MAX_UNPACKED_FILES} files")
        content = _read(path, most=left)
        left -= len(content)
        files.append(File(str(PurePosixPath(*path.relative_to(root).parts)), content))
    if not files:
        raise Stalled(
            reason=Reason.LAYER_NOT_FOUND, message=f"{root} holds no YAML or JSON file: name the folder of the pattern."
        )
    return tuple(files)


def _documents(root: Path) -> Iterator[Path]:
    """The YAML and JSON files below ``root``, by name; a file that cannot be looked at is an error."""

    def fail(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(root, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and path.suffix.lower() in _DOCUMENTS and path.is_file():
                yield path


def _read(path: Path, *, most: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise _too_large(path, f"more than {most} bytes")
    return content


def _too_large(path: Path, why: str) -> Stalled:
    return Stalled(
        reason=Reason.ARTIFACT_TOO_LARGE, message=f"{path} has {why}, which is more than is read: name a part of it."
    )
