"""Which fields of two JSON values differ: paths as people write them, and both values, cut where they are long.

Lists of named parts (containers, ports, environment variables) are compared by name, as strategic merge patches are
(Kubernetes documentation, "Update API Objects in Place Using kubectl patch"); other lists by position, without what
they begin and end with alike.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from pattern_operator.diff.masking import Hidden
from pattern_operator.quote import ELLIPSIS, MASK, cut

MAX_VALUE: Final = 256  # bytes of a value that are shown
MAX_PATH: Final = 512  # bytes of a path
_BEFORE: Final = 32  # letters that are shown before the first that differs, where a text is long
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class FieldChange(StrEnum):
    """What became of a field."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field that differs. ``before`` and ``after`` are JSON, of at most ``MAX_VALUE`` bytes each; ``***`` is hidden.

    ``before`` is empty where the field was added, ``after`` where it was removed.
    """

    path: str
    change: FieldChange
    before: str
    after: str


def differences(before: Any, after: Any) -> Iterator[FieldDifference]:
    """The fields that differ, in the order of ``before`` and then of what ``after`` adds.

    Values are JSON, or ``Hidden``, and not nested without end (``Mask.of``).
    """
    yield from _compared("", before, after)


def _compared(path: str, before: Any, after: Any) -> Iterator[FieldDifference]:
    if _is_same(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_mappings(path, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(path, before, after)
    else:
        first, second = _shown(before, after)
        yield FieldDifference(cut(path, MAX_PATH), FieldChange.CHANGED, first, second)


def _of_mappings(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldDifference]:
    for name, value in before.items():
        where = _below(path, name)
        if name in after:
            yield from _compared(where, value, after[name])
        else:
            yield _gone(where, value)
    for name, value in after.items():
        if name not in before:
            yield _new(_below(path, name), value)


def _of_lists(path: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[FieldDifference]:
    olds, news = _by_name(before), _by_name(after)
    if olds is None or news is None:
        yield from _by_position(path, before, after)
        return
    common = [name for name in olds if name in news]
    for name, value in olds.items():
        where = f"{path}[name={name}]"
        if name in news:
            yield from _compared(where, value, news[name])
        else:
            yield _gone(where, value)
    for name, value in news.items():
        if name not in olds:
            yield _new(f"{path}[name={name}]", value)
    ordered = [name for name in news if name in olds]
    if common != ordered:  # of variables that use others, and of containers that start one after the other, it matters
        yield FieldDifference(cut(f"{path}[] order", MAX_PATH), FieldChange.CHANGED, _json(common), _json(ordered))


def _by_name(values: Sequence[Any]) -> dict[str, Any] | None:
    """The values by their names; None where one has none that is text, or two have the same."""
    named = {name: each for each in values if isinstance(each, dict) and isinstance(name := each.get("name"), str)}
    return named if len(named) == len(values) else None


def _by_position(path: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[FieldDifference]:
    begin, most = 0, min(len(before), len(after))
    while begin < most and _is_same(before[begin], after[begin]):
        begin += 1
    end = 0
    while end < most - begin and _is_same(before[-1 - end], after[-1 - end]):
        end += 1
    olds, news = before[begin : len(before) - end], after[begin : len(after) - end]
    for number, (old, new) in enumerate(zip(olds, news, strict=False), start=begin):
        yield from _compared(f"{path}[{number}]", old, new)
    for number, old in enumerate(olds[len(news) :], start=begin + len(news)):
        yield _gone(f"{path}[{number}]", old)
    for number, new in enumerate(news[len(olds) :], start=begin + len(olds)):
        yield _new(f"{path}[{number}]", new)


def _is_same(before: Any, after: Any) -> bool:
    """Whether two values are the same JSON: true is not 1, and 1 is not 1.0."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(_is_same(value, after[name]) for name, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_is_same, before, after))
    return type(before) is type(after) and bool(before == after or (before != before and after != after))


def _below(path: str, name: str) -> str:
    """``metadata.name``, and ``metadata.annotations["a.b/c"]`` for a name that has other letters."""
    if not _PLAIN.fullmatch(name):
        return f"{path}[{orjson.dumps(name).decode()}]"
    return f"{path}.{name}" if path else name


def _gone(path: str, value: Any) -> FieldDifference:
    return FieldDifference(cut(path, MAX_PATH), FieldChange.REMOVED, _value(value), "")


def _new(path: str, value: Any) -> FieldDifference:
    return FieldDifference(cut(path, MAX_PATH), FieldChange.ADDED, "", _value(value))


def _shown(before: Any, after: Any) -> tuple[str, str]:
    """Both values; of long texts what stands around the first letter that differs."""
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > MAX_VALUE // 2:
        same = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
        begin = max(0, (min(len(before), len(after)) if same is None else same) - _BEFORE)
        head = ELLIPSIS if begin else ""
        return _value(head + before[begin:]), _value(head + after[begin:])
    return _value(before), _value(after)


def _value(value: Any) -> str:
    return cut(_json(value), MAX_VALUE)


def _json(value: Any) -> str:
    """JSON of a value, with what is hidden in its place; no more of a long text than is shown."""
    if isinstance(value, str):
        value = value[: MAX_VALUE + 1]
    elif isinstance(value, dict) and len(value) > MAX_VALUE:
        value = dict(list(value.items())[:MAX_VALUE])
    elif isinstance(value, list):
        value = value[:MAX_VALUE]
    return orjson.dumps(value, default=_hidden, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode()


def _hidden(value: object) -> str:
    if isinstance(value, Hidden):
        return MASK
    raise TypeError(f"{type(value).__name__} is not JSON")
