"""One limit for how deep a document may be nested, whoever reads it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_NESTING
from pattern_operator.nesting import NestedTooDeep, least_size, levels
from pattern_operator.render.document import refuse_shape
from pattern_operator.render.invalid_yaml import YamlTooLarge
from pattern_operator.render.yamlstream import load_all
from pattern_operator.strict_json import InvalidDocument, read_json


def lists(depth: int) -> Any:
    found: Any = []
    for _ in range(depth - 1):
        found = [found]
    return found


def objects(depth: int) -> Any:
    found: Any = {}
    for _ in range(depth - 1):
        found = {"a": found, "b": 1}
    return found


def _walk(document: Any) -> None:
    for _ in levels(document):
        pass


READERS: dict[str, tuple[Callable[[Any], object], type[Exception]]] = {
    "levels": (_walk, NestedTooDeep),
    "JSON of registries, Secrets and signatures": (lambda it: read_json(json.dumps(it).encode()), InvalidDocument),
    "YAML of artifacts": (lambda it: list(load_all(json.dumps(it))), YamlTooLarge),
    "JSON of artifacts": (lambda it: refuse_shape(it, path="a.json"), Stalled),
}


@pytest.mark.parametrize("made", [lists, objects], ids=["lists", "objects"])
@pytest.mark.parametrize(("read", "error"), READERS.values(), ids=READERS)
def test_all_readers_draw_the_line_at_the_same_depth(read, error, made):
    read(made(MAX_NESTING))

    with pytest.raises(error, match=f"nested deeper than {MAX_NESTING}"):
        read(made(MAX_NESTING + 1))


def test_the_levels_come_from_the_outside_in():
    inner = {"c": 1}
    first = {"a": [2], "b": inner}
    outer = [first, 3]

    assert list(levels(outer)) == [[outer], [first], [[2], inner]]


@pytest.mark.parametrize("scalar", [None, 1, "x", 1.5, True])
def test_a_scalar_has_no_levels(scalar):
    assert list(levels(scalar)) == []


@pytest.mark.parametrize(
    ("document", "size"),
    [("abc", 0), ([1, None, ""], 3), ({"ab": "cde"}, 3 + 4), ({"a": [{"b": True}, "xy"]}, 2 + 1 + 1 + 3 + 2 + 1)],
)
def test_the_least_size_is_of_values_keys_and_texts(document, size):
    assert least_size(document, most=100) == size <= len(json.dumps(document))


def test_no_more_is_counted_than_exceeds_what_is_asked_for():
    assert least_size([["x" * 10], ["y" * 1_000]], most=5) == 1 + 1 + 11


def test_the_size_of_what_is_nested_too_deep_is_not_told():
    with pytest.raises(NestedTooDeep):
        least_size(lists(MAX_NESTING + 1), most=1_000)
