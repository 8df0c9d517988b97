"""Keys that YAML reads as something else than what stands in the file: ``on`` as ``true``, ``0x10`` as ``16``.

kubectl reads them so, and an object is applied so; but who is told of ``data.true`` finds no such key in the file.
Source: YAML 1.1, "Boolean Language-Independent Type"; scalar.py has the rest of what go-yaml v2 reads.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from pattern_operator.render.fields import FieldPath

KeyPath = tuple[str | int, ...]  # keys as they are read, and positions in lists
WrittenKeys = Mapping[KeyPath, str]  # the path of a key, and how it is written

MOST_WRITTEN_KEYS: Final = 50  # of one document that are remembered
LONGEST_WRITTEN: Final = 64  # letters of one: what is read as a boolean or a number has few


def below(written: WrittenKeys, *path: str | int) -> WrittenKeys:
    """Those of the value at ``path``, seen from there."""
    if not written:
        return written
    return {place[len(path) :]: key for place, key in written.items() if place[: len(path)] == path}


def as_written(place: FieldPath, written: WrittenKeys) -> FieldPath:
    """A path of what was read, with the keys as they stand in the file."""
    if not written:
        return place
    keys = list[str | int]()
    step: FieldPath | None = place
    while step is not None:
        keys.append(step.key)
        step = step.above
    return _path(tuple(reversed(keys)), written)


def told(written: WrittenKeys) -> Iterator[str]:
    """A sentence for each, that says how it is read."""
    for place in written:
        path = _path(place, written)
        yield f"{path} read as the key {place[-1]}, as by kubectl: quote it where it is meant as written"


def _path(keys: KeyPath, written: WrittenKeys) -> FieldPath:
    made: FieldPath | None = None
    for length, key in enumerate(keys, start=1):
        made = FieldPath(made, written.get(keys[:length], key))
    assert made is not None  # noqa: S101 - a path has a key
    return made
