"""What stands in the way of an apply, who holds it, and the patch that takes it over: pure rules."""

from typing import Any

import pytest
from tests.apply.harness import config_map

from pattern_operator.api.fields import ManagedFieldsEntry
from pattern_operator.apply import fieldset
from pattern_operator.apply.replaced_fields import (
    HeldField,
    all_fields,
    handed_over,
    holders,
    in_the_way,
    is_touched,
    replaced,
)
from pattern_operator.kube.status_message import StatusCause

POD = {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "value": "x"}]}]}}
WEB, A = 'k:{"name":"web"}', 'k:{"name":"A"}'
ONE_OF = "may not specify more than 1 of these"


def env(field: str) -> fieldset.Fields:
    return {"f:spec": {"f:containers": {WEB: {"f:env": {A: {field: {}}}}}}}


def cause(field: str, message: str = "", reason: str = "FieldValueInvalid") -> StatusCause:
    return StatusCause(field, reason, message)


@pytest.mark.parametrize(
    ("of", "taken"),
    [
        pytest.param(cause("spec.containers[0].env[0].valueFrom"), True, id="the field itself"),
        pytest.param(cause("spec.containers[0].env[0].valueFrom.fieldRef"), True, id="something in it"),
        pytest.param(
            cause("spec.containers[0].env[0].value", ONE_OF), True, id="a field beside it, of which one may be"
        ),
        pytest.param(cause("spec.containers[0].env[0].value", "must be a name"), False, id="a field beside it"),
        pytest.param(cause("spec.containers[0].env[0]", ONE_OF), False, id="what it is in"),
        pytest.param(cause("spec.containers[0].env[0].value.x", ONE_OF), False, id="a field in one beside it"),
        pytest.param(cause("spec.volumes[0].env[0].value", ONE_OF), False, id="a field of the name elsewhere"),
        pytest.param(cause("spec", ONE_OF), False, id="the whole spec"),
        pytest.param(cause("", ONE_OF), False, id="nothing"),
        pytest.param(
            cause("spec.containers[0].env[0].valueFrom", reason="FieldValueNotFound"), False, id="another kind of fault"
        ),
    ],
)
def test_what_the_server_names_is_in_the_way_and_nothing_beside_it(of: StatusCause, taken: bool):
    assert bool(in_the_way(env("f:valueFrom"), body=POD, causes=[of])) is taken


def test_a_field_of_two_words_is_in_the_way_and_nothing_of_metadata_is():
    body = {"spec": {"a": 1}, "metadata": {"name": "x"}}
    fields: fieldset.Fields = {"f:spec": {"f:b": {}}, "f:metadata": {"f:b": {}}}

    assert in_the_way(fields, body=body, causes=[cause("spec.b"), cause("metadata.b")]) == {"f:spec": {"f:b": {}}}
    assert in_the_way({"f:b": {}}, body=body, causes=[cause("b.c")]) == {}


def test_an_entry_of_a_list_is_not_one_of_several_fields():
    fields: fieldset.Fields = {"f:spec": {"f:a": {'v:"x"': {}}}}

    assert in_the_way(fields, body={"spec": {"a": ["y"]}}, causes=[cause("spec.b", ONE_OF)]) == {}


def test_an_element_itself_is_no_field_of_it():
    fields: fieldset.Fields = {"f:spec": {".": {}, "f:b": {}}}

    assert replaced(fields, body={"spec": {"a": 1}}, live={"f:spec": {}}) == {"f:spec": {"f:b": {}}}


@pytest.mark.parametrize("key", ["k:", "k:7", "k:{", "k:" + "[" * 100_000])
def test_keys_of_any_shape_are_read(key: str):
    assert replaced({"f:a": {key: {}}}, body={"a": [{"b": 1}]}, live={}) == {"f:a": {key: {}}}


def test_an_object_is_touched_where_one_of_its_entries_is_of_people():
    entries = [ManagedFieldsEntry(name, "Update", "", "", {}) for name in ("kube-controller-manager", "kubectl-edit")]

    assert is_touched(entries)
    assert not is_touched(entries[:1])
    assert not is_touched([])


# --- who holds it -----------------------------------------------------------------------------------------------------


def live(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"uid": "u", "resourceVersion": "7", "managedFields": list(entries)}}


