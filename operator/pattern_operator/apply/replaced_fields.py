"""What people put in the place of what the pattern has: entries and fields that an apply alone would leave beside it.

Server-side apply merges lists by their keys and structs by their fields, and removes only what the applier held
(Kubernetes documentation, "Server-Side Apply"). Where somebody changed the port of a Service from 80 to 8080, both
would be there after an apply; where somebody changed ``value`` to ``valueFrom``, the object is refused. Pure.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.fields import MAX_MANAGERS, ManagedFieldsEntry, ObjectMeta, mapping, mappings, text
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.api.object import Body, Object
from pattern_operator.apply import fieldset
from pattern_operator.apply.existing import is_ours
from pattern_operator.apply.ignore_differences import Pointer, names_entry, without_released
from pattern_operator.kube.errors import ApiError
from pattern_operator.kube.fieldpath import field_path
from pattern_operator.kube.status_message import StatusCause

Path = tuple[str, ...]  # of elements of a set of fields
Entry = Mapping[str, Any]
Picks = Callable[[Path, object, fieldset.Fields], bool]

EACH: Final = "[]"  # in the words of a path: an entry of a list
_NAMED: Final = 3  # fields that are named of what others hold
_PATH: Final = re.compile(r"\w+(?:\.\w+|\[\d+\])*")
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_CLASHES: Final = frozenset({"FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"})
# The rule speaks of several fields of one struct, and it may name the one that the manifest has.
_OF_SEVERAL: Final = re.compile(
    r"more than (?:1|one)\b|exactly one|only one|may not be (?:specified|set)|must not be set"
)


@dataclass(frozen=True, slots=True)
class HeldField:
    """A field that stands in the way, and who has set it."""

    manager: str
    field: str


class Blocked(ApiError):
    """A refusal of an apply, and who holds what it was refused for (``held``, empty: nobody)."""

    def __init__(self, error: ApiError, held: tuple[HeldField, ...]) -> None:
        super().__init__(
            code=error.code,
            reason=error.reason,
            message=error.message,
            causes=error.causes,
            retry_after=error.retry_after,
            about=error.about,
        )
        self.held = held


def is_by_hand(entry: ManagedFieldsEntry) -> bool:
    """Whether an entry of managedFields is of a tool that people change an object with: never a controller's."""
    by_kubectl = entry.name in ("kubectl", "helm") or entry.name.startswith("kubectl-")
    return by_kubectl and entry.operation == "Update" and not entry.subresource


def is_touched(entries: Iterable[ManagedFieldsEntry]) -> bool:
    """Whether people have changed something of an object by hand."""
    return any(map(is_by_hand, entries))


def replaced(fields: fieldset.Fields, *, body: object, live: fieldset.Fields) -> fieldset.Fields:
    """What of ``fields`` the manifest ``body`` has not, where something that it has went at the same place.

    ``live`` are the fields that the object has. What was only added stays, and all that is added to metadata.
    """
    return _picked(fields, body, live, (), lambda path, at, there: "f:metadata" not in path and _misses(at, there))


def in_the_way(fields: fieldset.Fields, *, body: object, causes: Iterable[StatusCause]) -> fieldset.Fields:
    """What of ``fields`` the manifest ``body`` has not, and the API server refused it for (``causes``)."""
    clashes = [(steps(each.field), each) for each in causes if each.reason in _CLASHES]
    return _picked(fields, body, {}, (), lambda path, _, __: any(_clashes(path, at, each) for at, each in clashes))


def steps(path: str) -> Path:
    """The words of a path as API servers write it, each index as ``EACH``; empty for what was masked."""
    if not _PATH.fullmatch(path):
        return ()
    return tuple(name or EACH for name, _ in _STEP.findall(path))


def handed_over(
    live: object, desired: Object, *, pick: Callable[[ManagedFieldsEntry, fieldset.Fields], fieldset.Fields]
) -> Any:
    """The merge patch of the metadata that makes what is picked the pattern's, so that its apply removes it; or None.

    ``live`` is an object, or its metadata alone, of any shape. No value changes by the patch, and the object must still
    be as it was (``Conflict``).
    """
    meta = ObjectMeta.of(live)
    entries = list(mappings(meta.raw.get("managedFields")))[:MAX_MANAGERS]
    taken, kept, ours = fieldset.Fields(), list[Entry](), _NEW | {"apiVersion": desired.api_version}
    for each in entries:
        if is_ours(ManagedFieldsEntry.of(each)):
            ours = dict(each)
            continue
        theirs = fieldset.read(each.get("fieldsV1"))
        found = pick(ManagedFieldsEntry.of(each), theirs) if each.get("apiVersion") == desired.api_version else {}
        rest = fieldset.difference(theirs, found) if found else theirs
        taken = fieldset.union(taken, found)
        if rest or not found:
            kept.append({**each, "fieldsV1": rest} if found else each)
    if not taken or ours.get("apiVersion") != desired.api_version:
        return None
    ours["fieldsV1"] = fieldset.union(fieldset.read(ours.get("fieldsV1")), taken)
    return {"uid": meta.uid, "resourceVersion": meta.resource_version, "managedFields": [ours, *kept]}


