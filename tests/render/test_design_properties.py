"""What holds for every design: names that stay, no key that nobody wrote, and nothing but a value or a typed error."""

import json
import resource
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.render.designs import MESHERY, component, design, names, published, rendered, unmarked
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_SENTENCE
from pattern_operator.render import Options
from pattern_operator.render.document import read
from pattern_operator.render.fields import unspaced

MIB = 1024 * 1024
SMALL = [name for name in names() if sum(len(file.content) for file in published(name)) < 120_000]
MADE = {"apiVersion", "kind", "metadata", "name", "namespace", "labels", "annotations", "matchLabels"}
WRITTEN = {"apiGroup", "namespace", "kind"}  # that repairs of bindings complete

_NAMES = st.sampled_from(["web", "Web Settings", "a.b", "A", "ä", "x" * 70])
_KINDS = st.sampled_from(["ConfigMap", "Secret", "Service", "Deployment", "Role"])


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {unspaced(key) for key in value}.union(*(_keys(child) for child in value.values()))
    return set[str]().union(*(_keys(item) for item in value)) if isinstance(value, list) else set()


def _names(made: Rendering) -> dict[str, str]:
    return {each.component: str(each.key) for each in made.objects}


@given(st.lists(st.tuples(_KINDS, _NAMES), max_size=4), _KINDS, _NAMES)
def test_a_component_that_is_added_renames_no_other(parts: list[tuple[str, str]], kind: str, name: str):
    drawn = [component(of, called, {"data": {"a": "b"}}, id=f"{n}") for n, (of, called) in enumerate(parts)]
    before = _names(rendered(*drawn))

    after = _names(rendered(*drawn, component(kind, name, {"data": {"a": "c"}}, id="new")))

    assert all(after[id_] == key for id_, key in before.items() if id_ in after)


@pytest.mark.parametrize("name", [name for name in names() if name != "not-a-design"])
def test_no_object_has_a_key_that_its_design_does_not_have(name: str):
    (file,) = (file for file in published(name) if file.path == "design.yml")
    written = _keys([document.value for document in read(file)])

    for made in render(published(name), options=MESHERY).objects:
        assert _keys(unmarked(made.body)) <= written | MADE | WRITTEN


@pytest.mark.parametrize("name", [name for name in names() if name != "not-a-design"])
def test_what_was_rendered_of_a_design_is_rendered_again_without_a_repair(name: str):
    """As plain manifests, which repair nothing but what is written there: idempotent, whatever the design was."""
    once = render(published(name), options=MESHERY)
    files = [File("all.json", b"".join(orjson.dumps(made.body) for made in once.objects))]
    if not once.objects:
        return

    again = render(files, options=Options(format="Manifests"))

    assert [_unplaced(made.body) for made in again.objects] == [_unplaced(made.body) for made in once.objects]
    assert not [repair for each in again.components for repair in each.repairs if repair.name != "KeepRemovedVersions"]


def _unplaced(body: dict[str, Any]) -> dict[str, Any]:
    """Without its namespace: that a custom kind is cluster-scoped says only the design."""
    return body | {"metadata": {name: value for name, value in body["metadata"].items() if name != "namespace"}}


def _typed(content: bytes) -> Rendering | None:
    try:
        made = render([File("design.yml", content)], options=Options())
    except Stalled as refusal:
        assert len(refusal.message) < 4 * MAX_SENTENCE
        return None
    assert all(len(each.message) <= MAX_SENTENCE for each in made.components)
    return made


@given(st.sampled_from(SMALL), st.data())
def test_a_published_design_with_bytes_changed_is_rendered_or_stalls(name: str, data: st.DataObject):
    (content,) = (file.content for file in published(name) if file.path == "design.yml")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        more = data.draw(st.binary(max_size=8) | st.sampled_from([b"{", b"]", b"$(#ref.name)", b": *a", b"&a ", b'"']))
        content = content[:at] + more + content[at + data.draw(st.integers(0, 40)) :]

    _typed(content)


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2**40) | st.text(max_size=4) | st.just("$(#ref.components.0)"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(["id", "kind", "name"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(SMALL), _JUNK, st.data())
def test_a_published_design_with_any_value_in_any_place_is_rendered_or_stalls(
    name: str, junk: object, data: st.DataObject
):
    (content,) = (file.content for file in published(name) if file.path == "design.yml")
    try:
        top = orjson.loads(content)
    except orjson.JSONDecodeError:
        return
    place = top
    for _ in range(data.draw(st.integers(0, 6))):
        below = list(place) if isinstance(place, dict) else list(range(len(place)))
        inner = [key for key in below if isinstance(place[key], dict | list) and place[key]]
        if not inner:
            break
        place = place[data.draw(st.sampled_from(inner))]
    if place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        place[data.draw(st.sampled_from(keys))] = junk

    _typed(json.dumps(top).encode())


def test_a_design_of_16_mib_is_rendered_within_its_memory():
    text = "x" * 1023
    parts = [component("ConfigMap", f"c-{n}", {"data": {"a": text}}, id=str(n)) for n in range(4000)]
    relationships = [{"kind": "edge", "type": "binding", "selectors": [], "metadata": {"a": text}}] * 12_000
    file = design(*parts, relationships=relationships)
    assert len(file.content) > 16 * MIB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    made = render([file], options=MESHERY)

    assert len(made.objects) == 4000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024  # KiB
