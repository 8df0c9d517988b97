"""Inclusion proofs of RFC 6962: the root of a tree that has a leaf at an index."""

import hashlib
from collections.abc import Sequence
from typing import Final

HASH_SIZE: Final = 32  # bytes, of SHA-256
_LEAF: Final = b"\x00"  # RFC 6962 section 2.1
_NODE: Final = b"\x01"


def root_of(leaf: bytes, *, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Compute the root of the tree of ``size`` leaves in which ``leaf`` is at ``index`` (RFC 9162 section 2.1.3.2).

    None where there is no such tree: an index that is not in it, or a path that is too short or too long.
    """
    if not 0 <= index < size:
        return None
    place, last = index, size - 1
    node = hashlib.sha256(_LEAF + leaf).digest()
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            node = hashlib.sha256(_NODE + sibling + node).digest()
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = hashlib.sha256(_NODE + node + sibling).digest()
        place, last = place >> 1, last >> 1
    return node if last == 0 else None
