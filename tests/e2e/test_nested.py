"""Patterns that hold DesignPatterns: one level below the other, and never in a circle."""

from typing import Any

from tests.e2e.scenario import API, Scenario, annotated, condition, config_map, push


def inner(scenario: Scenario, name: str, repository: str) -> dict[str, Any]:
    """A DesignPattern as an object of another pattern."""
    source = {"url": f"oci://{scenario.repository.registry}/{repository}", "insecure": True, "ref": {"tag": "1.0.0"}}
    spec = {"interval": "1h", "source": source}
    return {"apiVersion": API, "kind": "DesignPattern", "metadata": {"name": name}, "spec": spec}


def test_a_pattern_of_patterns_is_ready_when_they_are_and_takes_them_with_it(scenario: Scenario, registry) -> None:
    nested = registry.repository("nested")
    push(nested, "1.0.0", config_map("in-the-inner"))
    digest = push(scenario.repository, "1.0.0", inner(scenario, "inner", nested.name), config_map("in-the-outer"))

    scenario.want()
    scenario.until_runs(digest)
    there = scenario.names()
    scenario.delete()
    scenario.until_gone()

    assert there == ["in-the-inner", "in-the-outer"]
    assert scenario.names() == scenario.names("designpattern") == []


def test_a_pattern_that_holds_itself_is_refused_and_can_be_deleted(scenario: Scenario) -> None:
    push(scenario.repository, "1.0.0", inner(scenario, scenario.name, scenario.repository.name), config_map("settings"))

    scenario.want()
    refused = scenario.until_says("Ready", "ContainsItself")
    scenario.delete()
    scenario.until_gone()

    assert (
        f"DesignPattern {scenario.namespace}/{scenario.name}, which is this pattern or contains it"
        in refused["message"]
    )
    assert scenario.names() == []


def test_two_patterns_that_hold_each_other_end_where_the_circle_would_close(scenario: Scenario, registry) -> None:
    other = registry.repository("other")
    push(other, "1.0.0", inner(scenario, scenario.name, scenario.repository.name))
    push(scenario.repository, "1.0.0", inner(scenario, "other", other.name))

    scenario.want()
    closes = Scenario(scenario.kubectl, scenario.namespace, other, name="other")
    refused = closes.until_says("Ready", "ContainsItself")
    scenario.delete()
    scenario.until_gone()

    assert f"DesignPattern {scenario.namespace}/{scenario.name}" in refused["message"]
    assert condition({"conditions": [refused]}, "Ready")["status"] == "False"
    closes.until_gone()


def test_a_pattern_that_is_let_go_makes_no_new_ones_until_it_is_taken_over(scenario: Scenario, registry) -> None:
    leaf, middle = registry.repository("leaf"), registry.repository("middle")
    push(leaf, "1.0.0", config_map("in-the-leaf"))
    push(middle, "1.0.0", config_map("in-the-middle"))
    newer = push(middle, "2.0.0", config_map("in-the-middle"), inner(scenario, "leaf", leaf.name))
    kept = annotated(inner(scenario, "middle", middle.name), prune="disabled")
    digest = push(scenario.repository, "1.0.0", kept, config_map("settings"))
    without = push(scenario.repository, "2.0.0", config_map("settings"))

    scenario.want()
    scenario.until_runs(digest)
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(without)
    free = Scenario(scenario.kubectl, scenario.namespace, middle, name="middle")
    marks = scenario.get("designpattern", "middle")["metadata"]["annotations"]
    free.change({"source": {"ref": {"tag": "2.0.0"}}})
    told = free.until_says("Ready", "ContainsItself")["message"]
    before = scenario.there("designpattern", "leaf")
    free.annotate("pattern-operator.io/releasedBy-")
    free.until_runs(newer)
    after = scenario.there("designpattern", "leaf")
    for each in (free, scenario):
        each.delete()
        each.until_gone()

    assert marks["pattern-operator.io/releasedBy"] == f"{scenario.namespace}/{scenario.name}"
    assert "kubectl annotate designpattern middle" in told
    assert (before, after) == (False, True)
