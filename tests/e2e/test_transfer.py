"""What moves from one pattern to another in one change is handed over: its UID, and so its data, stay."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from tests.e2e.story import API, Story, config_map, deployment, eventually, push
from tests.e2e.test_adoption import claim, grant, into
from tests.testbed.repository import Repository
from tests.testbed.testbed import Testbed

MOVES = [claim("data"), config_map("settings"), deployment("app")]
KINDS = [("pvc", "data"), ("configmap", "settings"), ("deployment", "app")]


def sibling(story: Story) -> Repository:
    """Another repository of the same registry."""
    return replace(story.repository, name=f"{story.repository.name}-too")


@pytest.fixture
def other(story: Story) -> Story:
    """A second pattern beside ``story``, with a repository of its own."""
    return story.another("other", repository=sibling(story))


@pytest.fixture
def elsewhere(story: Story) -> Iterator[str]:
    """A second namespace."""
    name = f"elsewhere-{uuid4().hex[:8]}"
    story.kubectl("create", "namespace", name)
    yield name
    story.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def pattern(story: Story, tag: str, *, namespace: str = "", **apply: Any) -> dict[str, Any]:
    source = {"url": story.repository.oci, "insecure": True, "ref": {"tag": tag}}
    spec = {"interval": "1h", "retryInterval": "2s", "source": source, "apply": {"wait": False, **apply}}
    metadata = {"name": story.name, "namespace": namespace or story.namespace}
    return {"apiVersion": API, "kind": "DesignPattern", "metadata": metadata, "spec": spec}


def uids(story: Story) -> dict[str, str]:
    return {name: story.get(kind, name)["metadata"]["uid"] for kind, name in KINDS}


def owners(story: Story) -> set[str]:
    found = (story.get(kind, name)["metadata"] for kind, name in KINDS)
    return {each["annotations"]["pattern-operator.io/pattern"] for each in found}


def let_look(story: Story, *, account: str) -> None:
    """Let the tenant of the namespace ``account`` look at the objects of the pattern's namespace, and no more."""
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": account, "namespace": story.namespace}}
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    subject = {"kind": "ServiceAccount", "name": "tenant", "namespace": account}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
    story.kubectl.apply(
        {**head, "kind": "Role", "rules": [rule]},
        {**head, "kind": "RoleBinding", "roleRef": role, "subjects": [subject]},
    )


def pushed(story: Story, other: Story) -> None:
    push(story.repository, "1.0.0", config_map("mine"), *MOVES)
    push(story.repository, "2.0.0", config_map("mine"))
    push(other.repository, "1.0.0", config_map("theirs"))
    push(other.repository, "2.0.0", config_map("theirs"), *MOVES)


@pytest.mark.parametrize("order", ["from first", "to first", "to long before"])
def test_what_moves_to_another_pattern_in_one_change_keeps_its_uid(story: Story, other: Story, order: str) -> None:
    pushed(story, other)
    story.kubectl.apply(pattern(story, "1.0.0"), pattern(other, "1.0.0"))
    story.until_says("Ready", "Ready")
    other.until_says("Ready", "Ready")
    before = uids(story)

    changes = [pattern(story, "2.0.0"), pattern(other, "2.0.0")]
    if order == "to long before":
        story.kubectl.apply(changes.pop())
        refused = other.until_says("Ready", "OwnedByAnotherPattern")
        assert uids(story) == before, refused
    story.kubectl.apply(*(changes if order == "from first" else reversed(changes)))
    other.until(lambda s: s["inventory"]["count"] == 4 and s["status"] == "Ready")
    story.until(lambda s: s["inventory"]["count"] == 1)

    assert uids(story) == before
    assert owners(story) == {f"{story.namespace}/other"}
    assert not any("deletionTimestamp" in story.get(kind, name)["metadata"] for kind, name in KINDS)
    assert not story.get("pvc", "data")["metadata"]["annotations"].get("pattern-operator.io/adopted")


def test_a_pattern_that_is_renamed_keeps_its_objects(story: Story, other: Story) -> None:
    push(story.repository, "1.0.0", *MOVES)
    push(other.repository, "1.0.0", *MOVES)
    story.kubectl.apply(pattern(story, "1.0.0"))
    story.until_says("Ready", "Ready")
    before = uids(story)

    story.kubectl.apply(pattern(other, "1.0.0"))
    said = "--for=jsonpath={.status.status}=OwnedByAnotherPattern"  # as docs/adoption.md has it
    story.kubectl("wait", f"dp/{other.name}", "-n", story.namespace, said, "--timeout=30s")
    story.delete()
    story.until_gone()
    other.until_says("Ready", "Ready")

    assert uids(story) == before
    assert owners(story) == {f"{story.namespace}/other"}


def test_data_is_waited_for_when_the_old_name_goes_before_the_new_one_comes(story: Story, other: Story) -> None:
    push(story.repository, "1.0.0", claim("data"))
    push(other.repository, "1.0.0", claim("data"))
    story.kubectl.apply(pattern(story, "1.0.0"))
    story.until_says("Ready", "Ready")
    before = story.get("pvc", "data")["metadata"]["uid"]

    story.delete()
    story.kubectl.apply(pattern(other, "1.0.0"))
    story.until_gone()
    other.until_says("Ready", "Ready")

    assert story.get("pvc", "data")["metadata"]["uid"] == before


