"""A restart, a request and a Lease that was lost: what is as it was applied is not sent, and what drifted is told.

The requests are counted by the audit log of an API server of its own.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, deployment, eventually, push
from tests.testbed import audit
from tests.testbed.operator import ACCOUNT, NAMESPACE
from tests.testbed.registry import Registry
from tests.testbed.testbed import Testbed

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
REPORT = {"apply": {"driftPolicy": "Report"}}
PATTERNS = 12
LOST = "lost the Lease"


@pytest.fixture(scope="module")
def audited_cluster(testbed_state: Path, registry_server: Registry) -> Iterator[Testbed]:
    cluster = Testbed.start(testbed_state / "audited", audit=True)
    cluster.use(registry_server)
    cluster.start_operator()
    yield cluster
    cluster.stop()


@pytest.fixture
def audited(audited_cluster: Testbed, registry: Registry) -> Testbed:
    """A cluster with an audit log and an operator, whatever the test before did to it."""
    if not audited_cluster.operates:
        audited_cluster.operator.restart()
    return audited_cluster


@pytest.fixture
def stories(audited: Testbed, registry: Registry) -> Callable[[str], Scenario]:
    """Tell a scenario by name, all in one namespace of the audited cluster."""
    namespace = f"test-{uuid4().hex[:8]}"
    audited.kubectl("create", "namespace", namespace)
    return lambda name: Scenario(audited.kubectl, namespace, registry.repository(), name)


def sent(cluster: Testbed, *, after: int) -> Counter[tuple[str, str]]:
    """Verb and resource of all that the operator wrote since a place in the audit log, but for its Lease and events."""
    found = audit.requests(cluster.controlplane.audit_log, after=after)
    writes = (each for each in found if each.user == OPERATOR and each.verb in ("patch", "update", "create", "delete"))
    kept = ("leases.coordination.k8s.io", "events", "events.events.k8s.io", "selfsubject")
    return Counter((each.verb, each.resource) for each in writes if not each.resource.startswith(kept))


def mark(cluster: Testbed) -> int:
    return cluster.controlplane.audit_log.stat().st_size


def until_quiet(probe: Scenario) -> None:
    """Wait until the operator has gone over all patterns: one that was made last is Ready."""
    digest = push(probe.repository, "1.0.0", config_map(probe.name))
    probe.want()
    probe.until_runs(digest)
    probe.delete()
    probe.until_gone()


def lose_the_lease(cluster: Testbed) -> None:
    """Let another hold the Lease for a second, and wait until the operator leads again."""
    before = said(cluster)
    taken = {"spec": {"holderIdentity": "somebody-else", "leaseDurationSeconds": 1}}
    cluster.kubectl("-n", NAMESPACE, "patch", "lease", "pattern-operator", "--type=merge", "-p", json.dumps(taken))
    until_leading_again(cluster, since=before)


def lose_the_api_server(cluster: Testbed) -> None:
    """Stop the API server until the operator has lost its Lease, and wait until the operator leads again."""
    before = said(cluster)
    cluster.controlplane.stop_api_server()
    try:
        eventually(lambda: LOST in said(cluster)[len(before) :], seconds=60)
    finally:
        cluster.controlplane.start_api_server()
    until_leading_again(cluster, since=before)


def said(cluster: Testbed) -> str:
    """All that the operator logged."""
    return cluster.operator.process.log.read_text()


def until_leading_again(cluster: Testbed, *, since: str) -> None:
    def leads_again() -> bool:
        news = said(cluster)[len(since) :]
        return LOST in news and "leads:" in news.rpartition(LOST)[2]

    eventually(leads_again, seconds=90)
    cluster.operator.wait_ready()


def drifted(scenario: Scenario) -> str:
    """The drift that status tells, empty where it tells none."""
    applied = scenario.condition("Applied")
    return applied["message"] if applied["reason"] == "Drifted" else ""


def test_a_restart_and_a_lost_lease_send_nothing_where_nothing_changed(
    audited: Testbed, registry: Registry, stories: Callable[[str], Scenario]
) -> None:
    told = [stories(f"web-{number}") for number in range(PATTERNS)]
    for each in told:
        digest = push(each.repository, "1.0.0", config_map(each.name), deployment(each.name))
        each.want()
        each.until_runs(digest)

    before = mark(audited)
    audited.operator.restart()
    until_quiet(stories("first-probe"))
    restarted = sent(audited, after=before)
    before = mark(audited)
    registry.forget_requests()
    lose_the_lease(audited)
    until_quiet(stories("second-probe"))
    asked = registry.requests()
    led_again = sent(audited, after=before)

    objects = lambda found: {key for key in found if not key[1].startswith("designpatterns")}  # noqa: E731 - it is one line
    for writes in (restarted, led_again):
        assert objects(writes) <= {("patch", "configmaps"), ("delete", "configmaps")}
        assert writes["patch", "configmaps"] == writes["delete", "configmaps"] == 1  # of the probe
    assert asked["HEAD manifests"] == 1  # for the probe: what registries said of the others is kept
    assert all(condition(each.status, "Ready")["status"] == "True" for each in told)


def test_what_drifted_while_the_operator_was_away_is_repaired_and_nothing_else_is_sent(
    audited: Testbed, stories: Callable[[str], Scenario]
) -> None:
    scenario = stories("web")
    digest = push(scenario.repository, "1.0.0", config_map("settings"), config_map("other"), deployment("web"))
    scenario.want()
    scenario.until_runs(digest)

    audited.operator.stop()
    scenario.edit("configmap", "settings", {"data": {"a": "theirs"}})
    scenario.remove("deployment", "web")
    before = mark(audited)
    audited.operator.restart()
    scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})
    scenario.until_runs(digest)
    scenario.until_object("deployment", "web", lambda found: found is not None)
    writes = sent(audited, after=before)

    assert (writes["patch", "configmaps"], writes["patch", "deployments.apps"]) == (1, 1)
    eventually(lambda: any("ConfigMap" in each["message"] for each in scenario.events("DriftRepaired")))


def apply_in_our_name(scenario: Scenario, name: str, data: dict[str, str]) -> None:
    """Apply other values to a ConfigMap as the operator does: a request of it that a proxy had kept, or a person."""
    metadata = scenario.get("configmap", name)["metadata"]
    kept = {key: metadata[key] for key in ("name", "namespace", "labels", "annotations")}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": kept, "data": data}
    flags = ("--server-side", "--field-manager=pattern-operator", "-f", "-")
    scenario.kubectl("apply", *flags, stdin=json.dumps(body))


@pytest.mark.parametrize("is_away", [False, True], ids=["while the operator runs", "while no operator runs"])
def test_what_is_applied_in_our_name_by_somebody_else_is_drift(
    audited: Testbed, stories: Callable[[str], Scenario], is_away: bool
) -> None:
    scenario, reporting = stories("web"), stories("reporting")
    for each, spec in ((scenario, {}), (reporting, REPORT)):
        digest = push(each.repository, "1.0.0", config_map(f"{each.name}-settings"), config_map(f"{each.name}-other"))
        each.want(**spec)
        each.until_runs(digest)

    if is_away:
        audited.operator.stop()
    time.sleep(1.1)  # managedFields has times to the second
    before = mark(audited)
    for each in (scenario, reporting):
        apply_in_our_name(each, f"{each.name}-settings", {"a": "theirs"})
    if is_away:
        audited.operator.restart()
    scenario.until_object("configmap", "web-settings", lambda found: found["data"] == {"a": "1"}, seconds=15)
    reporting.until_says("Applied", "Drifted", seconds=15)
    until_quiet(stories("probe"))
    writes, words = sent(audited, after=before), drifted(reporting)
    left = reporting.get("configmap", "reporting-settings")["data"]
    for each in (scenario, reporting):
        each.delete()
        each.until_gone()

    assert f"ConfigMap {reporting.namespace}/reporting-settings was changed" in words
    assert left == {"a": "theirs"}
    # The repair and its dry run, where it is not sent at once; the dry run of the other; and the probe.
    assert writes["patch", "configmaps"] <= 4


def test_an_update_sends_what_it_changes_and_nothing_else_also_after_a_restart(
    audited: Testbed, stories: Callable[[str], Scenario]
) -> None:
    web = stories("web")
    kept = [config_map(f"kept-{number}") for number in range(3)]
    digest = push(web.repository, "1.0.0", config_map("changed", a="1"), deployment("web"), *kept)
    web.want()
    web.until_runs(digest)

    updates = []
    for number in (2, 3):
        if number == 3:
            audited.operator.restart()
            until_quiet(stories("probe"))
        before = mark(audited)
        newer = push(web.repository, f"{number}.0.0", config_map("changed", a=f"{number}"), deployment("web"), *kept)
        web.change({"source": {"ref": {"tag": f"{number}.0.0"}}})
        web.until_runs(newer)
        assert web.get("configmap", "changed")["data"] == {"a": f"{number}"}
        updates.append(sent(audited, after=before))

    for writes in updates:
        assert {key: count for key, count in writes.items() if not key[1].startswith("designpatterns")} == {
            ("patch", "configmaps"): 1
        }


@pytest.mark.parametrize("policy", ["Repair", "Report"])
def test_an_update_that_an_object_missed_is_applied_after_a_restart(
    audited: Testbed, stories: Callable[[str], Scenario], policy: str
) -> None:
    scenario = stories("web")
    push(scenario.repository, "1.0.0", config_map("settings", a="1"), config_map("other"))
    second = push(scenario.repository, "2.0.0", config_map("settings", a="2"), config_map("other"))
    scenario.want(apply={"driftPolicy": policy})
    scenario.until_says("Ready", "Ready")
    scenario.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": "disabled"}}})
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)

    audited.operator.stop()
    scenario.edit("configmap", "settings", {"metadata": {"annotations": {"pattern-operator.io/reconcile": None}}})
    before = scenario.get("configmap", "settings")["data"]
    audited.operator.restart()
    scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "2"})

    assert before == {"a": "1"}


def test_a_job_that_was_done_and_cleaned_up_before_a_restart_does_not_run_again(
    audited: Testbed, stories: Callable[[str], Scenario]
) -> None:
    scenario = stories("web")
    template = {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]}
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}}
    job["spec"] = {"ttlSecondsAfterFinished": 1, "template": template}
    digest = push(scenario.repository, "1.0.0", job, config_map("settings"))
    scenario.want()
    scenario.until_runs(digest)
    scenario.until_object("job", "migrate", lambda found: found is None)

    before = mark(audited)
    audited.operator.restart()
    until_quiet(stories("probe"))

    assert sent(audited, after=before)["patch", "jobs.batch"] == 0
    assert not scenario.there("job", "migrate")
    assert condition(scenario.status, "Ready")["status"] == "True"


def test_a_job_that_ended_and_was_cleaned_up_while_no_operator_ran_is_run_again_only_for_who_asks(
    audited: Testbed, stories: Callable[[str], Scenario]
) -> None:
    scenario = stories("web")
    template = {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]}
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}}
    job["spec"] = {"suspend": True, "ttlSecondsAfterFinished": 0, "template": template}
    digest = push(scenario.repository, "1.0.0", job, config_map("settings"))
    second = push(scenario.repository, "2.0.0", job, config_map("settings", a="2"))
    scenario.want()
    scenario.until_runs(digest)

    audited.operator.stop()
    scenario.edit("job", "migrate", {"spec": {"suspend": False}})
    scenario.until_object("job", "migrate", lambda found: found is None)
    before = mark(audited)
    for _ in range(2):
        audited.operator.restart()
        until_quiet(stories("probe"))
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until_runs(second)
    sent_without_being_asked = sent(audited, after=before)["patch", "jobs.batch"]
    scenario.request()

    assert sent_without_being_asked == 0
    assert "may have ended while no operator looked" in condition(status, "Ready")["message"]
    assert f"Job.batch {scenario.namespace}/migrate is not there any more" in condition(status, "Applied")["message"]
    scenario.until_object("job", "migrate", lambda found: found is not None)


def test_drift_that_is_reported_survives_a_restart_a_request_and_a_lost_lease(
    audited: Testbed, stories: Callable[[str], Scenario]
) -> None:
    scenario = stories("web")
    digest = push(scenario.repository, "1.0.0", config_map("settings"), config_map("other"), config_map("gone"))
    scenario.want(**REPORT)
    scenario.until_runs(digest)
    before = mark(audited)
    theirs = lambda: scenario.get("configmap", "settings")["data"] == {"a": "theirs"}  # noqa: E731 - it is one line

    audited.operator.stop()
    scenario.edit("configmap", "settings", {"data": {"a": "theirs"}})
    audited.operator.restart()
    scenario.until_says("Applied", "Drifted")
    restarted = (drifted(scenario), theirs())
    scenario.request()
    requested = (drifted(scenario), theirs())
    lose_the_api_server(audited)
    scenario.remove("configmap", "gone")
    scenario.until(lambda found: "/gone: is gone" in condition(found, "Ready")["message"])
    led_again = (drifted(scenario), theirs())
    writes = sent(audited, after=before)

    for words, left in (restarted, requested, led_again):
        assert f"ConfigMap {scenario.namespace}/settings was changed by kubectl" in words
        assert left
    assert f"ConfigMap {scenario.namespace}/gone was deleted" in led_again[0]
    assert scenario.names() == ["other", "settings"]
    assert writes["patch", "configmaps"] == 1  # the request's dry run: maybe somebody put it back by hand


def test_where_nothing_is_known_to_compare_with_reported_drift_is_found_by_a_dry_run(
    audited: Testbed, stories: Callable[[str], Scenario]
) -> None:
    scenario = stories("web")
    digest = push(scenario.repository, "1.0.0", config_map("settings"), config_map("other"))
    scenario.want(**REPORT)
    scenario.until_runs(digest)

    audited.operator.stop()
    scenario.edit("configmap", "settings", {"data": {"a": "theirs"}})
    lost = json.dumps({"status": {"fingerprints": None}})  # as a status that an older operator wrote
    scenario.kubectl("-n", scenario.namespace, "patch", "dp", "web", "--type=merge", "--subresource=status", "-p", lost)
    version = scenario.get("configmap", "settings")["metadata"]["resourceVersion"]
    before = mark(audited)
    audited.operator.restart()
    scenario.until_says("Applied", "Drifted")

    assert f"ConfigMap {scenario.namespace}/settings was changed by kubectl" in drifted(scenario)
    assert scenario.get("configmap", "settings")["metadata"]["resourceVersion"] == version
    assert sent(audited, after=before)["patch", "configmaps"] == 2  # both dry runs

    scenario.edit("configmap", "settings", {"data": {"a": "1"}})
    scenario.change({"apply": {"driftPolicy": "Repair"}})
    scenario.until_runs(digest)
    scenario.until_says("Applied", "Succeeded")
