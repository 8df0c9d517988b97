"""The fields in which two renderings of one object differ: what is made anew each time, and nothing else."""

from collections.abc import Iterator
from typing import Any, Final

from pattern_operator.api.generated import FieldKeys
from pattern_operator.limits import MAX_GENERATED, MAX_GENERATED_KEYS

_MISSING: Final = object()


def differences(first: Any, second: Any) -> tuple[FieldKeys, ...]:
    """The paths of the values that differ, as keys and positions in lists; the empty one for the whole.

    A list of another length, and a mapping with other keys, differ as far as they do: a key that only one has is
    named, a list is named as a whole. Of more than ``MAX_GENERATED`` what holds them is named, as near as possible.
    """
    return bounded(tuple(_differences(first, second, ())))


def bounded(found: tuple[FieldKeys, ...]) -> tuple[FieldKeys, ...]:
    """Paths as they are; of more than ``MAX_GENERATED``, or of longer ones, what holds them, as near as possible."""
    depth = max((len(each) for each in found), default=0)
    while len(found) > MAX_GENERATED or sum(len(str(key)) for each in found for key in each) > MAX_GENERATED_KEYS:
        depth -= 1
        found = tuple(dict.fromkeys(each[:depth] for each in found))
    return found


def _differences(first: Any, second: Any, path: FieldKeys) -> Iterator[FieldKeys]:
    match first, second:
        case dict(), dict():
            for key in dict.fromkeys((*first, *second)):
                yield from _differences(first.get(key, _MISSING), second.get(key, _MISSING), (*path, key))
        case list(), list() if len(first) == len(second):
            for position, (one, other) in enumerate(zip(first, second, strict=True)):
                yield from _differences(one, other, (*path, position))
        case _ if first is not second and (first != second or type(first) is not type(second)):
            yield path
