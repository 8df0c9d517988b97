"""From objects to a cluster and back: what the API server refuses, what others change, whose an object is, when it is
healthy, and in which order it goes."""

import re
from typing import Any
from uuid import uuid4

import pytest
from tests.e2e.story import Story, condition, config_map, deployment, eventually, push
from tests.testbed.http import request
from tests.testbed.kubectl import Kubectl
from tests.testbed.testbed import Testbed

OWNER = "pattern-operator.io/owner"
FAILS = {"pod-container-running-failed.stage.kwok.x-k8s.io": "true"}
HOLD = "example.com/hold"

Body = dict[str, Any]


def annotated(body: Body, **annotations: str) -> Body:
    """``body`` with annotations of ours, by their last word."""
    ours = {f"pattern-operator.io/{name}": value for name, value in annotations.items()}
    return {**body, "metadata": {**body["metadata"], "annotations": ours}}


def refused_deployment(name: str) -> Body:
    """A Deployment that the API server refuses: its selector does not select its own pods."""
    body = deployment(name)
    body["spec"]["selector"]["matchLabels"] = {"app": "other"}
    return body


def applies_sent(testbed: Testbed) -> float:
    """How many patches the operator has sent, of whatever but DesignPatterns and Leases."""
    lines = request("GET", testbed.operator.metrics).body.decode()
    counted = re.findall(r'^pattern_operator_api_requests_total\{(.*verb="patch".*)\} (\S+)$', lines, re.MULTILINE)
    return sum(float(count) for labels, count in counted if "designpatterns" not in labels and "leases" not in labels)


# --- what the API server refuses ------------------------------------------------------------------------------------


def test_of_a_pattern_that_the_api_server_refuses_in_part_the_rest_is_there_and_nothing_is_left_behind(
    story: Story,
) -> None:
    push(story.repository, "latest", config_map("settings"), refused_deployment("web"), deployment("api"))

    story.want(ref={"tag": "latest"})
    failed = story.until(lambda status: condition(status, "Ready")["reason"] == "ApplyFailed")
    there = (story.names(), story.names("deployment"))
    story.delete()
    story.until_gone()

    message = condition(failed, "Applied")["message"]
    assert message.startswith(f"1 of 3 objects could not be applied: Deployment.apps {story.namespace}/web: ")
    assert "`selector` does not match template `labels`" in message
    assert condition(failed, "Ready")["status"] == condition(failed, "Applied")["status"] == "False"
    assert condition(failed, "Reconciling")["status"] == "True"
    assert [entry["id"] for entry in failed["inventory"]["entries"]] == [
        f"{story.namespace}_api_apps_Deployment",
        f"{story.namespace}_settings__ConfigMap",
        f"{story.namespace}_web_apps_Deployment",
    ]
    assert there == (["settings"], ["api"])
    assert (story.names(), story.names("deployment")) == ([], [])


def test_the_next_version_mends_what_the_api_server_refused(story: Story) -> None:
    push(story.repository, "latest", config_map("settings"), config_map("left"), refused_deployment("web"))
    story.want(ref={"tag": "latest"}, interval="1s")
    story.until_says("Ready", "ApplyFailed")

    mended = push(story.repository, "latest", config_map("settings"), deployment("web"))
    status = story.until_runs(mended)

    assert (story.names(), story.names("deployment")) == (["settings"], ["web"])
    assert condition(status, "Reconciling") == condition(status, "Stalled") == {}


def test_an_update_that_is_refused_in_part_prunes_nothing(story: Story) -> None:
    first = push(story.repository, "latest", config_map("settings"), config_map("old"), deployment("web"))
    story.want(ref={"tag": "latest"})
    story.until_runs(first)

    push(story.repository, "latest", config_map("settings", a="2"), refused_deployment("web"))
    status = story.request()

    assert condition(status, "Ready")["reason"] == "ApplyFailed"
    assert story.names() == ["old", "settings"]
    assert story.get("deployment", "web")["status"]["readyReplicas"] == 1


def test_what_was_refused_is_tried_again_without_being_asked(story: Story) -> None:
    other = f"{story.namespace}-other"
    elsewhere = config_map("elsewhere")
    elsewhere["metadata"]["namespace"] = other
    digest = push(story.repository, "1.0.0", elsewhere)

    story.want()
    failed = story.until_says("Ready", "ApplyFailed")
    story.kubectl("create", "namespace", other)
    story.until_runs(digest)

    assert f'namespaces "{other}" not found. Create the namespace' in failed["message"]
    story.kubectl("delete", "namespace", other, "--wait=false")


