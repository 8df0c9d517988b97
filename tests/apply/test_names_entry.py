"""Which entry of a list an element of managedFields is about."""

import pytest

from pattern_operator.apply.ignore_differences import names_entry


@pytest.mark.parametrize(
    ("name", "entry", "index", "named"),
    [
        ('v:"a"', "a", 0, True),
        ('v:"a"', "b", 0, False),
        ('k:{"name":"a"}', {"name": "a", "x": 1}, 0, True),
        ('k:{"name":"a"}', {"name": "b"}, 0, False),
        ('k:{"port":80,"protocol":"TCP"}', {"port": 80}, 0, True),
        ('k:{"port":80}', {"name": "a"}, 0, False),
        ('k:{"name":"a"}', "a", 0, False),
        ("i:1", "x", 1, True),
        ("i:1", "x", 0, False),
        ("i:1", 1, 0, False),
        ('x:"a"', "a", 0, False),
        ("v:{", "{", 0, False),
        ("", "", 0, False),
    ],
)
def test_an_element_names_an_entry_by_its_keys_its_value_or_its_place(
    name: str, entry: object, index: int, named: bool
):
    assert names_entry(name, entry, index) is named
