"""What people publish, on a real API server: the output of Helm, captured manifests, names that are numbers, old kinds,
namespaces that are not there."""

import json
import shlex
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from tests.e2e.scenario import (
    Scenario,
    condition,
    config_map,
    deployment,
    eventually,
    push,
    push_files,
    secret,
)
from tests.render.fieldcases import case


def push_case(scenario: Scenario, tag: str, name: str) -> str:
    """Push a folder of tests/data/field-cases; the digest."""
    return push_files(scenario.repository, tag, {file.path: file.content for file in case(name)})


@pytest.fixture
def other(scenario: Scenario) -> Any:
    """A namespace that does not exist."""
    name = f"other-{uuid4().hex[:8]}"
    yield name
    scenario.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def namespaced(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def is_there(scenario: Scenario, namespace: str) -> bool:
    found = scenario.kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "jsonpath={.status.phase}")
    return found == "Active"


# --- other tools ----------------------------------------------------------------------------------------------------


def test_hooks_that_helm_template_prints_never_run_and_are_named(scenario: Scenario) -> None:
    digest = push_case(scenario, "1.0.0", "06-helm-hooks/v1")

    scenario.want()
    status = scenario.until_runs(digest)

    assert scenario.names("configmap") == ["shop"]
    assert not scenario.there("job", "shop-uninstall")
    assert not scenario.there("pod", "shop-test-connection")
    assert [(each["name"], each["reason"]) for each in status["render"]["skips"]] == [
        ("shop-test-connection", "Hook"),
        ("shop-uninstall", "Hook"),
    ]
    assert (
        "Job shop-uninstall is a hook of Helm (pre-delete) and is left out" in condition(status, "Applied")["message"]
    )