def test_a_claim_that_asks_to_stay_outlives_the_wrong_order_too(story: Story, other: Story) -> None:
    push(story.repository, "1.0.0", claim("data"))
    push(other.repository, "1.0.0", claim("data"))
    story.kubectl.apply(pattern(story, "1.0.0"))
    story.until_says("Ready", "Ready")
    before = story.get("pvc", "data")["metadata"]["uid"]
    story.kubectl("annotate", "pvc", "data", "-n", story.namespace, "pattern-operator.io/prune=disabled")

    story.delete()
    story.until_gone()
    story.kubectl.apply(pattern(other, "1.0.0"))
    other.until_says("Ready", "Ready")

    assert story.get("pvc", "data")["metadata"]["uid"] == before


def test_it_moves_over_a_restart_of_the_operator_too(testbed: Testbed, story: Story, other: Story) -> None:
    pushed(story, other)
    story.kubectl.apply(pattern(story, "1.0.0"))
    story.until_says("Ready", "Ready")
    before = uids(story)
    story.kubectl.apply(pattern(other, "2.0.0"))
    other.until_says("Ready", "OwnedByAnotherPattern")

    testbed.operator.stop()
    story.kubectl.apply(pattern(story, "2.0.0"))
    testbed.operator.restart()
    other.until_says("Ready", "Ready")
    story.until(lambda s: s["inventory"]["count"] == 1)

    assert uids(story) == before


def test_it_moves_across_namespaces_too(story: Story, other: Story, elsewhere: str) -> None:
    there = into(elsewhere, claim("data"))
    push(story.repository, "1.0.0", config_map("mine"), there)
    push(story.repository, "2.0.0", config_map("mine"))
    push(other.repository, "1.0.0", there)
    story.kubectl.apply(pattern(story, "1.0.0"))
    story.until_says("Ready", "Ready")
    look = lambda: story.kubectl.json("-n", elsewhere, "get", "pvc", "data")["metadata"]  # noqa: E731 - it is one line
    before = look()["uid"]

    story.kubectl.apply(pattern(story, "2.0.0"), pattern(other, "1.0.0", namespace=elsewhere))
    moved = Story(story.kubectl, elsewhere, other.repository, "other")
    moved.until_says("Ready", "Ready")
    story.until(lambda s: s["inventory"]["count"] == 1)

    assert look()["uid"] == before
    assert look()["annotations"]["pattern-operator.io/pattern"] == f"{elsewhere}/other"


def test_a_change_that_is_taken_back_changes_nothing(story: Story, other: Story) -> None:
    pushed(story, other)
    story.kubectl.apply(pattern(story, "1.0.0"), pattern(other, "1.0.0"))
    story.until_says("Ready", "Ready")
    before = uids(story)
    story.kubectl.apply(pattern(other, "2.0.0"))
    other.until_says("Ready", "OwnedByAnotherPattern")
    story.kubectl.apply(pattern(other, "1.0.0"))
    other.until_says("Ready", "Ready")

    story.kubectl.apply(pattern(story, "2.0.0"))
    story.until(lambda s: s["inventory"]["count"] == 1)

    eventually(lambda: not any(story.there(kind, name) for kind, name in KINDS))  # nobody waits for them any more
    assert before


def test_who_may_not_write_an_object_does_not_get_it_by_naming_it(tenants: Testbed, story: Story) -> None:
    kubectl = tenants.kubectl
    team, thief = (f"{name}-{uuid4().hex[:8]}" for name in ("team", "thief"))
    for name in (team, thief):
        kubectl("create", "namespace", name)
    mine = Story(kubectl, team, story.repository, "web")
    theirs = Story(kubectl, thief, sibling(story), "thief")
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
    tenants: Testbed, story: Story, then: str
) -> None:
    kubectl = tenants.kubectl
    team, thief = (f"{name}-{uuid4().hex[:8]}" for name in ("team", "thief"))
    for name in (team, thief):
        kubectl("create", "namespace", name)
    mine = Story(kubectl, team, story.repository, "web")
    renamed = Story(kubectl, team, story.repository, "renamed")
    theirs = Story(kubectl, thief, sibling(story), "thief")
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


def test_who_may_write_and_cannot_take_it_holds_up_nobody(story: Story, other: Story) -> None:
    push(story.repository, "1.0.0", deployment("app"))
    wanted = deployment("app")
    wanted["spec"]["selector"]["matchLabels"]["app"] = wanted["spec"]["template"]["metadata"]["labels"]["app"] = "two"
    push(other.repository, "1.0.0", wanted)
    story.kubectl.apply(pattern(story, "1.0.0"))
    story.until_says("Ready", "Ready")
    before = story.get("deployment", "app")["metadata"]["uid"]
    story.kubectl.apply(pattern(other, "1.0.0"))
    other.until_says("Ready", "OwnedByAnotherPattern")

    story.delete()
    story.until_gone()
    other.until_says("Ready", "Ready")

    assert story.get("deployment", "app")["metadata"]["uid"] != before
