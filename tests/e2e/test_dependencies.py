"""Patterns that depend on others: in their order, woken by the watch, and never in a circle."""

from tests.cli.program import Patternctl
from tests.e2e.scenario import Scenario, condition, config_map, deployment, eventually, push, push_files
from tests.e2e.test_nested import inner

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


def test_what_can_never_be_met_is_told_of_patterns_that_run_and_ends_a_wait_for_them(
    scenario: Scenario, registry, tmp_path
) -> None:
    patternctl = Patternctl(tmp_path, {"KUBECONFIG": str(scenario.kubectl.kubeconfig.path)})
    wait = ("reconcile", scenario.name, "-n", scenario.namespace, "--wait", "--timeout", "60s")
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    db = scenario.another("db", repository=registry.repository("db"))
    of_db = push(db.repository, "1.0.0", config_map("of-db"))
    scenario.want()
    db.want()
    for each, runs in ((scenario, digest), (db, of_db)):
        each.until_runs(runs)

    scenario.change({"dependsOn": [{"name": "db"}]})
    depends = patternctl(*wait)
    db.change({"dependsOn": [{"name": scenario.name}]})
    for each in (scenario, db):
        each.until_says("Ready", "DependencyCycle")
    status, circle = scenario.status, patternctl(*wait)
    db.change({"dependsOn": None})
    scenario.until_runs(digest)
    scenario.change({"dependsOn": [{"name": "db", "version": ">=18446744073709551616"}]})
    scenario.until_says("Ready", "InvalidReference")
    wrong = patternctl(*wait)
    scenario.remove("configmap", "settings")
    scenario.until_object("configmap", "settings", lambda found: found is not None)

    assert depends.code == 0
    assert (circle.code, wrong.code) == (1, 1)
    assert "DependencyCycle: the dependencies go round in a circle" in circle.err
    assert "is not a range of versions" in wrong.err
    assert condition(status, "Stalled")["status"] == condition(status, "Applied")["status"] == "True"
    eventually(lambda: scenario.events("DependencyCycle") and db.events("DependencyCycle"))
    eventually(lambda: scenario.events("InvalidReference"))


def test_a_pattern_that_depends_on_what_it_contains_is_told_and_goes_on_without(scenario: Scenario, registry) -> None:
    db = registry.repository("db")
    push(db, "1.0.0", config_map("settings"))
    digest = push(scenario.repository, "1.0.0", inner(scenario, "db", db.name))

    scenario.want(dependsOn=[{"name": "db"}])
    told = scenario.until_says("Ready", "DependencyCycle")
    stalled = scenario.condition("Stalled")
    scenario.change({"dependsOn": None})
    scenario.until_runs(digest)

    assert (
        f"{scenario.namespace}/{scenario.name} -> {scenario.namespace}/db, which the first contains" in told["message"]
    )
    assert (told["status"], stalled["status"]) == ("False", "True")
