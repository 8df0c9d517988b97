"""Objects of every shape in the cluster of an operator: they cost nobody else anything (field case 05)."""

import time
import urllib.request
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.e2e.scenario import Scenario, config_map, eventually, push, push_files, widgets
from tests.testbed.testbed import Testbed

CASE = Path(__file__).parents[1] / "data" / "field-cases" / "05-spec-is-no-object"
OWNER = "pattern-operator.io/owner"


def is_repaired(scenario: Scenario, name: str) -> None:
    """Wait until somebody's change of a ConfigMap is repaired."""
    scenario.edit("configmap", name, {"data": {"a": uuid4().hex}})
    scenario.until_object("configmap", name, lambda found: found["data"] == {"a": "1"})


def metrics(testbed: Testbed) -> str:
    with urllib.request.urlopen(testbed.operator.metrics) as answer:  # noqa: S310 - our own operator
        text: str = answer.read().decode()
    return text


def probe(testbed: Testbed, path: str) -> str:
    with urllib.request.urlopen(f"http://{testbed.operator.address}/{path}") as answer:
        text: str = answer.read().decode()
    return text


def test_a_spec_that_is_a_list_is_applied_and_the_bystander_is_looked_after(
    testbed: Testbed, scenario: Scenario
) -> None:
    bystander = scenario.another("bystander")
    there = push_files(scenario.repository, "bystander", {"cm.yaml": (CASE / "bystander" / "cm.yaml").read_bytes()})
    bystander.want(ref={"tag": "bystander"})
    bystander.until_runs(there)

    odd = push_files(scenario.repository, "odd", {"all.yaml": (CASE / "v1" / "all.yaml").read_bytes()})
    scenario.want(ref={"tag": "odd"})
    scenario.until_runs(odd)
    is_repaired(scenario, "bystander")
    scenario.edit("dashboards.grr.example", "home", {"spec": ["theirs"]})
    scenario.until_object("dashboards.grr.example", "home", lambda found: found["spec"] == ["cpu", "memory"])
    is_repaired(scenario, "bystander")

    assert probe(testbed, "readyz") == "works\n"
    assert probe(testbed, "healthz") == "ok\n"
    scenario.delete()
    scenario.until_gone()


def test_whatever_carries_the_label_costs_nobody_anything(testbed: Testbed, scenario: Scenario) -> None:
    """No right on DesignPatterns is needed to make these: only one to make an object, and to label it."""
    group = f"g{uuid4().hex[:8]}.example.com"
    digest = push(
        scenario.repository, "1.0.0", widgets(group), config_map("settings"), widget_of(group, "ours", {"size": 1})
    )
    scenario.want()
    scenario.until_runs(digest)
    owner = scenario.get("configmap", "settings")["metadata"]["labels"][OWNER]

    for number, spec in enumerate(([], ["a"], "text", 5, {"finalizers": 5}, {"finalizers": [{}]}, {"a": deep(400)})):
        for label in (owner, "x"):
            scenario.make(labelled(widget_of(group, f"alien-{number}-{label[:1]}", spec), label))
    is_repaired(scenario, "settings")
    scenario.edit(f"widgets.{group}", "ours", {"spec": {"size": 2}})
    scenario.until_object(f"widgets.{group}", "ours", lambda found: found["spec"] == {"size": 1})

    counted = [
        line for line in metrics(testbed).splitlines() if line.startswith("pattern_operator_internal_errors_total")
    ]
    assert counted
    assert all(line.endswith(" 0.0") for line in counted)
    eventually(lambda: scenario.events("NotInInventory"))
    (event,) = scenario.events("NotInInventory")
    assert event["message"].startswith("7 objects carry the owner label of this pattern and are not in its inventory")
    assert scenario.status["inventory"]["count"] == 3


def test_an_object_that_was_labelled_before_it_came_into_the_inventory_is_ours_from_then_on(scenario: Scenario) -> None:
    """What the watch told while nobody had it in an inventory was not kept: it is looked for again."""
    first = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want()
    scenario.until_runs(first)
    owner = scenario.get("configmap", "settings")["metadata"]["labels"][OWNER]
    scenario.make(labelled(config_map("alien", a="theirs"), owner))
    time.sleep(0.5)  # the watch has told of it, which nothing shows

    second = push(scenario.repository, "1.1.0", config_map("settings"), config_map("alien"))
    scenario.want(ref={"tag": "1.1.0"})
    scenario.until_runs(second)

    assert scenario.get("configmap", "alien")["data"] == {"a": "1"}
    is_repaired(scenario, "alien")
    scenario.remove("configmap", "alien")
    scenario.until_object("configmap", "alien", lambda found: found is not None)
    eventually(lambda: scenario.names() == ["alien", "settings"])


def widget_of(group: str, name: str, spec: object) -> dict[str, Any]:
    return {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}


def labelled(body: dict[str, Any], owner: str) -> dict[str, Any]:
    return deepcopy(body) | {"metadata": {**body["metadata"], "labels": {OWNER: owner}}}


def deep(levels: int) -> object:
    found: object = {}
    for _ in range(levels):
        found = {"a": found}
    return found
