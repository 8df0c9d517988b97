"""From objects to a cluster: what the API server refuses, which kinds it has, in whose name it is asked, and when it is
not asked at all."""

import json
from typing import Any

import pytest
from tests.e2e.story import Story, condition, config_map, deployment, eventually, push, widget, widgets
from tests.testbed.gate import gate
from tests.testbed.operator import ACCOUNT, NAMESPACE
from tests.testbed.testbed import Testbed

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"


def refused_deployment(name: str) -> dict[str, Any]:
    """A Deployment that the API server refuses: its selector does not select its own pods."""
    body = deployment(name)
    body["spec"]["selector"]["matchLabels"] = {"app": "other"}
    return body


# --- what the API server refuses --------------------------------------------------------------------------------------


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
    ]  # and not the one that was refused: it does not exist
    assert there == (["settings"], ["api"])
    assert (story.names(), story.names("deployment")) == ([], [])


def test_the_next_version_mends_what_the_api_server_refused(story: Story) -> None:
    push(story.repository, "latest", config_map("settings"), config_map("left"), refused_deployment("web"))
    story.want(ref={"tag": "latest"})
    story.until_says("Ready", "ApplyFailed")

    mended = push(story.repository, "latest", config_map("settings"), deployment("web"))
    story.request()
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
    story.request()
    story.kubectl("create", "namespace", other)
    story.until_runs(digest)

    assert f'namespaces "{other}" not found. Create the namespace' in failed["message"]
    eventually(lambda: story.events("ApplyFailed"))
    assert len(story.events("ApplyFailed")) == 1
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
    assert "delete the object, and it is made anew" in failed["message"]


@pytest.mark.parametrize(
    "content",
    [
        {"data": {"password": "s3cret!"}},
        {"stringData": {"password": {"nested": "s3cret"}}},
        {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "s3cret"}},
    ],
)
def test_a_secret_that_is_refused_is_told_without_what_is_in_it(story: Story, content: dict[str, Any]) -> None:
    push(story.repository, "1.0.0", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, **content})

    story.want()
    status = story.until(lambda status: condition(status, "Ready")["status"] == "False")

    assert condition(status, "Ready")["reason"] == "ApplyFailed"
    assert f"Secret {story.namespace}/login: " in condition(status, "Ready")["message"]
    assert "s3cret" not in json.dumps([status, story.events()])


# --- kinds ------------------------------------------------------------------------------------------------------------


def test_an_object_whose_crd_is_missing_is_applied_when_the_crd_comes(story: Story, group: str) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"), widget(group, "first"))

    story.want()  # whose interval is an hour
    waiting = story.until(lambda status: condition(status, "Ready")["reason"] == "KindNotFound")
    there = story.names()
    story.kubectl.apply(widgets(group))
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
    digest = push(story.repository, "1.0.0", widget(group, "first"), widgets(group))

    story.want()
    status = story.until_runs(digest)
    named = story.names(f"widgets.{group}")
    story.delete()
    story.until_gone()

    assert status["inventory"]["count"] == 2
    assert named == ["first"]
    assert not story.there("crd", f"widgets.{group}")


# --- in whose name ----------------------------------------------------------------------------------------------------


def grant(story: Story, *resources: str, verbs: tuple[str, ...] = ("*",)) -> None:
    """Let the account ``tenant`` do this, by default everything, with these resources of its namespace."""
    rules = [{"apiGroups": ["", "apps"], "resources": list(resources), "verbs": list(verbs)}]
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
    assert f'User "{account}" cannot get resource "deployments"' in forbidden["message"]
    assert f"Grant ServiceAccount {story.namespace}/tenant the verbs get, create" in forbidden["message"]
    assert there == ["settings"]


def test_what_may_not_be_pruned_stays_in_the_inventory_until_it_may(story: Story) -> None:
    grant(story, "configmaps", verbs=("get", "create", "patch"))
    first = push(story.repository, "1.0.0", config_map("kept"), config_map("left"))
    second = push(story.repository, "2.0.0", config_map("kept", a="2"))
    story.want(apply={"serviceAccountName": "tenant"})
    story.until_runs(first)

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    forbidden = story.until(lambda status: condition(status, "Ready")["reason"] == "Forbidden")
    grant(story, "configmaps")
    pruned = story.until_runs(second)

    assert (
        f"left the pattern could not be deleted: ConfigMap {story.namespace}/left: "
        in (condition(forbidden, "Applied")["message"])
    )
    assert (
        f"grant ServiceAccount {story.namespace}/tenant the verbs get and delete on configmaps in namespace"
        f" {story.namespace}; " in condition(forbidden, "Applied")["message"]
    )
    assert forbidden["inventory"]["count"] == 2
    assert pruned["inventory"]["count"] == 1
    assert story.names() == ["kept"]


