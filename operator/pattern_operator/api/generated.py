"""Which fields of an object may come out differently when it is rendered again: a password that a chart makes up, or
the version of the program that renders it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.object import ObjectKey

FieldKeys = tuple[str | int, ...]
"""The path of a value in an object: keys of mappings, and positions in lists."""

# The merge keys of Kubernetes' lists (x-kubernetes-list-map-keys, x-kubernetes-patch-merge-key) that one field makes.
_MERGE_KEYS: Final = ("name", "key", "mountPath", "devicePath", "ip", "containerPort", "port", "topologyKey", "type")


@dataclass(frozen=True, slots=True)
class GeneratedFields:
    """The fields of one object that artifact and parameters alone do not decide.

    Whoever applies the object keeps the live values of exactly these while artifact and parameters stay the same; all
    other fields are as they are rendered. ``paths`` lead to what was not the same in two renderings with the same
    inputs, ``build_metadata`` to what helm or kustomize write of themselves, such as their version: another version of
    them writes something else. An empty path is the whole object, and one of a mapping is all that is rendered in it.
    A position is that in the list of the object as it is rendered.
    """

    key: ObjectKey
    paths: tuple[FieldKeys, ...]
    build_metadata: tuple[FieldKeys, ...] = ()


def position_in(others: Sequence[Any], entries: Sequence[Any], path: FieldKeys) -> int | None:
    """Where the entry of ``entries`` to which ``path`` leads stands in another state of the list, None if nowhere.

    An entry is known by its merge key. Where the entries have none it is the only equal one, or the one at the same
    position of as many: a list of another length has moved, and nothing says how.
    """
    position = path[0]
    if not isinstance(position, int) or not 0 <= position < len(entries):
        return None
    same = position if len(others) == len(entries) else None
    field = _merge_key(entries)
    if field is None:
        equal = [place for place, other in enumerate(others) if other == entries[position]]
        return equal[0] if len(equal) == 1 else same
    if path[1:] == (field,):  # the merge key itself is made up
        return same
    name = entries[position][field]
    found = [place for place, other in enumerate(others) if isinstance(other, Mapping) and other.get(field) == name]
    return found[0] if len(found) == 1 else None


def value_at(body: Any, path: FieldKeys) -> Any:
    """The value that ``path`` leads to in the very object that it is of; None where there is none."""
    for key in path:
        try:
            body = body[key]
        except (KeyError, IndexError, TypeError):
            return None
    return body


def _merge_key(entries: Sequence[Any]) -> str | None:
    """The field that tells the entries apart: each has it, and no two the same."""
    for field in _MERGE_KEYS:
        names = [each.get(field) if isinstance(each, Mapping) else None for each in entries]
        if all(isinstance(name, str | int) for name in names) and len(set(names)) == len(names):
            return field
    return None
