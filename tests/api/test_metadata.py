"""What is kept of a DesignPattern's metadata has a bound, and all that the operator reads is in it."""

import tracemalloc
from typing import Any

import msgspec
import orjson
import pytest
from tests.fatpattern import fat

from pattern_operator.api.designpattern import decode
from pattern_operator.api.metadata import MAX_REQUEST, Metadata
from pattern_operator.api.names import FINALIZER, OWNER_LABEL, REQUESTED_AT_ANNOTATION, WRITE_AHEAD_ANNOTATION

MOST = 8 * 1024  # bytes that a pattern takes, however fat its metadata is


def read(**metadata: Any) -> Metadata:
    return decode(fat("web", **metadata)).metadata


def test_patterns_that_are_kept_take_nothing_for_metadata_that_nobody_reads():
    texts = [orjson.dumps(fat(f"p{number}")) for number in range(20)]
    decode(orjson.loads(texts[0]))  # what is made once for all is made now

    tracemalloc.start()
    try:
        kept = [decode(orjson.loads(each)) for each in texts]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert min(len(each) for each in texts) > 500_000
    assert held / len(kept) < MOST


def test_the_label_and_the_annotation_that_are_read_are_kept():
    found = read(labels={OWNER_LABEL: "o", "a": "b"}, annotations={REQUESTED_AT_ANNOTATION: "now", "a": "b"})

    assert (found.labels.owner, found.annotations.requested_at) == ("o", "now")
    assert msgspec.to_builtins(found.labels) == {OWNER_LABEL: "o"}


def test_a_request_of_any_length_is_told_from_another():
    longer, other = (read(annotations={REQUESTED_AT_ANNOTATION: each * MAX_REQUEST * 9}) for each in "ab")
    longest = "c" * MAX_REQUEST

    assert longer.annotations != other.annotations
    assert len(longer.annotations.requested_at or "") < MAX_REQUEST
    assert read(annotations={REQUESTED_AT_ANNOTATION: longest}).annotations.requested_at == longest


@pytest.mark.parametrize(
    ("finalizers", "count", "ours"),
    [([], 0, None), (["a/b"], 1, None), ([FINALIZER], 1, 0), (["a/b"] * 2_000 + [FINALIZER, "c/d"], 2_002, 2_000)],
    ids=["none", "of others", "ours", "ours behind many"],
)
def test_of_finalizers_the_place_of_ours_is_known(finalizers, count, ours):
    found = read(finalizers=finalizers).finalizers

    assert (found.count, found.ours) == (count, ours)


def entry(time: object, fields: object, **more: Any) -> dict[str, Any]:
    return {"manager": "m", "operation": "Update", "time": time, "fieldsV1": fields, **more}


SPEC: dict[str, Any] = {"f:spec": {"f:suspend": {}}}
STATUS: dict[str, Any] = {"f:status": {}}


@pytest.mark.parametrize(
    ("managed", "changed"),
    [
        ([], ""),
        ([entry("2026-11-25T12:00:00Z", SPEC)], "2026-11-25T12:00:00Z"),
        ([entry("2026-11-25T12:00:00Z", SPEC), entry("2026-11-25T11:00:00Z", SPEC)], "2026-11-25T12:00:00Z"),
        ([entry("2026-11-25T12:00:00Z", SPEC), entry("2026-11-25T13:00:00Z", STATUS)], "2026-11-25T12:00:00Z"),
        ([entry("2026-11-25T12:00:00Z", {"f:metadata": {}})], ""),
        ([entry(3, SPEC), entry("9" * 1_000_000, SPEC), entry(None, ["f:spec"]), "f:spec", None], ""),
        ("f:spec", ""),
    ],
)
def test_when_the_spec_was_changed_is_what_managed_fields_say(managed: object, changed: str):
    assert read(managedFields=managed, specChanged="2030-01-01T00:00:00Z").spec_changed == changed


@pytest.mark.parametrize("metadata", [[], "text", None, {"name": "a", "finalizers": "b"}, {"name": "a", "labels": []}])
def test_metadata_of_another_shape_is_refused(metadata):
    with pytest.raises(msgspec.ValidationError):
        decode({**fat("web"), "metadata": metadata})


def test_of_annotations_it_is_known_how_many_there_are_and_how_large_they_are_together():
    found = decode(fat("web", annotations={"a": "bcd", "é": "f"})).metadata.annotations

    assert (found.count, found.size) == (2, 7)


@pytest.mark.parametrize(("status", "is_left"), [({"inventory": {"count": 0}}, True), ({}, False)])
def test_the_annotation_of_a_first_run_is_left_over_once_status_has_an_inventory(status: dict[str, Any], is_left: bool):
    body = {**fat("web", annotations={WRITE_AHEAD_ANNOTATION: "{}"}), "status": status}

    assert decode(body).metadata.annotations.leftover_ahead is is_left
    assert not decode({**fat("web", annotations={}), "status": status}).metadata.annotations.leftover_ahead
