"""What others do to objects that a pattern applied: what is put right, what is only told, and what is left to them."""

import json
from typing import Any

import pytest
from tests.e2e.story import Story, condition, config_map, deployment, eventually, push, widget, widgets
from tests.testbed.gate import gate
from tests.testbed.operator import ACCOUNT, NAMESPACE
from tests.testbed.testbed import Testbed

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
UNDONE = 12  # repairs that are undone by a test; a handful is made at once


def test_a_changed_field_is_put_right_at_once_by_one_apply(testbed: Testbed, story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"), config_map("other"))
    story.want()  # whose interval is an hour
    story.until_runs(digest)

    with gate("none", namespace=story.namespace, kubectl=story.kubectl, authority=testbed.authority) as opened:
        story.edit("configmap", "settings", {"data": {"a": "theirs"}})
        story.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"}, seconds=10)
        eventually(lambda: story.events("DriftRepaired"))

    assert opened.written == [("admin", "settings"), (OPERATOR, "settings")]
    (event,) = story.events("DriftRepaired")
    assert f"ConfigMap {story.namespace}/settings was changed by kubectl" in event["message"]


def test_who_scales_a_workload_is_named_and_it_is_scaled_back(story: Story) -> None:
    digest = push(story.repository, "1.0.0", deployment("web", replicas=1))
    story.want()
    story.until_runs(digest)

    story.kubectl("-n", story.namespace, "scale", "deployment", "web", "--replicas=3")
    story.until_object("deployment", "web", lambda found: found["metadata"]["generation"] == 3, seconds=10)
    eventually(lambda: story.events("DriftRepaired"))

    assert story.get("deployment", "web")["spec"]["replicas"] == 1
    (event,) = story.events("DriftRepaired")
    assert f"Deployment.apps {story.namespace}/web was changed by kubectl" in event["message"]


def test_a_bystander_that_writes_later_is_not_said_to_have_changed_it(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings", a="1", b="2"))
    story.want(apply={"driftPolicy": "Report"})
    story.until_runs(digest)

    story.edit("configmap", "settings", {"data": {"a": "theirs"}})
    story.kubectl("-n", story.namespace, "annotate", "configmap", "settings", "x=y", "--field-manager=bystander")
    story.until_says("Applied", "Drifted")
    told = story.condition("Applied")["message"]
    story.edit("configmap", "settings", {"data": {"b": None, "a": None}})
    story.request()
    removed = story.condition("Applied")["message"]

    assert f"ConfigMap {story.namespace}/settings was changed by kubectl-patch" in told
    assert f"ConfigMap {story.namespace}/settings was changed" in removed
    assert "by bystander" not in told + removed


def test_a_deleted_object_is_made_again_at_once(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want()
    story.until_runs(digest)
    before = story.get("configmap", "settings")["metadata"]["uid"]

    story.remove("configmap", "settings")
    story.until_object("configmap", "settings", lambda found: found and found["metadata"]["uid"] != before, seconds=10)
    eventually(lambda: story.events("DriftRepaired"))

    (event,) = story.events("DriftRepaired")
    assert f"ConfigMap {story.namespace}/settings was deleted" in event["message"]


def test_a_field_that_another_manager_took_by_force_is_taken_back(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want()
    story.until_runs(digest)

    story.make(config_map("settings", a="theirs"))  # with --force-conflicts
    story.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"}, seconds=10)


def test_a_field_that_left_the_pattern_leaves_the_object(story: Story) -> None:
    first = push(story.repository, "1.0.0", config_map("settings", a="1", b="2"))
    second = push(story.repository, "2.0.0", config_map("settings", a="1"))
    story.want()
    story.until_runs(first)

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)

    assert story.get("configmap", "settings")["data"] == {"a": "1"}


def test_an_object_that_is_held_while_it_is_deleted_is_made_again_when_it_has_gone(story: Story) -> None:
    held = config_map("settings")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    digest = push(story.repository, "1.0.0", held)
    story.want()
    story.until_runs(digest)
    before = story.get("configmap", "settings")["metadata"]["uid"]

    story.remove("configmap", "settings")
    going = story.until(lambda status: condition(status, "Ready")["status"] != "True")
    story.edit("configmap", "settings", {"metadata": {"finalizers": None}})
    story.until_runs(digest)

    assert f"ConfigMap {story.namespace}/settings: is being deleted" in condition(going, "Healthy")["message"]
    assert story.get("configmap", "settings")["metadata"]["uid"] != before


def test_an_object_whose_kind_went_is_made_again_when_the_kind_is_back(story: Story, group: str) -> None:
    story.kubectl.apply(widgets(group))
    story.kubectl.established(f"widgets.{group}")
    digest = push(story.repository, "1.0.0", widget(group, "first"), config_map("settings"))
    story.want()  # whose interval is an hour
    story.until_runs(digest)

    story.kubectl("delete", "crd", f"widgets.{group}")
    missing = story.until(lambda status: condition(status, "Ready")["reason"] == "KindNotFound")
    story.kubectl.apply(widgets(group))
    story.until_runs(digest)

    assert f"Widget.{group} {story.namespace}/first: " in condition(missing, "Ready")["message"]
    assert condition(missing, "Healthy")["status"] != "True"
    assert story.names(f"widgets.{group}") == ["first"]
    story.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


def test_a_job_that_has_done_its_work_and_was_cleaned_up_does_not_run_again(story: Story) -> None:
    template = {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]}
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}}
    job["spec"] = {"ttlSecondsAfterFinished": 0, "template": template}
    digest = push(story.repository, "1.0.0", job, config_map("settings"))

    story.want()
    story.until_object("job", "migrate", lambda found: found is not None)
    story.until_object("job", "migrate", lambda found: found is None)
    story.until_runs(digest)
    story.edit("configmap", "settings", {"data": {"a": "theirs"}})
    story.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"}, seconds=10)
    eventually(lambda: story.events("DriftRepaired"))

    assert not story.there("job", "migrate")
    assert [event["message"] for event in story.events("DriftRepaired") if "Job" in event["message"]] == []


