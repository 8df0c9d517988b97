"""Where values stand in JSON and YAML; any text at all has an index, or none."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.lint.position import json_index, yaml_index
from pattern_operator.lint.position.node import Node, Root, line_starts
from pattern_operator.lint.position.sources import Sources, decoded

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def read(text: str, node: Node) -> object:
    """The value that an index of JSON says stands at a node."""
    if node.members is not None:
        return {key: read(text, member.node) for key, member in node.members.items()}
    if node.items is not None:
        return [read(text, item) for item in node.items]
    return json.loads(text[node.start : node.end])


@given(VALUES, st.sampled_from([None, 2]))
def test_an_index_of_json_holds_the_place_of_each_value(value, indent):
    text = json.dumps(value, indent=indent)

    [root] = json_index.index(text)

    assert read(text, root) == value


@given(VALUES)
def test_an_index_of_yaml_has_the_keys_of_the_document(value):
    text = yaml.safe_dump({"top": value}, sort_keys=False)

    [root] = yaml_index.index(text)

    assert keys(root) == shape({"top": value})


def keys(node: Node) -> object:
    if node.members is not None:
        return {key: keys(member.node) for key, member in node.members.items()}
    return [keys(item) for item in node.items] if node.items is not None else None


def shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: shape(child) for key, child in value.items()}
    return [shape(child) for child in value] if isinstance(value, list) else None


@given(st.text())
def test_any_text_has_an_index_or_is_not_json(text: str):
    yaml_index.index(text)
    try:
        json_index.index(text)
    except json_index.NotJson:
        return


@given(st.binary())
def test_any_bytes_are_text_or_nothing(content: bytes):
    assert isinstance(decoded(content), str)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"a" 1', "]", '{"components":[{"model":{'])
def test_json_that_is_none_is_refused(text: str):
    with pytest.raises(json_index.NotJson):
        json_index.index(text)


def root_of(text: str) -> Root:
    [node] = yaml_index.index(text)
    return Root(text, node, line_starts(text), is_json=False)


def test_a_key_and_its_value_have_lines_and_columns():
    root = root_of("a: 1\nb:\n  - c: x\n    match Labels: y\n")

    node, member, taken = root.find(("b", 0, "matchLabels"))

    assert member is not None
    assert (root.place(member.key_start), root.place(node.start), taken) == ((4, 5), (4, 19), 3)


def test_what_is_not_there_is_found_at_what_is_around_it():
    root = root_of("a: 1\nb:\n  c: x\n")

    _, member, taken = root.find(("b", "d", "e"))

    assert member is not None
    assert (root.place(member.key_start), taken) == ((2, 1), 1)


def test_an_alias_is_known_as_what_others_share():
    root = root_of("a: &x {k: 1}\nb: *x\n")

    assert [root.find((key,))[0].shared for key in ("a", "b")] == [True, True]
    assert root.find(("b", "k"))[2] == 2


def test_the_parts_of_a_design_that_hold_no_fields_are_passed_over():
    text = json.dumps({"components": [{"model": {"x": [1, 2]}, "configuration": {"model": {"y": 1}}}]})

    [root] = json_index.index(text)
    component = root.child("components").child(0)  # type: ignore[union-attr]

    assert component is not None
    assert component.child("model").members == {}  # type: ignore[union-attr]
    assert component.child("configuration").child("model").child("y") is not None  # type: ignore[union-attr]


def test_a_file_that_is_not_there_has_no_documents():
    assert Sources(()).roots("a") == []
    assert Sources(()).root("a", 1) is None
