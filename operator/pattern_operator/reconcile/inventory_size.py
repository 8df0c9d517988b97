"""Whether what a pattern will own fits into its status: asked before anything of it is applied."""

from concurrent.futures import Executor

from pattern_operator.api import inventorycodec
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.inventorycodec import LARGEST, MOST, InventoryTooLarge, is_large, size_of
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.status import Inventory, InventoryEntry
from pattern_operator.apply import inventory
from pattern_operator.errors import Stalled
from pattern_operator.executors import run_in


def check_size(packed: Inventory) -> None:
    """Take an inventory as it would be written; raises Stalled INVENTORY_TOO_LARGE for one that does not fit."""
    size = size_of(packed)
    if size > LARGEST:
        raise Stalled(
            reason=Reason.INVENTORY_TOO_LARGE,
            message=f"the names of the {packed.count} objects, old and new ones, take {size // 1024} KiB of status even"
            f" compressed, and {LARGEST // 1024} KiB are there; nothing was changed. Split the pattern, or rename in"
            " steps.",
        )


async def written(inventory: Inventory, *, cpu: Executor) -> Inventory:
    """The inventory as it is written; it is compressed in ``cpu``.

    Raises:
        Stalled: INVENTORY_TOO_LARGE: it does not fit, or has more entries than would be read again.
    """
    if not is_large(inventory):
        return inventory
    try:
        found = await run_in(cpu, inventorycodec.packed, inventory)
    except InventoryTooLarge as error:
        raise Stalled(
            reason=Reason.INVENTORY_TOO_LARGE,
            message=f"{len(inventory.entries)} objects, old and new ones, are more than an inventory can have, which"
            f" are {MOST}, or 8 MiB of names; nothing was changed. Split the pattern, or let the old objects go first:"
            " status says why they are still there.",
        ) from error
    check_size(found)
    return found


async def check_candidate(pattern: DesignPattern, rendering: Rendering, *, cpu: Executor) -> None:
    """Whether the inventory that is written ahead of this rendering will fit: what is owned, and what is to come.

    Raises:
        Stalled: INVENTORY_TOO_LARGE: it would not.
    """
    coming = tuple(_entry(each.key, each.api_version, pattern) for each in rendering.objects)
    planned = Inventory(entries=inventory.planned(pattern.status.inventory.entries, coming))
    await written(planned, cpu=cpu)


def _entry(key: ObjectKey, api_version: str, pattern: DesignPattern) -> InventoryEntry:
    """The entry as if the kind were namespaced: whether it is the API server knows, and the longer name counts."""
    namespace = key.namespace or pattern.metadata.namespace
    named = ObjectKey(group=key.group, kind=key.kind, namespace=namespace, name=key.name)
    return inventory.entry_of(named, version=api_version.rpartition("/")[2])
