"""Changes of applied objects by others: what is repaired, what is only reported, and what is left to them."""

import json
from typing import Any

import pytest
from tests.apply.harness import two_versions
from tests.e2e.scenario import Scenario, condition, config_map, deployment, eventually, push, widget, widgets
from tests.testbed.gate import gate
from tests.testbed.operator import ACCOUNT, NAMESPACE
from tests.testbed.testbed import Testbed

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
UNDONE = 12  # repairs that are undone by a test; a handful is made at once


def test_a_changed_field_is_repaired_at_once_by_one_apply(testbed: Testbed, scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"), config_map("other"))
    scenario.want()  # whose interval is an hour
    scenario.until_runs(digest)

    with gate("none", namespace=scenario.namespace, kubectl=scenario.kubectl, authority=testbed.authority) as opened:
        scenario.edit("configmap", "settings", {"data": {"a": "theirs"}})
        scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})
        eventually(lambda: scenario.events("DriftRepaired"))

    assert opened.written == [("admin", "settings"), (OPERATOR, "settings")]
    (event,) = scenario.events("DriftRepaired")
    assert f"ConfigMap {scenario.namespace}/settings was changed by kubectl" in event["message"]


def test_who_scales_a_workload_is_named_and_it_is_scaled_back(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", deployment("web", replicas=1))
    scenario.want()
    scenario.until_runs(digest)

    scenario.kubectl("-n", scenario.namespace, "scale", "deployment", "web", "--replicas=3")
    scenario.until_object("deployment", "web", lambda found: found["metadata"]["generation"] == 3)
    eventually(lambda: scenario.events("DriftRepaired"))

    assert scenario.get("deployment", "web")["spec"]["replicas"] == 1
    (event,) = scenario.events("DriftRepaired")
    assert f"Deployment.apps {scenario.namespace}/web was changed by kubectl" in event["message"]


def test_a_bystander_that_writes_later_is_not_said_to_have_changed_it(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings", a="1", b="2"))
    scenario.want(apply={"driftPolicy": "Report"})
    scenario.until_runs(digest)

    scenario.edit("configmap", "settings", {"data": {"a": "theirs"}})
    scenario.kubectl("-n", scenario.namespace, "annotate", "configmap", "settings", "x=y", "--field-manager=bystander")
    scenario.until_says("Applied", "Drifted")
    told = scenario.condition("Applied")["message"]
    scenario.edit("configmap", "settings", {"data": {"b": None, "a": None}})
    scenario.request()
    removed = scenario.condition("Applied")["message"]

    assert f"ConfigMap {scenario.namespace}/settings was changed by kubectl-patch" in told
    assert f"ConfigMap {scenario.namespace}/settings was changed" in removed
    assert "by bystander" not in told + removed


def test_a_deleted_object_is_made_again_at_once(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want()
    scenario.until_runs(digest)
    before = scenario.get("configmap", "settings")["metadata"]["uid"]

    scenario.remove("configmap", "settings")
    scenario.until_object("configmap", "settings", lambda found: found and found["metadata"]["uid"] != before)
    eventually(lambda: scenario.events("DriftRepaired"))

    (event,) = scenario.events("DriftRepaired")
    assert f"ConfigMap {scenario.namespace}/settings was deleted" in event["message"]


def test_a_field_that_another_manager_took_by_force_is_taken_back(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want()
    scenario.until_runs(digest)

    scenario.make(config_map("settings", a="theirs"))  # with --force-conflicts
    scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})


def test_a_field_that_left_the_pattern_leaves_the_object(scenario: Scenario) -> None:
    first = push(scenario.repository, "1.0.0", config_map("settings", a="1", b="2"))
    second = push(scenario.repository, "2.0.0", config_map("settings", a="1"))
    scenario.want()
    scenario.until_runs(first)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)

    assert scenario.get("configmap", "settings")["data"] == {"a": "1"}


def test_an_object_that_is_held_while_it_is_deleted_is_made_again_when_it_has_gone(scenario: Scenario) -> None:
    held = config_map("settings")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    digest = push(scenario.repository, "1.0.0", held)
    scenario.want()
    scenario.until_runs(digest)
    before = scenario.get("configmap", "settings")["metadata"]["uid"]

    scenario.remove("configmap", "settings")
    going = scenario.until(lambda status: condition(status, "Ready")["status"] != "True")
    scenario.edit("configmap", "settings", {"metadata": {"finalizers": None}})
    scenario.until_runs(digest)

    assert f"ConfigMap {scenario.namespace}/settings: is being deleted" in condition(going, "Healthy")["message"]
    assert scenario.get("configmap", "settings")["metadata"]["uid"] != before


def test_an_object_whose_kind_went_is_made_again_when_the_kind_is_back(scenario: Scenario, group: str) -> None:
    scenario.kubectl.apply(widgets(group))
    scenario.kubectl.established(f"widgets.{group}")
    digest = push(scenario.repository, "1.0.0", widget(group, "first"), config_map("settings"))
    scenario.want()  # whose interval is an hour
    scenario.until_runs(digest)

    scenario.kubectl("delete", "crd", f"widgets.{group}")
    missing = scenario.until(lambda status: condition(status, "Ready")["reason"] == "KindNotFound")
    scenario.kubectl.apply(widgets(group))
    scenario.until_runs(digest)

    assert f"Widget.{group} {scenario.namespace}/first: " in condition(missing, "Ready")["message"]
    assert condition(missing, "Healthy")["status"] != "True"
    assert scenario.names(f"widgets.{group}") == ["first"]
    scenario.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


def server(group: str, version: str, **spec: str) -> dict[str, Any]:
    return {"apiVersion": f"{group}/{version}", "kind": "Server", "metadata": {"name": "it"}, "spec": spec}


def test_a_change_of_which_managed_fields_says_nothing_is_repaired_or_told(scenario: Scenario, group: str) -> None:
    crd = two_versions("Server", group).body
    scenario.kubectl.apply(crd)
    scenario.kubectl.established(f"servers.{group}")
    digest = push(scenario.repository, "1.0.0", server(group, "v1beta1", port="p1"))
    scenario.want()  # whose interval is an hour
    scenario.until_runs(digest)

    scenario.edit(f"servers.v1beta3.{group}", "it", {"spec": {"port": "hack"}})
    scenario.until_object(f"servers.{group}", "it", lambda found: found["spec"]["port"] == "p1")
    eventually(lambda: scenario.events("DriftRepaired"))
    scenario.change({"apply": {"driftPolicy": "Report"}})
    scenario.until_runs(digest)
    scenario.edit(f"servers.v1beta3.{group}", "it", {"spec": {"port": "hack"}})
    told = scenario.until_says("Applied", "Drifted")
    scenario.edit(f"servers.v1beta3.{group}", "it", {"spec": {"port": "p1"}})
    scenario.until_says("Applied", "Succeeded")

    assert f"Server.{group} {scenario.namespace}/it was changed" in told["message"]
    scenario.kubectl("delete", "crd", f"servers.{group}", "--wait=false")


def test_a_job_that_has_done_its_work_and_was_cleaned_up_does_not_run_again(scenario: Scenario) -> None:
    template = {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]}
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}}
    job["spec"] = {"ttlSecondsAfterFinished": 0, "template": template}
    digest = push(scenario.repository, "1.0.0", job, config_map("settings"))

    scenario.want()
    scenario.until_object("job", "migrate", lambda found: found is not None)
    scenario.until_object("job", "migrate", lambda found: found is None)
    scenario.until_runs(digest)
    scenario.edit("configmap", "settings", {"data": {"a": "theirs"}})
    scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})
    eventually(lambda: scenario.events("DriftRepaired"))

    assert not scenario.there("job", "migrate")
    assert [event["message"] for event in scenario.events("DriftRepaired") if "Job" in event["message"]] == []


