"""What is written before objects are sent: nothing where all is on record, and never less than what is made."""

from typing import Any

import msgspec
import pytest
from tests.reconcile.pattern import ENTRIES, pattern

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import WRITE_AHEAD_ANNOTATION
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.api.write_ahead import MAX_TEXT, written
from pattern_operator.apply import inventory
from pattern_operator.reconcile import write_ahead
from pattern_operator.reconcile.write_ahead import Ahead, first_ahead, is_needed, keep_ahead, kept_ahead

PENDING = tuple(msgspec.structs.replace(each, pending=True) for each in ENTRIES)


def new(*ahead: InventoryEntry, uid: str = "u-1") -> DesignPattern:
    """A pattern of which status says nothing; the annotation is of the pattern with ``uid``."""
    annotations = {WRITE_AHEAD_ANNOTATION: written(ahead, uid=uid)} if ahead else {}
    return pattern(annotations=annotations)


def with_status(*entries: InventoryEntry) -> DesignPattern:
    """A pattern that was applied: status has its inventory, whatever the annotation says."""
    whole: dict[str, Any] = {"inventory": msgspec.to_builtins(Inventory(count=len(entries), entries=entries))}
    found = new(*ENTRIES)
    annotations = msgspec.structs.replace(found.metadata.annotations, write_ahead=None)
    metadata = msgspec.structs.replace(found.metadata, annotations=annotations)
    return msgspec.structs.replace(found, metadata=metadata, status=msgspec.convert(whole, Status))


def test_what_a_new_pattern_is_about_to_make_goes_out_with_the_finalizer():
    assert is_needed(new(), PENDING, leaves=False)
    assert first_ahead(new(), PENDING) == Ahead(PENDING, str(written(PENDING, uid="u-1")))


def test_nothing_is_written_for_what_is_on_record():
    assert not is_needed(with_status(*ENTRIES), ENTRIES, leaves=False)
    assert not is_needed(with_status(*ENTRIES), ENTRIES[:1], leaves=False)
    assert not is_needed(new(*ENTRIES), ENTRIES, leaves=False)


def test_what_was_written_ahead_is_written_again_until_status_has_it():
    assert kept_ahead(new(*ENTRIES)) == Ahead(PENDING, str(written(ENTRIES, uid="u-1")))
    assert kept_ahead(new()) is None
    assert kept_ahead(with_status(*ENTRIES)) is None


def test_what_an_applied_pattern_is_about_to_make_comes_into_status():
    before = with_status(*ENTRIES[:1])

    assert is_needed(before, ENTRIES, leaves=False)
    assert first_ahead(before, ENTRIES) is None


def test_an_update_of_the_same_objects_says_that_it_is_under_way():
    assert is_needed(with_status(*ENTRIES), ENTRIES, leaves=True)
    assert first_ahead(with_status(*ENTRIES), ENTRIES) is None


def test_what_is_written_ahead_is_not_written_over_by_another_version():
    """The first version may have been applied in part: status is to have both then."""
    before = new(*ENTRIES[:1])

    assert is_needed(before, ENTRIES, leaves=False)
    assert first_ahead(before, ENTRIES) is None


def test_a_pattern_whose_names_are_too_long_for_an_annotation_is_written_into_status():
    keys = (ObjectKey("", "ConfigMap", "team", f"{'n' * 200}-{number}") for number in range(MAX_TEXT // 200))

    assert first_ahead(new(), tuple(inventory.entry_of(each, version="v1") for each in keys)) is None


@pytest.mark.parametrize(("room", "fits"), [(1024, False), (2048, True)])
def test_where_others_fill_the_annotations_the_names_are_written_into_status(room: int, fits: bool):
    """The API server takes 256 KiB of annotations together."""
    full = pattern(annotations={"note": "x" * (256 * 1024 - room)})

    assert (first_ahead(full, PENDING) is not None) is fits


@pytest.mark.parametrize("after", [new(), new(InventoryEntry(id="team_x__ConfigMap", v="v1"))])
def test_what_is_known_to_be_written_ahead_counts_whatever_becomes_of_the_annotation(after: DesignPattern):
    kept = keep_ahead(new(*ENTRIES), after)

    assert kept.metadata.annotations.write_ahead == PENDING
    assert kept.status.inventory == Inventory(count=2, entries=PENDING)


def test_what_was_written_ahead_counts_no_more_once_status_has_an_inventory():
    done = with_status()

    assert keep_ahead(new(*ENTRIES), done) is done


def test_what_was_written_ahead_of_another_pattern_of_the_name_does_not_count():
    other = msgspec.structs.replace(new(), metadata=msgspec.structs.replace(new().metadata, uid="u-2"))

    assert keep_ahead(new(*ENTRIES), other) is other


@pytest.mark.parametrize("room", [0, 1])
def test_what_would_fill_all_annotations_does_not_go_out_with_the_finalizer(room: int, monkeypatch: pytest.MonkeyPatch):
    found = new()
    size = found.metadata.annotations.size + len(str(written(PENDING, uid="u-1")).encode())
    monkeypatch.setattr(write_ahead, "MAX_ANNOTATIONS", size + room)

    assert (first_ahead(found, PENDING) is not None) is bool(room)
