from typing import Any

import pytest

from pattern_operator.apply import fieldset

SPEC_ITEM: dict[str, Any] = {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:image": {}}}
SPEC: dict[str, Any] = {"f:spec": {"f:replicas": {}, "f:template": {".": {}, **SPEC_ITEM}}}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({}, SPEC, SPEC),
        (SPEC, SPEC, SPEC),
        ({"f:a": {}}, {"f:b": {}}, {"f:a": {}, "f:b": {}}),
        ({"f:a": {"f:b": {}}}, {"f:a": {"f:c": {}}}, {"f:a": {"f:b": {}, "f:c": {}}}),
        ({"f:a": {}}, {"f:a": {"f:c": {}}}, {"f:a": {".": {}, "f:c": {}}}),
    ],
)
def test_a_union_has_what_is_in_either(one, other, both):
    assert fieldset.union(one, other) == both
    assert fieldset.union(other, one) == both


@pytest.mark.parametrize(
    ("fields", "others", "left"),
    [
        (SPEC, {}, SPEC),
        (SPEC, SPEC, {}),
        (SPEC, {"f:spec": {"f:template": {}}}, {"f:spec": {"f:replicas": {}, "f:template": SPEC_ITEM}}),
        ({"f:data": {".": {}, "f:a": {}, "f:b": {}}}, {"f:data": {"f:a": {}}}, {"f:data": {"f:b": {}}}),
        ({"f:data": {".": {}, "f:a": {}}}, {"f:data": {"f:a": {}}}, {}),
        ({"f:data": {"f:a": {}}}, {"f:meta": {"f:a": {}}}, {"f:data": {"f:a": {}}}),
    ],
)
def test_what_is_subtracted_is_not_left_and_nothing_else_goes(fields, others, left):
    assert fieldset.difference(fields, others) == left


def test_an_element_is_taken_out_with_what_holds_nothing_else():
    assert fieldset.without(SPEC, ("f:spec", "f:replicas")) == {"f:spec": {"f:template": SPEC["f:spec"]["f:template"]}}
    assert fieldset.without({"f:spec": {"f:replicas": {}}}, ("f:spec", "f:replicas")) == {}
    assert fieldset.without(SPEC, ("f:spec", "f:other")) == SPEC
    assert fieldset.without(SPEC, ()) == SPEC


def test_fields_are_named_as_api_servers_name_them():
    assert [fieldset.words(path) for path in fieldset.leaves(SPEC)] == [
        ".spec.replicas",
        ".spec.template[name=a].name",
        ".spec.template[name=a].image",
    ]


@pytest.mark.parametrize("value", [None, 7, "f:a", ["f:a"], {"f:a": 7}, {"f:a": {"f:b": [1]}}])
def test_what_has_another_shape_is_not_a_field(value):
    assert fieldset.read(value) in ({}, {"f:a": {}}, {"f:a": {"f:b": {}}})


def test_nesting_without_end_ends():
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"f:a": deep}

    assert len(list(fieldset.leaves(fieldset.read(deep)))) == 1


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (SPEC, {}, {}),
        ({"f:a": {}, "f:b": {}}, {"f:b": {}, "f:c": {}}, {"f:b": {}}),
        ({"f:data": {".": {}}}, {"f:data": {".": {}, "f:a": {}}}, {}),
        ({"f:data": {".": {}, "f:a": {}}}, {"f:data": {"f:a": {}}}, {"f:data": {"f:a": {}}}),
        ({"f:a": {"f:b": {}}}, {"f:a": {"f:c": {}}}, {}),
        ({'k:{"port":1}': {".": {}}}, {'k:{"port":1}': {".": {}}}, {'k:{"port":1}': {}}),
    ],
)
def test_an_intersection_has_what_is_in_both(one, other, both):
    assert fieldset.intersection(one, other) == both
    assert fieldset.intersection(other, one) == both


def test_hashes_stand_for_the_fields_and_are_read_again():
    hashes = fieldset.hashes_of(SPEC)

    assert fieldset.read_hashes(hashes) == {fieldset.hash_of(path) for path in fieldset.leaves(SPEC)}
    assert fieldset.read_hashes(b"") == set()


@pytest.mark.parametrize(
    ("sets", "few"),
    [
        ([], True),
        (["text", None, 5, {}], True),
        ([{f"f:{n}": {} for n in range(fieldset.MAX_COMPARED)}], True),
        ([{f"f:{n}": {} for n in range(fieldset.MAX_COMPARED)}, {"f:one more": {}}], False),
        ([{"f:data": {f"f:{n}": {} for n in range(fieldset.MAX_COMPARED)}}], False),
        ([{f"f:{n}": {".": {}} for n in range(fieldset.MAX_COMPARED // 2 + 1)}], False),
    ],
)
def test_sets_are_compared_up_to_so_many_elements_of_all(sets, few):
    assert fieldset.are_comparable(sets) is few


def test_an_intersection_of_sets_nested_without_end_ends():
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"f:a": deep}

    assert len(list(fieldset.leaves(fieldset.intersection(deep, deep)))) <= 1


@pytest.mark.parametrize("other", [None, "text", [1], {"f:a": "text"}, {"f:a": []}])
def test_an_intersection_with_another_shape_is_of_what_it_has(other):
    assert fieldset.intersection(other, {"f:b": {}}) == {}
    assert fieldset.intersection({"f:b": {}}, other) == {}


def test_a_member_of_a_set_and_an_entry_by_its_index_are_named_too():
    assert fieldset.words(("f:finalizers", 'v:"a"')) == '.finalizers[="a"]'
    assert fieldset.words(("f:args", "i:2", "f:x")) == ".args[2].x"


def nested(levels: int) -> dict[str, Any]:
    return {"f:a": nested(levels - 1)} if levels else {}


def test_what_is_nested_deeper_than_objects_are_is_not_read():
    assert fieldset.read(nested(9), depth=4) == nested(4)
    assert fieldset.intersection(nested(4), nested(4), depth=4) == nested(4)
    assert fieldset.intersection(nested(5), nested(5), depth=4) == {}
    assert fieldset.intersection(SPEC, SPEC, depth=0) == {}


@pytest.mark.parametrize("more", [0, 1])
def test_sets_are_compared_up_to_a_number_of_elements_in_all_of_them(more: int):
    half = fieldset.MAX_COMPARED // 2
    flat: dict[str, Any] = {f"f:{number}": {} for number in range(half)}
    deep: dict[str, Any] = {**{f"f:{number}": {} for number in range(half - 1)}, "f:deep": {}}
    last: dict[str, Any] = {"f:last": {}} if more else {}

    assert fieldset.are_comparable([deep, flat]) is True
    assert fieldset.are_comparable([{**deep, "f:deep": last}, flat]) is not bool(more)


def test_only_the_first_fields_of_a_large_set_are_named():
    many: dict[str, Any] = {f"f:{number:05}": {} for number in range(fieldset.MAX_LEAVES + 5)}

    named = list(fieldset.leaves(many))

    assert len(named) == fieldset.MAX_LEAVES
    assert named[-1] == (f"f:{fieldset.MAX_LEAVES - 1:05}",)
