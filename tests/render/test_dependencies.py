import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.render.designs import component, rendered, report_on

from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.apply.wave import waves


def _depending(**needs: list[object]) -> Rendering:
    return rendered(
        *(
            component("ConfigMap", name, {"data": {"a": "b"}}, metadata={"dependsOn": names})
            for name, names in needs.items()
        )
    )


def _after(made: Rendering) -> dict[str, tuple[str, ...]]:
    return {each.key.name: each.after for each in made.objects}


def test_a_component_goes_after_what_it_depends_on():
    made = _depending(web=["settings"], settings=[])

    assert _after(made) == {"web": ("id-of-settings",), "settings": ()}
    assert [[each.key.name for each in wave] for wave in waves(made.objects)] == [["settings"], ["web"]]
    assert report_on(made, "web").repairs == ()


def test_a_component_may_be_named_by_its_id():
    assert _after(_depending(web=["id-of-settings"], settings=[]))["web"] == ("id-of-settings",)


@pytest.mark.parametrize("needs", [{"a": ["a"]}, {"a": ["b"], "b": ["a"]}, {"a": ["b"], "b": ["c"], "c": ["a"]}])
def test_a_cycle_is_refused(needs: dict[str, list[object]]):
    made = _depending(**needs, beside=["free"], free=[], needs_a=["a"])

    refused = {each.name for each in made.with_outcome(Outcome.REFUSED)}
    assert refused == set(needs)
    assert {each.reason for each in made.with_outcome(Outcome.REFUSED)} == {"DependencyCycle"}
    assert _after(made)["beside"] == ("id-of-free",)


def test_a_name_that_nothing_bears_orders_nothing_and_is_told():
    made = _depending(web=["ghost", 1, None, ""])

    (repair,) = report_on(made, "web").repairs
    assert repair.name == "IgnoreDependencies"
    assert "ghost" in repair.message
    assert _after(made) == {"web": ()}


def test_a_name_that_several_objects_bear_orders_nothing_and_is_told():
    same = [component(kind, "same", {"data": {"a": "b"}}, id=kind) for kind in ("ConfigMap", "Secret")]
    made = rendered(*same, component("ConfigMap", "web", {}, metadata={"dependsOn": ["same"]}))

    assert "several" in report_on(made, "web").repair_messages[0]


def test_a_drawing_orders_nothing_and_is_told_and_a_namespace_that_is_there_is_not():
    made = rendered(
        component("Section", "frame", {}, metadata={"isAnnotation": True}),
        component("Namespace", "default"),
        component("ConfigMap", "web", {}, metadata={"dependsOn": ["frame", "default"]}),
    )

    assert len(report_on(made, "web").repairs) == 1
    assert "frame" in report_on(made, "web").repair_messages[0]


def test_many_components_of_one_name_and_id_cost_no_more_than_their_number():
    many = [
        component("ConfigMap", f"c{n}", {"data": {"a": "b"}}, id="same", metadata={"dependsOn": [f"c{n - 1}"]})
        for n in range(3000)
    ]
    begin = time.process_time()
    made = rendered(*many)
    assert len(waves(made.objects)) >= 1
    assert time.process_time() - begin < 20


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefg"), max_size=4)))
def test_what_is_left_of_any_design_goes_after_what_it_depends_on(needs: dict[str, list[object]]):
    made = _depending(**needs)

    place = {each.component: number for number, wave in enumerate(waves(made.objects)) for each in wave}
    assert len(place) == len(made.objects)
    assert all(place[id_] < place[each.component] for each in made.objects for id_ in each.after)