def test_a_field_that_cannot_change_is_told_with_what_to_do_and_done_once_that_was(story: Story) -> None:
    first = push(story.repository, "1.0.0", deployment("web"))
    changed = deployment("web", labels={"tier": "front"})
    changed["spec"]["selector"]["matchLabels"]["tier"] = "front"
    second = push(story.repository, "2.0.0", changed)
    story.want()
    story.until_runs(first)

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    failed = story.until_says("Ready", "ApplyFailed")
    story.remove("deployment", "web")
    story.until_runs(second)

    assert "spec.selector: Invalid value" in failed["message"]
    assert "delete the object, so that it is made anew" in failed["message"]


# --- kinds ----------------------------------------------------------------------------------------------------------


def definition(group: str) -> Body:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def widget(group: str, name: str) -> Body:
    return {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {"size": 1}}


@pytest.fixture
def group() -> str:
    """A group of kinds that no other test has."""
    return f"g{uuid4().hex[:8]}.example.com"


def test_an_object_whose_crd_is_missing_is_applied_when_the_crd_comes(story: Story, group: str) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"), widget(group, "first"))

    story.want()  # whose interval is an hour
    waiting = story.until(lambda status: condition(status, "Ready")["reason"] == "KindNotFound")
    there = story.names()
    story.kubectl.apply(definition(group))
    story.until_runs(digest)
    named = story.names(f"widgets.{group}")
    story.delete()
    story.until_gone()

    assert (
        f"Widget.{group} {story.namespace}/first: the API server has no kind Widget.{group}"
        in (condition(waiting, "Ready")["message"])
    )
    assert condition(waiting, "Reconciling")["reason"] == "KindNotFound"
    assert there == ["settings"]
    assert named == ["first"]
    story.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


def test_a_pattern_may_bring_the_kind_of_its_own_objects_and_takes_both_away(story: Story, group: str) -> None:
    digest = push(story.repository, "1.0.0", widget(group, "first"), definition(group))

    story.want()
    status = story.until_runs(digest)
    named = story.names(f"widgets.{group}")
    story.delete()
    story.until_gone()

    assert status["inventory"]["count"] == 2
    assert named == ["first"]
    assert not story.there("crd", f"widgets.{group}")


# --- in whose name --------------------------------------------------------------------------------------------------


