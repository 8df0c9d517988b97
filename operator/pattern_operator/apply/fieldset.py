"""Sets of fields as ``managedFields`` writes them: united, subtracted, walked. Pure, and total for any JSON.

Source: structured-merge-diff ``fieldpath`` (serialize.go), FieldsV1: ``f:<name>`` is a field, ``k:<keys>`` an entry of
a list by its keys, ``v:<value>`` a member of a set, ``i:<index>`` an entry of a list by its index. An empty object says
that the element is in the set; beside elements of its own, ``.`` says so.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pattern_operator.api.fields import MAX_DEPTH, mapping

Fields = dict[str, Any]
ITSELF: Final = "."
MAX_LEAVES: Final = 1_000  # fields of a set that are named
MAX_COMPARED: Final = 10_000  # elements of all sets of an object that are compared; large ordinary objects have 1,000


def read(fields: object, *, depth: int = MAX_DEPTH) -> Fields:
    """A set as it was sent, without what has another shape, or is nested deeper than objects are."""
    if not depth:
        return {}
    return {name: read(each, depth=depth - 1) for name, each in mapping(fields).items()}


def are_comparable(sets: Iterable[object]) -> bool:
    """Whether all sets together have few enough elements to be compared with each other on the event loop."""
    waiting, left = list(sets), MAX_COMPARED
    while waiting and left >= 0:
        inner = mapping(waiting.pop())
        left -= len(inner)
        if left >= 0:
            waiting.extend(inner.values())
    return left >= 0


def union(one: Fields, other: Fields) -> Fields:
    """What is in either of two sets."""
    both = {name: _joined(one[name], other[name]) for name in one if name in other}
    return {**one, **other, **both}


def _joined(one: Fields, other: Fields) -> Fields:
    """The same element in two sets: one that is empty in either is a member itself."""
    if one and other:
        return union(one, other)
    return {**one, **other, ITSELF: {}} if one or other else {}


def difference(fields: Fields, others: Mapping[str, Any]) -> Fields:
    """What is in ``fields`` and not in ``others``; what holds elements of ``others`` is taken for one of them."""
    kept: Fields = {}
    for name, inner in fields.items():
        if name not in others:
            kept[name] = inner
        elif name != ITSELF and (rest := difference({k: v for k, v in inner.items() if k != ITSELF}, others[name])):
            kept[name] = rest
    return kept


def intersection(fields: object, others: object, *, depth: int = MAX_DEPTH) -> Fields:
    """What is in both of two sets and holds no other elements, with what leads there.

    Both are as they were sent, of any shape: what only one of them has is not looked at, so that this costs less than
    to ``read`` them.
    """
    both: Fields = {}
    mine, theirs = mapping(fields), mapping(others)
    for name, inner in mine.items() if depth else ():
        if name == ITSELF or name not in theirs:
            continue
        other = theirs[name]
        if found := intersection(inner, other, depth=depth - 1):
            both[name] = found
        elif not (mapping(inner).keys() | mapping(other).keys()) - {ITSELF}:
            both[name] = {}
    return both


def without(fields: Fields, path: tuple[str, ...]) -> Fields:
    """``fields`` without the element at ``path`` and all that is in it; what holds nothing then goes, too."""
    if not path or path[0] not in fields:
        return fields
    name, rest = path[0], path[1:]
    inner = without(fields[name], rest) if rest else {}
    changed = {key: each for key, each in fields.items() if key != name}
    return {**changed, name: inner} if inner else changed


def leaves(fields: Fields) -> Iterator[tuple[str, ...]]:
    """The paths of the first ``MAX_LEAVES`` elements that hold no others."""
    stack: list[tuple[tuple[str, ...], Fields]] = [((), fields)]
    found = 0
    while stack and found < MAX_LEAVES:
        path, here = stack.pop()
        inner = [(name, each) for name, each in here.items() if name != ITSELF]
        if inner:
            stack += [((*path, name), each) for name, each in reversed(inner)]
        elif path:
            found += 1
            yield path


def hashes_of(fields: Fields) -> bytes:
    """What stands for each of the fields, to be compared within this process: 4 bytes each (``read_hashes``)."""
    return array("I", sorted({hash_of(path) for path in leaves(fields)})).tobytes()


def hash_of(path: tuple[str, ...]) -> int:
    """What stands for one field, to be compared within this process."""
    return hash(path) & 0xFFFFFFFF


def read_hashes(hashes: bytes) -> set[int]:
    """What ``hashes_of`` gave, as numbers."""
    found = array("I")
    found.frombytes(hashes)
    return set(found)


def words(path: tuple[str, ...]) -> str:
    """A path as API servers write it in a conflict: ``.spec.containers[name="web"].image``."""
    shown = []
    for name in path:
        kind, _, rest = name.partition(":")
        if kind == "f":
            shown.append(f".{rest}")
        elif kind == "k":
            shown.append(f"[{rest.strip('{}').replace(':', '=').replace(chr(34), '')}]")
        else:
            shown.append(f"[={rest}]" if kind == "v" else f"[{rest}]")
    return "".join(shown)