def test_what_may_not_be_pruned_is_left_by_the_command_that_the_message_gives(story: Story) -> None:
    grant(story, "configmaps", verbs=("get", "create", "patch"))
    first = push(story.repository, "1.0.0", config_map("kept"), config_map("left"))
    second = push(story.repository, "2.0.0", config_map("kept", a="2"))
    story.want(apply={"serviceAccountName": "tenant"})
    story.until_runs(first)
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    forbidden = story.until_says("Applied", "Forbidden")

    command = forbidden["message"].rpartition("kubectl ")[2].rstrip("`").split()
    story.kubectl(*command)
    pruned = story.until_runs(second)

    assert pruned["inventory"]["count"] == 1
    assert story.there("configmap", "left")


def test_a_deletion_goes_on_when_the_account_may_again(story: Story) -> None:
    grant(story, "configmaps")
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want(apply={"serviceAccountName": "tenant"})
    story.until_runs(digest)

    story.remove("rolebinding", "tenant")
    story.delete()
    story.until_says("Ready", "Forbidden")
    grant(story, "configmaps")
    story.until_gone()

    assert story.names() == []


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

    assert f"1 object left: ConfigMap {story.namespace}/settings: " in stuck["message"]
    assert 'cannot delete resource "configmaps"' in stuck["message"]
    assert (
        f"grant ServiceAccount {story.namespace}/tenant the verbs get and delete on configmaps in namespace"
        f" {story.namespace}; make the account first if it is gone. DesignPattern {story.namespace}/web is kept until"
        " they are deleted." in stuck["message"]
    )
    assert f"kubectl patch designpattern web -n {story.namespace}" in stuck["message"]
    assert "Orphan" in stuck["message"]
    assert story.names() == ["settings"]


def test_a_namespace_that_is_deleted_with_everything_in_it_does_not_hang_on_its_pattern(story: Story) -> None:
    """Not even where the account's rights went first, and somebody labelled an object of the same kind elsewhere."""
    grant(story, "configmaps")
    stray = config_map(f"stray-of-{story.namespace}")
    stray["metadata"] |= {"namespace": "default", "labels": {"pattern-operator.io/owner": "of-nobody"}}
    story.make(stray)
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want(apply={"serviceAccountName": "tenant"})
    story.until_runs(digest)

    story.remove("rolebinding", "tenant")
    story.kubectl("delete", "namespace", story.namespace, "--wait=false")

    # The namespace controller begins after 5 seconds, and looks again 8 seconds later.
    story.kubectl.until("namespace", story.namespace, lambda seen: seen is None, namespace="", seconds=60)
    story.kubectl("-n", "default", "delete", "configmap", stray["metadata"]["name"])


# --- while an apply is under way ------------------------------------------------------------------------------------


def test_a_change_that_comes_during_an_apply_is_followed_and_nothing_of_the_other_is_left(
    testbed: Testbed, story: Story
) -> None:
    push(story.repository, "1.0.0", config_map("first"), config_map("last"), deployment("web"))
    digest = push(story.repository, "2.0.0", config_map("other"))
    with gate("last", namespace=story.namespace, kubectl=story.kubectl, authority=testbed.authority) as closed:
        story.want()
        closed.wait_reached()
        story.change({"source": {"ref": {"tag": "2.0.0"}}})
        closed.open()
    story.until_runs(digest)

    assert (story.names(), story.names("deployment")) == (["other"], [])


def test_a_pattern_that_is_deleted_during_its_apply_leaves_nothing(testbed: Testbed, story: Story) -> None:
    push(story.repository, "1.0.0", config_map("first"), config_map("last"), deployment("web"))
    with gate("last", namespace=story.namespace, kubectl=story.kubectl, authority=testbed.authority) as closed:
        story.want()
        closed.wait_reached()
        story.delete()
        closed.open()
    story.until_gone()

    assert (story.names(), story.names("deployment")) == ([], [])


# --- when nothing has to be done --------------------------------------------------------------------------------------


def test_a_change_of_how_often_to_look_applies_nothing(testbed: Testbed, story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"), config_map("other"))
    story.want()
    story.until_runs(digest)

    with gate("none", namespace=story.namespace, kubectl=story.kubectl, authority=testbed.authority) as opened:
        story.change({"interval": "2h", "retryInterval": "3s", "timeout": "9m"})
        status = story.until(lambda _: True)

    assert opened.written == []
    assert condition(status, "Ready")["observedGeneration"] == 2


def test_a_request_applies_every_object_once_and_changes_none_that_is_as_it_should_be(
    testbed: Testbed, story: Story
) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"), config_map("other"))
    story.want()
    story.until_runs(digest)
    before = story.get("configmap", "settings")["metadata"]["resourceVersion"]

    with gate("none", namespace=story.namespace, kubectl=story.kubectl, authority=testbed.authority) as opened:
        story.request()

    assert sorted(opened.written) == [(OPERATOR, "other"), (OPERATOR, "settings")]
    assert story.get("configmap", "settings")["metadata"]["resourceVersion"] == before


def test_every_condition_speaks_of_the_newest_spec(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want()
    story.until_runs(digest)

    story.change({"render": {"onInvalid": "Skip"}})
    status = story.until_runs(digest)

    assert {each["observedGeneration"] for each in status["conditions"]} == {2}
    assert {each["type"] for each in status["conditions"]}.isdisjoint({"Reconciling", "Stalled"})
    assert status["observedGeneration"] == 2
