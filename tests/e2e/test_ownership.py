"""Whose an object is, and what becomes of it when it leaves its pattern, or the pattern goes."""

import json

import pytest
from tests.e2e.story import Story, annotated, condition, config_map, deployment, push
from tests.testbed.testbed import Testbed

OWNER = "pattern-operator.io/owner"
HOLD = "example.com/hold"


# --- whose it is ------------------------------------------------------------------------------------------------------


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
        f"ConfigMap {story.namespace}/shared: is owned by DesignPattern {story.namespace}/web"
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


def test_an_object_that_moves_from_one_pattern_to_another_goes_with_it(story: Story) -> None:
    other = story.another("other")
    first = push(story.repository, "1.0.0", config_map("moving", a="of-web"), config_map("own"))
    second = push(story.repository, "2.0.0", config_map("own"))
    third = push(story.repository, "3.0.0", config_map("moving", a="of-other"))
    story.want(ref={"tag": "1.0.0"})
    story.until_runs(first)
    other.want(ref={"tag": "3.0.0"})
    other.until_says("Ready", "OwnedByAnotherPattern")

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)
    other.until_runs(third)
    story.delete()
    story.until_gone()

    assert story.get("configmap", "moving")["data"] == {"a": "of-other"}


def test_a_pattern_that_was_restored_from_a_backup_takes_its_objects_back(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want()
    story.until_runs(digest)
    before = story.get("configmap", "settings")["metadata"]["labels"][OWNER]
    story.edit("dp", story.name, {"metadata": {"finalizers": None}})
    story.delete()
    story.until_gone()

    story.want()  # of another UID, and without status
    story.until_runs(digest)
    after = story.get("configmap", "settings")["metadata"]["labels"][OWNER]
    story.delete()
    story.until_gone()

    assert before != after
    assert not story.there("configmap", "settings")


def test_an_inventory_that_was_spoilt_by_hand_is_told_and_used_again_once_it_was_corrected(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want()
    inventory = story.until_runs(digest)["inventory"]

    write_inventory(story, {"count": 1, "entries": [{"id": "spoilt", "v": "v1"}]})
    spoilt = story.request()
    write_inventory(story, inventory)
    story.until_runs(digest)
    write_inventory(story, {"count": 1, "entries": [{"id": "spoilt", "v": "v1"}]})
    story.delete()
    stuck = story.until_says("Ready", "InvalidStatus")
    write_inventory(story, inventory)
    story.until_gone()

    assert condition(spoilt, "Ready")["reason"] == "InvalidStatus"
    for message in (condition(spoilt, "Ready")["message"], stuck["message"]):
        assert "'spoilt' is no object key" in message
        assert "Correct the entry" in message
    assert not story.there("configmap", "settings")


def write_inventory(story: Story, inventory: dict[str, object]) -> None:
    patch = json.dumps({"status": {"inventory": inventory}})
    story.kubectl("-n", story.namespace, "patch", "dp", story.name, "--subresource=status", "--type=merge", "-p", patch)


# --- what leaves ------------------------------------------------------------------------------------------------------


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
    said = f"ConfigMap {story.namespace}/left left the pattern and is not deleted, because spec.apply.prune is false"
    assert said in condition(status, "Applied")["message"]
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
        f"2 objects left: Deployment.apps {story.namespace}/web: is being deleted, held by the finalizers"
        in (deleting["message"])
    )
    assert HOLD in deleting["message"]
    assert "1 more go after them" in deleting["message"]
    assert there == ["settings"]
    assert not story.there("configmap", "settings")


def test_a_pattern_that_was_deleted_while_no_operator_ran_is_taken_down_by_the_next(
    testbed: Testbed, story: Story
) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"), deployment("web"))
    story.want()
    story.until_runs(digest)

    testbed.operator.stop()
    story.delete()
    testbed.operator.restart()
    story.until_gone()

    assert (story.names(), story.names("deployment")) == ([], [])


def test_a_deletion_that_waits_is_waited_for_by_the_next_operator_too(testbed: Testbed, story: Story) -> None:
    held = deployment("web")
    held["metadata"]["finalizers"] = [HOLD]
    digest = push(story.repository, "1.0.0", config_map("settings"), held)
    story.want()
    story.until_runs(digest)
    story.delete()
    story.until_says("Ready", "Deleting")

    testbed.operator.restart()
    story.edit("deployment", "web", {"metadata": {"finalizers": None}})
    story.until_gone()

    assert not story.there("configmap", "settings")
