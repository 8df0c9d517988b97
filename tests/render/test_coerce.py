"""Values of unknown type: the value if it has the type, else an empty one."""

from typing import Any

import pytest

from pattern_operator.render.coerce import items, mapping, mappings, text

VALUES: list[Any] = [None, True, 0, 1.5, "", "a", [], ["a"], {}, {"a": 1}]


@pytest.mark.parametrize(("coerce", "kind"), [(mapping, dict), (text, str), (items, list)])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_of_the_type_is_returned_and_any_other_becomes_an_empty_one(coerce: Any, kind: type, value: Any):
    assert coerce(value) == (value if isinstance(value, kind) else kind())


@pytest.mark.parametrize("value", [{"a": 1}, {}], ids=repr)
def test_a_mapping_is_returned_itself_so_that_changes_go_through(value: dict[str, Any]):
    assert mapping(value) is value


def test_of_a_list_only_the_mappings_are_kept_in_order():
    assert mappings([{"a": 1}, "x", None, {}, ["b"], {"c": 2}]) == [{"a": 1}, {}, {"c": 2}]


@pytest.mark.parametrize("value", [None, "x", {"a": {}}, 7], ids=repr)
def test_what_is_not_a_list_has_no_mappings(value: Any):
    assert mappings(value) == []
