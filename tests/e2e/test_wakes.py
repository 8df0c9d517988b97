"""What wakes a pattern in a real cluster: nothing that it waits for comes unnoticed, and nothing that went lives on."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.e2e.scenario import Scenario, condition, config_map, eventually, push, widget, widgets

NEVER = "1h"  # between tries: what is seen sooner was woken


def test_patterns_whose_kind_comes_in_the_same_second_go_on_at_once(scenario: Scenario, group: str):
    """The race of the report, in which 4 of 6 stayed KindNotFound until their interval."""
    digest = push(scenario.repository, "1.0.0", widget(group, "w"))
    patterns = [scenario.another(f"waits-{number}") for number in range(6)]

    with ThreadPoolExecutor(8) as many:
        asked = [many.submit(each.want, interval=NEVER, retryInterval=NEVER) for each in patterns[:3]]
        asked.append(many.submit(scenario.make, widgets(group)))
        asked += [many.submit(each.want, interval=NEVER, retryInterval=NEVER) for each in patterns[3:]]
        for done in asked:
            done.result()

    # All of them name the same object: whose it is, is another matter than whether the kind is known.
    for each in patterns:
        each.until(
            lambda s: (
                condition(s, "Ready")["reason"] in ("Ready", "OwnedByAnotherPattern") and s["lastAttemptedRevision"]
            ),
        )
    assert digest in {each.status.get("digest") for each in patterns}
    scenario.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


def test_a_pattern_that_waits_for_anothers_object_has_it_when_that_one_goes(scenario: Scenario):
    push(scenario.repository, "1.0.0", config_map("shared"))
    holder, waits = scenario.another("holder"), scenario.another("waits")
    holder.want()
    holder.until(lambda s: condition(s, "Ready")["status"] == "True")
    waits.want(interval=NEVER, retryInterval=NEVER)
    waits.until_says("Ready", "OwnedByAnotherPattern")

    holder.delete()

    waits.until(lambda s: condition(s, "Ready")["status"] == "True")


def test_a_pattern_that_waits_for_anothers_object_has_it_when_that_one_leaves_it_behind(scenario: Scenario):
    push(scenario.repository, "1.0.0", config_map("shared"), config_map("other"))
    push(scenario.repository, "2.0.0", config_map("other"))
    push(scenario.repository, "3.0.0", config_map("shared"))
    holder, waits = scenario.another("holder"), scenario.another("waits")
    holder.want(apply={"prune": False})
    holder.until(lambda s: condition(s, "Ready")["status"] == "True")
    waits.want(ref={"tag": "3.0.0"}, interval=NEVER, retryInterval=NEVER)
    waits.until_says("Ready", "OwnedByAnotherPattern")

    holder.change({"source": {"ref": {"tag": "2.0.0"}}})

    waits.until(lambda s: condition(s, "Ready")["status"] == "True")


def test_a_pattern_that_waits_for_a_namespace_goes_on_when_it_is_made(scenario: Scenario):
    late = f"late-{uuid4().hex[:8]}"
    push(scenario.repository, "1.0.0", {**config_map("a"), "metadata": {"name": "a", "namespace": late}})
    scenario.want(interval=NEVER, retryInterval=NEVER)
    scenario.until(lambda s: condition(s, "Ready")["status"] == "False")

    scenario.kubectl("create", "namespace", late)

    scenario.until(lambda s: condition(s, "Ready")["status"] == "True")
    scenario.delete()
    scenario.until_gone()
    scenario.kubectl("delete", "namespace", late, "--wait=false")


def test_a_pattern_whose_account_lacks_a_right_goes_on_when_it_is_granted(scenario: Scenario):
    push(scenario.repository, "1.0.0", config_map("a"))
    scenario.want(interval=NEVER, retryInterval=NEVER, apply={"serviceAccountName": "deployer"})
    scenario.until_says("Ready", "Forbidden")

    scenario.kubectl("-n", scenario.namespace, "create", "serviceaccount", "deployer")
    binding = ("create", "rolebinding", "deployer", "--clusterrole=edit")
    scenario.kubectl("-n", scenario.namespace, *binding, f"--serviceaccount={scenario.namespace}:deployer")

    scenario.until(lambda s: condition(s, "Ready")["status"] == "True")


def test_a_finalizer_that_a_replace_took_away_is_put_back_and_nothing_is_orphaned(scenario: Scenario):
    push(scenario.repository, "1.0.0", config_map("a"))
    scenario.want()
    scenario.until(lambda s: condition(s, "Ready")["status"] == "True")

    for number in range(5):
        found = scenario.kubectl.json("-n", scenario.namespace, "get", "dp", scenario.name)
        meta = found["metadata"]
        bare = {"name": meta["name"], "namespace": meta["namespace"], "labels": {"round": str(number)}}
        body = {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": bare, "spec": found["spec"]}
        scenario.kubectl("replace", "-f", "-", stdin=json.dumps(body))
        scenario.until_object("dp", scenario.name, lambda pattern: pattern["metadata"].get("finalizers"))

    scenario.delete()
    scenario.until_gone()
    assert not scenario.there("configmap", "a")


def test_a_suspended_patterns_finalizer_is_put_back_too(scenario: Scenario):
    push(scenario.repository, "1.0.0", config_map("a"))
    scenario.want()
    scenario.until(lambda s: condition(s, "Ready")["status"] == "True")
    scenario.change({"suspend": True})
    scenario.until(lambda s: s["status"] == "Suspended")

    scenario.kubectl(
        "-n", scenario.namespace, "patch", "dp", scenario.name, "--type=merge", "-p", '{"metadata":{"finalizers":null}}'
    )

    scenario.until_object("dp", scenario.name, lambda pattern: pattern["metadata"].get("finalizers"))
    scenario.delete()
    scenario.until_gone()
    eventually(lambda: not scenario.there("configmap", "a"))


def test_an_update_is_told_by_one_event_that_says_what_it_did(scenario: Scenario):
    first = push(scenario.repository, "1.0.0", config_map("old"), config_map("same"), config_map("other", a="1"))
    second = push(scenario.repository, "2.0.0", config_map("same"), config_map("other", a="2"), config_map("new"))
    scenario.want()
    scenario.until_runs(first)
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)
    third = push(scenario.repository, "2.0.0", config_map("same"), config_map("other", a="3"), config_map("new"))
    scenario.request()
    scenario.until_runs(third)
    scenario.request()

    eventually(lambda: len(scenario.events("Updated")) >= 3)
    notes = {each["message"] for each in scenario.events("Updated")}
    short = {digest: digest.removeprefix("sha256:")[:12] for digest in (first, second, third)}
    name = f"ConfigMap {scenario.namespace}"
    assert notes == {
        f"1.0.0 ({short[first]}) installed: 3 created (created: {name}/old, {name}/other, {name}/same)",
        f"1.0.0 ({short[first]}) -> 2.0.0 ({short[second]}): 1 created, 1 configured, pruned {name}/old"
        f" (created: {name}/new; configured: {name}/other)",
        f"tag 2.0.0 moved: {short[second]} -> {short[third]}: 1 configured (configured: {name}/other)",
    }


def test_a_deletion_whose_account_lost_its_rights_goes_on_when_they_are_granted(scenario: Scenario):
    grant = ("create", "rolebinding", "deployer", "--clusterrole=edit")
    account = f"--serviceaccount={scenario.namespace}:deployer"
    push(scenario.repository, "1.0.0", config_map("a"))
    scenario.kubectl("-n", scenario.namespace, "create", "serviceaccount", "deployer")
    scenario.kubectl("-n", scenario.namespace, *grant, account)
    scenario.want(interval=NEVER, retryInterval=NEVER, apply={"serviceAccountName": "deployer"})
    scenario.until(lambda s: condition(s, "Ready")["status"] == "True")
    scenario.kubectl("-n", scenario.namespace, "delete", "rolebinding", "deployer")

    scenario.delete()
    scenario.until_says("Ready", "Forbidden")
    scenario.kubectl("-n", scenario.namespace, *grant, account)

    scenario.until_gone()
    assert not scenario.there("configmap", "a")
