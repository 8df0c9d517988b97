"""Encodes the inventory in status: as plain entries while they are short, else compressed.

An object may have 1.5 MiB in etcd (its ``--max-request-bytes``), and 5,000 entries with long names have more. Names of
one pattern resemble each other, so compressed they take a tenth. Sizes are bytes.
"""

import base64
import zlib
from typing import Any, Final

import msgspec

from pattern_operator.api.status import Inventory, InventoryEntry

PLAIN: Final = 512 * 1024  # of plain entries, which people can read with kubectl
LARGEST: Final = 768 * 1024  # of an inventory in status, however it is written; the rest of the object needs room, too
_UNPACKED: Final = 8 * 1024 * 1024  # 10,000 entries with the longest names that Kubernetes allows have 6.5 MiB
MOST: Final = 20_000  # entries that are read: 5,000 old and 5,000 new ones, and as many that could not be pruned
_LEVEL: Final = 6

_ENTRY: Final = b'"id"'  # stands once in each entry, as it is written here; in a name a quote is escaped

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[InventoryEntry, ...]).decode


class InventoryTooLarge(ValueError):
    """The inventory has more entries or bytes than ``unpacked`` reads."""


def packed(inventory: Inventory) -> Inventory:
    """The inventory as it is written. Computes for some 10 ms where it is large (``is_large``).

    Raises:
        InventoryTooLarge: it is too much, however well it compresses.
    """
    if inventory.compressed or not is_large(inventory):
        return inventory
    content = _encode(inventory.entries)
    if len(content) > _UNPACKED or len(inventory.entries) > MOST:
        raise InventoryTooLarge(f"{len(inventory.entries)} entries of {len(content)} bytes")
    text = base64.b64encode(zlib.compress(content, _LEVEL)).decode()
    return Inventory(count=len(inventory.entries), compressed=text)


def unpacked(inventory: Inventory) -> Inventory:
    """The inventory as it is worked with: all of its entries, and nothing compressed.

    Entries that somebody wrote beside a compressed text count, too.

    Raises:
        ValueError: the compressed text was not written by the operator.
    """
    if not inventory.compressed:
        return inventory
    written = _decompressed(inventory.compressed)
    if not inventory.entries:
        return Inventory.of(written)
    entries = {entry.id: entry for entry in (*written, *inventory.entries)}
    ordered = tuple(entries[name] for name in sorted(entries))
    return Inventory.of(ordered)


def expand(body: dict[str, Any]) -> None:
    """Replace the compressed text of a DesignPattern (its JSON) by the entries, where it can be read."""
    status = body.get("status")
    inventory = status.get("inventory") if isinstance(status, dict) else None
    if not isinstance(inventory, dict) or not inventory.get("compressed"):
        return
    try:
        whole = unpacked(msgspec.convert(inventory, Inventory))
    except (ValueError, msgspec.ValidationError):
        return
    inventory["entries"] = list(msgspec.to_builtins(whole.entries))  # of a tuple it makes a tuple, and JSON has lists
    del inventory["compressed"]


def is_large(inventory: Inventory) -> bool:
    """Whether the entries are too long to be written as they are."""
    # The names alone tell it for most, and counting them costs little; nothing of an entry is longer than its name.
    if sum(len(entry.id) for entry in inventory.entries) < PLAIN // 8:
        return False
    return size_of(inventory) > PLAIN


def size_of(inventory: Inventory) -> int:
    """Bytes of the inventory as JSON, as it is given."""
    return len(_encode(inventory))


def _decompressed(text: str) -> tuple[InventoryEntry, ...]:
    try:
        stream = zlib.decompressobj()
        # base64 of what is not ASCII is a ValueError, and nesting without end a RecursionError
        content = stream.decompress(base64.b64decode(text, validate=True), _UNPACKED)
        whole = stream.eof and not stream.unused_data and content.count(_ENTRY) <= MOST
        found = _decode(content) if whole else None
    except (ValueError, zlib.error, msgspec.DecodeError, RecursionError) as error:
        raise ValueError("it is not what the operator writes there") from error
    if found is None:
        raise ValueError("it is cut, or longer than an inventory can be")
    return found