def entry(manager: str, fields: Any, *, operation: str = "Update", version: str = "v1", **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": version, "fieldsV1": fields, **more}


def test_who_holds_what_is_in_the_way_is_named_with_the_first_field_that_the_manifest_has_not():
    theirs = env("f:valueFrom")
    theirs["f:spec"]["f:containers"][WEB]["f:env"][A]["f:valueFrom"] = {"f:fieldRef": {"f:a": {}, "f:b": {}}}
    object_ = live(
        entry("pattern-operator", env("f:valueFrom"), operation="Apply"),
        entry("status-writer", env("f:valueFrom"), subresource="status"),
        entry("kubectl-edit", theirs),
        entry("helm", env("f:valueFrom")),
    )

    found = holders(object_, body=POD, causes=[cause("spec.containers[0].env[0].valueFrom")])

    field = ".spec.containers[name=web].env[name=A].valueFrom"
    assert found == (HeldField("kubectl-edit", field), HeldField("helm", field))


def test_the_first_fields_that_are_held_are_named():
    fields: fieldset.Fields = {"f:spec": {f"f:{name}": {} for name in "abcdef"}}
    causes = [cause(f"spec.{name}") for name in "abcdef"]

    found = holders(live(entry("kubectl", fields), entry("helm", fields)), body={"spec": {"x": 1}}, causes=causes)

    assert [each.field for each in found] == [".spec.a", ".spec.b", ".spec.c"]


def test_where_the_manifest_has_nothing_at_all_the_whole_is_named():
    found = holders(
        live(entry("kubectl", {"f:spec": {"f:a": {}}})), body=POD | {"spec": {"b": 1}}, causes=[cause("spec.a")]
    )

    assert found == (HeldField("kubectl", ".spec.a"),)


def test_the_fields_of_all_who_hold_any_are_the_fields_of_the_object():
    object_ = live(entry("a", {"f:data": {"f:x": {}}}), entry("b", {"f:data": {"f:y": {}}}))

    assert all_fields(object_) == {"f:data": {"f:x": {}, "f:y": {}}}


# --- the patch --------------------------------------------------------------------------------------------------------

DESIRED = config_map("c", "team")


def picked(_: ManagedFieldsEntry, fields: fieldset.Fields) -> fieldset.Fields:
    return {"f:data": {"f:x": {}}} if "f:x" in fields.get("f:data", {}) else {}


def test_what_is_picked_becomes_the_patterns_and_the_rest_stays():
    ours = entry("pattern-operator", {"f:data": {"f:mine": {}}}, operation="Apply")
    both = entry("kubectl", {"f:data": {"f:x": {}, "f:y": {}}})
    alone = entry("helm", {"f:data": {"f:x": {}}})
    other = entry("other", {"f:data": {"f:z": {}}}, time="2026-01-01T00:00:00Z")

    assert handed_over(live(both, ours, alone, other), DESIRED, pick=picked) == {
        "uid": "u",
        "resourceVersion": "7",
        "managedFields": [
            {**ours, "fieldsV1": {"f:data": {"f:mine": {}, "f:x": {}}}},
            {**both, "fieldsV1": {"f:data": {"f:y": {}}}},
            other,
        ],
    }


def test_an_entry_of_ours_is_made_where_there_is_none():
    patch = handed_over(live(entry("helm", {"f:data": {"f:x": {}}})), DESIRED, pick=picked)

    (made,) = patch["managedFields"]
    assert (made["manager"], made["operation"], made["apiVersion"]) == ("pattern-operator", "Apply", "v1")
    assert (made["fieldsType"], made["fieldsV1"]) == ("FieldsV1", {"f:data": {"f:x": {}}})


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([entry("helm", {"f:data": {"f:y": {}}})], id="nothing is picked"),
        pytest.param([entry("helm", {"f:data": {"f:x": {}}}, version="v2")], id="theirs is of another version"),
        pytest.param(
            [
                entry("pattern-operator", {"f:data": {"f:m": {}}}, operation="Apply", version="v0"),
                entry("helm", {"f:data": {"f:x": {}}}),
            ],
            id="ours is of another version",
        ),
    ],
)
def test_nothing_is_handed_over_where_that_cannot_be_said(entries: list[dict[str, Any]]):
    assert handed_over(live(*entries), DESIRED, pick=picked) is None
