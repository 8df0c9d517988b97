"""The life of a DesignPattern: from create to Ready, updates, suspension, requests, deletion, and deaths between."""

import time

from tests.e2e.story import Story, condition, config_map, deployment, eventually, push
from tests.testbed.gate import gate
from tests.testbed.testbed import Testbed


def test_a_pattern_is_ready_when_its_workloads_are_available(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"), deployment("web", replicas=2))

    story.want(ref={"tag": "1.0.0"})
    status = story.until_runs(digest)

    assert status["version"] == "1.0.0"
    assert status["revision"] == status["lastAppliedRevision"] == status["lastAttemptedRevision"] == f"1.0.0@{digest}"
    assert status["shortDigest"] == digest.removeprefix("sha256:")[:12]
    assert status["inventory"] == {
        "compressed": "",
        "count": 2,
        "entries": [
            {"id": f"{story.namespace}_settings__ConfigMap", "v": "v1"},
            {"id": f"{story.namespace}_web_apps_Deployment", "v": "v1"},
        ],
    }
    assert [entry["revision"] for entry in status["history"]] == [f"1.0.0@{digest}"]
    assert {each["type"]: each["status"] for each in status["conditions"]} == {
        "Ready": "True",
        "Fetched": "True",
        "Verified": "Unknown",
        "Rendered": "True",
        "Applied": "True",
        "Healthy": "True",
    }
    assert story.get("deployment", "web")["status"]["readyReplicas"] == 2
    eventually(lambda: story.events("Ready"))
    assert [event["type"] for event in story.events("Ready")] == ["Normal"]


def test_a_moved_tag_is_an_update_and_what_left_is_pruned(story: Story) -> None:
    first = push(story.repository, "latest", config_map("kept"), config_map("left"))
    story.want(ref={"tag": "latest"}, interval="1s")
    story.until_runs(first)

    second = push(story.repository, "latest", config_map("kept", a="2"), config_map("came"))
    status = story.until_runs(second)

    assert story.names() == ["came", "kept"]
    assert story.get("configmap", "kept")["data"] == {"a": "2"}
    assert [entry["revision"] for entry in status["history"]] == [f"latest@{second}", f"latest@{first}"]


def test_a_settled_pattern_is_written_no_more(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want(interval="1s")
    story.until_runs(digest)
    before = story.get("dp", "web")["metadata"]["resourceVersion"]

    time.sleep(3)  # three intervals in which nothing may happen: there is nothing to wait for

    assert story.get("dp", "web")["metadata"]["resourceVersion"] == before


def test_a_suspended_pattern_is_left_alone_until_it_goes_on(story: Story) -> None:
    first = push(story.repository, "latest", config_map("settings"))
    story.want(ref={"tag": "latest"}, interval="1s")
    story.until_runs(first)

    story.change({"suspend": True})
    story.until(lambda status: status["status"] == "Suspended")
    second = push(story.repository, "latest", config_map("settings", a="2"))
    story.kubectl("-n", story.namespace, "delete", "configmap", "settings")
    time.sleep(2)  # two intervals in which nothing may happen

    assert story.names() == []
    assert story.status["digest"] == first

    story.change({"suspend": False})
    story.until_runs(second)

    assert story.names() == ["settings"]


def test_a_request_reconciles_now_and_is_answered(story: Story) -> None:
    first = push(story.repository, "latest", config_map("settings"))
    story.want(ref={"tag": "latest"})
    story.until_runs(first)
    second = push(story.repository, "latest", config_map("settings", a="2"))

    story.annotate("pattern-operator.io/requestedAt=this-morning")
    status = story.until(lambda s: s.get("lastHandledReconcileAt") == "this-morning")

    assert status["digest"] == second


def test_a_deleted_pattern_takes_its_objects_with_it(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"), deployment("web"))
    story.want()
    story.until_runs(digest)

    story.delete()
    story.until_gone()

    assert story.names() == story.names("deployment") == []


def test_a_pattern_that_is_deleted_with_orphan_leaves_its_objects(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want(apply={"deletionPolicy": "Orphan"})
    story.until_runs(digest)

    story.delete()
    story.until_gone()

    assert story.names() == ["settings"]


def test_a_pattern_of_the_same_name_begins_anew(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want()
    story.until_runs(digest)

    story.delete()
    story.until_gone()
    story.want()
    story.until_runs(digest)

    assert story.names() == ["settings"]


def test_an_operator_killed_in_the_middle_of_an_apply_goes_on_where_it_was(testbed: Testbed, story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("first"), config_map("last"), deployment("web"))
    with gate("last", namespace=story.namespace, kubectl=story.kubectl, authority=testbed.authority) as closed:
        story.want()
        closed.wait_reached()
        story.until_object("configmap", "first", lambda found: found is not None)
        written_ahead = story.status["inventory"]["count"]
        testbed.operator.kill()
        closed.open()
    there = story.names("deployment")

    testbed.operator.restart()
    story.until_runs(digest)

    assert (written_ahead, there) == (3, [])
    assert story.names() == ["first", "last"]
    assert story.names("deployment") == ["web"]


def test_what_a_killed_operator_had_created_is_pruned_when_the_pattern_changed_meanwhile(
    testbed: Testbed, story: Story
) -> None:
    push(story.repository, "1.0.0", config_map("first"), config_map("last"))
    other = push(story.repository, "2.0.0", config_map("other"))
    with gate("last", namespace=story.namespace, kubectl=story.kubectl, authority=testbed.authority) as closed:
        story.want()
        closed.wait_reached()
        story.until_object("configmap", "first", lambda found: found is not None)
        testbed.operator.kill()
        story.change({"source": {"ref": {"tag": "2.0.0"}}})
        closed.open()

    testbed.operator.restart()
    story.until_runs(other)

    assert story.names() == ["other"]


def test_what_was_killed_on_the_way_to_a_new_version_does_not_go_back_while_the_registry_is_away(
    testbed: Testbed, story: Story
) -> None:
    first = push(story.repository, "1.0.0", config_map("first", version="1"), config_map("last", version="1"))
    story.want()
    story.until_runs(first)
    second = push(
        story.repository, "2.0.0", config_map("first", version="2"), config_map("last", version="2"), config_map("new")
    )
    with gate("last", namespace=story.namespace, kubectl=story.kubectl, authority=testbed.authority) as closed:
        story.change({"source": {"ref": {"tag": "2.0.0"}}})
        closed.wait_reached()
        story.until_object("configmap", "first", lambda found: found["data"]["version"] == "2")
        testbed.operator.kill()
        closed.open()

    with testbed.registry.faulty({"path": "/manifests/", "status": 503}):
        testbed.operator.restart()
        story.until_says("Fetched", "RegistryUnavailable")
        meanwhile = story.get("configmap", "first")["data"]["version"]
    story.until_runs(second)

    assert meanwhile == "2"
    assert {name: story.get("configmap", name)["data"].get("version") for name in story.names()} == {
        "first": "2",
        "last": "2",
        "new": None,
    }


def test_an_operator_that_is_told_to_end_gives_its_lease_back(testbed: Testbed, story: Story) -> None:
    testbed.operator.stop()

    lease = story.kubectl.json("-n", "pattern-operator-system", "get", "lease", "pattern-operator")

    assert lease["spec"].get("holderIdentity", "") == ""
    testbed.operator.restart()


def test_a_restart_changes_nothing_that_is_as_it_should_be(testbed: Testbed, story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("settings"), deployment("web"))
    story.want()
    story.until_runs(digest)
    before = {kind: story.get(kind, name)["metadata"]["resourceVersion"] for kind, name in OBJECTS}

    testbed.operator.restart()
    story.annotate("pattern-operator.io/requestedAt=after-restart")
    story.until(lambda status: status.get("lastHandledReconcileAt") == "after-restart")

    assert {kind: story.get(kind, name)["metadata"]["resourceVersion"] for kind, name in OBJECTS} == before
    assert condition(story.status, "Ready")["status"] == "True"


OBJECTS = (("configmap", "settings"), ("deployment", "web"))


def test_an_api_server_that_was_away_is_found_again(testbed: Testbed, story: Story) -> None:
    first = push(story.repository, "1.0.0", config_map("settings"))
    second = push(story.repository, "2.0.0", config_map("settings", a="2"))
    story.want()
    story.until_runs(first)

    testbed.controlplane.stop_api_server()
    testbed.controlplane.start_api_server()
    story.change({"source": {"ref": {"tag": "2.0.0"}}})

    story.until_runs(second)