def test_who_undoes_each_repair_is_named_and_repaired_ever_more_slowly(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want()
    scenario.until_runs(digest)

    for round_ in range(UNDONE):
        scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})
        scenario.edit("configmap", "settings", {"data": {"a": f"theirs {round_}"}})
        if condition(scenario.status, "Applied")["reason"] == "Drifted":
            break
    contested = scenario.until_says("Applied", "Drifted")

    assert (
        f"ConfigMap {scenario.namespace}/settings is changed again after each repair by kubectl" in contested["message"]
    )
    assert condition(scenario.status, "Ready")["status"] == "True"


def test_what_the_pattern_does_not_set_is_left_to_others(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings", a="1"))
    scenario.want()
    scenario.until_runs(digest)

    scenario.edit("configmap", "settings", {"data": {"b": "theirs"}, "metadata": {"labels": {"team": "theirs"}}})
    scenario.request()

    assert scenario.get("configmap", "settings")["data"] == {"a": "1", "b": "theirs"}
    assert scenario.get("configmap", "settings")["metadata"]["labels"]["team"] == "theirs"


def test_drift_is_only_told_where_the_pattern_says_report(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want(apply={"driftPolicy": "Report"})
    scenario.until_runs(digest)

    scenario.edit("configmap", "settings", {"data": {"a": "theirs"}})
    drifted = scenario.until_says("Applied", "Drifted")
    left = scenario.get("configmap", "settings")["data"]
    wide = scenario.kubectl("-n", scenario.namespace, "get", "dp", "-o", "wide")
    eventually(lambda: scenario.events("Drifted"))
    scenario.edit("configmap", "settings", {"data": {"a": "1"}})
    scenario.change({"apply": {"driftPolicy": "Repair"}})
    status = scenario.until(lambda status: condition(status, "Applied")["reason"] == "Succeeded")
    eventually(lambda: scenario.events("DriftResolved"))

    assert drifted["status"] == "True"
    assert f"ConfigMap {scenario.namespace}/settings was changed by kubectl" in drifted["message"]
    assert left == {"a": "theirs"}
    assert condition(status, "Ready")["status"] == "True"
    assert f"ConfigMap {scenario.namespace}/settings was changed by kubectl" in wide
    (event,) = scenario.events("Drifted")
    assert event["type"] == "Warning"
    assert event["message"].startswith(f"ConfigMap {scenario.namespace}/settings was changed by kubectl")


def test_drift_that_somebody_puts_back_by_hand_is_resolved_and_the_next_one_is_told(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want(apply={"driftPolicy": "Report"})
    scenario.until_runs(digest)

    scenario.edit("configmap", "settings", {"data": {"a": "theirs"}})
    scenario.until_says("Applied", "Drifted")
    scenario.edit("configmap", "settings", {"data": {"a": "1"}})
    resolved = scenario.until_says("Applied", "Succeeded")
    eventually(lambda: scenario.events("DriftResolved"))
    scenario.request()
    requested = scenario.condition("Applied")
    scenario.edit("configmap", "settings", {"data": {"a": "theirs again"}})
    again = scenario.until_says("Applied", "Drifted")

    assert "was changed" not in resolved["message"]
    assert requested["reason"] == "Succeeded"
    assert f"ConfigMap {scenario.namespace}/settings was changed by kubectl" in again["message"]


def test_an_object_that_is_annotated_so_in_the_cluster_is_let_be_until_it_is_not(scenario: Scenario) -> None:
    first = push(scenario.repository, "1.0.0", config_map("settings", a="1"))
    second = push(scenario.repository, "2.0.0", config_map("settings", a="2"))
    scenario.want()
    scenario.until_runs(first)

    scenario.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": "disabled"}}})
    scenario.edit("configmap", "settings", {"data": {"a": "theirs"}})
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until_runs(second)
    left = scenario.get("configmap", "settings")["data"]
    scenario.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": None}}})
    scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "2"})

    assert left == {"a": "theirs"}
    assert f"ConfigMap {scenario.namespace}/settings is skipped" in condition(status, "Applied")["message"]


@pytest.mark.parametrize("policy", ["Repair", "Report"])
def test_an_update_that_an_object_missed_is_applied_when_its_annotation_goes(scenario: Scenario, policy: str) -> None:
    first = push(scenario.repository, "1.0.0", config_map("settings", a="1"))
    second = push(scenario.repository, "2.0.0", config_map("settings", a="2"))
    scenario.want(apply={"driftPolicy": policy})
    scenario.until_runs(first)
    said = f"ConfigMap {scenario.namespace}/settings is skipped"

    scenario.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": "disabled"}}})
    scenario.until(lambda status: said in condition(status, "Applied")["message"])
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until_runs(second)
    left = scenario.get("configmap", "settings")["data"]
    scenario.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": None}}})
    scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "2"})
    scenario.until(lambda status: said not in condition(status, "Applied")["message"])
    eventually(lambda: scenario.events("DriftRepaired"))

    assert left == {"a": "1"}
    assert said in condition(status, "Applied")["message"]
    (event,) = scenario.events("DriftRepaired")
    assert "was skipped while it was annotated reconcile: disabled; it was applied again" in event["message"]


