"""What is written before objects are sent: nothing where all is on record, and never less than what is made."""

from datetime import timedelta
from typing import Any

import pytest
from tests.reconcile.pattern import ENTRIES, NOW, pattern

from pattern_operator.api.names import WRITE_AHEAD_ANNOTATION
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.api.write_ahead import MAX_KINDS, MAX_NAMESPACES, WriteAhead, written
from pattern_operator.apply import inventory
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.write_ahead import needed, outstanding

CREATED = "2026-11-25T11:59:59Z"
OLD = WriteAhead(id="5", since=CREATED, kinds=("ConfigMap",), namespaces=("team",))


def known(entries: tuple[InventoryEntry, ...] = (), *, ahead: WriteAhead | None = None, covered: str = "") -> Any:
    annotations = {} if ahead is None else {WRITE_AHEAD_ANNOTATION: written(ahead)}
    status = Status(inventory=Inventory(count=len(entries), entries=entries), write_ahead=covered)
    metadata = {"resourceVersion": "7", "creationTimestamp": CREATED, "annotations": annotations}
    return pattern(status=status, **metadata)


def test_a_new_pattern_names_its_kinds_and_namespaces():
    found = needed(known(), ENTRIES, leaves=False, now=NOW)

    assert found == WriteAhead(id="7", since=CREATED, kinds=("ConfigMap", "Deployment.apps"), namespaces=("team",))


def test_nothing_is_written_for_what_the_inventory_has():
    assert needed(known(ENTRIES), ENTRIES, leaves=False, now=NOW) is None
    assert needed(known(ENTRIES), ENTRIES[:1], leaves=False, now=NOW) is None


def test_an_update_of_the_same_objects_names_none_and_says_that_it_is_under_way():
    found = needed(known(ENTRIES), ENTRIES, leaves=True, now=NOW)

    assert found is not None
    assert (found.id, found.kinds, found.namespaces) == ("7", (), ())


def test_an_update_names_the_kinds_of_new_objects_alone():
    found = needed(known(ENTRIES[:1]), ENTRIES, leaves=True, now=NOW)

    assert found is not None
    assert found.kinds == ("Deployment.apps",)


def test_what_is_outstanding_and_has_the_kinds_is_not_written_again():
    assert needed(known(ahead=OLD), ENTRIES[:1], leaves=True, now=NOW) is None


def test_what_is_outstanding_keeps_its_kinds_when_another_appears():
    found = needed(known(ahead=OLD), ENTRIES[1:], leaves=False, now=NOW)

    assert found == WriteAhead(id="7", since=OLD.since, kinds=("ConfigMap", "Deployment.apps"), namespaces=("team",))


def test_what_was_done_with_counts_no_more():
    before = known(ahead=OLD, covered="5")

    found = needed(before, ENTRIES[:1], leaves=False, now=NOW)

    assert outstanding(before) is None
    assert found is not None
    assert (found.id, found.kinds) == ("7", ("ConfigMap",))


def test_what_somebody_dated_in_the_future_is_not_relied_on():
    future = WriteAhead(id="5", since="2999-01-01T00:00:00Z", kinds=("ConfigMap",), namespaces=("team",))

    assert needed(known(ahead=future), ENTRIES[:1], leaves=False, now=NOW) is not None


def test_of_a_pattern_that_had_objects_what_is_much_older_is_not_meant():
    before = known(ENTRIES[:1])

    found = needed(before, ENTRIES, leaves=False, now=NOW)

    assert found is not None
    assert found.since == (NOW - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_more_namespaces_than_can_be_named_are_all_of_them():
    keys = [ObjectKey("", "ConfigMap", f"n{number}", "a") for number in range(MAX_NAMESPACES + 1)]
    entries = tuple(inventory.entry_of(each, version="v1") for each in keys)

    found = needed(known(), entries, leaves=False, now=NOW)

    assert found is not None
    assert (found.namespaces, all(found.covers(each) for each in keys)) == ((), True)
    again = needed(known(ahead=found), ENTRIES, leaves=False, now=NOW)
    assert again is not None
    assert again.namespaces == ()  # all stay all


def test_more_kinds_than_can_be_written_are_refused_before_anything_is_changed():
    keys = (ObjectKey(f"g{number}.example.com", "Widget", "team", "a") for number in range(MAX_KINDS + 1))
    entries = tuple(inventory.entry_of(each, version="v1") for each in keys)

    with pytest.raises(Stalled, match="501 kinds") as refusal:
        needed(known(), entries, leaves=False, now=NOW)

    assert refusal.value.reason is Reason.INVENTORY_TOO_LARGE
