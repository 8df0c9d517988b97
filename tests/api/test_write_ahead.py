"""What is written ahead is read as it was written, and whatever else somebody writes there leads nowhere else."""

import string
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fatpattern import fat

from pattern_operator.api.designpattern import decode
from pattern_operator.api.names import FIELD_MANAGER, WRITE_AHEAD_ANNOTATION
from pattern_operator.api.object import GroupKind, ObjectKey
from pattern_operator.api.write_ahead import MAX_KINDS, MAX_TEXT, WriteAhead, read, written

TEXTS = st.text(string.printable)
VALUES = st.none() | st.booleans() | st.integers(-1000, 1000) | TEXTS
JSON = st.fixed_dictionaries(
    {}, optional={name: VALUES | st.lists(VALUES) for name in ("id", "since", "kinds", "namespaces", "x")}
)
AHEAD = WriteAhead(
    id="7", since="2026-11-25T12:00:00Z", kinds=("ConfigMap", "Widget.a.example.com"), namespaces=("team",)
)


def test_it_is_read_as_it_was_written():
    assert read(written(AHEAD)) == AHEAD
    assert AHEAD.group_kinds == (GroupKind("", "ConfigMap"), GroupKind("a.example.com", "Widget"))


def test_a_pattern_has_it_from_its_annotation_and_knows_how_many_there_are():
    found = decode(fat("web", annotations={WRITE_AHEAD_ANNOTATION: written(AHEAD), "a": "b"})).metadata.annotations

    assert (found.write_ahead, found.count) == (AHEAD, 2)


def holder(manager: str, time: str, *, operation: str = "Update", subresource: str = "", holds: bool = True) -> Any:
    """An entry of managedFields, of who has the annotation or not."""
    annotations: dict[str, Any] = {f"f:{WRITE_AHEAD_ANNOTATION if holds else 'a'}": {}}
    entry = {"manager": manager, "operation": operation, "time": time, "subresource": subresource}
    return entry | {"fieldsV1": {"f:metadata": {"f:annotations": annotations}}}


EARLIER, WRITTEN, START, LATER = (
    "2026-11-25T11:00:00Z",
    "2026-11-25T12:00:00Z",
    "2026-11-25T11:59:59Z",
    "2026-11-25T13:00:00Z",
)


@pytest.mark.parametrize(
    ("since", "managers", "expected"),
    [
        ("", [holder(FIELD_MANAGER, WRITTEN)], START),
        (EARLIER, [holder(FIELD_MANAGER, WRITTEN)], EARLIER),
        ("2099-01-01T00:00:00Z", [holder(FIELD_MANAGER, WRITTEN)], START),
        ("2026-02-30T00:00:00Z", [holder(FIELD_MANAGER, WRITTEN)], START),
        ("soon", [holder(FIELD_MANAGER, WRITTEN)], START),
        ("", [holder(FIELD_MANAGER, WRITTEN), holder("kubectl", LATER)], START),
        ("", [holder(FIELD_MANAGER, WRITTEN), holder(FIELD_MANAGER, LATER, holds=False)], START),
        ("", [holder(FIELD_MANAGER, EARLIER), holder(FIELD_MANAGER, WRITTEN)], START),
        (EARLIER, [], EARLIER),
        (EARLIER, [holder(FIELD_MANAGER, "0001-01-01T00:00:00Z")], EARLIER),
        (EARLIER, [holder(FIELD_MANAGER, "then"), 7, {"fieldsV1": []}], EARLIER),
    ],
    ids=[
        "of our entry",
        "of an earlier text",
        "in the future",
        "no day",
        "no time",
        "ours beside others",
        "ours of something else",
        "two versions of the API",
        "nobody has it",
        "before all time",
        "entries of any shape",
    ],
)
def test_the_api_server_says_when_it_was_written(since: str, managers: list[Any], expected: str):
    annotations = {WRITE_AHEAD_ANNOTATION: orjson.dumps({"id": "7", "since": since}).decode()}

    found = decode(fat("web", annotations=annotations, managedFields=managers)).metadata.annotations.write_ahead

    assert found == WriteAhead(id="7", since=expected)


@pytest.mark.parametrize(
    ("key", "is_covered"),
    [
        (ObjectKey("", "ConfigMap", "team", "a"), True),
        (ObjectKey("", "ConfigMap", "other", "a"), False),
        (ObjectKey("", "Secret", "team", "a"), False),
        (ObjectKey("a.example.com", "Widget", "", "a"), True),
        (ObjectKey("b.example.com", "Widget", "", "a"), False),
    ],
)
def test_it_covers_its_kinds_in_its_namespaces(key: ObjectKey, is_covered: bool):
    assert AHEAD.covers(key) is is_covered


@given(st.text() | JSON.map(lambda value: orjson.dumps(value).decode()))
def test_no_text_is_refused_and_each_has_an_id(content: str):
    found = read(content)

    assert found.id
    assert read(content) == found
    assert read(written(found)) == found


@pytest.mark.parametrize(
    "content",
    ["", "x", "{}", "[" * 100_000, '{"id":""}', '{"id":1}', '{"id":"1","kinds":{}}', '{"id":"' + "1" * MAX_TEXT + '"}'],
)
def test_what_the_operator_did_not_write_names_no_kind(content: str):
    assert (read(content).kinds, read(content).namespaces) == ((), ())


def test_names_that_would_lead_elsewhere_are_left_out():
    kinds = ["ConfigMap", "a/b", "../x", "Widget.a.example/../..", "Widget.A", "", "É", "Secret\n", "x" * 64]
    namespaces = ["team", "../kube-system", "Team", "", "a/b", "a" * 64, "a?b", "team\n"]

    found = read(orjson.dumps({"id": "1", "kinds": kinds, "namespaces": namespaces, "since": "2026"}).decode())

    assert found == WriteAhead(id="1", kinds=("ConfigMap",), namespaces=("team",))


def test_more_kinds_and_namespaces_than_are_ever_written_are_not_kept():
    kinds, namespaces = [f"K{number}" for number in range(2_000)], [f"n{number}" for number in range(500)]

    found = read(orjson.dumps({"id": "1", "kinds": kinds, "namespaces": namespaces}).decode())

    assert len(found.kinds) == MAX_KINDS
    assert found.namespaces == ()  # all of them: none is left out


@pytest.mark.parametrize(
    "other",
    [holder("velero", LATER), holder(FIELD_MANAGER, LATER, operation="Apply")],
    ids=["put back by others", "applied by a pattern"],
)
def test_what_others_put_back_does_not_pass_for_what_the_operator_has_written(other: Any):
    content = orjson.dumps({"id": "7", "since": EARLIER, "kinds": ["ConfigMap"]}).decode()

    def found(*managers: Any) -> WriteAhead:
        body = fat("web", annotations={WRITE_AHEAD_ANNOTATION: content}, managedFields=list(managers))
        ahead = decode(body).metadata.annotations.write_ahead
        assert ahead is not None
        return ahead

    before = found({**other, "time": WRITTEN})

    assert found(other) == found(other)
    assert len({"7", before.id, found(other).id}) == 3
    assert (found(other).since, found(other).kinds) == ("", ("ConfigMap",))
    assert found(other, holder(FIELD_MANAGER, WRITTEN)).id == "7"
