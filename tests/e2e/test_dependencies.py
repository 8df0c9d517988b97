"""Patterns that depend on others: in their order, woken by the watch, and never in a circle."""

from tests.e2e.scenario import Scenario, condition, config_map, deployment, push, push_files

PATTERN = b"""\
apiVersion: pattern-operator.io/v1alpha1
kind: Pattern
name: shop
dependsOn:
  - name: db
    version: ">=1.1 <2"
"""
OBJECTS = b"""\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: "1"}
"""


def test_a_pattern_is_applied_when_the_version_that_its_artifact_depends_on_is_ready(
    scenario: Scenario, registry
) -> None:
    digest = push_files(scenario.repository, "1.0.0", {"pattern.yaml": PATTERN, "objects.yaml": OBJECTS})
    db = scenario.another("db", repository=registry.repository("db"))
    push(db.repository, "1.0.0", config_map("db-one"))
    newer = push(db.repository, "1.1.0", config_map("db-two"), deployment("db"))

    scenario.want()
    missing = scenario.until_says("Ready", "DependencyNotReady")["message"]
    db.want()
    other = scenario.until(lambda status: "has version 1.0.0" in condition(status, "Ready")["message"])
    before = scenario.there("configmap", "settings")
    db.change({"source": {"ref": {"tag": "1.1.0"}}})
    db.until_runs(newer)
    scenario.until_runs(digest)
    db.delete()
    db.until_gone()

    assert f"DesignPattern {scenario.namespace}/db does not exist" in missing
    assert "is not in '>=1.1 <2'" in condition(other, "Ready")["message"]
    assert not before
    assert scenario.there("configmap", "settings")
    assert condition(scenario.status, "Ready")["status"] == "True"


def test_a_circle_is_told_to_all_of_it_and_ends_when_one_leaves_it(scenario: Scenario, registry) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    names = ("b", "c")
    b, c = (scenario.another(name, repository=registry.repository(name)) for name in names)
    for each in (b, c):
        push(each.repository, "1.0.0", config_map(each.name))

    scenario.want(dependsOn=[{"name": "b"}])
    b.want(dependsOn=[{"name": "c"}])
    c.want(dependsOn=[{"name": scenario.name}])
    told = [each.until_says("Ready", "DependencyCycle")["message"] for each in (scenario, b, c)]
    c.change({"dependsOn": None})
    scenario.until_runs(digest)

    place = scenario.namespace
    assert f"{place}/web -> {place}/b -> {place}/c -> {place}/web" in told[0]
    assert f"{place}/c -> {place}/web -> {place}/b -> {place}/c" in told[2]
    assert scenario.names() == ["b", "c", "settings"]
