"""Compares two sets of objects by key: in another version of its group an object is the same one, and has changed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.diff.fields import FieldDifference, differences
from pattern_operator.diff.masking import Mask

MAX_FIELDS: Final = 200  # of one object that are told; the rest is counted
MAX_ALL_FIELDS: Final = 5_000  # of all objects: 5 MiB at most, with their values
MAX_COUNTED: Final = 10_000  # of one object; where there are more, they are not counted to the end


class Change(StrEnum):
    """What became of an object."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class ObjectDifference:
    """An object that differs. Of one that changed, ``fields`` are the first that did; ``more_fields`` counts the rest.

    ``more_fields`` is ``MAX_COUNTED`` where nobody counted further.
    """

    key: ObjectKey
    change: Change
    fields: tuple[FieldDifference, ...] = ()
    more_fields: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """The objects that differ, by kind, namespace and name; ``same`` is how many do not."""

    objects: tuple[ObjectDifference, ...]
    same: int

    def count(self, change: Change) -> int:
        """How many objects were added, removed or changed."""
        return Counter(each.change for each in self.objects)[change]


def compare(before: Iterable[Object], after: Iterable[Object]) -> Difference:
    """What becomes of the objects ``before`` when those of ``after`` take their place. Values of Secrets are hidden.

    Of two objects with the same key in one set, the last counts. Bodies may have any shape.
    """
    mask = Mask()
    olds, news = ({each.key: each for each in objects} for objects in (before, after))
    found, room = list[ObjectDifference](), MAX_ALL_FIELDS
    for key in sorted(olds.keys() | news.keys(), key=_order):
        if key not in news:
            found.append(ObjectDifference(key, Change.REMOVED))
        elif key not in olds:
            found.append(ObjectDifference(key, Change.ADDED))
        elif changed := _changed(key, olds[key], news[key], mask=mask, room=min(room, MAX_FIELDS)):
            found.append(changed)
            room -= len(changed.fields)
    return Difference(tuple(found), len(olds.keys() | news.keys()) - len(found))


def _order(key: ObjectKey) -> tuple[str, str, str, str]:
    return key.kind, key.group, key.namespace, key.name


def _changed(key: ObjectKey, old: Object, new: Object, *, mask: Mask, room: int) -> ObjectDifference | None:
    if old.body is new.body:
        return None
    found = differences(mask.of(old.body), mask.of(new.body))
    told = tuple(islice(found, room))
    more = sum(1 for _ in islice(found, MAX_COUNTED))
    return ObjectDifference(key, Change.CHANGED, told, more) if told or more else None
