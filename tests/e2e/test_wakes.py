"""What wakes a pattern in a real cluster: nothing that it waits for comes unnoticed, and nothing that went lives on."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.e2e.story import Story, condition, config_map, eventually, push, widget, widgets

NEVER = "1h"  # between tries: what is seen sooner was woken


def test_patterns_whose_kind_comes_in_the_same_second_go_on_at_once(story: Story, group: str):
    """The race of the report, in which 4 of 6 stayed KindNotFound until their interval."""
    digest = push(story.repository, "1.0.0", widget(group, "w"))
    patterns = [story.another(f"waits-{number}") for number in range(6)]

    with ThreadPoolExecutor(8) as many:
        asked = [many.submit(each.want, interval=NEVER, retryInterval=NEVER) for each in patterns[:3]]
        asked.append(many.submit(story.make, widgets(group)))
        asked += [many.submit(each.want, interval=NEVER, retryInterval=NEVER) for each in patterns[3:]]
        for each in asked:
            each.result()

    # All of them name the same object: whose it is, is another matter than whether the kind is known.
    for each in patterns:
        each.until(
            lambda s: (
                condition(s, "Ready")["reason"] in ("Ready", "OwnedByAnotherPattern") and s["lastAttemptedRevision"]
            ),
            seconds=30,
        )
    assert digest in {each.status.get("digest") for each in patterns}
    story.kubectl("delete", "crd", f"widgets.{group}", "--wait=false")


def test_a_pattern_that_waits_for_anothers_object_has_it_when_that_one_goes(story: Story):
    push(story.repository, "1.0.0", config_map("shared"))
    holder, waits = story.another("holder"), story.another("waits")
    holder.want()
    holder.until(lambda s: condition(s, "Ready")["status"] == "True")
    waits.want(interval=NEVER, retryInterval=NEVER)
    waits.until_says("Ready", "OwnedByAnotherPattern")

    holder.delete()

    waits.until(lambda s: condition(s, "Ready")["status"] == "True")


def test_a_pattern_that_waits_for_anothers_object_has_it_when_that_one_leaves_it_behind(story: Story):
    push(story.repository, "1.0.0", config_map("shared"), config_map("other"))
    push(story.repository, "2.0.0", config_map("other"))
    push(story.repository, "3.0.0", config_map("shared"))
    holder, waits = story.another("holder"), story.another("waits")
    holder.want(apply={"prune": False})
    holder.until(lambda s: condition(s, "Ready")["status"] == "True")
    waits.want(ref={"tag": "3.0.0"}, interval=NEVER, retryInterval=NEVER)
    waits.until_says("Ready", "OwnedByAnotherPattern")

    holder.change({"source": {"ref": {"tag": "2.0.0"}}})

    waits.until(lambda s: condition(s, "Ready")["status"] == "True")


def test_a_pattern_that_waits_for_a_namespace_goes_on_when_it_is_made(story: Story):
    late = f"late-{uuid4().hex[:8]}"
    push(story.repository, "1.0.0", {**config_map("a"), "metadata": {"name": "a", "namespace": late}})
    story.want(interval=NEVER, retryInterval=NEVER)
    story.until(lambda s: condition(s, "Ready")["status"] == "False")

    story.kubectl("create", "namespace", late)

    story.until(lambda s: condition(s, "Ready")["status"] == "True")
    story.delete()
    story.until_gone()
    story.kubectl("delete", "namespace", late, "--wait=false")


def test_a_pattern_whose_account_lacks_a_right_goes_on_when_it_is_granted(story: Story):
    push(story.repository, "1.0.0", config_map("a"))
    story.want(interval=NEVER, retryInterval=NEVER, apply={"serviceAccountName": "deployer"})
    story.until_says("Ready", "Forbidden")

    story.kubectl("-n", story.namespace, "create", "serviceaccount", "deployer")
    binding = ("create", "rolebinding", "deployer", "--clusterrole=edit")
    story.kubectl("-n", story.namespace, *binding, f"--serviceaccount={story.namespace}:deployer")

    story.until(lambda s: condition(s, "Ready")["status"] == "True")


def test_a_finalizer_that_a_replace_took_away_is_put_back_and_nothing_is_orphaned(story: Story):
    push(story.repository, "1.0.0", config_map("a"))
    story.want()
    story.until(lambda s: condition(s, "Ready")["status"] == "True")

    for number in range(5):
        found = story.kubectl.json("-n", story.namespace, "get", "dp", story.name)
        meta = found["metadata"]
        bare = {"name": meta["name"], "namespace": meta["namespace"], "labels": {"round": str(number)}}
        body = {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": bare, "spec": found["spec"]}
        story.kubectl("replace", "-f", "-", stdin=json.dumps(body))
        story.until_object("dp", story.name, lambda pattern: pattern["metadata"].get("finalizers"))

    story.delete()
    story.until_gone()
    assert not story.there("configmap", "a")


def test_a_suspended_patterns_finalizer_is_put_back_too(story: Story):
    push(story.repository, "1.0.0", config_map("a"))
    story.want()
    story.until(lambda s: condition(s, "Ready")["status"] == "True")
    story.change({"suspend": True})
    story.until(lambda s: s["status"] == "Suspended")

    story.kubectl(
        "-n", story.namespace, "patch", "dp", story.name, "--type=merge", "-p", '{"metadata":{"finalizers":null}}'
    )

    story.until_object("dp", story.name, lambda pattern: pattern["metadata"].get("finalizers"))
    story.delete()
    story.until_gone()
    eventually(lambda: not story.there("configmap", "a"))


def test_an_update_is_told_by_one_event_that_says_what_it_did(story: Story):
    first = push(story.repository, "1.0.0", config_map("old"), config_map("same"), config_map("other", a="1"))
    second = push(story.repository, "2.0.0", config_map("same"), config_map("other", a="2"), config_map("new"))
    story.want()
    story.until_runs(first)
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)
    third = push(story.repository, "2.0.0", config_map("same"), config_map("other", a="3"), config_map("new"))
    story.request()
    story.until_runs(third)
    story.request()

    eventually(lambda: len(story.events("Updated")) >= 3)
    notes = {each["message"] for each in story.events("Updated")}
    short = {digest: digest.removeprefix("sha256:")[:12] for digest in (first, second, third)}
    name = f"ConfigMap {story.namespace}"
    assert notes == {
        f"1.0.0 ({short[first]}) installed: 3 created (created: {name}/old, {name}/other, {name}/same)",
        f"1.0.0 ({short[first]}) -> 2.0.0 ({short[second]}): 1 created, 1 configured, pruned {name}/old"
        f" (created: {name}/new; configured: {name}/other)",
        f"tag 2.0.0 moved: {short[second]} -> {short[third]}: 1 configured (configured: {name}/other)",
    }


def test_a_deletion_whose_account_lost_its_rights_goes_on_when_they_are_granted(story: Story):
    grant = ("create", "rolebinding", "deployer", "--clusterrole=edit")
    account = f"--serviceaccount={story.namespace}:deployer"
    push(story.repository, "1.0.0", config_map("a"))
    story.kubectl("-n", story.namespace, "create", "serviceaccount", "deployer")
    story.kubectl("-n", story.namespace, *grant, account)
    story.want(interval=NEVER, retryInterval=NEVER, apply={"serviceAccountName": "deployer"})
    story.until(lambda s: condition(s, "Ready")["status"] == "True")
    story.kubectl("-n", story.namespace, "delete", "rolebinding", "deployer")

    story.delete()
    story.until_says("Ready", "Forbidden")
    story.kubectl("-n", story.namespace, *grant, account)

    story.until_gone(seconds=30)
    assert not story.there("configmap", "a")