def test_an_object_that_was_there_and_let_be_is_adopted_when_its_annotation_goes(scenario: Scenario) -> None:
    scenario.make(config_map("settings", a="theirs"))
    scenario.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": "disabled"}}})
    digest = push(scenario.repository, "1.0.0", config_map("settings", a="1"), config_map("other"))
    scenario.want(retryInterval="2s", apply={"adopt": "Always", "conflicts": "Take"})
    status = scenario.until_runs(digest)
    left = scenario.get("configmap", "settings")["data"]
    said = f"ConfigMap {scenario.namespace}/settings is skipped"

    scenario.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": None}}})
    scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})
    scenario.until(lambda status: said not in condition(status, "Applied")["message"])

    assert left == {"a": "theirs"}
    assert said in condition(status, "Applied")["message"]


def test_a_field_of_another_manager_is_a_conflict_until_the_pattern_takes_it(scenario: Scenario) -> None:
    scenario.make(config_map("settings", a="theirs"))
    digest = push(scenario.repository, "1.0.0", config_map("settings", a="ours"), config_map("other"))

    scenario.want()
    conflict = scenario.until_says("Ready", "Conflict")
    left = scenario.get("configmap", "settings")
    there = scenario.names()
    scenario.change({"apply": {"conflicts": "Take"}})
    scenario.until_runs(digest)

    assert f"ConfigMap {scenario.namespace}/settings: " in conflict["message"]
    assert 'held with other values by "kubectl" (field managers)' in conflict["message"]
    assert "spec.apply.conflicts: Take" in conflict["message"]
    assert left["data"] == {"a": "theirs"}
    assert there == ["other"]
    assert scenario.get("configmap", "settings")["data"] == {"a": "ours"}


