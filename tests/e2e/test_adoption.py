"""What was there before a pattern is not taken over in silence, and nothing of others goes with a pattern."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, deployment, eventually, push, widget, widgets
from tests.testbed.testbed import Testbed

OWNER, PATTERN, ADOPTED = (f"pattern-operator.io/{name}" for name in ("owner", "pattern", "adopted"))
RBAC = "rbac.authorization.k8s.io"
HELM = {
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "apps"},
}


@pytest.fixture
def tenant(scenario: Scenario) -> Iterator[str]:
    """A second namespace, of another tenant."""
    name = f"tenant2-{uuid4().hex[:8]}"
    scenario.kubectl("create", "namespace", name)
    yield name
    scenario.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


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


def grant(scenario: Scenario, *, namespace: str, account: str = "tenant") -> None:
    """Let the account of its own namespace do everything with ConfigMaps there."""
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
    metadata = {"name": account, "namespace": namespace}
    scenario.kubectl.apply(
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
    testbed: Testbed, scenario: Scenario
) -> None:
    scenario.make(config_map("settings", a="1"))
    first = push(scenario.repository, "1.0.0", config_map("settings", a="1", b="1"), config_map("own"))
    second = push(scenario.repository, "2.0.0", config_map("settings", a="1", b="2"), config_map("own"))
    scenario.want()
    scenario.until_runs(first)
    adopted = scenario.get("configmap", "settings")["metadata"]["annotations"]
    testbed.operator.restart()
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)
    again = scenario.get("configmap", "settings")["metadata"]["annotations"]

    scenario.delete()
    scenario.until_gone()

    left = scenario.get("configmap", "settings")
    assert adopted[ADOPTED] == again[ADOPTED] == "true"
    assert left["data"] == {"a": "1", "b": "2"}
    assert marks(left["metadata"]) == []
    assert not scenario.there("configmap", "own")
    eventually(lambda: scenario.events("Kept"))
    (event,) = scenario.events("Kept")
    assert f"ConfigMap {scenario.namespace}/settings: stays: it existed before the pattern" in event["message"]


def test_an_adopted_object_that_leaves_the_pattern_is_left_and_said(scenario: Scenario) -> None:
    scenario.make(config_map("settings", a="1"))
    first = push(scenario.repository, "1.0.0", config_map("settings", a="1"), config_map("own"))
    second = push(scenario.repository, "2.0.0", config_map("own"))
    scenario.want()
    scenario.until_runs(first)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until_runs(second)

    assert "settings stays: it existed before the pattern" in condition(status, "Applied")["message"]
    assert marks(scenario.get("configmap", "settings")["metadata"]) == []
    assert status["inventory"]["count"] == 1


def test_never_says_what_is_in_the_way_and_changes_nothing(scenario: Scenario) -> None:
    scenario.make(config_map("settings", a="theirs"))
    digest = push(scenario.repository, "1.0.0", config_map("settings", a="ours"), config_map("own"))

    scenario.want(apply={"adopt": "Never", "conflicts": "Take"})
    refused = scenario.until(lambda status: condition(status, "Ready")["reason"] == "AlreadyExists")
    left = scenario.get("configmap", "settings")
    scenario.change({"apply": {"adopt": "IfUnowned"}})
    scenario.until_runs(digest)

    assert "exists already, and spec.apply.adopt is Never" in condition(refused, "Ready")["message"]
    assert [each["id"] for each in refused["inventory"]["entries"]] == [f"{scenario.namespace}_own__ConfigMap"]
    assert (left["data"], marks(left["metadata"])) == ({"a": "theirs"}, [])
    assert scenario.get("configmap", "settings")["data"] == {"a": "ours"}


def test_a_field_that_others_came_to_hold_on_an_own_object_goes_when_it_leaves_or_is_named_with_who_has_it(
    testbed: Testbed, scenario: Scenario
) -> None:
    names = ("wiped", "applied", "shared")
    first = push(scenario.repository, "1.0.0", *(config_map(name, a="1", b="1") for name in names))
    second = push(scenario.repository, "2.0.0", *(config_map(name, a="1") for name in names))
    scenario.want()
    scenario.until_runs(first)

    def others(name: str) -> set[str]:
        entries = scenario.get("configmap", name)["metadata"]["managedFields"]
        return {each["manager"] for each in entries} - {"pattern-operator"}

    def again(name: str, manager: str) -> None:
        """Apply the very same content as somebody else does."""
        arguments = ("--server-side", "--force-conflicts", f"--field-manager={manager}", "-n", scenario.namespace)
        testbed.kubectl("apply", *arguments, "-f", "-", stdin=json.dumps(config_map(name, a="1", b="1")))

    cleared = json.dumps([{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}])
    testbed.kubectl("patch", "configmap", "wiped", "-n", scenario.namespace, "--type=json", "-p", cleared)
    again("applied", "kubectl")
    again("shared", "some-controller")
    eventually(lambda: others("wiped") == {"before-first-apply"})
    testbed.operator.restart()

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    told = condition(scenario.until_runs(second), "Applied")["message"]
    still = condition(scenario.request(), "Applied")["message"]

    where = f"ConfigMap {scenario.namespace}"
    assert [scenario.get("configmap", name)["data"] for name in names] == [{"a": "1"}, {"a": "1"}, {"a": "1", "b": "1"}]
    assert others("wiped") | others("applied") == set()
    for message in (told, still):
        assert f"{where}/shared: .data.b left the pattern, and stays because field manager some-controller" in message
        assert f"{where}/wiped" not in message
        assert f"{where}/applied" not in message

    again_without = json.dumps([{"op": "remove", "path": "/data/b"}])
    testbed.kubectl("patch", "configmap", "shared", "-n", scenario.namespace, "--type=json", "-p", again_without)
    eventually(lambda: "left the pattern, and stays" not in condition(scenario.request(), "Applied")["message"])


def test_a_namespace_with_objects_of_others_survives_the_pattern_that_brings_it(
    scenario: Scenario, tenant: str
) -> None:
    scenario.kubectl.apply(into(tenant, config_map("precious")))
    digest = push(scenario.repository, "1.0.0", space(tenant), into(tenant, config_map("ours")))

    scenario.want()
    status = scenario.until_runs(digest)
    marked = marks(scenario.kubectl.json("get", "namespace", tenant)["metadata"])
    scenario.delete()
    scenario.until_gone()

    assert (
        f"Namespace {tenant} existed before the pattern: it is used as it is"
        in (condition(status, "Applied")["message"])
    )
    assert [each["id"] for each in status["inventory"]["entries"]] == [f"{tenant}_ours__ConfigMap"]
    assert marked == []
    found = scenario.kubectl.json("-n", tenant, "get", "configmaps")["items"]
    assert "deletionTimestamp" not in scenario.kubectl.json("get", "namespace", tenant)["metadata"]
    assert [each["metadata"]["name"] for each in found if each["metadata"]["name"] != "kube-root-ca.crt"] == [
        "precious"
    ]


def test_a_namespace_of_the_pattern_that_others_moved_into_stays_and_one_that_is_empty_goes(scenario: Scenario) -> None:
    shared, own = (f"{name}-{uuid4().hex[:8]}" for name in ("shared", "own"))
    digest = push(
        scenario.repository,
        "1.0.0",
        space(shared),
        space(own),
        into(own, deployment("web")),
        into(shared, config_map("c")),
    )
    scenario.want()
    scenario.until_runs(digest)
    scenario.kubectl.apply(into(shared, config_map("precious")))

    scenario.delete()
    scenario.until_gone()

    eventually(lambda: scenario.events("Kept"))
    (event,) = scenario.events("Kept")
    assert (
        f"Namespace {shared}: stays: it still contains 1 that would be deleted with it: ConfigMap precious"
        in (event["message"])
    )
    assert f"kubectl delete namespace {shared}" in event["message"]
    there = scenario.kubectl.json("get", "namespace", shared)["metadata"]
    assert ("deletionTimestamp" in there, marks(there)) == (False, [])
    assert not scenario.there("namespace", own)
    scenario.kubectl("delete", "namespace", shared, "--wait=false")


def test_a_definition_with_resources_of_others_survives_the_pattern(scenario: Scenario, group: str) -> None:
    first = push(scenario.repository, "1.0.0", widgets(group), widget(group, "ours"), config_map("settings"))
    second = push(scenario.repository, "2.0.0", config_map("settings"))
    scenario.want()
    scenario.until_runs(first)
    scenario.make(widget(group, "theirs"))

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until_runs(second)

    assert (
        f"widgets.{group} stays: it still contains 1 that would be deleted with it: Widget.{group}"
        in (condition(status, "Applied")["message"])
    )
    assert scenario.there(f"widgets.{group}", "theirs")
    assert not scenario.there(f"widgets.{group}", "ours")
    scenario.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


def test_a_definition_and_a_claim_that_were_there_are_used_as_they_are_and_stay(scenario: Scenario, group: str) -> None:
    scenario.make(widgets(group), claim("data"))
    digest = push(scenario.repository, "1.0.0", widgets(group), widget(group, "ours"), claim("data"))

    scenario.want()
    status = scenario.until_runs(digest)
    scenario.delete()
    scenario.until_gone()

    assert [each["id"] for each in status["inventory"]["entries"]] == [f"{scenario.namespace}_ours_{group}_Widget"]
    assert condition(status, "Applied")["message"].count("existed before the pattern") == 2
    assert scenario.there("pvc", "data")
    assert scenario.there("crd", f"widgets.{group}")
    assert not scenario.there(f"widgets.{group}", "ours")
    scenario.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


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
    scenario: Scenario, metadata: dict[str, Any], name: str
) -> None:
    theirs = config_map("settings", a="theirs")
    theirs["metadata"] |= json.loads(json.dumps(metadata).replace("NAMESPACE", scenario.namespace))
    scenario.make(theirs)
    push(scenario.repository, "1.0.0", config_map("settings", a="ours"))

    scenario.want(apply={"adopt": "Always", "conflicts": "Take"})
    refused = scenario.until_says("Ready", "ManagedByAnotherTool")
    scenario.delete()
    scenario.until_gone()

    assert f"is managed by {name}" in refused["message"]
    assert scenario.get("configmap", "settings")["data"] == {"a": "theirs"}


# --- whose it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["tenant", "mistyped"])
def test_who_has_no_right_in_a_namespace_does_not_keep_its_rightful_owner_out(
    testbed: Testbed, scenario: Scenario, tenant: str, account: str
) -> None:
    grant(scenario, namespace=scenario.namespace)
    grant(scenario, namespace=tenant)
    push(scenario.repository, "1.0.0", into(tenant, config_map("settings", a="attack")))
    digest = push(scenario.repository, "2.0.0", config_map("settings", a="rightful"))
    rightful = Scenario(scenario.kubectl, tenant, scenario.repository)

    scenario.want(apply={"serviceAccountName": account})
    # A next try writes ahead, and takes it back.
    scenario.until(
        lambda status: condition(status, "Ready")["reason"] == "Forbidden" and not status["inventory"]["count"]
    )
    rightful.want(ref={"tag": "2.0.0"}, apply={"serviceAccountName": "tenant"})
    rightful.until_runs(digest)
    testbed.operator.restart()
    rightful.request()
    scenario.until_says("Ready", "Forbidden")
    rightful.until_runs(digest)

    assert rightful.get("configmap", "settings")["data"] == {"a": "rightful"}
    assert not [each for each in rightful.events() if each["reason"] == "OwnedByAnotherPattern"]


def test_an_inventory_that_names_what_was_never_made_keeps_nobody_out(testbed: Testbed, scenario: Scenario) -> None:
    """As after a crash between the inventory that is written ahead and the first apply."""
    other = scenario.another("other")
    push(scenario.repository, "1.0.0", config_map("own"))
    digest = push(scenario.repository, "2.0.0", config_map("shared"))
    scenario.want(suspend=True)
    scenario.until(lambda status: status["status"] == "Suspended")
    entry = {"id": f"{scenario.namespace}_shared__ConfigMap", "v": "v1"}
    patch = json.dumps({"status": {"inventory": {"count": 1, "entries": [entry]}}})
    scenario.kubectl(
        "-n", scenario.namespace, "patch", "dp", "web", "--subresource=status", "--type=merge", "-p", patch
    )
    testbed.operator.restart()

    other.want(ref={"tag": "2.0.0"})
    other.until_runs(digest)
    scenario.delete()
    scenario.until_gone()

    assert scenario.names() == ["shared"]


def test_a_pattern_that_is_made_anew_has_what_its_predecessor_left(testbed: Testbed, scenario: Scenario) -> None:
    name = f"brought-{uuid4().hex[:8]}"
    digest = push(scenario.repository, "1.0.0", space(name), into(name, config_map("settings")), config_map("here"))
    scenario.want(apply={"deletionPolicy": "Orphan"})
    scenario.until_runs(digest)
    scenario.delete()
    scenario.until_gone()

    testbed.operator.restart()
    scenario.want(apply={"adopt": "Never"})
    scenario.until_runs(digest)
    scenario.delete()
    scenario.until_gone()

    assert not scenario.there("configmap", "here")
    assert not scenario.there("namespace", name)