def holders(live: object, *, body: object, causes: Iterable[StatusCause]) -> tuple[HeldField, ...]:
    """Who holds what the API server refused the manifest for, besides the pattern; the first few fields."""
    found, causes = list[HeldField](), tuple(causes)
    for each in ObjectMeta.of(live).managers:
        if is_ours(each) or each.subresource == "status":
            continue
        clashing = in_the_way(fieldset.read(each.fields), body=body, causes=causes)
        for path in fieldset.leaves(clashing):
            shown = field_path(fieldset.words(_root(path, body)))
            if HeldField(each.name, shown) not in found:
                found.append(HeldField(each.name, shown))
            if len(found) == _NAMED:
                return tuple(found)
    return tuple(found)


def all_fields(live: object) -> fieldset.Fields:
    """The fields of an object that anybody holds."""
    fields = fieldset.Fields()
    for each in ObjectMeta.of(live).managers:
        fields = fieldset.union(fields, fieldset.read(each.fields))
    return fields


def protecting(
    pick: Callable[[fieldset.Fields], fieldset.Fields], *, body: Body, left: Iterable[Pointer]
) -> Callable[[fieldset.Fields], fieldset.Fields]:
    """``pick``, but never what is ``left`` to others."""
    left = tuple(left)
    return lambda fields: pick(without_released(fields, body=body, paths=left))


_NEW: Final[dict[str, Any]] = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsType": "FieldsV1"}


def _picked(fields: fieldset.Fields, body: object, live: fieldset.Fields, path: Path, wants: Picks) -> fieldset.Fields:
    """The elements that ``body`` has not and ``wants`` wants, each with all that is in it."""
    taken = fieldset.Fields()
    for name, inner in fields.items():
        if name == fieldset.ITSELF:
            continue
        here = (*path, name)
        found = _at(name, body)
        if found is not None:
            if rest := _picked(inner, found, {**live.get(name, {}), **_keys(name)}, here, wants):
                taken[name] = rest
        elif isinstance(body, dict | list) and wants(here, body, live):
            taken[name] = inner
    return taken


def _at(name: str, body: object) -> object:
    """What the manifest has at an element; None where it has nothing, or null."""
    if name.startswith("f:"):
        return mapping(body).get(name[2:])
    if not isinstance(body, list):
        return None
    return next((each for index, each in enumerate(body) if names_entry(name, each, index)), None)


def _keys(name: str) -> fieldset.Fields:
    """The fields that the keys of an entry of a list are, which was found by them: they are there as long as it is."""
    return {f"f:{key}": {} for key in mapping(json.loads(name[2:]))} if name.startswith("k:") else {}


def _misses(body: object, live: fieldset.Fields) -> bool:
    """Whether something that the manifest has at a place is gone there; what is empty, a server may leave out."""
    if isinstance(body, dict):
        return any(value and f"f:{name}" not in live for name, value in body.items())
    entries = list(enumerate(body)) if isinstance(body, list) else []
    return any(not any(names_entry(name, each, index) for name in live) for index, each in entries)


def _clashes(path: Path, at: Path, cause: StatusCause) -> bool:
    words = tuple(name[2:] if name.startswith("f:") else EACH for name in path)
    if len(at) < 2 or words[0] == "metadata":
        return False
    if words == at[: len(words)]:
        return len(words) > 1
    beside = words[:-1] == at[: len(words) - 1] and len(words) == len(at) and path[-1].startswith("f:")
    return beside and _OF_SEVERAL.search(text(cause.message)) is not None


def _root(path: Path, body: object) -> Path:
    """The part of a path down to the first element that the manifest has not."""
    for number, name in enumerate(path):
        body = _at(name, body)
        if body is None:
            return path[: number + 1]
    return path
