import orjson
import pytest

from pattern_operator.api.fields import MAX_DEPTH
from pattern_operator.kube import json_depth
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


@pytest.mark.parametrize(("more", "depth"), [(0, MAX_DEPTH), (1, MAX_DEPTH)])
async def test_null_stands_for_what_is_one_level_too_deep(more: int, depth: int):
    content = b"[1," * (MAX_DEPTH + more) + b"2" + b"]" * (MAX_DEPTH + more)

    found = orjson.loads(await prune_depth(content))

    levels = 0
    while isinstance(found, list):
        levels, found = levels + 1, found[1]
    assert (levels, found) == (depth, None if more else 2)


@pytest.mark.parametrize(("turns", "breaks"), [(0, 0), (3, 3)])
async def test_the_loop_is_free_now_and_then_while_depths_are_counted(
    monkeypatch: pytest.MonkeyPatch, turns: int, breaks: int
):
    slept = list[float]()

    async def note(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(json_depth, "sleep", note)
    monkeypatch.setattr(json_depth, "_TURN", 100)
    await prune_depth(b"[" + b",".join([b"[]"] * 50 * turns) + b"]")

    assert len(slept) == breaks