def test_what_a_conflict_left_to_others_is_theirs_when_the_pattern_goes(scenario: Scenario) -> None:
    scenario.make(config_map("settings", a="theirs"))
    push(scenario.repository, "1.0.0", config_map("settings", a="ours"))
    scenario.want()
    scenario.until_says("Ready", "Conflict")

    scenario.delete()
    scenario.until_gone()

    assert scenario.get("configmap", "settings")["data"] == {"a": "theirs"}


@pytest.mark.parametrize("named", [{"name": "http"}, {}], ids=["refused", "beside ours"])
def test_what_somebody_put_in_the_place_of_ours_goes_and_holds_up_nothing_newer(
    scenario: Scenario, named: dict[str, str]
) -> None:
    def web(port: int) -> dict[str, Any]:
        made = deployment("web")
        made["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": port, **named}]
        return made

    def ports(found: dict[str, Any]) -> list[int]:
        (main,) = found["spec"]["template"]["spec"]["containers"]
        return [each["containerPort"] for each in main["ports"]]

    first, second = push(scenario.repository, "1.0.0", web(80)), push(scenario.repository, "2.0.0", web(90))
    scenario.want(apply={"wait": False})
    scenario.until_runs(first)
    path = "/spec/template/spec/containers/0/ports/0/containerPort"
    patch = json.dumps([{"op": "replace", "path": path, "value": 81}])
    scenario.kubectl("-n", scenario.namespace, "patch", "deployment", "web", "--type=json", "-p", patch)
    eventually(lambda: scenario.events("DriftRepaired"))
    repaired = ports(scenario.get("deployment", "web"))
    status = scenario.request()

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)

    assert repaired == [80]
    assert condition(status, "Ready")["status"] == "True"
    assert ports(scenario.get("deployment", "web")) == [90]
