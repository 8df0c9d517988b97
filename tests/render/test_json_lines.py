import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.render.json_lines import lines_of_parts

_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def test_each_component_has_the_line_it_begins_at():
    content = b'{\n "name": "a",\n "components": [\n  {"id": 1},\n\n  {"id": "}\\"]"}\n ]\n}'

    assert lines_of_parts(content) == {0: 4, 1: 6}


def test_each_service_has_the_line_its_value_begins_at():
    assert lines_of_parts(b'{"services": {\n"a": {},\n"b":\n {}}}') == {"a": 2, "b": 4}


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"components": 1}', b'{"services": []}', b"", b"{", b"[1"])
def test_what_has_no_components_has_no_lines(content: bytes):
    assert lines_of_parts(content) == {}


@given(st.binary())
def test_any_bytes_have_lines_or_none(content: bytes):
    lines_of_parts(content)


@given(st.lists(st.dictionaries(st.text(max_size=5), _VALUE, min_size=1, max_size=3), max_size=5))
def test_the_lines_are_those_of_indented_json(components: list[dict[str, object]]):
    text = json.dumps({"before": {"components": [1]}, "components": components}, indent=1)

    lines = lines_of_parts(text.encode())

    assert list(lines) == list(range(len(components)))
    assert all(text.splitlines()[line - 1] == "  {" for line in lines.values())
