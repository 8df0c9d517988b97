"""From objects to a cluster: what the API server refuses, which kinds it has, in whose name it is asked, and when it is
not asked at all."""

import json
from typing import Any

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, deployment, eventually, push, widget, widgets
from tests.testbed.gate import gate
from tests.testbed.operator import ACCOUNT, NAMESPACE
from tests.testbed.testbed import Testbed

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"


def refused_deployment(name: str) -> dict[str, Any]:
    """A Deployment that the API server refuses, and rendering does not: its pods end, and are not begun again."""
    body = deployment(name)
    body["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    return body


# --- what the API server refuses --------------------------------------------------------------------------------------


def test_of_a_pattern_that_the_api_server_refuses_in_part_the_rest_is_there_and_nothing_is_left_behind(
    scenario: Scenario,
) -> None:
    push(scenario.repository, "latest", config_map("settings"), refused_deployment("web"), deployment("api"))

    scenario.want(ref={"tag": "latest"})
    failed = scenario.until(lambda status: condition(status, "Ready")["reason"] == "ApplyFailed")
    there = (scenario.names(), scenario.names("deployment"))
    scenario.delete()
    scenario.until_gone()

    message = condition(failed, "Applied")["message"]
    assert message.startswith(f"1 of 3 objects could not be applied: Deployment.apps {scenario.namespace}/web: ")
    assert "spec.template.spec.restartPolicy" in message
    assert condition(failed, "Ready")["status"] == condition(failed, "Applied")["status"] == "False"
    assert condition(failed, "Reconciling")["status"] == "True"
    assert [entry["id"] for entry in failed["inventory"]["entries"]] == [
        f"{scenario.namespace}_api_apps_Deployment",
        f"{scenario.namespace}_settings__ConfigMap",
    ]  # and not the one that was refused: it does not exist
    assert there == (["settings"], ["api"])
    assert (scenario.names(), scenario.names("deployment")) == ([], [])


def test_the_next_version_mends_what_the_api_server_refused(scenario: Scenario) -> None:
    push(scenario.repository, "latest", config_map("settings"), config_map("left"), refused_deployment("web"))
    scenario.want(ref={"tag": "latest"})
    scenario.until_says("Ready", "ApplyFailed")

    mended = push(scenario.repository, "latest", config_map("settings"), deployment("web"))
    scenario.request()
    status = scenario.until_runs(mended)

    assert (scenario.names(), scenario.names("deployment")) == (["settings"], ["web"])
    assert condition(status, "Reconciling") == condition(status, "Stalled") == {}


def test_an_update_that_is_refused_in_part_prunes_nothing(scenario: Scenario) -> None:
    first = push(scenario.repository, "latest", config_map("settings"), config_map("old"), deployment("web"))
    scenario.want(ref={"tag": "latest"})
    scenario.until_runs(first)

    push(scenario.repository, "latest", config_map("settings", a="2"), refused_deployment("web"))
    status = scenario.request()

    assert condition(status, "Ready")["reason"] == "ApplyFailed"
    assert scenario.names() == ["old", "settings"]
    assert scenario.get("deployment", "web")["status"]["readyReplicas"] == 1


def test_what_was_refused_is_tried_again_without_being_asked(scenario: Scenario) -> None:
    other = f"{scenario.namespace}-other"
    elsewhere = config_map("elsewhere")
    elsewhere["metadata"]["namespace"] = other
    digest = push(scenario.repository, "1.0.0", elsewhere)

    scenario.want()
    failed = scenario.until_says("Ready", "ApplyFailed")
    scenario.request()
    scenario.kubectl("create", "namespace", other)
    scenario.until_runs(digest)

    assert f'namespaces "{other}" not found. Create the namespace' in failed["message"]
    eventually(lambda: scenario.events("ApplyFailed"))
    assert len(scenario.events("ApplyFailed")) == 1
    scenario.kubectl("delete", "namespace", other, "--wait=false")


def test_a_field_that_cannot_change_is_told_with_what_to_do_and_done_once_that_was(scenario: Scenario) -> None:
    first = push(scenario.repository, "1.0.0", deployment("web"))
    changed = deployment("web", labels={"tier": "front"})
    changed["spec"]["selector"]["matchLabels"]["tier"] = "front"
    second = push(scenario.repository, "2.0.0", changed)
    scenario.want()
    scenario.until_runs(first)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    failed = scenario.until_says("Ready", "ApplyFailed")
    scenario.remove("deployment", "web")
    scenario.until_runs(second)

    assert "spec.selector: Invalid value" in failed["message"]
    assert "delete the object, and it is created again" in failed["message"]


@pytest.mark.parametrize(
    "content",
    [
        {"data": {"password": "s3cret!"}},
        {"stringData": {"password": {"nested": "s3cret"}}},
        {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "s3cret"}},
    ],
)
def test_a_secret_that_is_refused_is_told_without_what_is_in_it(scenario: Scenario, content: dict[str, Any]) -> None:
    push(scenario.repository, "1.0.0", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, **content})

    scenario.want()
    status = scenario.until(lambda status: condition(status, "Ready")["status"] == "False")

    assert condition(status, "Ready")["reason"] == "ApplyFailed"
    assert f"Secret {scenario.namespace}/login: " in condition(status, "Ready")["message"]
    assert "s3cret" not in json.dumps([status, scenario.events()])


