import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.render.designs import MESHERY, component, design, only_object, rendered, report_on
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Outcome
from pattern_operator.limits import MAX_REFERENCE_CHAIN, MAX_REFERENCE_STEPS
from pattern_operator.render.design_references import BrokenReference, References

TOP = {
    "name": "shop",
    "secret": "hidden",
    "components": [
        {
            "id": "one",
            "displayName": "settings",
            "component": {"kind": "ConfigMap", "version": "v1", "schema": "{}"},
            "model": {"registrant": {"metadata": {"token": "hidden"}}},
            "configuration": {"data": {"port": 8080, "on": True, "a.b": "dotted", "none": None, "list": [1, "x"]}},
        }
    ],
}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("plain", "plain"),
        ("$(#comment)", "$(#comment)"),
        ("$(#ref.name)", "shop"),
        ("$(#ref.components.0.configuration.data.port)", 8080),
        ("$(#ref.components.0.configuration.data.on)", True),
        ("$(#ref.components.0.configuration.data.none)", None),
        ("$(#ref.components.0.configuration.data.list)", [1, "x"]),
        ("$(#ref.components.0.configuration.data.list.1)", "x"),
        ("$(#ref.components.0.configuration.data.a.b)", "dotted"),
        ("http://$(#ref.name):$(#ref.components.0.configuration.data.port)/", "http://shop:8080/"),
        ("is $(#ref.components.0.configuration.data.on)", "is true"),
    ],
)
def test_a_reference_is_what_the_design_has_at_its_path(text: str, meant: object):
    found = References(TOP).resolve(text)

    assert (type(found), found) == (type(meant), meant)


@pytest.mark.parametrize(
    "text",
    [
        "$(#ref.nothing)",
        "$(#ref.secret)",
        "$(#ref.components.1.displayName)",
        "$(#ref.components.-1.displayName)",
        "$(#ref.components.0.model.registrant.metadata.token)",
        "$(#ref.components.0.component.schema)",
        "$(#ref.name",
        "$(#ref.)",
        "a $(#ref.components.0.configuration.data.list)",
        "a $(#ref.components.0.configuration.data.none)",
        "$(#r$(#ref.name)",
        "$(#ref.$(#ref.name))",
    ],
)
def test_what_names_nothing_or_is_not_open_to_references_is_told_without_a_value(text: str):
    references = References(TOP)

    if text == "$(#r$(#ref.name)":
        assert references.resolve(text) == "$(#rshop"
        return
    with pytest.raises(BrokenReference) as broken:
        references.resolve(text)
    assert "hidden" not in str(broken.value)


def test_a_reference_that_two_keys_with_dots_answer_is_told():
    with pytest.raises(BrokenReference, match="several places"):
        References({"services": {"a.type": {"type": "x"}, "a": {"type": {"type": "y"}}}}).resolve(
            "$(#ref.services.a.type.type)"
        )


def test_a_reference_to_itself_is_told():
    top = {"components": [{"name": "$(#ref.components.1.name)"}, {"name": "a$(#ref.components.0.name)"}]}

    with pytest.raises(BrokenReference, match="refers to itself"):
        References(top).resolve("$(#ref.components.0.name)")


def test_a_chain_of_references_has_an_end():
    names = [{"name": f"$(#ref.components.{n + 1}.name)"} for n in range(MAX_REFERENCE_CHAIN + 1)]

    with pytest.raises(BrokenReference, match="more than"):
        References({"components": [*names, {"name": "end"}]}).resolve("$(#ref.components.0.name)")
    assert References({"components": [*names, {"name": "end"}]}).resolve("$(#ref.components.2.name)") == "end"


def test_references_that_multiply_are_stopped():
    names = [{"name": "".join([f"$(#ref.components.{n + 1}.name)"] * 10)} for n in range(12)]

    with pytest.raises(BrokenReference, match="more than a design may"):
        References({"components": [*names, {"name": "x" * 100}]}).resolve("$(#ref.components.0.name)")


def test_a_value_that_nests_too_deep_is_not_brought_in():
    value: object = "x"
    for _ in range(30):
        value = [value]

    with pytest.raises(BrokenReference, match="deeper"):
        References({"services": {"a": {"settings": value}}}).resolve("$(#ref.services.a.settings)")


def test_an_object_has_what_its_design_refers_to_and_the_report_says_so():
    made = rendered(
        component("Service", "web", {"spec": {"ports": [{"port": "$(#ref.components.1.configuration.data.port)"}]}}),
        component("ConfigMap", "settings", {"data": {"port": 80}}, metadata={"isAnnotation": True}),
    )

    assert only_object(made)["spec"]["ports"] == [{"port": 80}]
    (repair,) = report_on(made, "web").repairs
    assert (repair.name, "spec.ports[0].port" in repair.message) == ("ResolveReferences", True)


def test_a_component_with_a_broken_reference_is_refused_by_field_and_path():
    report = rendered(component("ConfigMap", "a", {"data": {"x": "$(#ref.nothing.here)"}})).components[0]

    assert (report.outcome, report.reason) == (Outcome.REFUSED, "UnresolvedReference")
    assert "data.x" in report.message
    assert "nothing.here" in report.message


def test_the_services_form_refers_by_the_keys_of_its_services():
    services = {
        "a": {"name": "a", "type": "ConfigMap", "apiVersion": "v1", "settings": {"data": {"x": "1"}}},
        "b": {
            "name": "b",
            "type": "ConfigMap",
            "apiVersion": "v1",
            "settings": {"data": {"y": "$(#ref.services.a.settings.data.x)"}},
        },
    }
    made = render([File("design.yml", json.dumps({"name": "d", "services": services}).encode())], options=MESHERY)

    assert made.objects[1].body["data"] == {"y": "1"}


_PATHS = st.lists(
    st.sampled_from(["components", "services", "0", "1", "configuration", "name", "a", "a.b", ""]), max_size=6
).map(".".join)
_TEXT = st.lists(st.one_of(_PATHS.map("$(#ref.{})".format), st.text(max_size=4)), max_size=4).map("".join)
_VALUE = st.recursive(
    _TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "a.b", "name"]), inner)
)


@given(st.lists(st.fixed_dictionaries({"name": _TEXT, "configuration": _VALUE}), max_size=4), _TEXT)
def test_any_text_means_something_without_a_reference_or_is_told(components: list[object], text: str):
    try:
        meant = References({"name": "d", "components": components}).resolve(text)
    except BrokenReference as broken:
        assert str(broken)
    else:
        assert "$(#ref." not in json.dumps(meant)


def test_what_is_rendered_is_the_same_for_the_same_design():
    file = design(component("ConfigMap", "a", {"data": {"x": "$(#ref.name)"}}))

    first, again = (render([file], options=MESHERY) for _ in range(2))

    assert first.objects[0].body == again.objects[0].body
    assert first.components == again.components


def _alike(depth: int) -> dict[str, object]:
    """Keys that all begin alike: every way to write ``a.a.a...`` leads somewhere."""
    made: dict[str, object] = {}
    levels: list[dict[str, object]] = [{} for _ in range(depth)]
    for number, level in enumerate(levels):
        for length in range(1, depth - number):
            level[".".join(["a"] * length)] = levels[number + length]
    made["name"] = levels[0]
    return made


def test_keys_that_begin_alike_cost_no_more_than_a_number_of_steps():
    references = References(_alike(40))

    with pytest.raises(BrokenReference, match="more keys than are followed"):
        references.resolve(f"$(#ref.name.{'.'.join(['a'] * 60)})")
    assert references.looked < 2 * MAX_REFERENCE_STEPS
