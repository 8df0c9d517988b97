"""The objects that the first run of a pattern is about to make: an annotation that goes out with the finalizer.

It counts until status has an inventory, which anybody but the operator cannot write. Whoever may edit the pattern can
change, remove or restore the annotation until then. So it only names what may exist: an object is the pattern's by
its owner label alone.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from pattern_operator.api.fields import text
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import InventoryEntry

MAX_TEXT: Final = 32 * 1024  # bytes; all annotations of an object together may have 256 KiB
# A kind, its group and version, and a namespace (CRD validation, RFC 1123); and what the name of any kind, as that of a
# Role, can be in a path (Kubernetes, "Object Names and IDs", path segment names).
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}", re.ASCII)
_GROUP: Final = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?", re.ASCII)
_VERSION: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NAMESPACE: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?", re.ASCII)
_NAME: Final = re.compile(r"(?!\.{1,2}$)[^/%\x00-\x1f\x7f-\x9f]{1,1024}")


class _Text(msgspec.Struct):
    """The shape of the annotation: the UID of the pattern that it is about, and its objects."""

    uid: str
    entries: list[InventoryEntry]


_decode = msgspec.json.Decoder(_Text).decode


def written(entries: Iterable[InventoryEntry], *, uid: str) -> str | None:
    """The text of the annotation, of the pattern with this UID; None where that would not be read as it is."""
    plain = {each.id: InventoryEntry(id=each.id, v=each.v) for each in entries}
    content = msgspec.json.encode(_Text(uid, list(plain.values()))).decode()
    return content if {each.id for each in read(content, uid=uid)} == set(plain) else None


def read(content: str, *, uid: str) -> tuple[InventoryEntry, ...]:
    """The objects that it names, all of them pending; whatever somebody has written there, it never raises.

    Of another pattern (a copy, a backup that was restored under a new UID) and of what the operator does not write it
    is none. What is no name of an object is left out.
    """
    content = text(content)
    try:
        found = _decode(content) if len(content) <= MAX_TEXT else None
    except (msgspec.DecodeError, RecursionError):
        return ()
    if found is None or not uid or found.uid != uid:
        return ()
    valid = {each.id: each for each in found.entries if _is_valid(each)}
    return tuple(InventoryEntry(id=name, v=valid[name].v, pending=True) for name in sorted(valid))


def _is_valid(entry: InventoryEntry) -> bool:
    try:
        key = ObjectKey.parse(entry.id)
    except ValueError:
        return False
    rules = (_KIND, key.kind), (_GROUP, key.group), (_NAMESPACE, key.namespace), (_NAME, key.name), (_VERSION, entry.v)
    return all(pattern.fullmatch(each) for pattern, each in rules)