def test_who_undoes_each_repair_is_named_and_repaired_ever_more_slowly(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want()
    story.until_runs(digest)

    for round_ in range(UNDONE):
        story.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})
        story.edit("configmap", "settings", {"data": {"a": f"theirs {round_}"}})
        if condition(story.status, "Applied")["reason"] == "Drifted":
            break
    contested = condition(story.status, "Applied")

    assert contested["reason"] == "Drifted"
    assert f"ConfigMap {story.namespace}/settings is changed again after each repair by kubectl" in contested["message"]
    assert condition(story.status, "Ready")["status"] == "True"


def test_what_the_pattern_does_not_set_is_left_to_others(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings", a="1"))
    story.want()
    story.until_runs(digest)

    story.edit("configmap", "settings", {"data": {"b": "theirs"}, "metadata": {"labels": {"team": "theirs"}}})
    story.request()

    assert story.get("configmap", "settings")["data"] == {"a": "1", "b": "theirs"}
    assert story.get("configmap", "settings")["metadata"]["labels"]["team"] == "theirs"


def test_drift_is_only_told_where_the_pattern_says_report(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want(apply={"driftPolicy": "Report"})
    story.until_runs(digest)

    story.edit("configmap", "settings", {"data": {"a": "theirs"}})
    drifted = story.until_says("Applied", "Drifted")
    left = story.get("configmap", "settings")["data"]
    wide = story.kubectl("-n", story.namespace, "get", "dp", "-o", "wide")
    eventually(lambda: story.events("Drifted"))
    story.edit("configmap", "settings", {"data": {"a": "1"}})
    story.change({"apply": {"driftPolicy": "Repair"}})
    status = story.until(lambda status: condition(status, "Applied")["reason"] == "Succeeded")
    eventually(lambda: story.events("DriftResolved"))

    assert drifted["status"] == "True"
    assert f"ConfigMap {story.namespace}/settings was changed by kubectl" in drifted["message"]
    assert left == {"a": "theirs"}
    assert condition(status, "Ready")["status"] == "True"
    assert f"ConfigMap {story.namespace}/settings was changed by kubectl" in wide
    (event,) = story.events("Drifted")
    assert event["type"] == "Warning"
    assert event["message"].startswith(f"ConfigMap {story.namespace}/settings was changed by kubectl")


def test_drift_that_somebody_puts_back_by_hand_is_resolved_and_the_next_one_is_told(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want(apply={"driftPolicy": "Report"})
    story.until_runs(digest)

    story.edit("configmap", "settings", {"data": {"a": "theirs"}})
    story.until_says("Applied", "Drifted")
    story.edit("configmap", "settings", {"data": {"a": "1"}})
    resolved = story.until_says("Applied", "Succeeded", seconds=15)
    eventually(lambda: story.events("DriftResolved"))
    story.request()
    requested = story.condition("Applied")
    story.edit("configmap", "settings", {"data": {"a": "theirs again"}})
    again = story.until_says("Applied", "Drifted")

    assert "was changed" not in resolved["message"]
    assert requested["reason"] == "Succeeded"
    assert f"ConfigMap {story.namespace}/settings was changed by kubectl" in again["message"]


def test_an_object_that_is_annotated_so_in_the_cluster_is_let_be_until_it_is_not(story: Story) -> None:
    first = push(story.repository, "1.0.0", config_map("settings", a="1"))
    second = push(story.repository, "2.0.0", config_map("settings", a="2"))
    story.want()
    story.until_runs(first)

    story.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": "disabled"}}})
    story.edit("configmap", "settings", {"data": {"a": "theirs"}})
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = story.until_runs(second)
    left = story.get("configmap", "settings")["data"]
    story.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": None}}})
    story.until_object("configmap", "settings", lambda found: found["data"] == {"a": "2"}, seconds=10)

    assert left == {"a": "theirs"}
    assert f"ConfigMap {story.namespace}/settings is skipped" in condition(status, "Applied")["message"]


@pytest.mark.parametrize("policy", ["Repair", "Report"])
def test_an_update_that_an_object_missed_is_applied_when_its_annotation_goes(story: Story, policy: str) -> None:
    first = push(story.repository, "1.0.0", config_map("settings", a="1"))
    second = push(story.repository, "2.0.0", config_map("settings", a="2"))
    story.want(apply={"driftPolicy": policy})
    story.until_runs(first)
    said = f"ConfigMap {story.namespace}/settings is skipped"

    story.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": "disabled"}}})
    story.until(lambda status: said in condition(status, "Applied")["message"])
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = story.until_runs(second)
    left = story.get("configmap", "settings")["data"]
    story.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": None}}})
    story.until_object("configmap", "settings", lambda found: found["data"] == {"a": "2"}, seconds=10)
    story.until(lambda status: said not in condition(status, "Applied")["message"])
    eventually(lambda: story.events("DriftRepaired"))

    assert left == {"a": "1"}
    assert said in condition(status, "Applied")["message"]
    (event,) = story.events("DriftRepaired")
    assert "was skipped while it was annotated reconcile: disabled; it was applied again" in event["message"]


def test_an_object_that_was_there_and_let_be_is_adopted_when_its_annotation_goes(story: Story) -> None:
    story.make(config_map("settings", a="theirs"))
    story.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": "disabled"}}})
    digest = push(story.repository, "1.0.0", config_map("settings", a="1"), config_map("other"))
    story.want(retryInterval="2s", apply={"adopt": "Always", "conflicts": "Take"})
    status = story.until_runs(digest)
    left = story.get("configmap", "settings")["data"]
    said = f"ConfigMap {story.namespace}/settings is skipped"

    story.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": None}}})
    story.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"}, seconds=15)
    story.until(lambda status: said not in condition(status, "Applied")["message"])

    assert left == {"a": "theirs"}
    assert said in condition(status, "Applied")["message"]


def test_a_field_of_another_manager_is_a_conflict_until_the_pattern_takes_it(story: Story) -> None:
    story.make(config_map("settings", a="theirs"))
    digest = push(story.repository, "1.0.0", config_map("settings", a="ours"), config_map("other"))

    story.want()
    conflict = story.until_says("Ready", "Conflict")
    left = story.get("configmap", "settings")
    there = story.names()
    story.change({"apply": {"conflicts": "Take"}})
    story.until_runs(digest)

    assert f"ConfigMap {story.namespace}/settings: " in conflict["message"]
    assert 'held with other values by "kubectl" (field managers)' in conflict["message"]
    assert "spec.apply.conflicts: Take" in conflict["message"]
    assert left["data"] == {"a": "theirs"}
    assert there == ["other"]
    assert story.get("configmap", "settings")["data"] == {"a": "ours"}


def test_what_a_conflict_left_to_others_is_theirs_when_the_pattern_goes(story: Story) -> None:
    story.make(config_map("settings", a="theirs"))
    push(story.repository, "1.0.0", config_map("settings", a="ours"))
    story.want()
    story.until_says("Ready", "Conflict")

    story.delete()
    story.until_gone()

    assert story.get("configmap", "settings")["data"] == {"a": "theirs"}


@pytest.mark.parametrize("named", [{"name": "http"}, {}], ids=["refused", "beside ours"])
def test_what_somebody_put_in_the_place_of_ours_goes_and_holds_up_nothing_newer(
    story: Story, named: dict[str, str]
) -> None:
    def web(port: int) -> dict[str, Any]:
        made = deployment("web")
        made["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": port, **named}]
        return made

    def ports(found: dict[str, Any]) -> list[int]:
        (main,) = found["spec"]["template"]["spec"]["containers"]
        return [each["containerPort"] for each in main["ports"]]

    first, second = push(story.repository, "1.0.0", web(80)), push(story.repository, "2.0.0", web(90))
    story.want(apply={"wait": False})
    story.until_runs(first)
    path = "/spec/template/spec/containers/0/ports/0/containerPort"
    patch = json.dumps([{"op": "replace", "path": path, "value": 81}])
    story.kubectl("-n", story.namespace, "patch", "deployment", "web", "--type=json", "-p", patch)
    eventually(lambda: story.events("DriftRepaired"))
    repaired = ports(story.get("deployment", "web"))
    status = story.request()

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)

    assert repaired == [80]
    assert condition(status, "Ready")["status"] == "True"
    assert ports(story.get("deployment", "web")) == [90]