def grant(story: Story, *resources: str) -> None:
    """Let the account ``tenant`` do everything with these resources of its namespace."""
    rules = [{"apiGroups": ["", "apps"], "resources": list(resources), "verbs": ["*"]}]
    api = "rbac.authorization.k8s.io"
    story.make(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tenant"}},
        {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": {"name": "tenant"}, "rules": rules},
        {
            "apiVersion": f"{api}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "tenant"},
            "roleRef": {"apiGroup": api, "kind": "Role", "name": "tenant"},
            "subjects": [{"kind": "ServiceAccount", "name": "tenant", "namespace": story.namespace}],
        },
    )


def test_what_the_account_may_not_do_is_named_and_done_once_it_may(story: Story) -> None:
    grant(story, "configmaps")
    digest = push(story.repository, "1.0.0", config_map("settings"), deployment("web"))

    story.want(apply={"serviceAccountName": "tenant"})
    forbidden = story.until_says("Ready", "Forbidden")
    there = story.names()
    grant(story, "configmaps", "deployments")
    story.until_runs(digest)

    account = f"system:serviceaccount:{story.namespace}:tenant"
    assert f"Deployment.apps {story.namespace}/web: " in forbidden["message"]
    assert f'User "{account}" cannot patch resource "deployments"' in forbidden["message"]
    assert "Grant that account this verb on this resource" in forbidden["message"]
    assert there == ["settings"]


def test_a_deletion_that_the_account_may_no_longer_do_says_what_is_left_and_how_to_let_go(story: Story) -> None:
    grant(story, "configmaps")
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want(apply={"serviceAccountName": "tenant"})
    story.until_runs(digest)

    story.remove("rolebinding", "tenant")
    story.remove("serviceaccount", "tenant")
    story.delete()
    stuck = story.until_says("Ready", "Forbidden")
    story.change({"apply": {"deletionPolicy": "Orphan"}})
    story.until_gone()

    assert f"1 objects are left: ConfigMap {story.namespace}/settings: " in stuck["message"]
    assert 'cannot delete resource "configmaps"' in stuck["message"]
    assert f"kubectl patch designpattern web -n {story.namespace}" in stuck["message"]
    assert "Orphan" in stuck["message"]
    assert story.names() == ["settings"]


def test_a_namespace_that_is_deleted_with_everything_in_it_does_not_hang_on_its_pattern(story: Story) -> None:
    grant(story, "configmaps")
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want(apply={"serviceAccountName": "tenant"})
    story.until_runs(digest)

    story.kubectl("delete", "namespace", story.namespace, "--wait=false")
    story.kubectl("wait", "--for=delete", f"namespace/{story.namespace}", "--timeout=30s")

    assert not story.there("namespace", story.namespace)


# --- what others change ---------------------------------------------------------------------------------------------


def test_a_changed_field_is_put_right_at_once_by_one_apply(testbed: Testbed, story: Story) -> None:
    digest = push(story.repository, "1.0.0", deployment("web", replicas=1), config_map("settings"))
    story.want()  # whose interval is an hour
    story.until_runs(digest)
    sent = applies_sent(testbed)

    story.kubectl("-n", story.namespace, "scale", "deployment", "web", "--replicas=3")
    story.until_object("deployment", "web", lambda found: found["metadata"]["generation"] == 3, seconds=10)
    eventually(lambda: story.events("DriftRepaired"))

    assert story.get("deployment", "web")["spec"]["replicas"] == 1
    assert applies_sent(testbed) == sent + 1
    (event,) = story.events("DriftRepaired")
    assert f"Deployment.apps {story.namespace}/web was changed by kubectl" in event["message"]


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
    story.edit("configmap", "settings", {"data": {"a": "1"}})
    story.change({"apply": {"driftPolicy": "Repair"}})
    status = story.until(lambda status: condition(status, "Applied")["reason"] == "Succeeded")

    assert drifted["status"] == "True"
    assert f"ConfigMap {story.namespace}/settings was changed by kubectl" in drifted["message"]
    assert left == {"a": "theirs"}
    assert condition(status, "Ready")["status"] == "True"


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
    assert f"ConfigMap {story.namespace}/settings is let be" in condition(status, "Applied")["message"]


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
    assert 'field manager "kubectl" holds .data.a' in conflict["message"]
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


# --- whose it is ----------------------------------------------------------------------------------------------------


def test_an_object_of_another_pattern_is_left_to_it_until_that_one_goes(story: Story) -> None:
    other = story.another("other")
    first = push(story.repository, "1.0.0", config_map("shared", a="of-web"))
    second = push(story.repository, "2.0.0", config_map("shared", a="of-other"), config_map("own"))
    story.want(ref={"tag": "1.0.0"})
    story.until_runs(first)

    other.want(ref={"tag": "2.0.0"})
    refused = other.until(lambda status: condition(status, "Ready")["reason"] == "OwnedByAnotherPattern")
    left = story.get("configmap", "shared")["data"]
    story.delete()
    story.until_gone()
    other.until_runs(second)

    assert (
        f"ConfigMap {story.namespace}/shared: DesignPattern {story.namespace}/web has it"
        in (condition(refused, "Ready")["message"])
    )
    assert [entry["id"] for entry in refused["inventory"]["entries"]] == [f"{story.namespace}_own__ConfigMap"]
    assert left == {"a": "of-web"}
    assert story.get("configmap", "shared")["data"] == {"a": "of-other"}


def test_a_pattern_that_was_refused_an_object_does_not_take_it_away_when_it_goes(story: Story) -> None:
    other = story.another("other")
    first = push(story.repository, "1.0.0", config_map("shared", a="of-web"))
    push(story.repository, "2.0.0", config_map("shared", a="of-other"))
    story.want(ref={"tag": "1.0.0"})
    story.until_runs(first)
    other.want(ref={"tag": "2.0.0"})
    other.until_says("Ready", "OwnedByAnotherPattern")

    other.delete()
    other.until_gone()

    assert story.get("configmap", "shared")["data"] == {"a": "of-web"}


@pytest.mark.parametrize("label", [None, "somebody-else"])
def test_an_object_that_somebody_took_over_is_left_when_the_pattern_goes(story: Story, label: str | None) -> None:
    digest = push(story.repository, "1.0.0", config_map("taken"), config_map("ours"))
    story.want()
    story.until_runs(digest)
    story.change({"suspend": True})
    story.until(lambda status: status["status"] == "Suspended")

    story.edit("configmap", "taken", {"metadata": {"labels": {OWNER: label}}})
    story.delete()
    story.until_gone()

    assert story.there("configmap", "taken")
    assert not story.there("configmap", "ours")


# --- what leaves ----------------------------------------------------------------------------------------------------


def test_what_left_the_pattern_stays_where_it_says_prune_false(story: Story) -> None:
    first = push(story.repository, "1.0.0", config_map("kept"), config_map("left"))
    second = push(story.repository, "2.0.0", config_map("kept"))
    story.want(apply={"prune": False})
    story.until_runs(first)

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = story.until_runs(second)
    story.delete()
    story.until_gone()

    assert status["inventory"]["count"] == 1
    assert story.there("configmap", "left")
    assert not story.there("configmap", "kept")


def test_an_object_that_is_annotated_so_is_never_deleted(story: Story) -> None:
    kept = annotated(config_map("annotated-in-the-artifact"), prune="disabled")
    first = push(story.repository, "1.0.0", kept, config_map("annotated-in-the-cluster"), config_map("other"))
    second = push(story.repository, "2.0.0", config_map("annotated-in-the-cluster"), config_map("other"))
    story.want()
    story.until_runs(first)
    marked = {"metadata": {"annotations": {"pattern-operator.io/prune": "disabled"}}}
    story.edit("configmap", "annotated-in-the-cluster", marked)

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = story.until_runs(second)
    story.delete()
    story.until_gone()

    assert "annotated-in-the-artifact stays: it is annotated prune: disabled" in condition(status, "Applied")["message"]
    assert story.there("configmap", "annotated-in-the-artifact")
    assert story.there("configmap", "annotated-in-the-cluster")
    assert not story.there("configmap", "other")


def test_an_object_for_when_it_is_absent_is_made_once_and_then_left_to_others(story: Story) -> None:
    story.make(config_map("there-before", a="theirs"))
    objects = [annotated(config_map(name, a="ours"), ssa="IfAbsent") for name in ("there-before", "made")]
    first = push(story.repository, "1.0.0", *objects)
    second = push(story.repository, "2.0.0", *objects, config_map("other"))
    story.want()
    story.until_runs(first)

    made = story.get("configmap", "made")["data"]
    story.edit("configmap", "made", {"data": {"a": "theirs"}})
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)
    left = [story.get("configmap", name)["data"] for name in ("there-before", "made")]
    story.delete()
    story.until_gone()

    assert made == {"a": "ours"}
    assert left == [{"a": "theirs"}, {"a": "theirs"}]
    assert story.there("configmap", "there-before")
    assert not story.there("configmap", "made")


