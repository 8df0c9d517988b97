"""Which generated fields are so still when the spec has had its say: what it sets or changes is the spec's own.

A value that the spec decides is applied as it is rendered, and repaired as any other (docs/adr/0024). One that merely
happened to be what the spec sets looks unchanged, so all is transformed once more with other values in these fields.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pattern_operator.api.generated import FieldKeys, GeneratedFields, position_in, value_at
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.report import Rendering
from pattern_operator.render.regenerated import with_unkept
from pattern_operator.render.transform.changes import Changes


def varied(sent: Sequence[Object], generated: Sequence[GeneratedFields]) -> tuple[Object, ...]:
    """``sent`` with other values in the generated fields."""
    fields = {each.key: (*each.paths, *each.build_metadata) for each in generated}
    return tuple(_with_others(each, fields[each.key]) if each.key in fields else each for each in sent)


def with_those_left(
    rendering: Rendering, before: Sequence[GeneratedFields], changes: Changes, other: Changes | None
) -> Rendering:
    """``rendering`` with those of the generated fields of ``before`` that the spec leaves, where they are now.

    ``changes`` are its own, ``other`` those of what was ``varied``; None where that could not be transformed, and then
    nothing counts as left. What the spec changes, and is different each time all the same, is told in its row.
    """
    left, unkept, places = list[GeneratedFields](), dict[ObjectKey, tuple[FieldKeys, ...]](), changes.places
    for fields in before:
        place = places.get(fields.key)
        if place is None:  # it was not sent: nothing changes it
            left.append(fields)
            continue
        if place not in changes.after:
            continue
        key = changes.after[place].key
        paths = tuple(_left(fields.paths, place, changes, other))
        build_metadata = tuple(_left(fields.build_metadata, place, changes, other))
        if paths or build_metadata:
            left.append(GeneratedFields(key, paths, build_metadata))
        different = _different((*fields.paths, *fields.build_metadata), place, changes, other)
        if found := tuple(path for path in different if path not in (*paths, *build_metadata)):
            unkept[key] = found
    there = {each.key for each in rendering.objects}
    return with_unkept(replace(rendering, generated=tuple(each for each in left if each.key in there)), unkept)


def _left(paths: Sequence[FieldKeys], place: int, changes: Changes, other: Changes | None) -> Iterator[FieldKeys]:
    """Where those of ``paths`` are now that the spec leaves as they are, whatever they are."""
    if other is None or other.marks.get(place) != changes.marks.get(place):
        return
    for path in paths:
        now = _moved_unchanged(changes, place, path)
        if now is not None and _moved_unchanged(other, place, path) is not None:
            yield now


def _different(paths: Sequence[FieldKeys], place: int, changes: Changes, other: Changes | None) -> Iterator[FieldKeys]:
    """Where those of ``paths`` are now that come out differently after the changes, too."""
    now, others = changes.after[place].body, other.after.get(place) if other is not None else None
    for path in paths:
        moved = _moved(changes.sent[place].body, now, path)
        if moved is None:
            continue
        if other is None or others is None:
            yield moved
            continue
        there = _moved(other.sent[place].body, others.body, path)
        if there is None or value_at(others.body, there) != value_at(now, moved):
            yield moved


def _moved_unchanged(changes: Changes, place: int, path: FieldKeys) -> FieldKeys | None:
    """Where the value at ``path`` is now; None where it is gone, or is another."""
    if place not in changes.after:
        return None
    before, now = changes.sent[place].body, changes.after[place].body
    moved = _moved(before, now, path)
    return moved if moved is not None and value_at(before, path) == value_at(now, moved) else None


def _moved(before: Any, now: Any, path: FieldKeys) -> FieldKeys | None:
    """Where the value at ``path`` is now; None where it is gone."""
    moved: FieldKeys = ()
    for place, key in enumerate(path):
        match before, now, key:
            case dict(), dict(), str() if key in before and key in now:
                there: str | int | None = key
            case dict(), dict(), str() if key not in before:  # only the other rendering has it
                return (*moved, *path[place:])
            case list(), list(), int():
                there = position_in(now, before, path[place:])
            case _:
                return None
        if there is None:
            return None
        moved, before, now = (*moved, there), before[key], now[there]
    return moved


def _with_others(each: Object, paths: Sequence[FieldKeys]) -> Object:
    body = copy.deepcopy(each.body)
    for path in paths:
        match value_at(body, path[:-1]), path[-1:]:
            case dict() as holder, (str() as key,) if key in holder:
                holder[key] = _other(holder[key])
            case list() as entries, (int() as position,) if 0 <= position < len(entries):
                entries[position] = _other(entries[position])
            case _:
                pass  # only the other rendering has it
    return replace(each, body=body)


def _other(value: Any) -> Any:
    """Another value of the same type; a mapping has the same keys, a list as many entries."""
    match value:
        case dict():
            return {key: _other(child) for key, child in value.items()} or {"0": "0"}
        case list():
            return [_other(child) for child in value] or ["0"]
        case bool():
            return not value
        case int() | float():
            return value + 1
        case _:
            return f"{value}0"
