"""Reads ``--set`` as Helm does: ``a.b[0].c=x,d={1,2}`` (helm 4, ``pkg/strvals/parser.go``), its oddities included.

Keys are parted by ``.``, places in a list are ``[0]``, pairs are parted by ``,``, and ``{a,b}`` is a list. A character
after a backslash stands for itself. ``true``, ``false``, ``null`` and whole numbers of 64 bits that do not begin with 0
are what they look like, all else is text. Pure.

``--set-string`` and ``--set-file`` read the values another way, and ``--set-json`` also where they end.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.quote import quoted

MAX_INDEX: Final = 65_536  # strvals.MaxIndex
MAX_LEVELS: Final = 30  # strvals.MaxNestedNameLevel; lists in each other, which Helm does not bound, count as well
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_WORDS: Final = {"true": True, "false": False, "null": None, "0": 0}
INT64: Final = range(-(2**63), 2**63)
_KEY_ENDS, _INDEX_ENDS, _ITEM_ENDS, _LIST_ENDS, _VALUE_ENDS = "=[,.", "]", "[.=", ",}", ","


class InvalidSetting(ValueError):
    """What is given is not ``key=value`` as Helm reads it; the text is a clause about it, without its value."""


def set_values(text: str, values: dict[str, Any], *, reading: Callable[[str], Any] | None = None) -> None:
    """Set in ``values`` what ``text`` says, as ``helm --set`` does.

    ``reading`` makes a value of its text in another way: ``str`` is that of ``--set-string``.

    Raises:
        InvalidSetting: it is not what Helm takes; ``values`` may be changed in part.
    """
    parser = _Parser(text, reading or typed)
    while not parser.key(values, level=0):
        pass


def set_json(text: str, values: dict[str, Any]) -> None:
    """Set in ``values`` what ``text`` says, as ``helm --set-json key=JSON`` does; raises InvalidSetting likewise."""
    parser = _JsonParser(text, typed)
    while not parser.key(values, level=0):
        pass


def typed(word: str) -> Any:
    """One value as ``--set`` takes it, without lists and escapes: true, false, null, a whole number, or the text."""
    if (folded := word.casefold()) in _WORDS:
        return _WORDS[folded]
    if _INTEGER.fullmatch(word) and word[0] != "0" and len(word) <= len("-9223372036854775808") + 1:
        number = int(word)
        return number if number in INT64 else word
    return word


@dataclass(slots=True)
class _Parser:
    """Where reading is. What returns a bool, or ends in one, tells whether the text ended before it was complete.

    Helm takes such an end for the end of all, and not for an error: ``a[0]`` is an empty list.
    """

    text: str
    reading: Callable[[str], Any]
    at: int = 0

    def key(self, data: dict[str, Any], *, level: int) -> bool:
        name, stop = self._until(_KEY_ENDS)
        match stop:
            case "":
                if name:
                    raise InvalidSetting(f"key {quoted(name)} has no value")
                return True
            case "[":
                return self._key_of_list(data, name, level=level)
            case "=":
                value, ended = self._value()
                _set(data, name, value)
                return ended
            case ",":
                raise InvalidSetting(f"key {quoted(name)} has no value (cannot end with ,)")
            case _:
                return self._key_of_mapping(data, name, level=level + 1)

    def _key_of_list(self, data: dict[str, Any], name: str, *, level: int) -> bool:
        index = self._index()
        if index is None:
            return True
        found = data.get(name, [])
        if not isinstance(found, list):
            raise InvalidSetting(f"{quoted(name)} is not a list")
        ended = self._item(found, index, level=level)
        _set(data, name, found)
        return ended

    def _key_of_mapping(self, data: dict[str, Any], name: str, *, level: int) -> bool:
        _refuse_deep(level)
        inner = data.get(name, {})
        if not isinstance(inner, dict):
            raise InvalidSetting(f"{quoted(name)} is not a mapping")
        ended = self.key(inner, level=level)
        if inner:
            _set(data, name, inner)
        elif not ended:
            raise InvalidSetting(f"key map {quoted(name)} has no value")
        return ended

    def _item(self, items: list[Any], index: int, *, level: int) -> bool:
        """Set one place of a list, which grows as it must."""
        _refuse_index(index)
        name, stop = self._until(_ITEM_ENDS)
        if name:
            raise InvalidSetting(f"unexpected data at end of array index: {quoted(name)}")
        match stop:
            case "":
                return True
            case "=":
                value, _ = self._value()
                _put(items, index, value)
                return False
            case "[":
                return self._item_of_list(items, index, level=level + 1)
            case _:
                return self._item_of_mapping(items, index, level=level)

    def _item_of_list(self, items: list[Any], index: int, *, level: int) -> bool:
        _refuse_deep(level)
        following = self._index()
        if following is None:
            return True
        inner = items[index] if index < len(items) else None
        if inner is not None and not isinstance(inner, list):
            raise InvalidSetting(f"the item {index} is not a list")
        inner = [] if inner is None else inner
        if self._item(inner, following, level=level):
            return True
        _put(items, index, inner)
        return False

    def _item_of_mapping(self, items: list[Any], index: int, *, level: int) -> bool:
        inner: Any = {}
        if index < len(items):
            if not isinstance(items[index], dict):
                items[index] = {}
            inner = items[index]
        if self.key(inner, level=level):
            return True
        _put(items, index, inner)
        return False

    def _value(self) -> tuple[Any, bool]:
        """A list in braces or one value, and whether the text ended where a value would begin."""
        if self.at == len(self.text):
            return "", True
        if self.text[self.at] == "{":
            self.at += 1
            return self._list(), False
        word, _ = self._until(_VALUE_ENDS)
        return self.reading(word), False

    def _list(self) -> list[Any]:
        items: list[Any] = []
        while True:
            word, stop = self._until(_LIST_ENDS)
            if not stop:
                raise InvalidSetting("list must terminate with '}'")
            items.append(self.reading(word))
            if stop == "}":
                if self.text[self.at : self.at + 1] == ",":
                    self.at += 1
                return items

    def _index(self) -> int | None:
        """The number before ``]``; None where the text ends before it."""
        word, stop = self._until(_INDEX_ENDS)
        if not stop:
            return None
        if not _INTEGER.fullmatch(word):
            raise InvalidSetting(f"error parsing index: {quoted(word)} is not a number")
        if len(word) > len("-65536"):
            raise InvalidSetting(f"the index {quoted(word)} is greater than {MAX_INDEX}")
        return int(word)

    def _until(self, stops: str) -> tuple[str, str]:
        """The characters before one of ``stops``, and which it is; empty where the text ends first."""
        taken: list[str] = []
        while self.at < len(self.text):
            letter = self.text[self.at]
            self.at += 1
            if letter in stops:
                return "".join(taken), letter
            if letter == "\\":
                if self.at == len(self.text):
                    break
                letter = self.text[self.at]
                self.at += 1
            taken.append(letter)
        return "".join(taken), ""


class _JsonParser(_Parser):
    """The same, with values in JSON."""

    def _value(self) -> tuple[Any, bool]:
        if self._is_empty():
            return None, self.at == len(self.text)
        try:
            value, self.at = _JSON.raw_decode(self.text, self.at)
        except (ValueError, RecursionError):  # its own words may quote the value
            raise InvalidSetting("its value is not JSON") from None
        self._is_empty()
        return value, False

    def _is_empty(self) -> bool:
        """Whether nothing but blanks stands before a comma, which is taken, or before the end."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        if self.text[self.at : self.at + 1] == ",":
            self.at += 1
            return True
        return self.at == len(self.text)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_JSON: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _set(data: dict[str, Any], name: str, value: Any) -> None:
    if name:  # Helm sets nothing by an empty name, and says nothing
        data[name] = value


def _put(items: list[Any], index: int, value: Any) -> None:
    items.extend([None] * (index + 1 - len(items)))
    items[index] = value


def _refuse_index(index: int) -> None:
    if not 0 <= index <= MAX_INDEX:
        raise InvalidSetting(f"the index {index} is not between 0 and {MAX_INDEX}")


def _refuse_deep(level: int) -> None:
    if level > MAX_LEVELS:
        raise InvalidSetting(f"its keys are nested deeper than {MAX_LEVELS} levels")