def test_what_is_for_tools_on_a_machine_is_left_out_and_named(scenario: Scenario) -> None:
    local = config_map("setters")
    local["metadata"]["annotations"] = {"config.kubernetes.io/local-config": "true"}
    kptfile = {"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "metadata": {"name": "shop"}}
    digest = push(scenario.repository, "1.0.0", kptfile, local, config_map("a"))

    scenario.want()
    status = scenario.until_runs(digest)
    applied = condition(status, "Applied")["message"]

    assert scenario.names() == ["a"]
    assert "Kptfile shop is left out, because it describes a package of kpt" in applied
    assert "ConfigMap setters is left out, because its annotation config.kubernetes.io/local-config" in applied


def test_what_asks_never_to_be_applied_is_named(scenario: Scenario) -> None:
    noop, paused = config_map("b"), config_map("c")
    noop["metadata"]["annotations"] = {"kapp.k14s.io/noop": ""}
    paused["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}
    digest = push(scenario.repository, "1.0.0", noop, paused, config_map("a"))

    scenario.want()
    status = scenario.until_runs(digest)
    applied = condition(status, "Applied")["message"]

    assert scenario.names() == ["a"]
    for name, annotation in (("b", "kapp.k14s.io/noop"), ("c", "kustomize.toolkit.fluxcd.io/reconcile")):
        assert f"ConfigMap {scenario.namespace}/{name} is never applied: it is annotated {annotation}" in applied


def test_what_is_encrypted_is_refused_before_anything_is_sent(scenario: Scenario) -> None:
    encrypted = {**secret("login", password="ENC[AES256_GCM,data:x,type:str]"), "sops": {"mac": "x", "version": "3"}}
    push(scenario.repository, "1.0.0", config_map("a"), encrypted)

    scenario.want()
    refused = scenario.until_says("Ready", "ComponentsRefused")["message"]

    assert "is encrypted with SOPS, and the operator decrypts nothing: take it out" in refused
    assert scenario.names() == []


def test_what_helm_is_asked_to_keep_stays_when_it_leaves_the_pattern_and_when_the_pattern_goes(
    scenario: Scenario,
) -> None:
    kept = config_map("kept")
    kept["metadata"]["annotations"]["helm.sh/resource-policy"] = "keep"
    push_files(
        scenario.repository,
        "1.0.0",
        {"kept.json": json.dumps(kept).encode(), **{file.path: file.content for file in case("06-helm-hooks/keep")}},
    )
    second = push(scenario.repository, "2.0.0", kept)
    scenario.want(apply={"wait": False})
    scenario.until_says("Ready", "Ready")

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = scenario.until(lambda status: status.get("digest") == second)
    pruned = condition(status, "Applied")["message"]
    scenario.delete()
    scenario.until_gone()

    why = "stays: it is annotated helm.sh/resource-policy: keep in the cluster"
    assert f"PersistentVolumeClaim {scenario.namespace}/data {why}" in pruned
    for kind, name in (("persistentvolumeclaim", "data"), ("configmap", "kept")):
        meta = scenario.get(kind, name)["metadata"]
        assert "pattern-operator.io/owner" not in meta.get("labels", {})
        assert "pattern-operator.io/pattern" not in meta["annotations"]
    eventually(lambda: any(why in each["message"] for each in scenario.events("Kept")))


# --- what is written in them ----------------------------------------------------------------------------------------


def test_names_that_are_numbers_are_told_all_at_once_and_nothing_is_applied(scenario: Scenario) -> None:
    push_case(scenario, "1.0.0", "11-numeric-names/v1")

    scenario.want()
    message = scenario.until_says("Ready", "ComponentsRefused")["message"]

    assert (
        "nothing was applied. Correct them, or set spec.render.onInvalid: Skip to apply the rest: ConfigMap" in message
    )
    assert "metadata.name must be text: quote it (it is read as a number)" in message
    assert "metadata.labels.commit must be text: quote it" in message
    assert "has no" not in message
    assert scenario.names() == []


def test_of_removed_kinds_is_said_what_to_write_in_their_place(scenario: Scenario) -> None:
    push_case(scenario, "1.0.0", "12-removed-api/v1")

    scenario.want()
    message = scenario.until_says("Ready", "KindNotFound")["message"]

    assert "Ingress of extensions/v1beta1 was removed from Kubernetes in 1.22: write networking.k8s.io/v1" in message
    assert "CronJob of batch/v1beta1 was removed from Kubernetes in 1.25: write batch/v1" in message
    assert "install the CRD" not in message


def test_a_captured_manifest_runs_and_what_was_left_out_is_told(scenario: Scenario) -> None:
    digest = push_case(scenario, "1.0.0", "28-captured-from-a-cluster/v1")

    scenario.want()
    status = scenario.until_runs(digest)

    told = " ".join(status["render"]["repairs"])
    assert "metadata.annotations.deployment.kubernetes.io/revision left out" in told
    assert "metadata.uid" in told
    assert scenario.get("deployment", "web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"


def test_all_that_kubectl_gets_of_a_namespace_runs_in_another_one(scenario: Scenario, other: str) -> None:
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {"template": {"spec": pod}}}
    alone = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone"}, "spec": pod}
    ports = {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": ports}
    scenario.make(deployment("web"), service, job, alone)
    scenario.until_object("deployment", "web", lambda found: found["status"].get("availableReplicas") == 1)
    scenario.until_object(
        "job", "once", lambda found: found["status"].get("active") or found["status"].get("succeeded")
    )
    kinds = "all,endpointslices,serviceaccounts,configmaps"
    captured = scenario.kubectl("-n", scenario.namespace, "get", kinds, "-o", "yaml")
    digest = push_files(scenario.repository, "1.0.0", {"all.yaml": captured.encode()})

    scenario.want(render={"targetNamespace": other}, apply={"createNamespace": True, "wait": False})
    status = scenario.until_runs(digest)

    ours = sorted(each["id"].removeprefix(f"{other}_") for each in status["inventory"]["entries"])
    assert ours == sorted(
        ["alone__Pod", "once_batch_Job", "web__Service", "web_apps_Deployment", f"_{other}__Namespace"]
    )


def test_nulls_of_somebody_elses_kind_reach_the_api_server_and_are_not_drift(scenario: Scenario) -> None:
    digest = push_case(scenario, "1.0.0", "04-null-in-custom-resource/v1")

    scenario.want()
    scenario.until_runs(digest)
    scenario.request()
    found = scenario.get("chartreleases.charts.example", "web")

    assert found["spec"]["values"] == {
        "resources": {"limits": {"cpu": None, "memory": "128Mi"}},
        "securityContext": {"runAsUser": None},
    }
    assert found["spec"].get("timeout") is None  # and not the default
    assert scenario.events("DriftRepaired") == []


@pytest.mark.parametrize(("version", "names"), [("v1", ["one", "two"]), ("v2", ["four", "three"]), ("v3", ["five"])])
def test_streams_of_json_marks_and_nulls_are_read_as_kubectl_reads_them(
    scenario: Scenario, version: str, names: list[str]
) -> None:
    digest = push_case(scenario, "1.0.0", f"20-json-stream-and-bom/{version}")

    scenario.want()
    scenario.until_runs(digest)

    assert scenario.names() == names


def has_failed(version: str, status: dict[str, Any]) -> bool:
    """Whether ``version`` was tried, and did not become ready."""
    tried = str(status["lastAttemptedRevision"]).startswith(version)
    return tried and condition(status, "Ready")["status"] == "False"


def test_the_message_about_a_field_that_the_server_filled_in_has_a_way_out_that_works(scenario: Scenario) -> None:
    for version in ("v1", "v2", "v3"):
        push_case(scenario, version, f"01-recreate/{version}")
    scenario.want(ref={"tag": "v1"})
    scenario.until_says("Ready", "Ready")

    messages = []
    for version in ("v2", "v3"):
        scenario.change({"source": {"ref": {"tag": version}}})
        scenario.until(partial(has_failed, version))
        messages.append(condition(scenario.status, "Ready")["message"])
    command = messages[0].partition("Run once: ")[2].partition("; or ")[0]
    scenario.kubectl(*shlex.split(command)[1:])
    scenario.until(lambda status: status["version"] == "v3" and condition(status, "Ready")["status"] == "True")

    assert all("is in the way at spec.strategy.rollingUpdate" in each for each in messages)
    assert scenario.get("deployment", "board")["spec"]["strategy"] == {"type": "Recreate"}


# --- namespaces -----------------------------------------------------------------------------------------------------


def test_a_namespace_of_the_pattern_that_is_the_target_is_applied(scenario: Scenario, other: str) -> None:
    digest = push(scenario.repository, "1.0.0", namespaced(other, team="a"), namespaced("elsewhere"), config_map("c"))

    scenario.want(render={"targetNamespace": other})
    status = scenario.until_runs(digest)
    made = scenario.kubectl.json("get", "namespace", other)
    scenario.delete()
    scenario.until_gone()

    assert made["metadata"]["labels"]["team"] == "a"
    assert [(each["name"], each["reason"]) for each in status["render"]["skips"]] == [("elsewhere", "TargetNamespace")]
    eventually(lambda: not is_there(scenario, other))


def test_a_namespace_that_is_not_there_is_told_and_made_when_asked(scenario: Scenario, other: str) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("c"))

    scenario.want(render={"targetNamespace": other})
    message = scenario.until_says("Ready", "ApplyFailed")["message"]
    scenario.change({"apply": {"createNamespace": True}})
    status = scenario.until_runs(digest)
    scenario.delete()
    scenario.until_gone()

    assert "set spec.apply.createNamespace: true" in message
    assert f"_{other}__Namespace" in [each["id"] for each in status["inventory"]["entries"]]
    eventually(lambda: not is_there(scenario, other))


def test_a_namespace_that_was_made_and_holds_what_is_of_others_stays(scenario: Scenario, other: str) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("c"))
    scenario.want(render={"targetNamespace": other}, apply={"createNamespace": True})
    scenario.until_runs(digest)
    scenario.kubectl("-n", other, "create", "configmap", "theirs")

    scenario.delete()
    scenario.until_gone()

    assert is_there(scenario, other)
    assert scenario.kubectl("-n", other, "get", "configmap", "c", "--ignore-not-found", "-o", "name") == ""
    eventually(lambda: any("it still contains 1" in each["message"] for each in scenario.events("Kept")))


@pytest.mark.parametrize("adopt", ["Never", "IfUnowned"])
def test_a_namespace_that_was_there_is_used_as_it_is(scenario: Scenario, other: str, adopt: str) -> None:
    scenario.kubectl("create", "namespace", other)
    digest = push(scenario.repository, "1.0.0", config_map("c"))

    scenario.want(render={"targetNamespace": other}, apply={"createNamespace": True, "adopt": adopt})
    status = scenario.until_runs(digest)
    scenario.delete()
    scenario.until_gone()

    assert (
        f"Namespace {other} existed before the pattern: it is used as it is" in condition(status, "Applied")["message"]
    )
    assert is_there(scenario, other)


@pytest.mark.parametrize("adopt", ["Never", "IfUnowned", "Always"])
def test_a_namespace_that_another_pattern_has_made_is_used_as_it_is_and_outlives_that_one(
    scenario: Scenario, other: str, adopt: str
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("c"))
    first = scenario.another("first", repository=scenario.repository)
    push(scenario.repository, "2.0.0", config_map("d"))
    first.want(ref={"tag": "2.0.0"}, render={"targetNamespace": other}, apply={"createNamespace": True})
    first.until_says("Ready", "Ready")
    uid = scenario.kubectl.json("get", "namespace", other)["metadata"]["uid"]

    scenario.want(
        ref={"tag": "1.0.0"}, render={"targetNamespace": other}, apply={"createNamespace": True, "adopt": adopt}
    )
    status = scenario.until_runs(digest)
    first.delete()
    first.until_gone()
    left = scenario.kubectl.json("get", "namespace", other)["metadata"]
    scenario.delete()
    scenario.until_gone()

    said = condition(status, "Applied")["message"]
    assert f"Namespace {other} is owned by DesignPattern {scenario.namespace}/first: it is used as it is" in said
    assert f"_{other}__Namespace" not in [each["id"] for each in status["inventory"]["entries"]]
    assert left["uid"] == uid
    assert "deletionTimestamp" not in left
    assert "pattern-operator.io/owner" not in left["labels"]
    assert is_there(scenario, other)


def test_a_namespace_that_is_no_more_asked_for_stays_while_the_pattern_runs_in_it(
    scenario: Scenario, other: str
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("c"))
    scenario.want(render={"targetNamespace": other}, apply={"createNamespace": True})
    scenario.until_runs(digest)

    scenario.change({"apply": {"createNamespace": False}})
    scenario.until(lambda status: "Namespace" not in json.dumps(status["inventory"]["entries"]))

    assert is_there(scenario, other)
    assert scenario.kubectl("-n", other, "get", "configmap", "c", "-o", "name").strip() == "configmap/c"
