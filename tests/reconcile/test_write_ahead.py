"""What is written before objects are sent: nothing where all is on record, and never less than what is made."""

from typing import Any

import pytest
from tests.reconcile.pattern import ENTRIES, pattern

from pattern_operator.api.names import FIELD_MANAGER, WRITE_AHEAD_ANNOTATION
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import HistoryEntry, Inventory, InventoryEntry, Status
from pattern_operator.api.write_ahead import MAX_KINDS, MAX_NAMESPACES, WriteAhead, written
from pattern_operator.apply import inventory
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.write_ahead import needed, outstanding

CREATED = "2026-11-25T10:00:00Z"
WRITTEN, BEFORE = "2026-11-25T12:00:00Z", "2026-11-25T11:59:59Z"
OLD = WriteAhead(id="5", since=BEFORE, kinds=("ConfigMap",), namespaces=("team",))


def known(
    entries: tuple[InventoryEntry, ...] = (),
    *,
    ahead: WriteAhead | None = None,
    covered: str = "",
    by: str = "",
    history: tuple[HistoryEntry, ...] = (),
) -> Any:
    """A pattern; ``by`` is the field manager of its annotation."""
    annotations = {} if ahead is None else {WRITE_AHEAD_ANNOTATION: written(ahead)}
    status = Status(inventory=Inventory(count=len(entries), entries=entries), write_ahead=covered, history=history)
    fields: dict[str, Any] = {"f:metadata": {"f:annotations": {f"f:{WRITE_AHEAD_ANNOTATION}": {}}}}
    held = {"manager": by, "operation": "Update", "time": WRITTEN, "fieldsV1": fields}
    managers = [held] if by else []
    metadata = {
        "resourceVersion": "7",
        "creationTimestamp": CREATED,
        "annotations": annotations,
        "managedFields": managers,
    }
    return pattern(status=status, **metadata)


def test_a_new_pattern_names_its_kinds_and_namespaces():
    found = needed(known(), ENTRIES, leaves=False)

    assert found == WriteAhead(id="7", kinds=("ConfigMap", "Deployment.apps"), namespaces=("team",))


def test_nothing_is_written_for_what_the_inventory_has():
    assert needed(known(ENTRIES), ENTRIES, leaves=False) is None
    assert needed(known(ENTRIES), ENTRIES[:1], leaves=False) is None


def test_an_update_of_the_same_objects_names_none_and_says_that_it_is_under_way():
    found = needed(known(ENTRIES), ENTRIES, leaves=True)

    assert found is not None
    assert (found.id, found.kinds, found.namespaces) == ("7", (), ())


def test_an_update_names_the_kinds_of_new_objects_alone():
    found = needed(known(ENTRIES[:1]), ENTRIES, leaves=True)

    assert found is not None
    assert found.kinds == ("Deployment.apps",)


def test_what_is_outstanding_and_has_the_kinds_is_not_written_again():
    assert needed(known(ahead=OLD), ENTRIES[:1], leaves=True) is None


def test_what_is_outstanding_keeps_its_kinds_when_another_appears():
    found = needed(known(ahead=OLD), ENTRIES[1:], leaves=False)

    assert found == WriteAhead(id="7", since=OLD.since, kinds=("ConfigMap", "Deployment.apps"), namespaces=("team",))


def test_what_was_done_with_counts_no_more():
    before = known(ahead=OLD, covered="5")

    found = needed(before, ENTRIES[:1], leaves=False)

    assert outstanding(before) is None
    assert found is not None
    assert (found.id, found.kinds) == ("7", ("ConfigMap",))


@pytest.mark.parametrize(("by", "since"), [(FIELD_MANAGER, BEFORE), ("kubectl", CREATED)])
def test_what_somebody_dated_in_the_future_is_not_relied_on(by: str, since: str):
    future = WriteAhead(id="5", since="2999-01-01T00:00:00Z", kinds=("ConfigMap",), namespaces=("team",))

    found = needed(known(ahead=future, by=by), ENTRIES, leaves=False)

    assert found is not None
    assert found.since == since


def test_what_the_pattern_had_before_is_not_meant_because_the_api_server_says_when_that_was_written():
    found = needed(known(ENTRIES[:1], ahead=OLD, covered="5", by=FIELD_MANAGER), ENTRIES, leaves=False)

    assert found is not None
    assert found.since == ""


def test_more_namespaces_than_can_be_named_are_all_of_them():
    keys = [ObjectKey("", "ConfigMap", f"n{number}", "a") for number in range(MAX_NAMESPACES + 1)]
    entries = tuple(inventory.entry_of(each, version="v1") for each in keys)

    found = needed(known(), entries, leaves=False)

    assert found is not None
    assert (found.namespaces, all(found.covers(each) for each in keys)) == ((), True)
    again = needed(known(ahead=found), ENTRIES, leaves=False)
    assert again is not None
    assert again.namespaces == ()  # all stay all


def test_more_kinds_than_can_be_written_are_refused_before_anything_is_changed():
    keys = (ObjectKey(f"g{number}.example.com", "Widget", "team", "a") for number in range(MAX_KINDS + 1))
    entries = tuple(inventory.entry_of(each, version="v1") for each in keys)

    with pytest.raises(Stalled, match="501 kinds") as refusal:
        needed(known(), entries, leaves=False)

    assert refusal.value.reason is Reason.INVENTORY_TOO_LARGE


def test_where_status_has_an_id_and_the_annotation_is_gone_status_may_be_behind():
    history = (HistoryEntry(revision="1", version="1", applied_at="2026-11-25T11:00:00Z"),)
    removed = known(ENTRIES, covered="5", history=history)

    found = needed(removed, ENTRIES, leaves=False)

    assert outstanding(removed) == WriteAhead(since="2026-11-25T11:00:00Z")
    assert found == WriteAhead(id="7", since="2026-11-25T11:00:00Z")


def test_before_the_first_apply_nothing_is_older_than_the_pattern():
    assert outstanding(known(covered="5")) == WriteAhead(since=CREATED)


def test_a_pattern_of_which_nothing_was_ever_written_ahead_is_not_behind():
    assert outstanding(known(ENTRIES)) is None
