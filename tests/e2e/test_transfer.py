"""What moves from one pattern to another in one change is handed over: its UID, and so its data, stay."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from tests.e2e.scenario import API, Scenario, condition, config_map, deployment, eventually, push
from tests.e2e.test_adoption import claim, grant, into
from tests.testbed.repository import Repository
from tests.testbed.testbed import Testbed

from pattern_operator.apply.transfer import DATA_GRACE

MOVES = [claim("data"), config_map("settings"), deployment("app")]
KINDS = [("pvc", "data"), ("configmap", "settings"), ("deployment", "app")]


def sibling(scenario: Scenario) -> Repository:
    """Another repository of the same registry."""
    return replace(scenario.repository, name=f"{scenario.repository.name}-too")


@pytest.fixture
def other(scenario: Scenario) -> Scenario:
    """A second pattern beside ``scenario``, with a repository of its own."""
    return scenario.another("other", repository=sibling(scenario))


@pytest.fixture
def elsewhere(scenario: Scenario) -> Iterator[str]:
    """A second namespace."""
    name = f"elsewhere-{uuid4().hex[:8]}"
    scenario.kubectl("create", "namespace", name)
    yield name
    scenario.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def pattern(scenario: Scenario, tag: str, *, namespace: str = "", **apply: Any) -> dict[str, Any]:
    source = {"url": scenario.repository.oci, "insecure": True, "ref": {"tag": tag}}
    spec = {"interval": "1h", "retryInterval": "2s", "source": source, "apply": {"wait": False, **apply}}
    metadata = {"name": scenario.name, "namespace": namespace or scenario.namespace}
    return {"apiVersion": API, "kind": "DesignPattern", "metadata": metadata, "spec": spec}


def uids(scenario: Scenario) -> dict[str, str]:
    return {name: scenario.get(kind, name)["metadata"]["uid"] for kind, name in KINDS}


def owners(scenario: Scenario) -> set[str]:
    found = (scenario.get(kind, name)["metadata"] for kind, name in KINDS)
    return {each["annotations"]["pattern-operator.io/pattern"] for each in found}


def let_look(scenario: Scenario, *, account: str) -> None:
    """Let the tenant of the namespace ``account`` look at the objects of the pattern's namespace, and no more."""
    head = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "metadata": {"name": account, "namespace": scenario.namespace},
    }
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    subject = {"kind": "ServiceAccount", "name": "tenant", "namespace": account}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
    scenario.kubectl.apply(
        {**head, "kind": "Role", "rules": [rule]},
        {**head, "kind": "RoleBinding", "roleRef": role, "subjects": [subject]},
    )


def pushed(scenario: Scenario, other: Scenario) -> None:
    push(scenario.repository, "1.0.0", config_map("mine"), *MOVES)
    push(scenario.repository, "2.0.0", config_map("mine"))
    push(other.repository, "1.0.0", config_map("theirs"))
    push(other.repository, "2.0.0", config_map("theirs"), *MOVES)


