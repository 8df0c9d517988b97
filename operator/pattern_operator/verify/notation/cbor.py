"""Reads CBOR (RFC 8949) strictly: one item, written in the one way that section 4.2.1 calls deterministic.

Lengths are definite and every head is the shortest; only the order of the keys of a map is free. Numbers are integers,
keys are integers or text and none stands twice. A document has few items, nested a few levels deep, and no bytes after
its end. cbor2 is not used: it takes heads that are longer than need be, bytes after the end, and makes objects of its
own of tags (dates, regular expressions, references), so that what was read and what was signed may differ.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pattern_operator.strict_json import InvalidDocument

_MAX_ITEMS: Final = 1_024  # of an envelope; one has some 30
_MAX_DEPTH: Final = 8  # a tagged time in a map in a tagged array is 4 deep
_LENGTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}  # bytes that follow the head (RFC 8949 section 3)
_SIMPLE: Final = {20: False, 21: True, 22: None}
_ANY_HEAD: Final = range(24)


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value with a tag (RFC 8949 section 3.4)."""

    tag: int
    value: "Item"


Label = int | str
Item = int | bytes | str | bool | None | Tagged | list["Item"] | dict[Label, "Item"]


def read_cbor(content: bytes) -> Item:
    """Read the one item that ``content`` is; raises InvalidDocument where it is anything else."""
    reader = _Reader(content)
    item = reader.item(depth=0)
    if reader.place != len(content):
        raise InvalidDocument("has bytes after its end")
    return item


def byte_string(content: bytes) -> bytes:
    """``content`` as a byte string: what the parts of a signature are over are written so."""
    return _head(2, len(content)) + content


def text_string(text: str) -> bytes:
    """``text`` as a text string."""
    encoded = text.encode()
    return _head(3, len(encoded)) + encoded


def _head(kind: int, number: int) -> bytes:
    if number < _ANY_HEAD.stop:
        return bytes([kind << 5 | number])
    size = next(code for code, length in _LENGTHS.items() if number < 1 << 8 * length)
    return bytes([kind << 5 | size]) + number.to_bytes(_LENGTHS[size], "big")


class _Reader:
    """Reads items one after the other, and counts them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._items = 0
        self.place = 0

    def item(self, *, depth: int) -> Item:
        """The item that begins at ``place``, which is moved behind it."""
        self._items += 1
        if depth > _MAX_DEPTH or self._items > _MAX_ITEMS:
            raise InvalidDocument("is nested too deep, or has too many items")
        kind, number = self._read_head()
        readers: Mapping[int, Callable[[], Item]] = {
            0: lambda: number,
            1: lambda: -1 - number,
            2: lambda: self._take(number),
            3: lambda: self._text(number),
            4: lambda: [self.item(depth=depth + 1) for _ in range(self._counted(number))],
            5: lambda: self._map(number, depth=depth),
            6: lambda: Tagged(number, self.item(depth=depth + 1)),
            7: lambda: self._simple(number),
        }
        return readers[kind]()

    def _read_head(self) -> tuple[int, int]:
        first = self._take(1)[0]
        kind, number = first >> 5, first & 0b11111
        if number in _ANY_HEAD:
            return kind, number
        length = _LENGTHS.get(number)
        if length is None:
            raise InvalidDocument("has an item of indefinite length")
        found = int.from_bytes(self._take(length), "big")
        if kind == 7 or _head(kind, found)[0] & 0b11111 != number:
            raise InvalidDocument("has a number that is not written in the shortest way, or is not an integer")
        return kind, found

    def _take(self, length: int) -> bytes:
        if length > len(self._content) - self.place:
            raise InvalidDocument("ends too early")
        self.place += length
        return self._content[self.place - length : self.place]

    def _counted(self, items: int) -> int:
        if items > _MAX_ITEMS:
            raise InvalidDocument("has too many items")
        return items

    def _text(self, length: int) -> str:
        try:
            return self._take(length).decode()
        except UnicodeDecodeError as error:
            raise InvalidDocument("has text that is not UTF-8") from error

    def _map(self, pairs: int, *, depth: int) -> dict[Label, Item]:
        found: dict[Label, Item] = {}
        for label, value in self._pairs(self._counted(pairs), depth=depth):
            if label in found:
                raise InvalidDocument("has the same label twice in one map")
            found[label] = value
        return found

    def _pairs(self, pairs: int, *, depth: int) -> Iterator[tuple[Label, Item]]:
        for _ in range(pairs):
            label = self.item(depth=depth + 1)
            if isinstance(label, bool) or not isinstance(label, int | str):
                raise InvalidDocument("has a label that is neither an integer nor text")
            yield label, self.item(depth=depth + 1)

    def _simple(self, number: int) -> bool | None:
        if number not in _SIMPLE:
            raise InvalidDocument("has a value that is not used")
        return _SIMPLE[number]
