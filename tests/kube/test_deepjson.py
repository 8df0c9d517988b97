import pytest

from pattern_operator.kube.deepjson import MAX_DEPTH, read_lenient


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b'"]}\\" end"' + b"}" * levels


def depth_of(value: object) -> int:
    depth = 0
    while isinstance(value, dict):
        depth, value = depth + 1, value["a"]
    return depth


@pytest.mark.parametrize("levels", [1, MAX_DEPTH, 1000])
def test_what_the_reader_goes_down_to_is_read_whole(levels):
    assert depth_of(read_lenient(nested(levels))) == levels


@pytest.mark.parametrize("levels", [1025, 9_000])
def test_what_is_nested_deeper_loses_its_depths_and_nothing_beside(levels):
    found = read_lenient(b'{"items":[{"name":"before"},' + nested(levels) + b',{"name":"after"}]}')

    assert found["items"][0] == {"name": "before"}
    assert found["items"][2] == {"name": "after"}
    assert depth_of(found["items"][1]) == MAX_DEPTH - 2  # within the list and its object


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 2000, b"]" * 2000, b"<html>", b'"' + b"[" * 2000, b"[" * 2000 + b'"']
)
def test_what_is_not_json_is_none(content):
    assert read_lenient(content) is None
