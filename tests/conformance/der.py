"""Changes DER one element at a time: everything around stays well formed, so that rules are tried and not lengths.

What is changed is named by the way to it, the numbers of the elements from the outermost on. Octet and bit strings that
have DER in them are gone into.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

_CONSTRUCTED = 0x20
_OCTETS, _BITS = 0x04, 0x03
_INTEGER, _OID = 0x02, 0x06


@dataclass(frozen=True)
class Element:
    """A tag with primitive content, or with elements; ``prefix`` is the count of unused bits before those of bits."""

    tag: int
    content: bytes = b""
    elements: tuple["Element", ...] | None = None
    prefix: bytes = b""

    def encode(self) -> bytes:
        content = self.content
        if self.elements is not None:
            content = self.prefix + b"".join(each.encode() for each in self.elements)
        return bytes([self.tag]) + length(len(content)) + content


def length(number: int) -> bytes:
    if number < 0x80:
        return bytes([number])
    size = (number.bit_length() + 7) // 8
    return bytes([0x80 | size]) + number.to_bytes(size, "big")


def parse(content: bytes) -> Element:
    element, end = _parse(content, 0)
    if end != len(content):
        raise ValueError("bytes after the end")
    return element


def _parse(content: bytes, start: int) -> tuple[Element, int]:
    tag, size, place = content[start], content[start + 1], start + 2
    if size & 0x80:
        count = size & 0x7F
        size, place = int.from_bytes(content[place : place + count], "big"), place + count
    end = place + size
    if end > len(content):
        raise ValueError("too short")
    inside = content[place:end]
    if tag & _CONSTRUCTED:
        return Element(tag, elements=_all(inside)), end
    prefix = inside[:1] if tag == _BITS else b""
    if tag in (_OCTETS, _BITS) and prefix in (b"", b"\0"):
        try:
            nested = parse(inside[len(prefix) :])
        except (ValueError, IndexError):
            pass
        else:
            if nested.tag == 0x30:
                return Element(tag, elements=(nested,), prefix=prefix), end
    return Element(tag, inside), end


def _all(content: bytes) -> tuple[Element, ...]:
    found, place = [], 0
    while place < len(content):
        element, place = _parse(content, place)
        found.append(element)
    return tuple(found)


def mutants(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Each element dropped, twice, emptied, with another value, with another tag; and the whole not as DER has it."""
    top = parse(content)
    for way, changed in _changed(top):
        yield way, changed.encode()
    yield "whole: a byte more", content + b"\0"
    yield "whole: a byte less", content[:-1]
    yield "whole: twice", content + content
    head = len(content) - len(top.encode()[1 + len(length(len(content))) :])
    body = b"".join(each.encode() for each in top.elements or ())
    yield "whole: indefinite length", bytes([top.tag, 0x80]) + body + b"\0\0"
    yield "whole: longer length", bytes([top.tag, 0x84]) + len(body).to_bytes(4, "big") + body
    assert head >= 0


def _changed(element: Element, way: str = "") -> Iterator[tuple[str, Element]]:
    yield f"{way or 'whole'}: another tag", replace(element, tag=element.tag ^ 0x01)
    if element.elements is None:
        yield from _values(element, way)
        return
    yield f"{way or 'whole'}: empty", replace(element, elements=())
    for number, each in enumerate(element.elements):
        inner = f"{way}/{number}" if way else str(number)
        before, after = element.elements[:number], element.elements[number + 1 :]
        yield f"{inner}: dropped", replace(element, elements=(*before, *after))
        yield f"{inner}: twice", replace(element, elements=(*before, each, each, *after))
        if after:
            yield f"{inner}: swapped with the next", replace(element, elements=(*before, after[0], each, *after[1:]))
        for where, changed in _changed(each, inner):
            yield where, replace(element, elements=(*before, changed, *after))


def _values(element: Element, way: str) -> Iterator[tuple[str, Element]]:
    content = element.content
    if content:
        yield f"{way}: last bit", replace(element, content=content[:-1] + bytes([content[-1] ^ 1]))
        yield f"{way}: first bit", replace(element, content=bytes([content[0] ^ 0x40]) + content[1:])
        yield f"{way}: shorter", replace(element, content=content[:-1])
        yield f"{way}: emptied", replace(element, content=b"")
    yield f"{way}: longer", replace(element, content=content + b"\0")
    if element.tag == _INTEGER:
        yield f"{way}: zero before", replace(element, content=b"\0" + content)
