"""A pattern as the owner of objects."""

import msgspec
import pytest
from tests.reconcile.pattern import ENTRIES, pattern

from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.apply import Owner, owner_id
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.owner import owned_keys, owner_of

OWNER = Owner(owner_id("u-1"), "team", "web")


def test_a_pattern_owns_by_its_uid() -> None:
    assert owner_of(pattern()) == OWNER


def test_the_inventory_names_what_is_owned() -> None:
    assert {each.name for each in owned_keys(pattern(status=Status(inventory=Inventory(entries=ENTRIES))))} == {
        "a",
        "web",
    }


def test_what_may_not_exist_is_not_owned() -> None:
    entries = (ENTRIES[0], msgspec.structs.replace(ENTRIES[1], pending=True))

    assert {each.name for each in owned_keys(pattern(status=Status(inventory=Inventory(entries=entries))))} == {"a"}


@pytest.mark.parametrize(
    ("inventory", "words"),
    [
        (Inventory(compressed="?"), "status.inventory.compressed was changed by hand"),
        (Inventory(entries=(InventoryEntry(id="spoilt", v="v1"),)), "status.inventory was changed by hand"),
        (
            Inventory(entries=(InventoryEntry(id="spoilt", v="v1", pending=True),)),
            "status.inventory was changed by hand",
        ),
    ],
)
def test_an_inventory_that_somebody_spoilt_is_said(inventory: Inventory, words: str) -> None:
    with pytest.raises(Stalled, match=words) as spoilt:
        owned_keys(pattern(status=Status(inventory=inventory)))

    assert spoilt.value.reason is Reason.INVALID_STATUS
