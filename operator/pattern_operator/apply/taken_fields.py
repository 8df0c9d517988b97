"""Whether another field manager has taken a value of an object from our apply, by ``managedFields``. Pure, and total.

An object in which our apply has nothing at all was restored, or its managedFields were cleared: nothing says what was
taken of it, and nothing counts as taken.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self

import orjson

from pattern_operator.api.fields import ObjectMeta, mapping
from pattern_operator.apply import fieldset
from pattern_operator.apply.existing import is_ours

_MOST_OTHERS: Final = 100  # other managers that are looked at; the API server itself keeps 10 that do not apply


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds a value of a live object: ``ours`` is what our apply has in it, None where it does not hold the value.

    ``others`` is what each other manager has in it. A set without elements holds all that is in the value.
    """

    ours: object
    others: tuple[object, ...]

    @classmethod
    def of(cls, live: object, *, given: Callable[[object], object]) -> Self:
        """The holders of the whole object; ``given`` makes of each set what the object is compared as."""
        entries = ObjectMeta.of(live).managers
        ours = next((given(each.fields) for each in entries if is_ours(each)), None)
        if ours is None:
            return cls({}, ())
        return cls(ours, tuple(islice((given(each.fields) for each in entries if not is_ours(each)), _MOST_OTHERS)))

    def at(self, holder: Any, key: str | int) -> Self:
        """The holders of what is at ``key`` in the mapping or list ``holder``, of which these are the holders."""
        others = (_at(each, holder, key) for each in self.others)
        return type(self)(_at(self.ours, holder, key), tuple(each for each in others if each is not None))

    @property
    def are_others(self) -> bool:
        """Whether the value, or a part of it, is of another manager and not of our apply any longer."""
        if self.ours is None or not self.others:
            return bool(self.others)
        if not _has_elements(self.ours):
            return False
        if not fieldset.are_comparable((self.ours, *self.others)):
            return True
        mine = fieldset.read(self.ours)
        return any(fieldset.difference(fieldset.read(each), mine) for each in self.others)


def _at(fields: object, holder: Any, key: str | int) -> object:
    elements = mapping(fields)
    if fields is None or not _has_elements(elements):
        return fields
    return elements.get(f"f:{key}" if isinstance(key, str) else _name_of(holder[key], key, elements))


def _name_of(entry: object, position: int, elements: Mapping[str, Any]) -> str:
    """What the entry of a list is called among ``elements``; all entries of a list are called in one way.

    Source: structured-merge-diff ``fieldpath/serialize-pe.go``: JSON without spaces, keys in order.
    """
    kind, _, rest = next(name for name in elements if name != fieldset.ITSELF).partition(":")
    if kind == "i":
        return f"i:{position}"
    if kind == "v":
        return f"v:{_json(entry)}" if not isinstance(entry, dict | list) else ""
    return f"k:{_json({name: mapping(entry).get(name) for name in _keys(rest)})}"


def _keys(text: str) -> list[str]:
    try:
        return sorted(mapping(orjson.loads(text)))
    except orjson.JSONDecodeError:
        return []


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _has_elements(fields: object) -> bool:
    return bool(mapping(fields).keys() - {fieldset.ITSELF})
