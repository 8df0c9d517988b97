"""Hooks of charts on a real control plane. Their pods find no node: a test ends Jobs, as their controller does."""

import json
from collections.abc import Mapping

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, tar
from tests.e2e.test_ended import NOWHERE, end
from tests.testbed.repository import Repository

CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
LABEL = "pattern-operator.io/hook"


def job(name: str, event: str, **annotations: str) -> str:
    """A template of a Job that is a hook; annotations are named by their last word."""
    more = {f"helm.sh/hook-{each.replace('_', '-')}": value for each, value in annotations.items()}
    container = {"name": "main", "image": "registry.example/main:1"}
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "annotations": {"helm.sh/hook": event, **more}},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "nodeSelector": NOWHERE, "containers": [container]}}},
    }
    return json.dumps(body)


def push_chart(repository: Repository, tag: str, templates: Mapping[str, str], *, crds: Mapping[str, str] = {}) -> str:
    """Push a chart as ``helm push`` does; the digest."""
    files = {"shop/Chart.yaml": f"apiVersion: v2\nname: shop\nversion: {tag}\n"}
    files |= {f"shop/templates/{name}.yaml": text for name, text in templates.items()}
    files |= {f"shop/crds/{name}.yaml": text for name, text in crds.items()}
    layer = tar({path: text.encode() for path, text in files.items()})
    config = json.dumps({"apiVersion": "v2", "name": "shop", "version": tag}).encode()
    return repository.push(tag, [(CHART, layer)], config=(CONFIG, config))


def ends(scenario: Scenario, name: str, *, well: bool = True) -> None:
    """End a Job as its controller does, once that has begun with it."""
    scenario.until_object("job", name, lambda each: each is not None and each.get("status", {}).get("active") == 1)
    end(scenario, name, "Complete" if well else "Failed")


def templates(value: str, *hooks: str) -> dict[str, str]:
    return {"map": json.dumps(config_map("shop", a=value)), **{f"hook{n}": each for n, each in enumerate(hooks)}}


def uid(scenario: Scenario, name: str) -> str:
    return str(scenario.get("job", name)["metadata"]["uid"])


def test_a_chart_is_installed_updated_and_deleted_with_its_hooks(scenario: Scenario) -> None:
    hooks = (
        job("seed", "pre-install,pre-upgrade"),
        job("notify", "post-install,post-upgrade", delete_policy="hook-succeeded,before-hook-creation"),
        job("backup", "pre-delete"),
        job("check", "test"),
    )
    one = push_chart(scenario.repository, "1.0.0", templates("1", *hooks))
    two = push_chart(scenario.repository, "2.0.0", templates("2", *hooks))
    scenario.want(ref={"tag": "1.0.0"})
    scenario.until_says("Ready", "HookRunning")
    assert not scenario.there("configmap", "shop")
    ends(scenario, "seed")
    scenario.until_object("configmap", "shop", lambda each: each is not None)
    ends(scenario, "notify")
    scenario.until_runs(one)
    scenario.until_object("job", "notify", lambda each: each is None)
    first = uid(scenario, "seed")
    assert scenario.names("job") == ["seed"]
    assert scenario.status["inventory"]["count"] == 1

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_object("job", "seed", lambda each: each is not None and each["metadata"]["uid"] != first)
    assert scenario.get("configmap", "shop")["data"]["a"] == "1"
    ends(scenario, "seed")
    ends(scenario, "notify")
    scenario.until_runs(two)
    described = scenario.kubectl("-n", scenario.namespace, "describe", "dp", scenario.name)
    assert "post-upgrade" in described

    scenario.delete()
    ends(scenario, "backup")
    scenario.until_gone()

    assert not scenario.there("configmap", "shop")
    assert not scenario.there("job", "check")


def test_a_hook_that_fails_leaves_what_runs_and_is_run_again_when_somebody_asks(scenario: Scenario) -> None:
    one = push_chart(scenario.repository, "1.0.0", templates("1"))
    two = push_chart(scenario.repository, "2.0.0", templates("2", job("migrate", "pre-upgrade")))
    scenario.want(ref={"tag": "1.0.0"})
    scenario.until_runs(one)
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    ends(scenario, "migrate", well=False)

    said = scenario.until_says("Ready", "HookFailed")
    assert f"pre-upgrade hook Job.batch {scenario.namespace}/migrate failed (Test)" in said["message"]
    assert scenario.get("configmap", "shop")["data"]["a"] == "1"
    before = uid(scenario, "migrate")
    scenario.annotate("pattern-operator.io/requestedAt=again")
    scenario.until_object("job", "migrate", lambda each: each is not None and each["metadata"]["uid"] != before)
    ends(scenario, "migrate")

    scenario.until_runs(two)


@pytest.mark.parametrize("runs", [False, True], ids=["before-it-is-made", "while-it-runs"])
def test_a_namespace_is_deleted_although_its_pattern_has_a_hook_before_the_deletion(
    scenario: Scenario, runs: bool
) -> None:
    one = push_chart(scenario.repository, "1.0.0", templates("1", job("backup", "pre-delete")))
    scenario.want(ref={"tag": "1.0.0"})
    scenario.until_runs(one)
    if runs:
        scenario.delete()
        scenario.until_object("job", "backup", lambda each: each is not None and each["status"].get("active") == 1)

    scenario.kubectl.client.delete("namespace", scenario.namespace, namespace="")

    scenario.kubectl.until("namespace", scenario.namespace, lambda each: each is None, namespace="")


def test_an_object_of_others_with_the_name_of_a_hook_is_neither_run_nor_deleted(scenario: Scenario) -> None:
    mine = json.loads(job("seed", "pre-install"))
    scenario.make(mine)
    before = uid(scenario, "seed")
    push_chart(scenario.repository, "1.0.0", templates("1", job("seed", "pre-install", delete_policy="hook-failed")))
    scenario.want(ref={"tag": "1.0.0"})

    said = scenario.until_says("Ready", "HookFailed")
    assert "is there already, and no hook of this pattern made it" in said["message"]
    assert uid(scenario, "seed") == before
    assert LABEL not in scenario.get("job", "seed")["metadata"].get("labels", {})
    scenario.remove("job", "seed")
    scenario.annotate("pattern-operator.io/requestedAt=again")
    ends(scenario, "seed")
    scenario.until(lambda status: condition(status, "Ready")["status"] == "True")


def test_definitions_of_the_chart_are_there_before_its_hooks(scenario: Scenario) -> None:
    group = f"g{scenario.namespace.replace('-', '')}.example.com"
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }
    widget = {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "metadata": {"name": "first", "annotations": {"helm.sh/hook": "pre-install"}},
    }
    digest = push_chart(
        scenario.repository, "1.0.0", templates("1", json.dumps(widget)), crds={"widgets": json.dumps(crd)}
    )
    scenario.want(ref={"tag": "1.0.0"})

    scenario.until_runs(digest)

    assert scenario.there(f"widgets.{group}", "first")
