"""Whose an object is, and what becomes of it when it leaves its pattern, or the pattern goes."""

import json

import pytest
from tests.e2e.scenario import Scenario, annotated, condition, config_map, deployment, eventually, push
from tests.testbed.testbed import Testbed

OWNER = "pattern-operator.io/owner"
HOLD = "example.com/hold"


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_an_object_of_another_pattern_is_left_to_it_until_that_one_goes(scenario: Scenario) -> None:
    other = scenario.another("other")
    first = push(scenario.repository, "1.0.0", config_map("shared", a="of-web"))
    second = push(scenario.repository, "2.0.0", config_map("shared", a="of-other"), config_map("own"))
    scenario.want(ref={"tag": "1.0.0"})
    scenario.until_runs(first)

    other.want(ref={"tag": "2.0.0"})
    refused = other.until(lambda status: condition(status, "Ready")["reason"] == "OwnedByAnotherPattern")
    left = scenario.get("configmap", "shared")["data"]
    scenario.delete()
    scenario.until_gone()
    other.until_runs(second)

    assert (
        f"ConfigMap {scenario.namespace}/shared: is owned by DesignPattern {scenario.namespace}/web"
        in (condition(refused, "Ready")["message"])
    )
    assert [entry["id"] for entry in refused["inventory"]["entries"]] == [f"{scenario.namespace}_own__ConfigMap"]
    assert left == {"a": "of-web"}
    assert scenario.get("configmap", "shared")["data"] == {"a": "of-other"}


def test_a_pattern_that_was_refused_an_object_does_not_take_it_away_when_it_goes(scenario: Scenario) -> None:
    other = scenario.another("other")
    first = push(scenario.repository, "1.0.0", config_map("shared", a="of-web"))
    push(scenario.repository, "2.0.0", config_map("shared", a="of-other"))
    scenario.want(ref={"tag": "1.0.0"})
    scenario.until_runs(first)
    other.want(ref={"tag": "2.0.0"})
    other.until_says("Ready", "OwnedByAnotherPattern")

    other.delete()
    other.until_gone()

    assert scenario.get("configmap", "shared")["data"] == {"a": "of-web"}


@pytest.mark.parametrize("label", [None, "somebody-else"])
def test_an_object_that_somebody_took_over_is_left_when_the_pattern_goes(scenario: Scenario, label: str | None) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("taken"), config_map("ours"))
    scenario.want()
    scenario.until_runs(digest)
    scenario.change({"suspend": True})
    scenario.until(lambda status: status["status"] == "Suspended")

    scenario.edit("configmap", "taken", {"metadata": {"labels": {OWNER: label}}})
    scenario.delete()
    scenario.until_gone()

    assert scenario.there("configmap", "taken")
    assert not scenario.there("configmap", "ours")


def test_an_object_with_the_label_of_a_pattern_that_does_not_have_it_is_told_once_and_left(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("own"))
    scenario.want()
    scenario.until_runs(digest)
    late = config_map("late")
    late["metadata"] |= {"labels": {OWNER: scenario.get("configmap", "own")["metadata"]["labels"][OWNER]}}

    scenario.make(late)
    eventually(lambda: scenario.events("NotInInventory"))
    (told,) = scenario.events("NotInInventory")
    scenario.delete()
    scenario.until_gone()

    assert f"ConfigMap {scenario.namespace}/late. A request that came late may have made it" in told["message"]
    assert f"kubectl delete configmap late -n {scenario.namespace}" in told["message"]
    assert scenario.there("configmap", "late")


def test_an_object_that_moves_from_one_pattern_to_another_goes_with_it(scenario: Scenario) -> None:
    other = scenario.another("other")
    first = push(scenario.repository, "1.0.0", config_map("moving", a="of-web"), config_map("own"))
    second = push(scenario.repository, "2.0.0", config_map("own"))
    third = push(scenario.repository, "3.0.0", config_map("moving", a="of-other"))
    scenario.want(ref={"tag": "1.0.0"})
    scenario.until_runs(first)
    other.want(ref={"tag": "3.0.0"})
    other.until_says("Ready", "OwnedByAnotherPattern")

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)
    other.until_runs(third)
    scenario.delete()
    scenario.until_gone()

    assert scenario.get("configmap", "moving")["data"] == {"a": "of-other"}


