"""A pattern as the owner of objects: its id, and what its status says that it owns."""

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply import Owner, inventory, owner_id
from pattern_operator.errors import Stalled


def owner_of(pattern: DesignPattern) -> Owner:
    """The pattern as the owner of objects."""
    metadata = pattern.metadata
    return Owner(id=owner_id(metadata.uid), namespace=metadata.namespace, name=metadata.name)


def owned_keys(pattern: DesignPattern) -> frozenset[ObjectKey]:
    """The keys of the inventory, without those of which it is not known whether they were made.

    Raises:
        Stalled: somebody else has written into the inventory in status.
    """
    if pattern.status.inventory.compressed:
        raise Stalled(
            reason=Reason.INVALID_STATUS,
            message="status.inventory.compressed was changed by hand: it cannot be read. Put back what was there, or"
            " write the objects into status.inventory.entries and remove it.",
        )
    try:
        keys = ((each, inventory.key_of(each)) for each in pattern.status.inventory.entries)
        return frozenset(key for each, key in keys if not each.pending)
    except ValueError as error:
        raise Stalled(
            reason=Reason.INVALID_STATUS,
            message=f"status.inventory was changed by hand: {error}. Correct the entry, or remove it and delete its"
            " object yourself.",
        ) from error
