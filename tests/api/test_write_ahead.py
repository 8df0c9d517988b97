"""What is written ahead is read as it was written, and whatever else somebody writes there leads nowhere else."""

import string
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fatpattern import fat

from pattern_operator.api.designpattern import decode
from pattern_operator.api.names import WRITE_AHEAD_ANNOTATION
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import Inventory, InventoryEntry
from pattern_operator.api.write_ahead import MAX_TEXT, read, written

TEXTS = st.text(string.printable)
VALUES = st.none() | st.booleans() | st.integers(-1000, 1000) | TEXTS
ENTRY = VALUES | st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "v", "pending", "x"), VALUES))
JSON = st.fixed_dictionaries({}, optional={"uid": VALUES | st.just("u-1"), "entries": VALUES | st.lists(ENTRY)})
KEYS = (
    ObjectKey("", "ConfigMap", "team", "a"),
    ObjectKey("rbac.authorization.k8s.io", "ClusterRole", "", "system:reader"),
    ObjectKey("a.example.com", "Widget", "team", "w.1"),
)
ENTRIES = tuple(sorted((InventoryEntry(id=str(key), v="v1beta1", pending=True) for key in KEYS), key=lambda e: e.id))


def text(uid: str = "u-1") -> str:
    content = written(ENTRIES, uid=uid)
    assert content is not None
    return content


def test_it_is_read_as_it_was_written():
    assert read(text(), uid="u-1") == ENTRIES


def test_people_can_read_it():
    assert orjson.loads(str(written(ENTRIES[:1], uid="u-1"))) == {
        "uid": "u-1",
        "entries": [{"id": "_system:reader_rbac.authorization.k8s.io_ClusterRole", "v": "v1beta1"}],
    }


@pytest.mark.parametrize("uid", ["u-2", ""])
def test_of_another_pattern_it_is_nothing(uid: str):
    assert read(text(), uid=uid) == ()
    assert read(text().replace("u-1", ""), uid=uid) == ()


def test_a_pattern_of_which_status_has_no_inventory_has_it_from_its_annotation():
    found = decode(fat("web", uid="u-1", annotations={WRITE_AHEAD_ANNOTATION: text(), "a": "b"}))

    assert (found.metadata.annotations.write_ahead, found.metadata.annotations.count) == (ENTRIES, 2)
    assert found.status.inventory == Inventory(count=3, entries=ENTRIES)


def test_a_pattern_of_which_nothing_is_written_ahead_has_nothing():
    assert decode(fat("web", annotations={})).metadata.annotations.write_ahead == ()


@pytest.mark.parametrize("entries", [[], [{"id": str(KEYS[0]), "v": "v1"}]])
def test_once_status_has_an_inventory_the_annotation_counts_for_nothing(entries: list[Any]):
    body = fat("web", uid="u-1", annotations={WRITE_AHEAD_ANNOTATION: text()})
    found = decode({**body, "status": {"inventory": {"count": len(entries), "entries": entries}}})

    assert found.metadata.annotations.write_ahead is None
    assert [each.id for each in found.status.inventory.entries] == [each["id"] for each in entries]


def test_names_that_are_too_long_for_an_annotation_are_not_written():
    many = [InventoryEntry(id=f"team_{'n' * 200}-{number}__ConfigMap", v="v1") for number in range(200)]

    assert written(many, uid="u-1") is None
    assert written(many[:100], uid="u-1") is not None


@pytest.mark.parametrize("name", ["system:reader", "a b", "Reader?x=y#z", "läser", "x" * 300, "_", "a.b"])
def test_names_of_rbac_may_be_anything_that_fits_into_a_path(name: str):
    entry = InventoryEntry(id=str(ObjectKey("rbac.authorization.k8s.io", "ClusterRole", "", name)), v="v1")

    assert [each.id for each in read(str(written([entry], uid="u-1")), uid="u-1")] == [entry.id]


@pytest.mark.parametrize(("uid", "name", "version"), [("", "a", "v1"), ("u-1", "a/b", "v1"), ("u-1", "a", "V 1")])
def test_what_would_not_be_read_again_is_not_written(uid: str, name: str, version: str):
    entry = InventoryEntry(id=str(ObjectKey("", "ConfigMap", "team", name)), v=version)

    assert written([entry], uid=uid) is None


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("team_a__Config/Map", "v1"),
        ("team_a__ConfigMap", "v1/../.."),
        ("team_a_apps/v1_Deployment", "v1"),
        ("../x_a__ConfigMap", "v1"),
        ("team_../a__ConfigMap", "v1"),
        ("team_..__ConfigMap", "v1"),
        ("team_a\x00__ConfigMap", "v1"),
        ("team_a%2f__ConfigMap", "v1"),
        ("nothing", "v1"),
        ("", ""),
    ],
)
def test_what_is_no_name_of_an_object_is_left_out_and_the_rest_counts(name: str, version: str):
    entries = [{"id": name, "v": version}, {"id": str(KEYS[0]), "v": "v1"}]

    found = read(orjson.dumps({"uid": "u-1", "entries": entries}).decode(), uid="u-1")

    assert [each.id for each in found] == [str(KEYS[0])]


def test_what_somebody_says_is_there_is_pending_all_the_same():
    content = orjson.dumps({"uid": "u-1", "entries": [{"id": str(KEYS[0]), "v": "v1", "pending": False}]})

    assert read(content.decode(), uid="u-1") == (InventoryEntry(id=str(KEYS[0]), v="v1", pending=True),)


def test_a_text_that_is_longer_than_the_operator_writes_is_nothing():
    content = orjson.dumps({"uid": "u-1", "entries": [{"id": str(KEYS[0]), "v": "v1"}], "x": "y" * MAX_TEXT})

    assert read(content.decode(), uid="u-1") == ()


@given(JSON.map(lambda value: orjson.dumps(value).decode()) | TEXTS | st.just("[" * 5_000) | st.just("\ud800"))
def test_whatever_somebody_writes_it_is_read_and_can_be_written(content: str):
    found = read(content, uid="u-1")

    assert read(str(written(found, uid="u-1")), uid="u-1") == found