def test_an_object_that_is_to_be_ignored_is_not_applied_and_not_owned(story: Story) -> None:
    ignored = annotated(config_map("ignored"), ssa="Ignore")
    digest = push(story.repository, "1.0.0", ignored, config_map("settings"))

    story.want()
    status = story.until_runs(digest)

    assert not story.there("configmap", "ignored")
    assert status["inventory"]["count"] == 1


def test_objects_go_in_reverse_order_and_none_before_those_that_need_it_are_gone(story: Story) -> None:
    held = deployment("web")
    held["metadata"]["finalizers"] = [HOLD]
    digest = push(story.repository, "1.0.0", config_map("settings"), held)
    story.want()
    story.until_runs(digest)

    story.delete()
    deleting = story.until_says("Ready", "Deleting")
    there = story.names()
    story.edit("deployment", "web", {"metadata": {"finalizers": None}})
    story.until_gone()

    assert (
        f"2 objects are left: Deployment.apps {story.namespace}/web: is being deleted, held by the finalizers"
        in (deleting["message"])
    )
    assert HOLD in deleting["message"]
    assert "1 more go after them" in deleting["message"]
    assert there == ["settings"]
    assert not story.there("configmap", "settings")


# --- health ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def nowhere(kubectl: Kubectl) -> Any:
    """A label that no node has until the test gives it to one."""
    label = f"test-{uuid4().hex[:8]}"
    yield label
    kubectl("label", "node", "node-1", f"{label}-")


