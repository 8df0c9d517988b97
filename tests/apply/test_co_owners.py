"""Who shares fields with a pattern, and which fields stay because of that when they leave it."""

from typing import Any

import pytest

from pattern_operator.api.fields import ManagedFieldsEntry
from pattern_operator.apply.co_owners import MAX_CO_OWNERS, MAX_REMAINING, co_owners, remaining_fields
from pattern_operator.apply.fieldset import Fields

AB: Fields = {"f:data": {"f:a": {}, "f:b": {}}}
A: Fields = {"f:data": {"f:a": {}}}
B: Fields = {"f:data": {"f:b": {}}}


def entry(manager: str, fields: Fields, *, operation: str = "Update", subresource: str = "") -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "subresource": subresource, "fieldsV1": fields}


def ours(fields: Fields) -> dict[str, Any]:
    return entry("pattern-operator", fields, operation="Apply")


def shared(*entries: dict[str, Any]) -> Any:
    return co_owners([ManagedFieldsEntry.of(each) for each in entries])


def body(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"managedFields": list(entries)}}


def stays(*after: dict[str, Any], before: Any) -> list[tuple[str, str]]:
    found = remaining_fields(before, body(*after), keep=lambda fields: fields)
    return [(each.manager, each.field) for each in found]


@pytest.mark.parametrize(
    ("theirs", "shares"),
    [
        (entry("somebody", AB), [("somebody", False)]),
        (entry("somebody", B, operation="Apply"), [("somebody", False)]),
        (entry("before-first-apply", AB), [("before-first-apply", True)]),
        (entry("kubectl", B, operation="Apply"), [("kubectl", True)]),
        (entry("kubectl", B, subresource="scale"), [("kubectl", False)]),
        (entry("somebody", B, subresource="status"), []),
        (entry("somebody", {"f:data": {"f:c": {}}}), []),
        (entry("somebody", {"f:data": {".": {}}}), []),
        (entry("kubectl", {}), []),
    ],
)
def test_a_manager_shares_only_fields_that_both_hold(theirs, shares):
    assert [(each.manager, each.hands_on) for each in shared(ours(AB), theirs)] == shares


def test_of_an_object_that_the_pattern_has_not_applied_nothing_is_shared():
    assert shared(entry("somebody", AB), entry("kubectl", AB)) == ()


def test_only_the_first_few_managers_are_kept():
    assert len(shared(ours(AB), *(entry(f"m-{number}", AB) for number in range(20)))) == MAX_CO_OWNERS


def test_where_nobody_shared_anything_nothing_stays():
    assert stays(ours(A), entry("somebody", AB), before=()) == []
    assert remaining_fields((), body(entry("somebody", AB)), keep=lambda fields: fields) == ()


def test_a_field_that_our_apply_does_not_hold_any_more_and_another_does_stays():
    before = shared(ours(AB), entry("somebody", AB))

    assert stays(ours(A), entry("somebody", AB), before=before) == [("somebody", ".data.b")]


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([ours(AB), entry("somebody", AB)], id="it did not leave the pattern"),
        pytest.param([ours(A), entry("somebody", A)], id="the other gave it up meanwhile"),
        pytest.param([ours(A), entry("another", AB)], id="whoever has it now had not shared it"),
        pytest.param([ours(A), entry("somebody", AB, subresource="status")], id="status is nobody's who applies"),
        pytest.param([7, None, {"fieldsV1": 7}], id="an answer of any shape"),
    ],
)
def test_nothing_is_said_of_what_went_or_is_the_pattern_s(after: Any):
    before = shared(ours(AB), entry("somebody", AB))

    assert stays(*after, before=before) == []


def test_what_the_manager_had_alone_before_did_not_leave_the_pattern():
    before = shared(ours(A), entry("somebody", AB))

    assert stays(ours({"f:data": {"f:c": {}}}), entry("somebody", AB), before=before) == [("somebody", ".data.a")]


def test_what_is_left_to_others_on_purpose_is_not_said():
    before = shared(ours(AB), entry("somebody", AB))

    assert remaining_fields(before, body(ours(A), entry("somebody", AB)), keep=lambda _: {}) == ()


def test_an_entry_of_a_list_is_named_as_a_whole_and_without_values():
    item: Fields = {".": {}, "f:name": {}, "f:value": {}}
    env: Fields = {"f:spec": {"f:env": {'k:{"name":"A"}': item, 'k:{"name":"B"}': item}}}
    left: Fields = {"f:spec": {"f:env": {'k:{"name":"A"}': item}}}
    before = shared(ours(env), entry("somebody", env))

    found = stays(ours(left), entry("somebody", env), before=before)

    assert set(found) == {("somebody", ".spec.env[name=B]")}


def test_the_fields_that_are_kept_are_bounded():
    many: Fields = {"f:data": {f"f:{number}": {} for number in range(500)}}
    before = shared(ours(many), entry("somebody", many))

    assert len(stays(ours({}), entry("somebody", many), before=before)) == MAX_REMAINING
