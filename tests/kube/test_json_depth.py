import orjson
import pytest

from pattern_operator.api.fields import MAX_DEPTH
from pattern_operator.kube.decode import read_list, read_object
from pattern_operator.kube.json_depth import prune_depth


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b'"]}\\" end"' + b"}" * levels


def depth_of(value: object) -> int:
    depth = 0
    while isinstance(value, dict):
        depth, value = depth + 1, value["a"]
    return depth


@pytest.mark.parametrize("levels", [1, MAX_DEPTH, 1000])
async def test_what_the_reader_goes_down_to_is_read_whole(levels):
    assert depth_of(await read_object(nested(levels))) == levels


@pytest.mark.parametrize("levels", [1025, 9_000])
async def test_what_is_nested_deeper_loses_its_depths_and_nothing_beside(levels):
    content = b'{"metadata":{},"items":[{"name":"before"},' + nested(levels) + b',{"name":"after"}]}'

    found = await read_list(content)

    assert found["items"][0] == {"name": "before"}
    assert found["items"][2] == {"name": "after"}
    assert 190 < depth_of(found["items"][1]) <= MAX_DEPTH


@pytest.mark.parametrize("content", [b"{", b"[" * 2000, b"]" * 2000, b'"' + b"[" * 2000, b"[" * 2000 + b'"'])
async def test_what_is_not_json_does_not_become_it(content):
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(await prune_depth(content))
