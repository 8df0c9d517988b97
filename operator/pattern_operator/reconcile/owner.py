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
    """The keys of the inventory in status; raises Stalled where somebody else has written there."""
    if pattern.status.inventory.compressed:
        raise Stalled(
            reason=Reason.INVALID_STATUS,
            message="status.inventory.compressed was changed by hand: it cannot be read. Put back what was there, or"
            " write the objects into status.inventory.entries and remove it.",
        )
    try:
        return inventory.keys(pattern.status.inventory.entries)
    except ValueError as error:
        raise Stalled(
            reason=Reason.INVALID_STATUS,
            message=f"status.inventory was changed by hand: {error}. Correct the entry, or remove it and delete its"
            " object yourself.",
        ) from error
