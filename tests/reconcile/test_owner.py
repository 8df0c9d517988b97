"""A pattern as the owner of objects, and what its changes mean for objects that others release."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.reconcile.pattern import ENTRIES, pattern

from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.apply import Owner, owner_id
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.owner import note_change, owned_keys, owner_of

OWNER = Owner(owner_id("u-1"), "team", "web")


def noted(*args: Any, **more: Any) -> list[tuple[str, Any]]:
    """What the transfers are told of a change."""
    told: list[tuple[str, Any]] = []
    transfers: Any = SimpleNamespace(
        leave=lambda owner: told.append(("leave", owner)),
        pattern_seen=lambda owner, generation: told.append(("seen", (owner, generation))),
        pattern_changed=lambda owner, generation: told.append(("changed", (owner, generation))),
    )
    note_change(*args, transfers=transfers, **more)
    return told


def test_a_pattern_owns_by_its_uid() -> None:
    assert owner_of(pattern()) == OWNER


@pytest.mark.parametrize(("generation", "observed", "told"), [(2, 2, "seen"), (3, 2, "changed"), (1, 0, "changed")])
def test_a_version_that_was_looked_at_is_told_from_a_new_one(generation: int, observed: int, told: str) -> None:
    asked = pattern(generation=generation, status=Status(observed_generation=observed))

    assert noted(asked) == [(told, (OWNER, generation))]


def test_a_pattern_that_goes_waits_for_nothing() -> None:
    assert noted(pattern(deletionTimestamp="2026-05-01T12:00:00Z")) == [("leave", OWNER.id)]


def test_nothing_is_told_of_no_change() -> None:
    assert noted(None) == []


def test_the_inventory_names_what_is_owned() -> None:
    assert {each.name for each in owned_keys(pattern(status=Status(inventory=Inventory(entries=ENTRIES))))} == {
        "a",
        "web",
    }


@pytest.mark.parametrize(
    ("inventory", "words"),
    [
        (Inventory(compressed="?"), "status.inventory.compressed was changed by hand"),
        (Inventory(entries=(InventoryEntry(id="spoilt", v="v1"),)), "status.inventory was changed by hand"),
    ],
)
def test_an_inventory_that_somebody_spoilt_is_said(inventory: Inventory, words: str) -> None:
    with pytest.raises(Stalled, match=words) as spoilt:
        owned_keys(pattern(status=Status(inventory=inventory)))

    assert spoilt.value.reason is Reason.INVALID_STATUS
