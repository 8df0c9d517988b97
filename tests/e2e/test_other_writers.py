"""Fields that others write, too: named with the remedy, left to others as the spec says, and taken over on adoption."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.scenario import YAML, Scenario, condition, config_map, deployment, eventually, push
from tests.testbed.kubectl import KubectlFailed

CASES = Path(__file__).parents[1] / "data" / "field-cases"


def publish(scenario: Scenario, case: str, version: str) -> str:
    """Push one version of a field case as it is; the digest."""
    (file,) = (CASES / case / version).iterdir()
    return scenario.repository.push(f"{version.removeprefix('v')}.0.0", [(YAML, file.read_bytes())])


def autoscaler(name: str, *, smallest: int) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    spec = {"scaleTargetRef": target, "minReplicas": smallest, "maxReplicas": 5}
    spec["metrics"] = [{"type": "Resource", "resource": cpu}]
    head = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name}}
    return {**head, "spec": spec}


def replicas(scenario: Scenario, name: str) -> int:
    found: int = scenario.get("deployment", name)["spec"]["replicas"]
    return found


def test_an_autoscaler_in_the_pattern_is_named_once_and_scales_alone(scenario: Scenario) -> None:
    publish(scenario, "09-hpa-and-replicas", "v1")
    scenario.want(apply={"wait": False})
    status = scenario.until(lambda s: "HorizontalPodAutoscaler web" in condition(s, "Applied").get("message", ""))
    scenario.until_object("deployment", "web", lambda found: found["spec"]["replicas"] == 3)
    generation = scenario.get("deployment", "web")["metadata"]["generation"]

    again = scenario.request()

    assert replicas(scenario, "web") == 3
    assert scenario.get("deployment", "web")["metadata"]["generation"] == generation
    said = condition(status, "Applied")["message"]
    assert "spec.replicas is left to HorizontalPodAutoscaler web" in said
    assert "field manager kube-controller-manager" in said
    assert "leave it out of the artifact, or list /spec/replicas in spec.apply.ignoreDifferences" in said
    assert condition(again, "Applied")["message"].count("HorizontalPodAutoscaler web") == 1
    assert condition(again, "Ready")["status"] == "True"


def test_an_autoscaler_that_comes_later_scales_alone_and_what_kubectl_scales_is_repaired(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", deployment("web"))
    scenario.want(apply={"wait": False})
    scenario.until_runs(digest)
    scenario.kubectl("-n", scenario.namespace, "scale", "deployment", "web", "--replicas=2")
    scenario.until_object("deployment", "web", lambda found: found["spec"]["replicas"] == 1)

    scenario.make(autoscaler("web", smallest=4))
    status = scenario.until(lambda s: "HorizontalPodAutoscaler web" in condition(s, "Applied").get("message", ""))

    assert replicas(scenario, "web") == 4
    assert "Drifted" not in condition(status, "Applied")["reason"]


def test_replicas_that_leave_the_artifact_stay_as_they_are_for_the_autoscaler_that_comes_with_it(
    scenario: Scenario,
) -> None:
    without = deployment("web")
    del without["spec"]["replicas"]
    first = push(scenario.repository, "1.0.0", deployment("web", replicas=5))
    second = push(scenario.repository, "2.0.0", without, autoscaler("web", smallest=3))
    scenario.want(apply={"wait": False})
    scenario.until_runs(first)
    generation = scenario.get("deployment", "web")["metadata"]["generation"]

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)

    assert replicas(scenario, "web") == 5
    assert scenario.get("deployment", "web")["metadata"]["generation"] == generation


def test_what_kubectl_apply_made_is_taken_over_though_the_key_of_a_list_differs(scenario: Scenario) -> None:
    def service(port: int) -> dict[str, Any]:
        spec = {"selector": {"a": "b"}, "ports": [{"port": port, "name": "http"}]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec}

    scenario.kubectl("-n", scenario.namespace, "apply", "-f", "-", stdin=json.dumps(service(80)))
    digest = push(scenario.repository, "1.0.0", service(8080))
    scenario.want(apply={"conflicts": "Take"})
    scenario.until_runs(digest)

    assert [each["port"] for each in scenario.get("service", "s")["spec"]["ports"]] == [8080]


def test_a_field_that_the_spec_ignores_is_left_to_whoever_writes_it(scenario: Scenario) -> None:
    first = push(scenario.repository, "1.0.0", config_map("c", a="1", b="1"))
    second = push(scenario.repository, "2.0.0", config_map("c", a="2", b="2"))
    fits_none = {"target": {"kind": "ConfigMap", "name": "setings"}, "paths": ["/data/b"]}
    scenario.want(apply={"ignoreDifferences": [{"target": {"kind": "ConfigMap"}, "paths": ["/data/b"]}, fits_none]})
    applied = condition(scenario.until_runs(first), "Applied")
    made = scenario.get("configmap", "c")["data"]
    scenario.edit("configmap", "c", {"data": {"b": "theirs"}})
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)
    ignored = scenario.get("configmap", "c")["data"]

    scenario.change({"apply": {"ignoreDifferences": []}})
    eventually(lambda: scenario.get("configmap", "c")["data"] == {"a": "2", "b": "2"})

    idle = "apply.ignoreDifferences[1] does nothing: no object of the pattern has kind ConfigMap, name setings"
    assert idle in applied["message"]
    assert made == {"a": "1", "b": "1"}
    assert ignored == {"a": "2", "b": "theirs"}
    assert not scenario.events("DriftRepaired")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("spec/replicas", "must be a JSON pointer (RFC 6901) such as /spec/replicas"),
        ("/data/a~b", "must be a JSON pointer (RFC 6901) such as /spec/replicas"),
        ("", "at least 1 char"),
        ("/metadata/name", "must not be what names the object"),
        ("/kind", "must not be what names the object"),
    ],
)
def test_what_is_not_a_pointer_or_names_the_object_is_refused_by_the_api_server(
    scenario: Scenario, path: str, said: str
) -> None:
    with pytest.raises(KubectlFailed) as refusal:
        scenario.want(apply={"ignoreDifferences": [{"paths": [path]}]})

    assert said in str(refusal.value)


def test_who_writes_a_field_again_after_each_repair_is_named_with_the_field_and_the_remedy(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("c", a="1", b="1"))
    scenario.want()
    scenario.until_runs(digest)

    def fight() -> bool:
        scenario.edit("configmap", "c", {"data": {"b": "theirs"}})
        return "again after each repair" in scenario.condition("Applied").get("message", "")

    eventually(fight)

    said = scenario.condition("Applied")["message"]
    assert "ConfigMap" in said
    assert "by kubectl-patch (.data.b)" in said
    assert "list it in spec.apply.ignoreDifferences" in said
    assert "theirs" not in said


def test_a_field_that_left_the_manifest_goes_although_kubectl_apply_once_set_it(scenario: Scenario) -> None:
    (file,) = (CASES / "19-leftover-of-kubectl-apply" / "v1").iterdir()
    scenario.kubectl("-n", scenario.namespace, "apply", "-f", str(file))
    first = publish(scenario, "19-leftover-of-kubectl-apply", "v1")
    second = publish(scenario, "19-leftover-of-kubectl-apply", "v2")
    scenario.want()
    scenario.until_runs(first)
    whole = scenario.get("configmap", "settings")
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)

    assert whole["data"] == {"key": "value", "legacy": "unused"}
    assert "kubectl.kubernetes.io/last-applied-configuration" not in whole["metadata"]["annotations"]
    assert scenario.get("configmap", "settings")["data"] == {"key": "value"}


def test_each_object_whose_field_is_kept_for_life_is_told_with_a_next_step(scenario: Scenario) -> None:
    scenario.kubectl("delete", "storageclass", "c07-fast", "--ignore-not-found")
    publish(scenario, "07-immutable-other-words", "v1")
    publish(scenario, "07-immutable-other-words", "v2")
    scenario.want(apply={"wait": False})
    scenario.until_says("Ready", "Ready")

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    refused = scenario.until_says("Ready", "ApplyFailed")["message"]
    scenario.delete()
    scenario.until_gone()

    for kind in ("StatefulSet", "RoleBinding", "Service ", "PersistentVolumeClaim", "StorageClass"):
        assert kind in refused, json.dumps(refused)
    assert refused.count("cannot be changed on an object that exists") == 5
    assert "--cascade=orphan" in refused
