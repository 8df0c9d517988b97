"""The patches of ``spec.render.patches`` as kustomize is given them, each with what it is for.

A strategic merge patch that names its object itself is given as one with that target: for kustomize an object without a
namespace is another one than that in a namespace, and here every object has the one that it goes to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mapping, text
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.quote import one_line
from pattern_operator.render.document import read
from pattern_operator.render.kinds import group_of
from pattern_operator.render.options import Options, Patch, PatchTarget

OPERATIONS: Final = ("add", "copy", "move", "remove", "replace", "test")
"""Of a JSON patch (RFC 6902, section 4)."""
_DIRECTIVE: Final = "$patch"
_FIELDS: Final = {
    "group": "group",
    "version": "version",
    "kind": "kind",
    "name": "name",
    "namespace": "namespace",
    "label_selector": "labelSelector",
    "annotation_selector": "annotationSelector",
}


@dataclass(frozen=True, slots=True)
class OnePatch:
    """``value`` is the patch: a mapping, or the operations of JSON 6902; ``where`` the field of the spec it is in."""

    where: str
    value: Any
    target: dict[str, str]

    @property
    def deletes(self) -> bool:
        """Whether it takes objects out of the pattern."""
        return mapping(self.value).get(_DIRECTIVE) == "delete"

    @property
    def of(self) -> str:
        """What it is for, for messages."""
        return one_line(", ".join(f"{name} {value}" for name, value in self.target.items())) or "every object"


def invalid(where: str, why: str) -> Stalled:
    """The failure of a field of the spec."""
    return Stalled(reason=Reason.PATCH_INVALID, message=f"{where}: {why}. Correct it.")


def read_patches(options: Options) -> list[OnePatch]:
    """Read the patches of a spec, in order.

    Raises:
        Stalled: PATCH_INVALID, with the field.
    """
    number = count()
    places = [patch.where or f"spec.render.patches[{next(number)}]" for patch in options.patches]
    return [each for patch, where in zip(options.patches, places, strict=True) for each in _read(patch, where)]


def _read(patch: Patch, where: str) -> Iterator[OnePatch]:
    try:
        found = [each.value for each in read(File(f"{where}.patch", patch.patch.encode("utf-8", "replace")))]
    except Stalled as error:
        raise invalid(where, error.message.removeprefix(f"{where}.patch, ").partition(". ")[0]) from None
    if not found or not all(isinstance(each, dict | list) for each in found):
        raise invalid(where, "it is neither a strategic merge patch nor a list of JSON 6902 operations")
    for value in found:
        _refuse_unknown_operation(value, where)
    target = _written(patch.target) if patch.target is not None else None
    if len(found) > 1 and (target is not None or any(isinstance(each, list) for each in found)):
        raise invalid(where, "it holds several patches, which only go together where each names its object itself")
    for value in found:
        if target is None and isinstance(value, list):
            raise invalid(where, "a JSON 6902 patch needs a target, as in target: {kind: Deployment, name: web}")
        if target is None:
            yield OnePatch(where, value, _own_target(value, where))
        else:
            yield OnePatch(where, _named(value), target)


def _refuse_unknown_operation(value: Any, where: str) -> None:
    for place, operation in enumerate(value if isinstance(value, list) else ()):
        if mapping(operation).get("op") not in OPERATIONS:
            raise invalid(where, f"the op of operation {place} is none of {', '.join(OPERATIONS)}")


def _written(target: PatchTarget) -> dict[str, str]:
    return {name: value for field, name in _FIELDS.items() if (value := getattr(target, field))}


def _named(value: Any) -> Any:
    """kustomize takes no merge patch without kind and name; with a target it does not look at them."""
    if not isinstance(value, dict):
        return value
    metadata = {"name": "any", **mapping(value.get("metadata"))}
    return {"apiVersion": "v1", "kind": "Any", **value, "metadata": metadata}


def _own_target(value: dict[str, Any], where: str) -> dict[str, str]:
    metadata, version = mapping(value.get("metadata")), text(value.get("apiVersion"))
    kind, name = text(value.get("kind")), text(metadata.get("name"))
    if not (version and kind and name):
        raise invalid(where, "it has no target, and no apiVersion, kind and metadata.name of the object that it is for")
    own = {
        "group": group_of(version),
        "version": version.rpartition("/")[2],
        "kind": kind,
        "name": name,
        "namespace": text(metadata.get("namespace")),
    }
    return {field: re.escape(each) for field, each in own.items() if each}
