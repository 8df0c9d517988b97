"""The life of a DesignPattern: from create to Ready, updates, suspension, requests, deletion, and deaths between."""

import json
import time

from tests.e2e.scenario import Scenario, condition, config_map, deployment, eventually, push
from tests.testbed.gate import gate
from tests.testbed.testbed import Testbed


def test_a_pattern_is_ready_when_its_workloads_are_available(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"), deployment("web", replicas=2))

    scenario.want(ref={"tag": "1.0.0"})
    status = scenario.until_runs(digest)

    assert status["version"] == "1.0.0"
    assert status["revision"] == status["lastAppliedRevision"] == status["lastAttemptedRevision"] == f"1.0.0@{digest}"
    assert status["shortDigest"] == digest.removeprefix("sha256:")[:12]
    assert status["inventory"] == {
        "compressed": "",
        "count": 2,
        "entries": [
            {"id": f"{scenario.namespace}_settings__ConfigMap", "v": "v1"},
            {"id": f"{scenario.namespace}_web_apps_Deployment", "v": "v1"},
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
    assert scenario.get("deployment", "web")["status"]["readyReplicas"] == 2
    eventually(lambda: scenario.events("Ready"))
    assert [event["type"] for event in scenario.events("Ready")] == ["Normal"]


def test_a_moved_tag_is_an_update_and_what_left_is_pruned(scenario: Scenario) -> None:
    first = push(scenario.repository, "latest", config_map("kept"), config_map("left"))
    scenario.want(ref={"tag": "latest"}, interval="1s")
    scenario.until_runs(first)

    second = push(scenario.repository, "latest", config_map("kept", a="2"), config_map("came"))
    status = scenario.until_runs(second)

    assert scenario.names() == ["came", "kept"]
    assert scenario.get("configmap", "kept")["data"] == {"a": "2"}
    assert [entry["revision"] for entry in status["history"]] == [f"latest@{second}", f"latest@{first}"]


def test_a_settled_pattern_is_written_no_more(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want(interval="1s")
    scenario.until_runs(digest)
    before = scenario.get("dp", "web")["metadata"]["resourceVersion"]

    time.sleep(3)  # three intervals in which nothing may happen: there is nothing to wait for

    assert scenario.get("dp", "web")["metadata"]["resourceVersion"] == before


def test_a_suspended_pattern_is_left_alone_until_it_goes_on(scenario: Scenario) -> None:
    first = push(scenario.repository, "latest", config_map("settings"))
    scenario.want(ref={"tag": "latest"}, interval="1s")
    scenario.until_runs(first)

    scenario.change({"suspend": True})
    scenario.until(lambda status: status["status"] == "Suspended")
    second = push(scenario.repository, "latest", config_map("settings", a="2"))
    scenario.kubectl("-n", scenario.namespace, "delete", "configmap", "settings")
    time.sleep(2)  # two intervals in which nothing may happen

    assert scenario.names() == []
    assert scenario.status["digest"] == first

    scenario.change({"suspend": False})
    scenario.until_runs(second)

    assert scenario.names() == ["settings"]


def test_a_request_reconciles_now_and_is_answered(scenario: Scenario) -> None:
    first = push(scenario.repository, "latest", config_map("settings"))
    scenario.want(ref={"tag": "latest"})
    scenario.until_runs(first)
    second = push(scenario.repository, "latest", config_map("settings", a="2"))

    scenario.annotate("pattern-operator.io/requestedAt=this-morning")
    status = scenario.until(lambda s: s.get("lastHandledReconcileAt") == "this-morning")

    assert status["digest"] == second


def test_a_deleted_pattern_takes_its_objects_with_it(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"), deployment("web"))
    scenario.want()
    scenario.until_runs(digest)

    scenario.delete()
    scenario.until_gone()

    assert scenario.names() == scenario.names("deployment") == []


def test_a_pattern_that_is_deleted_with_orphan_leaves_its_objects(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want(apply={"deletionPolicy": "Orphan"})
    scenario.until_runs(digest)

    scenario.delete()
    scenario.until_gone()

    assert scenario.names() == ["settings"]


def test_a_pattern_of_the_same_name_begins_anew(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want()
    scenario.until_runs(digest)

    scenario.delete()
    scenario.until_gone()
    scenario.want()
    scenario.until_runs(digest)

    assert scenario.names() == ["settings"]


def test_an_operator_killed_in_the_middle_of_an_apply_goes_on_where_it_was(
    testbed: Testbed, scenario: Scenario
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("first"), config_map("last"), deployment("web"))
    with gate("last", namespace=scenario.namespace, kubectl=scenario.kubectl, authority=testbed.authority) as closed:
        scenario.want()
        closed.wait_reached()
        scenario.until_object("configmap", "first", lambda found: found is not None)
        annotations = scenario.get("dp", "web")["metadata"]["annotations"]
        written_ahead = json.loads(annotations["pattern-operator.io/writeAhead"])["entries"]
        testbed.operator.kill()
        closed.open()
    there = scenario.names("deployment")

    testbed.operator.restart()
    scenario.until_runs(digest)

    assert [each["id"].split("_")[1] for each in written_ahead] == ["first", "last", "web"]
    assert there == []
    assert scenario.names() == ["first", "last"]
    assert scenario.names("deployment") == ["web"]


def test_what_a_killed_operator_had_created_is_pruned_when_the_pattern_changed_meanwhile(
    testbed: Testbed, scenario: Scenario
) -> None:
    push(scenario.repository, "1.0.0", config_map("first"), config_map("last"))
    other = push(scenario.repository, "2.0.0", config_map("other"))
    with gate("last", namespace=scenario.namespace, kubectl=scenario.kubectl, authority=testbed.authority) as closed:
        scenario.want()
        closed.wait_reached()
        scenario.until_object("configmap", "first", lambda found: found is not None)
        testbed.operator.kill()
        scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
        closed.open()

    testbed.operator.restart()
    scenario.until_runs(other)

    assert scenario.names() == ["other"]


def test_what_was_killed_on_the_way_to_a_new_version_does_not_go_back_while_the_registry_is_away(
    testbed: Testbed, scenario: Scenario
) -> None:
    first = push(scenario.repository, "1.0.0", config_map("first", version="1"), config_map("last", version="1"))
    scenario.want()
    scenario.until_runs(first)
    second = push(
        scenario.repository,
        "2.0.0",
        config_map("first", version="2"),
        config_map("last", version="2"),
        config_map("new"),
    )
    with gate("last", namespace=scenario.namespace, kubectl=scenario.kubectl, authority=testbed.authority) as closed:
        scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
        closed.wait_reached()
        scenario.until_object("configmap", "first", lambda found: found["data"]["version"] == "2")
        testbed.operator.kill()
        closed.open()

    with testbed.registry.faulty({"path": "/manifests/", "status": 503}):
        testbed.operator.restart()
        scenario.until_says("Fetched", "RegistryUnavailable")
        meanwhile = scenario.get("configmap", "first")["data"]["version"]
    scenario.until_runs(second)

    assert meanwhile == "2"
    assert {name: scenario.get("configmap", name)["data"].get("version") for name in scenario.names()} == {
        "first": "2",
        "last": "2",
        "new": None,
    }


def test_an_operator_that_is_told_to_end_gives_its_lease_back(testbed: Testbed, scenario: Scenario) -> None:
    testbed.operator.stop()

    lease = scenario.kubectl.json("-n", "pattern-operator-system", "get", "lease", "pattern-operator")

    assert lease["spec"].get("holderIdentity", "") == ""
    testbed.operator.restart()


def test_a_restart_changes_nothing_that_is_as_it_should_be(testbed: Testbed, scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"), deployment("web"))
    scenario.want()
    scenario.until_runs(digest)
    before = {kind: scenario.get(kind, name)["metadata"]["resourceVersion"] for kind, name in OBJECTS}

    testbed.operator.restart()
    scenario.annotate("pattern-operator.io/requestedAt=after-restart")
    scenario.until(lambda status: status.get("lastHandledReconcileAt") == "after-restart")

    assert {kind: scenario.get(kind, name)["metadata"]["resourceVersion"] for kind, name in OBJECTS} == before
    assert condition(scenario.status, "Ready")["status"] == "True"


OBJECTS = (("configmap", "settings"), ("deployment", "web"))


def test_an_api_server_that_was_away_is_found_again(testbed: Testbed, scenario: Scenario) -> None:
    first = push(scenario.repository, "1.0.0", config_map("settings"))
    second = push(scenario.repository, "2.0.0", config_map("settings", a="2"))
    scenario.want()
    scenario.until_runs(first)

    testbed.controlplane.stop_api_server()
    testbed.controlplane.start_api_server()
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})

    scenario.until_runs(second)
