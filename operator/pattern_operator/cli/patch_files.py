"""The patches of ``--patch FILE``: kustomize's own forms, one file with one or with several.

A document of a file is a strategic merge patch (part of an object, which it names by kind and name), an entry of
``patches`` as a kustomization and ``spec.render.patches`` have it (``patch`` and ``target``), a list of such entries,
or a mapping with a list called ``patches``. A JSON patch (RFC 6902) is a list of operations, and needs a target.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from pattern_operator.api.reason import Reason
from pattern_operator.cli import flag_file
from pattern_operator.errors import Stalled
from pattern_operator.quote import quoted
from pattern_operator.render.options import Patch, PatchTarget

_TARGET: Final = {  # fields of a target as they are written, and as they are called in an Options
    "group": "group",
    "version": "version",
    "kind": "kind",
    "name": "name",
    "namespace": "namespace",
    "labelSelector": "label_selector",
    "annotationSelector": "annotation_selector",
}
_FORMS: Final = (
    "write a part of an object with apiVersion, kind and metadata.name, or entries with patch and target, as"
    " spec.render.patches has them"
)


def patches(paths: Sequence[str]) -> tuple[Patch, ...]:
    """The patches of the files, in order.

    Raises:
        Stalled: ARTIFACT_NOT_FOUND, ARTIFACT_TOO_LARGE: of a file. DOCUMENT_INVALID: it is not YAML, or not a patch.
    """
    return tuple(patch for path in paths for patch in _patches(path))


def _patches(path: str) -> Iterator[Patch]:
    for document in flag_file.documents(path, flag="--patch", what="a file of patches"):
        place = f"{quoted(path)}, line {document.line}"
        for number, each in enumerate(_of_document(document.value, where=place), start=1):
            yield replace(each, where=f"--patch {place}, patch {number}" if number > 1 else f"--patch {place}")


def _of_document(value: Any, *, where: str) -> Iterator[Patch]:
    match value:
        case {"patches": list(entries), **rest} if not rest.keys() - {"apiVersion", "kind"}:
            for entry in entries:
                yield _entry(entry, where=where)
        case {"patch": _}:
            yield _entry(value, where=where)
        case {"kind": str(), "metadata": {"name": str()}}:
            yield Patch(patch=json.dumps(value))
        case [{"op": _}, *_]:
            raise _invalid(f"{where}: a JSON patch names no object: put it into an entry with patch and target.")
        case [_, *_]:
            for entry in value:
                yield _entry(entry, where=where)
        case _:
            raise _invalid(f"{where} is not a patch: {_FORMS}.")


def _entry(entry: Any, *, where: str) -> Patch:
    """An entry of ``patches``; its patch is text, or what the text would say."""
    match entry:
        case {"patch": str() | dict() | list() as patch, **rest} if not rest.keys() - {"target"}:
            text = patch if isinstance(patch, str) else json.dumps(patch)
            return Patch(patch=text, target=_target(rest["target"], where=where) if "target" in rest else None)
        case {"path": _}:
            raise _invalid(f"{where}: an entry names a file by path: name that file by --patch, or write it as patch.")
    raise _invalid(f"{where} has an entry that is not a patch: {_FORMS}.")


def _target(target: Any, *, where: str) -> PatchTarget:
    if not isinstance(target, dict) or not target:
        raise _invalid(f"{where}: target must be a mapping, as in target: {{kind: Deployment}}.")
    for key, value in target.items():
        if key not in _TARGET:
            raise _invalid(f"{where}: a target has no field {quoted(key)}: it has {', '.join(_TARGET)}.")
        if not isinstance(value, str):
            raise _invalid(f"{where}: target.{key} must be text.")
    return PatchTarget(**{_TARGET[key]: value for key, value in target.items()})


def _invalid(message: str) -> Stalled:
    return Stalled(reason=Reason.DOCUMENT_INVALID, message=message)
