"""What was there before a pattern is not taken over in silence, and nothing of others goes with a pattern."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from tests.e2e.story import Story, condition, config_map, deployment, push, widget, widgets
from tests.testbed.testbed import Testbed

OWNER, PATTERN, ADOPTED = (f"pattern-operator.io/{name}" for name in ("owner", "pattern", "adopted"))
RBAC = "rbac.authorization.k8s.io"
HELM = {
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "apps"},
}


@pytest.fixture
def tenant(story: Story) -> Iterator[str]:
    """A second namespace, of another tenant."""
    name = f"tenant2-{uuid4().hex[:8]}"
    story.kubectl("create", "namespace", name)
    yield name
    story.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def space(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def into(namespace: str, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "namespace": namespace}}


def claim(name: str) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def marks(metadata: dict[str, Any]) -> list[str]:
    names = [name for part in ("labels", "annotations") for name in metadata.get(part, {})]
    return [name for name in names if name.startswith("pattern-operator.io/")]


def grant(story: Story, *, namespace: str, account: str = "tenant") -> None:
    """Let the account of its own namespace do everything with ConfigMaps there."""
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
    metadata = {"name": account, "namespace": namespace}
    story.kubectl.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", **metadata}],
        },
    )


# --- what was there ---------------------------------------------------------------------------------------------------


def test_an_adopted_object_is_marked_kept_as_wanted_and_left_after_a_restart_too(
    testbed: Testbed, story: Story
) -> None:
    story.make(config_map("settings", a="1"))
    first = push(story.repository, "1.0.0", config_map("settings", a="1", b="1"), config_map("own"))
    second = push(story.repository, "2.0.0", config_map("settings", a="1", b="2"), config_map("own"))
    story.want()
    story.until_runs(first)
    adopted = story.get("configmap", "settings")["metadata"]["annotations"]
    testbed.operator.restart()
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)
    again = story.get("configmap", "settings")["metadata"]["annotations"]

    story.delete()
    story.until_gone()

    left = story.get("configmap", "settings")
    assert adopted[ADOPTED] == again[ADOPTED] == "true"
    assert left["data"] == {"a": "1", "b": "2"}
    assert marks(left["metadata"]) == []
    assert not story.there("configmap", "own")
    (event,) = story.events("Kept")
    assert f"ConfigMap {story.namespace}/settings: stays: it existed before the pattern" in event["message"]


def test_an_adopted_object_that_leaves_the_pattern_is_left_and_said(story: Story) -> None:
    story.make(config_map("settings", a="1"))
    first = push(story.repository, "1.0.0", config_map("settings", a="1"), config_map("own"))
    second = push(story.repository, "2.0.0", config_map("own"))
    story.want()
    story.until_runs(first)

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = story.until_runs(second)

    assert "settings stays: it existed before the pattern" in condition(status, "Applied")["message"]
    assert marks(story.get("configmap", "settings")["metadata"]) == []
    assert status["inventory"]["count"] == 1


def test_never_says_what_is_in_the_way_and_changes_nothing(story: Story) -> None:
    story.make(config_map("settings", a="theirs"))
    digest = push(story.repository, "1.0.0", config_map("settings", a="ours"), config_map("own"))

    story.want(apply={"adopt": "Never", "conflicts": "Take"})
    refused = story.until(lambda status: condition(status, "Ready")["reason"] == "AlreadyExists")
    left = story.get("configmap", "settings")
    story.change({"apply": {"adopt": "IfUnowned"}})
    story.until_runs(digest)

    assert "exists already, and spec.apply.adopt is Never" in condition(refused, "Ready")["message"]
    assert [each["id"] for each in refused["inventory"]["entries"]] == [f"{story.namespace}_own__ConfigMap"]
    assert (left["data"], marks(left["metadata"])) == ({"a": "theirs"}, [])
    assert story.get("configmap", "settings")["data"] == {"a": "ours"}


def test_a_namespace_with_objects_of_others_survives_the_pattern_that_brings_it(story: Story, tenant: str) -> None:
    story.kubectl.apply(into(tenant, config_map("precious")))
    digest = push(story.repository, "1.0.0", space(tenant), into(tenant, config_map("ours")))

    story.want()
    status = story.until_runs(digest)
    marked = marks(story.kubectl.json("get", "namespace", tenant)["metadata"])
    story.delete()
    story.until_gone()

    assert (
        f"Namespace {tenant} existed before the pattern: it is used as it is"
        in (condition(status, "Applied")["message"])
    )
    assert [each["id"] for each in status["inventory"]["entries"]] == [f"{tenant}_ours__ConfigMap"]
    assert marked == []
    found = story.kubectl.json("-n", tenant, "get", "configmaps")["items"]
    assert "deletionTimestamp" not in story.kubectl.json("get", "namespace", tenant)["metadata"]
    assert [each["metadata"]["name"] for each in found if each["metadata"]["name"] != "kube-root-ca.crt"] == [
        "precious"
    ]


def test_a_namespace_of_the_pattern_that_others_moved_into_stays_and_one_that_is_empty_goes(story: Story) -> None:
    shared, own = (f"{name}-{uuid4().hex[:8]}" for name in ("shared", "own"))
    digest = push(
        story.repository,
        "1.0.0",
        space(shared),
        space(own),
        into(own, deployment("web")),
        into(shared, config_map("c")),
    )
    story.want()
    story.until_runs(digest)
    story.kubectl.apply(into(shared, config_map("precious")))

    story.delete()
    story.until_gone()

    (event,) = story.events("Kept")
    assert (
        f"Namespace {shared}: stays: it still holds 1 that would be deleted with it: ConfigMap precious"
        in (event["message"])
    )
    assert f"kubectl delete namespace {shared}" in event["message"]
    there = story.kubectl.json("get", "namespace", shared)["metadata"]
    assert ("deletionTimestamp" in there, marks(there)) == (False, [])
    assert not story.there("namespace", own)
    story.kubectl("delete", "namespace", shared, "--wait=false")


def test_a_definition_with_resources_of_others_survives_the_pattern(story: Story, group: str) -> None:
    first = push(story.repository, "1.0.0", widgets(group), widget(group, "ours"), config_map("settings"))
    second = push(story.repository, "2.0.0", config_map("settings"))
    story.want()
    story.until_runs(first)
    story.make(widget(group, "theirs"))

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = story.until_runs(second)

    assert (
        f"widgets.{group} stays: it still holds 1 that would be deleted with it: Widget.{group}"
        in (condition(status, "Applied")["message"])
    )
    assert story.there(f"widgets.{group}", "theirs")
    assert not story.there(f"widgets.{group}", "ours")
    story.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


def test_a_definition_and_a_claim_that_were_there_are_used_as_they_are_and_stay(story: Story, group: str) -> None:
    story.make(widgets(group), claim("data"))
    digest = push(story.repository, "1.0.0", widgets(group), widget(group, "ours"), claim("data"))

    story.want()
    status = story.until_runs(digest)
    story.delete()
    story.until_gone()

    assert [each["id"] for each in status["inventory"]["entries"]] == [f"{story.namespace}_ours_{group}_Widget"]
    assert condition(status, "Applied")["message"].count("existed before the pattern") == 2
    assert story.there("pvc", "data")
    assert story.there("crd", f"widgets.{group}")
    assert not story.there(f"widgets.{group}", "ours")
    story.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        pytest.param(HELM, "the Helm release apps/shop", id="Helm"),
        pytest.param(
            {"annotations": {"argocd.argoproj.io/tracking-id": "shop:/ConfigMap:NAMESPACE/settings"}},
            "the Argo CD Application shop",
            id="Argo CD",
        ),
        pytest.param(
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "apps"}},
            "the Flux Kustomization apps/shop",
            id="Flux",
        ),
    ],
)
def test_what_another_tool_manages_is_refused_by_name_whatever_the_spec_says(
    story: Story, metadata: dict[str, Any], name: str
) -> None:
    theirs = config_map("settings", a="theirs")
    theirs["metadata"] |= json.loads(json.dumps(metadata).replace("NAMESPACE", story.namespace))
    story.make(theirs)
    push(story.repository, "1.0.0", config_map("settings", a="ours"))

    story.want(apply={"adopt": "Always", "conflicts": "Take"})
    refused = story.until_says("Ready", "ManagedByAnotherTool")
    story.delete()
    story.until_gone()

    assert f"is managed by {name}" in refused["message"]
    assert story.get("configmap", "settings")["data"] == {"a": "theirs"}


# --- whose it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["tenant", "mistyped"])
def test_who_has_no_right_in_a_namespace_does_not_keep_its_rightful_owner_out(
    testbed: Testbed, story: Story, tenant: str, account: str
) -> None:
    grant(story, namespace=story.namespace)
    grant(story, namespace=tenant)
    push(story.repository, "1.0.0", into(tenant, config_map("settings", a="attack")))
    digest = push(story.repository, "2.0.0", config_map("settings", a="rightful"))
    rightful = Story(story.kubectl, tenant, story.repository)

    story.want(apply={"serviceAccountName": account})
    # A next try writes ahead, and takes it back.
    story.until(lambda status: condition(status, "Ready")["reason"] == "Forbidden" and not status["inventory"]["count"])
    rightful.want(ref={"tag": "2.0.0"}, apply={"serviceAccountName": "tenant"})
    rightful.until_runs(digest)
    testbed.operator.restart()
    rightful.request()
    story.until_says("Ready", "Forbidden")
    rightful.until_runs(digest)

    assert rightful.get("configmap", "settings")["data"] == {"a": "rightful"}
    assert not [each for each in rightful.events() if each["reason"] == "OwnedByAnotherPattern"]


def test_an_inventory_that_names_what_was_never_made_keeps_nobody_out(testbed: Testbed, story: Story) -> None:
    """As after a crash between the inventory that is written ahead and the first apply."""
    other = story.another("other")
    push(story.repository, "1.0.0", config_map("own"))
    digest = push(story.repository, "2.0.0", config_map("shared"))
    story.want(suspend=True)
    story.until(lambda status: status["status"] == "Suspended")
    entry = {"id": f"{story.namespace}_shared__ConfigMap", "v": "v1"}
    patch = json.dumps({"status": {"inventory": {"count": 1, "entries": [entry]}}})
    story.kubectl("-n", story.namespace, "patch", "dp", "web", "--subresource=status", "--type=merge", "-p", patch)
    testbed.operator.restart()

    other.want(ref={"tag": "2.0.0"})
    other.until_runs(digest)
    story.delete()
    story.until_gone()

    assert story.names() == ["shared"]


def test_a_pattern_that_is_made_anew_has_what_its_predecessor_left(testbed: Testbed, story: Story) -> None:
    name = f"brought-{uuid4().hex[:8]}"
    digest = push(story.repository, "1.0.0", space(name), into(name, config_map("settings")), config_map("here"))
    story.want(apply={"deletionPolicy": "Orphan"})
    story.until_runs(digest)
    story.delete()
    story.until_gone()

    testbed.operator.restart()
    story.want(apply={"adopt": "Never"})
    story.until_runs(digest)
    story.delete()
    story.until_gone()

    assert not story.there("configmap", "here")
    assert not story.there("namespace", name)