# --- kinds ------------------------------------------------------------------------------------------------------------


def test_an_object_whose_crd_is_missing_is_applied_when_the_crd_comes(scenario: Scenario, group: str) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"), widget(group, "first"))

    scenario.want()  # whose interval is an hour
    waiting = scenario.until(lambda status: condition(status, "Ready")["reason"] == "KindNotFound")
    there = scenario.names()
    scenario.kubectl.apply(widgets(group))
    scenario.until_runs(digest)
    named = scenario.names(f"widgets.{group}")
    scenario.delete()
    scenario.until_gone()

    assert (
        f"Widget.{group} {scenario.namespace}/first: the API server has no kind Widget.{group}"
        in (condition(waiting, "Ready")["message"])
    )
    assert condition(waiting, "Reconciling")["reason"] == "KindNotFound"
    assert there == ["settings"]
    assert named == ["first"]
    scenario.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


def test_a_pattern_may_bring_the_kind_of_its_own_objects_and_takes_both_away(scenario: Scenario, group: str) -> None:
    digest = push(scenario.repository, "1.0.0", widget(group, "first"), widgets(group))

    scenario.want()
    status = scenario.until_runs(digest)
    named = scenario.names(f"widgets.{group}")
    scenario.delete()
    scenario.until_gone()

    assert status["inventory"]["count"] == 2
    assert named == ["first"]
    assert not scenario.there("crd", f"widgets.{group}")


# --- in whose name ----------------------------------------------------------------------------------------------------