def homeless(name: str, label: str) -> Body:
    """A Deployment whose pods find no node."""
    body = deployment(name)
    body["spec"]["template"]["spec"]["nodeSelector"] = {label: "here"}
    return body


def test_a_pattern_that_is_not_healthy_in_time_says_so_and_is_ready_when_it_is(story: Story, nowhere: str) -> None:
    digest = push(story.repository, "1.0.0", homeless("web", nowhere), config_map("settings"))

    story.want(timeout="2s")  # and the interval is an hour
    waiting = story.until(lambda status: condition(status, "Ready")["reason"] == "WaitingForHealth")
    late = story.until(lambda status: condition(status, "Ready")["reason"] == "HealthTimeout")
    story.kubectl("label", "node", "node-1", f"{nowhere}=here")
    healthy = story.until_runs(digest)

    assert condition(waiting, "Ready")["status"] == condition(waiting, "Healthy")["status"] == "Unknown"
    assert condition(waiting, "Reconciling")["reason"] == "WaitingForHealth"
    assert "Deployment web: 0 of 1 replicas" in condition(waiting, "Ready")["message"]
    assert condition(late, "Ready")["status"] == condition(late, "Healthy")["status"] == "False"
    assert condition(late, "Stalled")["reason"] == "HealthTimeout"
    assert condition(late, "Reconciling") == {}
    assert "Deployment web" in condition(late, "Ready")["message"]
    assert condition(healthy, "Stalled") == condition(healthy, "Reconciling") == {}


def test_a_pattern_that_does_not_wait_is_ready_when_it_is_applied(story: Story, nowhere: str) -> None:
    digest = push(story.repository, "1.0.0", homeless("web", nowhere))

    story.want(apply={"wait": False})
    status = story.until_runs(digest)
    story.kubectl("label", "node", "node-1", f"{nowhere}=here")
    story.until_says("Healthy", "Succeeded")

    assert condition(status, "Healthy")["reason"] == "WaitingForHealth"
    assert condition(status, "Reconciling") == {}


def test_a_workload_that_falls_ill_later_is_told_and_told_again_when_it_is_well(story: Story, nowhere: str) -> None:
    digest = push(story.repository, "1.0.0", homeless("web", nowhere))
    story.kubectl("label", "node", "node-1", f"{nowhere}=here")
    story.want()
    story.until_runs(digest)

    story.kubectl("label", "node", "node-1", f"{nowhere}-")
    story.kubectl("-n", story.namespace, "delete", "pods", "-l", "app=web", "--wait=false")
    ill = story.until(lambda status: condition(status, "Healthy")["status"] != "True")
    story.kubectl("label", "node", "node-1", f"{nowhere}=here")
    story.until_runs(digest)

    assert "Deployment web" in condition(ill, "Healthy")["message"]
    assert condition(ill, "Ready")["status"] != "True"


def test_a_job_that_failed_makes_the_pattern_unhealthy(story: Story) -> None:
    template = {
        "metadata": {"labels": FAILS},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]},
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}}
    job["spec"] = {"backoffLimit": 0, "template": template}
    push(story.repository, "1.0.0", job, config_map("settings"))

    story.want()
    status = story.until(lambda status: condition(status, "Healthy").get("status") == "False")

    assert condition(status, "Ready")["reason"] == condition(status, "Stalled")["reason"] == "Unhealthy"
    assert "Job migrate: failed: " in condition(status, "Ready")["message"]
    assert condition(status, "Applied")["status"] == "True"
    assert story.names() == ["settings"]


# --- when nothing has to be done ------------------------------------------------------------------------------------


def test_a_change_of_how_often_to_look_applies_nothing(testbed: Testbed, story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"), config_map("other"))
    story.want()
    story.until_runs(digest)
    sent = applies_sent(testbed)

    story.change({"interval": "2h", "retryInterval": "3s", "timeout": "9m"})
    status = story.until(lambda _: True)

    assert applies_sent(testbed) == sent
    assert condition(status, "Ready")["observedGeneration"] == 2


def test_every_condition_speaks_of_the_newest_spec(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want()
    story.until_runs(digest)

    story.change({"render": {"onInvalid": "Skip"}})
    status = story.until_runs(digest)

    assert {each["observedGeneration"] for each in status["conditions"]} == {2}
    assert {each["type"] for each in status["conditions"]}.isdisjoint({"Reconciling", "Stalled"})
    assert status["observedGeneration"] == 2