def test_a_pattern_that_was_restored_from_a_backup_takes_its_objects_back(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want()
    scenario.until_runs(digest)
    before = scenario.get("configmap", "settings")["metadata"]["labels"][OWNER]
    scenario.edit("dp", scenario.name, {"metadata": {"finalizers": None}})
    scenario.delete()
    scenario.until_gone()

    scenario.want()  # of another UID, and without status
    scenario.until_runs(digest)
    after = scenario.get("configmap", "settings")["metadata"]["labels"][OWNER]
    scenario.delete()
    scenario.until_gone()

    assert before != after
    assert not scenario.there("configmap", "settings")


def test_an_inventory_that_was_spoilt_by_hand_is_told_and_used_again_once_it_was_corrected(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want()
    inventory = scenario.until_runs(digest)["inventory"]

    write_inventory(scenario, {"count": 1, "entries": [{"id": "spoilt", "v": "v1"}]})
    spoilt = scenario.request()
    write_inventory(scenario, inventory)
    scenario.until_runs(digest)
    write_inventory(scenario, {"count": 1, "entries": [{"id": "spoilt", "v": "v1"}]})
    scenario.delete()
    stuck = scenario.until_says("Ready", "InvalidStatus")
    write_inventory(scenario, inventory)
    scenario.until_gone()

    assert condition(spoilt, "Ready")["reason"] == "InvalidStatus"
    for message in (condition(spoilt, "Ready")["message"], stuck["message"]):
        assert "'spoilt' is not an object key" in message
        assert "Correct the entry" in message
    assert not scenario.there("configmap", "settings")


def write_inventory(scenario: Scenario, inventory: dict[str, object]) -> None:
    patch = json.dumps({"status": {"inventory": inventory}})
    scenario.kubectl(
        "-n", scenario.namespace, "patch", "dp", scenario.name, "--subresource=status", "--type=merge", "-p", patch
    )


# --- what leaves ------------------------------------------------------------------------------------------------------


def test_what_left_the_pattern_stays_where_it_says_prune_false(scenario: Scenario) -> None:
    first = push(scenario.repository, "1.0.0", config_map("kept"), config_map("left"))
    second = push(scenario.repository, "2.0.0", config_map("kept"))
    scenario.want(apply={"prune": False})
    scenario.until_runs(first)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until_runs(second)
    scenario.delete()
    scenario.until_gone()

    assert status["inventory"]["count"] == 1
    said = f"ConfigMap {scenario.namespace}/left left the pattern and is not deleted, because spec.apply.prune is false"
    assert said in condition(status, "Applied")["message"]
    assert scenario.there("configmap", "left")
    assert not scenario.there("configmap", "kept")


def test_an_object_that_is_annotated_so_is_never_deleted(scenario: Scenario) -> None:
    kept = annotated(config_map("annotated-in-the-artifact"), prune="disabled")
    first = push(scenario.repository, "1.0.0", kept, config_map("annotated-in-the-cluster"), config_map("other"))
    second = push(scenario.repository, "2.0.0", config_map("annotated-in-the-cluster"), config_map("other"))
    scenario.want()
    scenario.until_runs(first)
    marked = {"metadata": {"annotations": {"pattern-operator.io/prune": "disabled"}}}
    scenario.edit("configmap", "annotated-in-the-cluster", marked)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until_runs(second)
    scenario.delete()
    scenario.until_gone()

    assert "annotated-in-the-artifact stays: it is annotated prune: disabled" in condition(status, "Applied")["message"]
    assert scenario.there("configmap", "annotated-in-the-artifact")
    assert scenario.there("configmap", "annotated-in-the-cluster")
    assert not scenario.there("configmap", "other")


def test_an_object_for_when_it_is_absent_is_made_once_and_then_left_to_others(scenario: Scenario) -> None:
    scenario.make(config_map("there-before", a="theirs"))
    objects = [annotated(config_map(name, a="ours"), ssa="IfAbsent") for name in ("there-before", "made")]
    first = push(scenario.repository, "1.0.0", *objects)
    second = push(scenario.repository, "2.0.0", *objects, config_map("other"))
    scenario.want()
    scenario.until_runs(first)

    made = scenario.get("configmap", "made")["data"]
    scenario.edit("configmap", "made", {"data": {"a": "theirs"}})
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)
    left = [scenario.get("configmap", name)["data"] for name in ("there-before", "made")]
    scenario.delete()
    scenario.until_gone()

    assert made == {"a": "ours"}
    assert left == [{"a": "theirs"}, {"a": "theirs"}]
    assert scenario.there("configmap", "there-before")
    assert not scenario.there("configmap", "made")


def test_an_object_that_is_to_be_ignored_is_not_applied_and_not_owned(scenario: Scenario) -> None:
    ignored = annotated(config_map("ignored"), ssa="Ignore")
    digest = push(scenario.repository, "1.0.0", ignored, config_map("settings"))

    scenario.want()
    status = scenario.until_runs(digest)

    assert not scenario.there("configmap", "ignored")
    assert status["inventory"]["count"] == 1


def test_objects_go_in_reverse_order_and_none_before_those_that_need_it_are_gone(scenario: Scenario) -> None:
    held = deployment("web")
    held["metadata"]["finalizers"] = [HOLD]
    digest = push(scenario.repository, "1.0.0", config_map("settings"), held)
    scenario.want()
    scenario.until_runs(digest)

    scenario.delete()
    deleting = scenario.until_says("Ready", "Deleting")
    there = scenario.names()
    scenario.edit("deployment", "web", {"metadata": {"finalizers": None}})
    scenario.until_gone()

    assert (
        f"2 objects left: Deployment.apps {scenario.namespace}/web: is being deleted, held by the finalizers"
        in (deleting["message"])
    )
    assert HOLD in deleting["message"]
    assert "1 more go after them" in deleting["message"]
    assert there == ["settings"]
    assert not scenario.there("configmap", "settings")


def test_a_pattern_that_was_deleted_while_no_operator_ran_is_taken_down_by_the_next(
    testbed: Testbed, scenario: Scenario
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"), deployment("web"))
    scenario.want()
    scenario.until_runs(digest)

    testbed.operator.stop()
    scenario.delete()
    testbed.operator.restart()
    scenario.until_gone()

    assert (scenario.names(), scenario.names("deployment")) == ([], [])


def test_a_deletion_that_waits_is_waited_for_by_the_next_operator_too(testbed: Testbed, scenario: Scenario) -> None:
    held = deployment("web")
    held["metadata"]["finalizers"] = [HOLD]
    digest = push(scenario.repository, "1.0.0", config_map("settings"), held)
    scenario.want()
    scenario.until_runs(digest)
    scenario.delete()
    scenario.until_says("Ready", "Deleting")

    testbed.operator.restart()
    scenario.edit("deployment", "web", {"metadata": {"finalizers": None}})
    scenario.until_gone()

    assert not scenario.there("configmap", "settings")