def grant(scenario: Scenario, *resources: str, verbs: tuple[str, ...] = ("*",)) -> None:
    """Let the account ``tenant`` do this, by default everything, with these resources of its namespace."""
    rules = [{"apiGroups": ["", "apps"], "resources": list(resources), "verbs": list(verbs)}]
    api = "rbac.authorization.k8s.io"
    scenario.make(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tenant"}},
        {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": {"name": "tenant"}, "rules": rules},
        {
            "apiVersion": f"{api}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "tenant"},
            "roleRef": {"apiGroup": api, "kind": "Role", "name": "tenant"},
            "subjects": [{"kind": "ServiceAccount", "name": "tenant", "namespace": scenario.namespace}],
        },
    )


def test_what_the_account_may_not_do_is_named_and_done_once_it_may(scenario: Scenario) -> None:
    grant(scenario, "configmaps")
    digest = push(scenario.repository, "1.0.0", config_map("settings"), deployment("web"))

    scenario.want(apply={"serviceAccountName": "tenant"})
    forbidden = scenario.until_says("Ready", "Forbidden")
    there = scenario.names()
    grant(scenario, "configmaps", "deployments")
    scenario.until_runs(digest)

    account = f"system:serviceaccount:{scenario.namespace}:tenant"
    assert f"Deployment.apps {scenario.namespace}/web: " in forbidden["message"]
    assert f'User "{account}" cannot get resource "deployments"' in forbidden["message"]
    assert f"Grant ServiceAccount {scenario.namespace}/tenant the verbs get, create" in forbidden["message"]
    assert there == ["settings"]


def test_what_may_not_be_pruned_stays_in_the_inventory_until_it_may(scenario: Scenario) -> None:
    grant(scenario, "configmaps", verbs=("get", "create", "patch"))
    first = push(scenario.repository, "1.0.0", config_map("kept"), config_map("left"))
    second = push(scenario.repository, "2.0.0", config_map("kept", a="2"))
    scenario.want(apply={"serviceAccountName": "tenant"})
    scenario.until_runs(first)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    forbidden = scenario.until(lambda status: condition(status, "Ready")["reason"] == "Forbidden")
    grant(scenario, "configmaps")
    pruned = scenario.until_runs(second)

    assert (
        f"left the pattern could not be deleted: ConfigMap {scenario.namespace}/left: "
        in (condition(forbidden, "Applied")["message"])
    )
    assert (
        f"grant ServiceAccount {scenario.namespace}/tenant the verbs get and delete on configmaps in namespace"
        f" {scenario.namespace}; " in condition(forbidden, "Applied")["message"]
    )
    assert forbidden["inventory"]["count"] == 2
    assert pruned["inventory"]["count"] == 1
    assert scenario.names() == ["kept"]


def test_what_may_not_be_pruned_is_left_by_the_command_that_the_message_gives(scenario: Scenario) -> None:
    grant(scenario, "configmaps", verbs=("get", "create", "patch"))
    first = push(scenario.repository, "1.0.0", config_map("kept"), config_map("left"))
    second = push(scenario.repository, "2.0.0", config_map("kept", a="2"))
    scenario.want(apply={"serviceAccountName": "tenant"})
    scenario.until_runs(first)
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    forbidden = scenario.until_says("Applied", "Forbidden")

    command = forbidden["message"].rpartition("kubectl ")[2].rstrip("`").split()
    scenario.kubectl(*command)
    pruned = scenario.until_runs(second)

    assert pruned["inventory"]["count"] == 1
    assert scenario.there("configmap", "left")


def test_a_deletion_goes_on_when_the_account_may_again(scenario: Scenario) -> None:
    grant(scenario, "configmaps")
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want(apply={"serviceAccountName": "tenant"})
    scenario.until_runs(digest)

    scenario.remove("rolebinding", "tenant")
    scenario.delete()
    scenario.until_says("Ready", "Forbidden")
    grant(scenario, "configmaps")
    scenario.until_gone()

    assert scenario.names() == []


def test_a_deletion_that_the_account_may_no_longer_do_says_what_is_left_and_how_to_let_go(scenario: Scenario) -> None:
    grant(scenario, "configmaps")
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want(apply={"serviceAccountName": "tenant"})
    scenario.until_runs(digest)

    scenario.remove("rolebinding", "tenant")
    scenario.remove("serviceaccount", "tenant")
    scenario.delete()
    stuck = scenario.until_says("Ready", "Forbidden")
    scenario.change({"apply": {"deletionPolicy": "Orphan"}})
    scenario.until_gone()

    assert f"1 object left: ConfigMap {scenario.namespace}/settings: " in stuck["message"]
    assert 'cannot delete resource "configmaps"' in stuck["message"]
    assert (
        f"grant ServiceAccount {scenario.namespace}/tenant the verbs get and delete on configmaps in namespace"
        f" {scenario.namespace}; make the account first if it is gone. DesignPattern {scenario.namespace}/web is kept"
        " until they are deleted." in stuck["message"]
    )
    assert f"kubectl patch designpattern web -n {scenario.namespace}" in stuck["message"]
    assert "Orphan" in stuck["message"]
    assert scenario.names() == ["settings"]


def test_a_namespace_that_is_deleted_with_everything_in_it_does_not_hang_on_its_pattern(scenario: Scenario) -> None:
    """Not even where the account's rights went first, and somebody labelled an object of the same kind elsewhere."""
    grant(scenario, "configmaps")
    stray = config_map(f"stray-of-{scenario.namespace}")
    stray["metadata"] |= {"namespace": "default", "labels": {"pattern-operator.io/owner": "of-nobody"}}
    scenario.make(stray)
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want(apply={"serviceAccountName": "tenant"})
    scenario.until_runs(digest)

    scenario.remove("rolebinding", "tenant")
    scenario.kubectl("delete", "namespace", scenario.namespace, "--wait=false")

    # The namespace controller begins after 5 seconds, and looks again 8 seconds later.
    scenario.kubectl.until("namespace", scenario.namespace, lambda seen: seen is None, namespace="", seconds=60)
    scenario.kubectl("-n", "default", "delete", "configmap", stray["metadata"]["name"])


# --- while an apply is under way ------------------------------------------------------------------------------------


def test_a_change_that_comes_during_an_apply_is_followed_and_nothing_of_the_other_is_left(
    testbed: Testbed, scenario: Scenario
) -> None:
    push(scenario.repository, "1.0.0", config_map("first"), config_map("last"), deployment("web"))
    digest = push(scenario.repository, "2.0.0", config_map("other"))
    with gate("last", namespace=scenario.namespace, kubectl=scenario.kubectl, authority=testbed.authority) as closed:
        scenario.want()
        closed.wait_reached()
        scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
        closed.open()
    scenario.until_runs(digest)
    scenario.until(lambda status: status["inventory"]["count"] == 1)  # a workload goes once its pods have gone

    assert (scenario.names(), scenario.names("deployment")) == (["other"], [])


def test_a_pattern_that_is_deleted_during_its_apply_leaves_nothing(testbed: Testbed, scenario: Scenario) -> None:
    push(scenario.repository, "1.0.0", config_map("first"), config_map("last"), deployment("web"))
    with gate("last", namespace=scenario.namespace, kubectl=scenario.kubectl, authority=testbed.authority) as closed:
        scenario.want()
        closed.wait_reached()
        scenario.delete()
        closed.open()
    scenario.until_gone()

    assert (scenario.names(), scenario.names("deployment")) == ([], [])


# --- when nothing has to be done --------------------------------------------------------------------------------------


def test_a_change_of_how_often_to_look_applies_nothing(testbed: Testbed, scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"), config_map("other"))
    scenario.want()
    scenario.until_runs(digest)

    with gate("none", namespace=scenario.namespace, kubectl=scenario.kubectl, authority=testbed.authority) as opened:
        scenario.change({"interval": "2h", "retryInterval": "3s", "timeout": "9m"})
        status = scenario.until(lambda _: True)

    assert opened.written == []
    assert condition(status, "Ready")["observedGeneration"] == 2


def test_a_request_applies_every_object_once_and_changes_none_that_is_as_it_should_be(
    testbed: Testbed, scenario: Scenario
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"), config_map("other"))
    scenario.want()
    scenario.until_runs(digest)
    before = scenario.get("configmap", "settings")["metadata"]["resourceVersion"]

    with gate("none", namespace=scenario.namespace, kubectl=scenario.kubectl, authority=testbed.authority) as opened:
        scenario.request()

    assert sorted(opened.written) == [(OPERATOR, "other"), (OPERATOR, "settings")]
    assert scenario.get("configmap", "settings")["metadata"]["resourceVersion"] == before


def test_every_condition_speaks_of_the_newest_spec(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want()
    scenario.until_runs(digest)

    scenario.change({"render": {"onInvalid": "Skip"}})
    status = scenario.until_runs(digest)

    assert {each["observedGeneration"] for each in status["conditions"]} == {2}
    assert {each["type"] for each in status["conditions"]}.isdisjoint({"Reconciling", "Stalled"})
    assert status["observedGeneration"] == 2
