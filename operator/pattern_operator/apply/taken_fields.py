"""Whether a value of an object is what our apply wrote, by ``managedFields``. Pure, and total.

The API server takes a field from our entry when anybody changes its value. So what our entry does not have counts as
taken, whoever has it now: entries can be cleared, and an object can be made anew by whoever may create it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import orjson

from pattern_operator.api.fields import ObjectMeta, mapping
from pattern_operator.apply import fieldset
from pattern_operator.apply.existing import is_ours

MOST_OTHERS: Final = 20  # managers beside our apply; the API server itself keeps 10 that do not apply


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds a value of a live object: ``ours`` is what our apply has in it, None where it does not hold the value.

    ``others`` is what each other manager has in it. A set without elements holds all that is in the value. Where there
    are more managers than are looked at, our apply holds nothing.
    """

    ours: object
    others: tuple[object, ...]

    @classmethod
    def of(cls, live: object, *, given: Callable[[object], object]) -> Self:
        """The holders of the whole object; ``given`` makes of each set what the object is compared as."""
        entries = ObjectMeta.of(live).managers
        ours = next((given(each.fields) for each in entries if is_ours(each)), None)
        others = tuple(given(each.fields) for each in entries if not is_ours(each))
        return cls(ours, others) if len(others) <= MOST_OTHERS else cls(None, ())

    def at(self, holder: Any, key: str | int) -> Self:
        """The holders of what is at ``key`` in the mapping or list ``holder``, of which these are the holders."""
        others = (_at(each, holder, key) for each in self.others)
        return type(self)(_at(self.ours, holder, key), tuple(each for each in others if each is not None))

    @property
    def are_others(self) -> bool:
        """Whether the value, or a part of it, is not what our apply wrote."""
        if self.ours is None:
            return True
        if not self.others or not _has_elements(self.ours):
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
    return any(name != fieldset.ITSELF for name in mapping(fields))  # ends at the second: a level may have many
