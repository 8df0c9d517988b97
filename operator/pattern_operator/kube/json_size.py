"""Estimates what parsing a JSON text would build, before it is parsed: the parser blocks the interpreter."""

from typing import Final

from pattern_operator.limits import KIB, MAX_READ_CONTAINERS, MAX_READ_MEMBERS

_SMALL: Final = 64 * KIB  # bytes that are built within some 5 ms, whatever they hold


def is_too_large(content: bytes) -> bool:
    """Whether it would be built for too long: lists, objects and names take time, numbers and texts little.

    Brackets within texts count too. Names are recognized by how the API server writes them, without a space after
    the colon.
    """
    if len(content) <= _SMALL:
        return False
    containers = content.count(b"{") + content.count(b"[")
    return containers > MAX_READ_CONTAINERS or content.count(b'":') > MAX_READ_MEMBERS