@pytest.mark.parametrize("order", ["from first", "to first", "to long before"])
def test_what_moves_to_another_pattern_in_one_change_keeps_its_uid(
    scenario: Scenario, other: Scenario, order: str
) -> None:
    pushed(scenario, other)
    scenario.kubectl.apply(pattern(scenario, "1.0.0"), pattern(other, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    other.until_says("Ready", "Ready")
    before = uids(scenario)

    changes = [pattern(scenario, "2.0.0"), pattern(other, "2.0.0")]
    if order == "to long before":
        scenario.kubectl.apply(changes.pop())
        refused = other.until_says("Ready", "OwnedByAnotherPattern")
        assert uids(scenario) == before, refused
    scenario.kubectl.apply(*(changes if order == "from first" else reversed(changes)))
    other.until(lambda s: s["inventory"]["count"] == 4 and s["status"] == "Ready")
    scenario.until(lambda s: s["inventory"]["count"] == 1)

    assert uids(scenario) == before
    assert owners(scenario) == {f"{scenario.namespace}/other"}
    assert not any("deletionTimestamp" in scenario.get(kind, name)["metadata"] for kind, name in KINDS)
    assert not scenario.get("pvc", "data")["metadata"]["annotations"].get("pattern-operator.io/adopted")


def test_a_pattern_that_is_renamed_keeps_its_objects(scenario: Scenario, other: Scenario) -> None:
    push(scenario.repository, "1.0.0", *MOVES)
    push(other.repository, "1.0.0", *MOVES)
    scenario.kubectl.apply(pattern(scenario, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    before = uids(scenario)

    scenario.kubectl.apply(pattern(other, "1.0.0"))
    said = "--for=jsonpath={.status.status}=OwnedByAnotherPattern"  # as docs/adoption.md has it
    scenario.kubectl("wait", f"dp/{other.name}", "-n", scenario.namespace, said, "--timeout=30s")
    scenario.delete()
    scenario.until_gone()
    other.until_says("Ready", "Ready")

    assert uids(scenario) == before
    assert owners(scenario) == {f"{scenario.namespace}/other"}


def test_data_is_waited_for_when_the_old_name_goes_before_the_new_one_comes(
    scenario: Scenario, other: Scenario
) -> None:
    push(scenario.repository, "1.0.0", claim("data"))
    push(other.repository, "1.0.0", claim("data"))
    scenario.kubectl.apply(pattern(scenario, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    before = scenario.get("pvc", "data")["metadata"]["uid"]

    scenario.delete()
    scenario.kubectl.apply(pattern(other, "1.0.0"))
    scenario.until_gone()
    other.until_says("Ready", "Ready")

    assert scenario.get("pvc", "data")["metadata"]["uid"] == before


def with_data(scenario: Scenario, other: Scenario) -> str:
    """Let both patterns run, the first with data that its next version lacks; the UID of the data."""
    push(scenario.repository, "1.0.0", config_map("mine"), claim("data"))
    push(scenario.repository, "2.0.0", config_map("mine"))
    push(other.repository, "1.0.0", config_map("theirs"))
    scenario.kubectl.apply(pattern(scenario, "1.0.0"), pattern(other, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    other.until_says("Ready", "Ready")
    uid: str = scenario.get("pvc", "data")["metadata"]["uid"]
    return uid


@pytest.mark.parametrize("order", ["its version is pushed later", "it is resumed later"])
def test_data_is_kept_until_a_changed_pattern_has_rendered_what_it_wants(
    scenario: Scenario, other: Scenario, order: str
) -> None:
    before = with_data(scenario, other)

    moved = pattern(other, "2.0.0")
    if order == "it is resumed later":
        push(other.repository, "2.0.0", config_map("theirs"), claim("data"))
        moved["spec"]["suspend"] = True
    scenario.kubectl.apply(pattern(scenario, "2.0.0"), moved)
    held = f"holds data and DesignPattern {scenario.namespace}/other, which was changed"
    scenario.until(lambda s: held in condition(s, "Applied")["message"])

    push(other.repository, "2.0.0", config_map("theirs"), claim("data"))
    scenario.kubectl.apply(pattern(other, "2.0.0"))
    other.annotate("pattern-operator.io/requestedAt=now")  # who found nothing there comes again when it is asked to
    other.until(lambda s: s["inventory"]["count"] == 2 and s["status"] == "Ready")
    scenario.until(lambda s: s["inventory"]["count"] == 1)

    assert scenario.get("pvc", "data")["metadata"]["uid"] == before


def stays(scenario: Scenario, kind: str, name: str, *, uid: str, seconds: float = DATA_GRACE + 4.0) -> None:
    """Look for longer than the operator waits before it deletes data."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        metadata = scenario.get(kind, name)["metadata"]
        assert (metadata["uid"], "deletionTimestamp" in metadata) == (uid, False)
        time.sleep(0.5)


@pytest.mark.parametrize("order", ["its version is pushed later", "it is resumed later"])
def test_data_is_kept_for_a_version_that_nobody_has_seen_when_the_operator_is_killed_meanwhile(
    testbed: Testbed, scenario: Scenario, other: Scenario, order: str
) -> None:
    before = with_data(scenario, other)
    moved = pattern(other, "2.0.0")
    moved["spec"]["suspend"] = order == "it is resumed later"
    scenario.kubectl.apply(pattern(scenario, "2.0.0"), moved)
    scenario.until(lambda s: "holds data and DesignPattern" in condition(s, "Applied")["message"])

    testbed.operator.kill()
    testbed.operator.restart()
    stays(scenario, "pvc", "data", uid=before)
    push(other.repository, "2.0.0", config_map("theirs"), claim("data"))
    scenario.kubectl.apply(pattern(other, "2.0.0"))
    other.annotate("pattern-operator.io/requestedAt=now")
    other.until(lambda s: s["inventory"]["count"] == 2 and s["status"] == "Ready")
    scenario.until(lambda s: s["inventory"]["count"] == 1)

    assert scenario.get("pvc", "data")["metadata"]["uid"] == before


@pytest.mark.parametrize("failure", ["ComponentsRefused", "Forbidden"])
def test_data_is_kept_for_a_pattern_that_has_it_in_its_version_and_cannot_take_it_yet(
    scenario: Scenario, other: Scenario, failure: str
) -> None:
    moved = [config_map("theirs"), claim("data")]
    push(scenario.repository, "1.0.0", config_map("mine"), claim("data"))
    push(scenario.repository, "2.0.0", config_map("mine"))
    push(other.repository, "1.0.0", config_map("theirs"))
    push(other.repository, "2.0.0", *moved, *([config_map("Not_A_Name")] if failure == "ComponentsRefused" else []))
    push(other.repository, "2.0.1", *moved)
    scenario.kubectl.apply(pattern(scenario, "1.0.0"), pattern(other, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    other.until_says("Ready", "Ready")
    before = scenario.get("pvc", "data")["metadata"]["uid"]

    account = {"serviceAccountName": "late"} if failure == "Forbidden" else {}
    scenario.kubectl.apply(pattern(scenario, "2.0.0"), pattern(other, "2.0.0", **account))
    held = f"DesignPattern {scenario.namespace}/other has it in its version and has not taken it ({failure})"
    scenario.until(lambda s: held in condition(s, "Applied")["message"])
    stays(scenario, "pvc", "data", uid=before)
    if failure == "Forbidden":
        namespace = f"--namespace={scenario.namespace}"
        scenario.kubectl("create", "serviceaccount", "late", namespace)
        late = f"--serviceaccount={scenario.namespace}:late"
        scenario.kubectl("create", "rolebinding", "late", "--clusterrole=edit", late, namespace)
    else:
        scenario.kubectl.apply(pattern(other, "2.0.1"))
    other.until(lambda s: s["inventory"]["count"] == 2 and s["status"] == "Ready")
    scenario.until(lambda s: s["inventory"]["count"] == 1)

    assert scenario.get("pvc", "data")["metadata"]["uid"] == before


def made_long_ago(scenario: Scenario) -> None:
    """Let the times of the pattern, of its changes and of its conditions, be those of a day long gone.

    The API server takes other times of managedFields only with another change beside them.
    """
    namespace, long_ago = f"--namespace={scenario.namespace}", "2020-01-01T00:00:00Z"
    for at in ([], ["--subresource=status"]):
        found = scenario.kubectl.json("get", "dp", scenario.name, namespace, "--show-managed-fields")
        found["metadata"].setdefault("annotations", {})["made"] = long_ago
        for entry in found["metadata"]["managedFields"]:
            entry["time"] = long_ago
        for each in found["status"]["conditions"]:
            each["lastTransitionTime"] = long_ago
        scenario.kubectl("replace", namespace, *at, "-f", "-", stdin=json.dumps(found))


def test_data_is_kept_for_who_has_long_asked_for_it_when_the_registry_loses_its_version_and_the_operator_restarts(
    testbed: Testbed, scenario: Scenario, other: Scenario
) -> None:
    push(scenario.repository, "1.0.0", config_map("mine"), claim("data"))
    push(scenario.repository, "2.0.0", config_map("mine"))
    push(other.repository, "1.0.0", config_map("theirs"), claim("data"))
    scenario.kubectl.apply(pattern(scenario, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    before = scenario.get("pvc", "data")["metadata"]["uid"]
    scenario.kubectl.apply(pattern(other, "1.0.0"))
    other.until_says("Ready", "OwnedByAnotherPattern")
    other.repository.delete("1.0.0")
    other.annotate("pattern-operator.io/requestedAt=now")
    other.until_says("Ready", "ArtifactNotFound")

    testbed.operator.kill()
    made_long_ago(other)
    testbed.operator.restart()
    scenario.kubectl.apply(pattern(scenario, "2.0.0"))
    held = f"holds data and DesignPattern {scenario.namespace}/other, which was changed, may have it in a version that"
    scenario.until(lambda s: held in condition(s, "Applied")["message"])
    stays(scenario, "pvc", "data", uid=before)
    push(other.repository, "1.0.0", config_map("theirs"), claim("data"))
    other.annotate("pattern-operator.io/requestedAt=later")
    other.until_says("Ready", "Ready")
    scenario.until(lambda s: s["inventory"]["count"] == 1)

    assert scenario.get("pvc", "data")["metadata"]["uid"] == before


def test_a_stateful_set_that_takes_its_claims_along_is_kept_as_data_is(scenario: Scenario, other: Scenario) -> None:
    database = deployment("db")
    claims = [{**claim("data"), "metadata": {"name": "data"}}]
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    spec = {**database["spec"], "serviceName": "db", "volumeClaimTemplates": claims}
    database = {**database, "kind": "StatefulSet", "spec": {**spec, "persistentVolumeClaimRetentionPolicy": policy}}
    push(scenario.repository, "1.0.0", config_map("mine"), database)
    push(scenario.repository, "2.0.0", config_map("mine"))
    push(other.repository, "1.0.0", config_map("theirs"))
    scenario.kubectl.apply(pattern(scenario, "1.0.0"), pattern(other, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    other.until_says("Ready", "Ready")
    eventually(lambda: scenario.there("pvc", "data-db-0"))
    before = scenario.get("pvc", "data-db-0")["metadata"]["uid"]

    scenario.kubectl.apply(pattern(scenario, "2.0.0"), pattern(other, "2.0.0"))
    scenario.until(lambda s: "holds data and DesignPattern" in condition(s, "Applied")["message"])
    push(other.repository, "2.0.0", config_map("theirs"), database)
    other.annotate("pattern-operator.io/requestedAt=now")
    other.until(lambda s: s["inventory"]["count"] == 2 and s["status"] == "Ready")
    scenario.until(lambda s: s["inventory"]["count"] == 1)

    assert scenario.get("pvc", "data-db-0")["metadata"]["uid"] == before


def test_a_claim_that_asks_to_stay_outlives_the_wrong_order_too(scenario: Scenario, other: Scenario) -> None:
    push(scenario.repository, "1.0.0", claim("data"))
    push(other.repository, "1.0.0", claim("data"))
    scenario.kubectl.apply(pattern(scenario, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    before = scenario.get("pvc", "data")["metadata"]["uid"]
    scenario.kubectl("annotate", "pvc", "data", "-n", scenario.namespace, "pattern-operator.io/prune=disabled")

    scenario.delete()
    scenario.until_gone()
    scenario.kubectl.apply(pattern(other, "1.0.0"))
    other.until_says("Ready", "Ready")

    assert scenario.get("pvc", "data")["metadata"]["uid"] == before


def test_it_moves_over_a_restart_of_the_operator_too(testbed: Testbed, scenario: Scenario, other: Scenario) -> None:
    pushed(scenario, other)
    scenario.kubectl.apply(pattern(scenario, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    before = uids(scenario)
    scenario.kubectl.apply(pattern(other, "2.0.0"))
    other.until_says("Ready", "OwnedByAnotherPattern")

    testbed.operator.stop()
    scenario.kubectl.apply(pattern(scenario, "2.0.0"))
    testbed.operator.restart()
    other.until_says("Ready", "Ready")
    scenario.until(lambda s: s["inventory"]["count"] == 1)

    assert uids(scenario) == before


def test_it_moves_across_namespaces_too(scenario: Scenario, other: Scenario, elsewhere: str) -> None:
    there = into(elsewhere, claim("data"))
    push(scenario.repository, "1.0.0", config_map("mine"), there)
    push(scenario.repository, "2.0.0", config_map("mine"))
    push(other.repository, "1.0.0", there)
    scenario.kubectl.apply(pattern(scenario, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    look = lambda: scenario.kubectl.json("-n", elsewhere, "get", "pvc", "data")["metadata"]  # noqa: E731 - it is one line
    before = look()["uid"]

    scenario.kubectl.apply(pattern(scenario, "2.0.0"), pattern(other, "1.0.0", namespace=elsewhere))
    moved = Scenario(scenario.kubectl, elsewhere, other.repository, "other")
    moved.until_says("Ready", "Ready")
    scenario.until(lambda s: s["inventory"]["count"] == 1)

    assert look()["uid"] == before
    assert look()["annotations"]["pattern-operator.io/pattern"] == f"{elsewhere}/other"


def test_a_change_that_is_taken_back_changes_nothing(scenario: Scenario, other: Scenario) -> None:
    pushed(scenario, other)
    scenario.kubectl.apply(pattern(scenario, "1.0.0"), pattern(other, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    before = uids(scenario)
    scenario.kubectl.apply(pattern(other, "2.0.0"))
    other.until_says("Ready", "OwnedByAnotherPattern")
    scenario.kubectl.apply(pattern(other, "1.0.0"))
    other.until_says("Ready", "Ready")

    scenario.kubectl.apply(pattern(scenario, "2.0.0"))
    scenario.until(lambda s: s["inventory"]["count"] == 1)

    eventually(lambda: not any(scenario.there(kind, name) for kind, name in KINDS))  # nobody waits for them any more
    assert before


def test_who_may_not_write_an_object_does_not_get_it_by_naming_it(tenants: Testbed, scenario: Scenario) -> None:
    kubectl = tenants.kubectl
    team, thief = (f"{name}-{uuid4().hex[:8]}" for name in ("team", "thief"))
    for name in (team, thief):
        kubectl("create", "namespace", name)
    mine = Scenario(kubectl, team, scenario.repository, "web")
    theirs = Scenario(kubectl, thief, sibling(scenario), "thief")
    grant(mine, namespace=team)
    grant(mine, namespace=thief)
    let_look(mine, account=thief)
    push(mine.repository, "1.0.0", config_map("mine"), config_map("wanted"))
    push(mine.repository, "2.0.0", config_map("mine"))
    push(theirs.repository, "1.0.0", into(team, config_map("wanted")))
    kubectl.apply(pattern(mine, "1.0.0", serviceAccountName="tenant"))
    mine.until_says("Ready", "Ready")
    kubectl.apply(pattern(theirs, "1.0.0", serviceAccountName="tenant"))
    theirs.until_says("Ready", "OwnedByAnotherPattern")
    uid = mine.get("configmap", "wanted")["metadata"]["uid"]

    kubectl.apply(pattern(mine, "2.0.0", serviceAccountName="tenant"))
    mine.until(lambda s: s["inventory"]["count"] == 1)
    theirs.until(lambda s: "Forbidden" in json.dumps(s["conditions"]))

    assert uid
    assert not mine.there("configmap", "wanted")
    for each in (mine, theirs):
        each.delete()
        each.until_gone()
    kubectl("delete", "namespace", team, thief, "--wait=false")


@pytest.mark.parametrize("then", ["no such tag", "no account", "no key"])
def test_who_may_only_look_at_objects_and_then_fails_early_holds_up_nobody(
    tenants: Testbed, scenario: Scenario, then: str
) -> None:
    kubectl = tenants.kubectl
    team, thief = (f"{name}-{uuid4().hex[:8]}" for name in ("team", "thief"))
    for name in (team, thief):
        kubectl("create", "namespace", name)
    mine = Scenario(kubectl, team, scenario.repository, "web")
    renamed = Scenario(kubectl, team, scenario.repository, "renamed")
    theirs = Scenario(kubectl, thief, sibling(scenario), "thief")
    grant(mine, namespace=team)
    grant(mine, namespace=thief)
    let_look(mine, account=thief)
    named = [config_map("left"), config_map("data"), config_map("kept")]
    push(mine.repository, "1.0.0", *named)
    push(mine.repository, "2.0.0", *named[1:])
    push(theirs.repository, "1.0.0", *(into(team, each) for each in named))
    kubectl.apply(pattern(mine, "1.0.0", serviceAccountName="tenant"))
    mine.until_says("Ready", "Ready")
    kubectl.apply(pattern(theirs, "1.0.0", serviceAccountName="tenant"))
    said = theirs.until_says("Ready", "OwnedByAnotherPattern")["message"]
    uid = mine.get("configmap", "data")["metadata"]["uid"]

    changed = pattern(theirs, "none" if then == "no such tag" else "1.0.0", serviceAccountName="tenant")
    if then == "no account":
        del changed["spec"]["apply"]["serviceAccountName"]
    if then == "no key":
        changed["spec"]["verify"] = {"authorities": [{"key": {"secretRef": {"name": "none"}}}]}
    kubectl.apply(changed)
    theirs.until(lambda s: s["status"] not in ("OwnedByAnotherPattern", "Progressing"))
    kubectl.apply(pattern(mine, "2.0.0", serviceAccountName="tenant"))
    mine.until(lambda s: s["inventory"]["count"] == 2)
    kubectl.apply(pattern(renamed, "2.0.0", serviceAccountName="tenant"))
    renamed.until_says("Ready", "OwnedByAnotherPattern")
    mine.delete()
    mine.until_gone()
    renamed.until_says("Ready", "Ready")

    assert "It is not handed over to this pattern: " in said
    assert not mine.there("configmap", "left")
    assert mine.get("configmap", "data")["metadata"]["uid"] == uid
    for each in (renamed, theirs):
        each.delete()
        each.until_gone()
    kubectl("delete", "namespace", team, thief, "--wait=false")


def test_who_may_write_and_cannot_take_it_holds_up_nobody(scenario: Scenario, other: Scenario) -> None:
    push(scenario.repository, "1.0.0", deployment("app"))
    wanted = deployment("app")
    wanted["spec"]["selector"]["matchLabels"]["app"] = wanted["spec"]["template"]["metadata"]["labels"]["app"] = "two"
    push(other.repository, "1.0.0", wanted)
    scenario.kubectl.apply(pattern(scenario, "1.0.0"))
    scenario.until_says("Ready", "Ready")
    before = scenario.get("deployment", "app")["metadata"]["uid"]
    scenario.kubectl.apply(pattern(other, "1.0.0"))
    other.until_says("Ready", "OwnedByAnotherPattern")

    scenario.delete()
    scenario.until_gone()
    other.until_says("Ready", "Ready")

    assert scenario.get("deployment", "app")["metadata"]["uid"] != before
