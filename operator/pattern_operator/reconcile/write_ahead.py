"""What is put on record before objects are sent, and where: in status, or of a first run with the finalizer. Pure.

Nobody has to find an object that nobody knows, because a crash leaves none: what is about to exist is in the inventory
before. Status has it, which only the operator writes. The first run of a pattern saves that write: its objects go out
in an annotation, by the patch that adds the finalizer, and count until status has an inventory (``api.write_ahead``).
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from pattern_operator.api.designpattern import DesignPattern, with_inventory
from pattern_operator.api.status import Inventory, InventoryEntry
from pattern_operator.api.write_ahead import written

# Bytes of all annotations of an object, names included (k8s.io/apimachinery, ``TotalAnnotationSizeLimitB``), less 1 KiB
# for our own name and what others may have added meanwhile.
MAX_ANNOTATIONS: Final = 255 * 1024


def is_needed(pattern: DesignPattern, planned: tuple[InventoryEntry, ...], *, leaves: bool) -> bool:
    """Whether anything has to be written before ``planned`` is applied.

    ``leaves``: status says of another desired state that all of it is applied, which is not so from now on. Who goes
    back to that after a crash must not find that it runs.
    """
    listed = {each.id for each in pattern.status.inventory.entries}
    return leaves or any(each.id not in listed for each in planned)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the annotation holds: objects that are about to exist, and the text that names them."""

    entries: tuple[InventoryEntry, ...]
    text: str


def first_ahead(pattern: DesignPattern, planned: tuple[InventoryEntry, ...]) -> Ahead | None:
    """The annotation of the first run; None where it will not do: something is on record, or names are too long."""
    annotations = pattern.metadata.annotations
    if annotations.write_ahead != ():
        return None
    ahead = _ahead(pattern, planned)
    return ahead if ahead is not None and annotations.size + len(ahead.text.encode()) < MAX_ANNOTATIONS else None


def kept_ahead(pattern: DesignPattern) -> Ahead | None:
    """What the annotation held when it was written, and status does not have yet; None where it is nothing."""
    entries = pattern.metadata.annotations.write_ahead
    return _ahead(pattern, entries) if entries else None


def _ahead(pattern: DesignPattern, entries: tuple[InventoryEntry, ...]) -> Ahead | None:
    content = written(entries, uid=pattern.metadata.uid)
    return Ahead(entries, content) if content is not None else None


def keep_ahead(before: DesignPattern, after: DesignPattern) -> DesignPattern:
    """``after``, in which what ``before`` has ahead still counts, whatever others did with the annotation meanwhile.

    Both are states of the same pattern, as this process came to know them.
    """
    ahead = before.metadata.annotations.write_ahead
    if not ahead or after.metadata.annotations.write_ahead is None or before.metadata.uid != after.metadata.uid:
        return after
    annotations = msgspec.structs.replace(after.metadata.annotations, write_ahead=ahead)
    metadata = msgspec.structs.replace(after.metadata, annotations=annotations)
    kept = msgspec.structs.replace(after, metadata=metadata)
    return with_inventory(kept, Inventory.of(ahead))
