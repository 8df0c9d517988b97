"""Fields that others write, too: named with the remedy, left to others as the spec says, and taken over on adoption."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.story import YAML, Story, condition, config_map, deployment, eventually, push
from tests.testbed.kubectl import KubectlFailed

CASES = Path(__file__).parents[1] / "data" / "field-cases"


def publish(story: Story, case: str, version: str) -> str:
    """Push one version of a field case as it is; the digest."""
    (file,) = (CASES / case / version).iterdir()
    return story.repository.push(f"{version.removeprefix('v')}.0.0", [(YAML, file.read_bytes())])


def autoscaler(name: str, *, smallest: int) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    spec = {"scaleTargetRef": target, "minReplicas": smallest, "maxReplicas": 5}
    spec["metrics"] = [{"type": "Resource", "resource": cpu}]
    head = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name}}
    return {**head, "spec": spec}


def replicas(story: Story, name: str) -> int:
    found: int = story.get("deployment", name)["spec"]["replicas"]
    return found


def test_an_autoscaler_in_the_pattern_is_named_once_and_scales_alone(story: Story) -> None:
    publish(story, "09-hpa-and-replicas", "v1")
    story.want(apply={"wait": False})
    status = story.until(lambda s: "HorizontalPodAutoscaler web" in condition(s, "Applied").get("message", ""))
    story.until_object("deployment", "web", lambda found: found["spec"]["replicas"] == 3)
    generation = story.get("deployment", "web")["metadata"]["generation"]

    again = story.request()

    assert replicas(story, "web") == 3
    assert story.get("deployment", "web")["metadata"]["generation"] == generation
    said = condition(status, "Applied")["message"]
    assert "spec.replicas is left to HorizontalPodAutoscaler web" in said
    assert "field manager kube-controller-manager" in said
    assert "leave it out of the artifact, or list /spec/replicas in spec.apply.ignoreDifferences" in said
    assert condition(again, "Applied")["message"].count("HorizontalPodAutoscaler web") == 1
    assert condition(again, "Ready")["status"] == "True"


def test_an_autoscaler_that_comes_later_scales_alone_and_what_kubectl_scales_is_put_right(story: Story) -> None:
    digest = push(story.repository, "1.0.0", deployment("web"))
    story.want(apply={"wait": False})
    story.until_runs(digest)
    story.kubectl("-n", story.namespace, "scale", "deployment", "web", "--replicas=2")
    story.until_object("deployment", "web", lambda found: found["spec"]["replicas"] == 1)

    story.make(autoscaler("web", smallest=4))
    status = story.until(lambda s: "HorizontalPodAutoscaler web" in condition(s, "Applied").get("message", ""))

    assert replicas(story, "web") == 4
    assert "Drifted" not in condition(status, "Applied")["reason"]


def test_replicas_that_leave_the_artifact_stay_as_they_are_for_the_autoscaler_that_comes_with_it(story: Story) -> None:
    without = deployment("web")
    del without["spec"]["replicas"]
    first = push(story.repository, "1.0.0", deployment("web", replicas=5))
    second = push(story.repository, "2.0.0", without, autoscaler("web", smallest=3))
    story.want(apply={"wait": False})
    story.until_runs(first)
    generation = story.get("deployment", "web")["metadata"]["generation"]

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)

    assert replicas(story, "web") == 5
    assert story.get("deployment", "web")["metadata"]["generation"] == generation


def test_what_kubectl_apply_made_is_taken_over_though_the_key_of_a_list_differs(story: Story) -> None:
    def service(port: int) -> dict[str, Any]:
        spec = {"selector": {"a": "b"}, "ports": [{"port": port, "name": "http"}]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec}

    story.kubectl("-n", story.namespace, "apply", "-f", "-", stdin=json.dumps(service(80)))
    digest = push(story.repository, "1.0.0", service(8080))
    story.want(apply={"conflicts": "Take"})
    story.until_runs(digest)

    assert [each["port"] for each in story.get("service", "s")["spec"]["ports"]] == [8080]


def test_a_field_that_the_spec_ignores_is_left_to_whoever_writes_it(story: Story) -> None:
    first = push(story.repository, "1.0.0", config_map("c", a="1", b="1"))
    second = push(story.repository, "2.0.0", config_map("c", a="2", b="2"))
    fits_none = {"target": {"kind": "ConfigMap", "name": "setings"}, "paths": ["/data/b"]}
    story.want(apply={"ignoreDifferences": [{"target": {"kind": "ConfigMap"}, "paths": ["/data/b"]}, fits_none]})
    applied = condition(story.until_runs(first), "Applied")
    made = story.get("configmap", "c")["data"]
    story.edit("configmap", "c", {"data": {"b": "theirs"}})
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)
    ignored = story.get("configmap", "c")["data"]

    story.change({"apply": {"ignoreDifferences": []}})
    eventually(lambda: story.get("configmap", "c")["data"] == {"a": "2", "b": "2"})

    idle = "apply.ignoreDifferences[1] does nothing: no object of the pattern has kind ConfigMap, name setings"
    assert idle in applied["message"]
    assert made == {"a": "1", "b": "1"}
    assert ignored == {"a": "2", "b": "theirs"}
    assert not story.events("DriftRepaired")


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
def test_what_is_no_pointer_or_names_the_object_is_refused_by_the_api_server(
    story: Story, path: str, said: str
) -> None:
    with pytest.raises(KubectlFailed) as refusal:
        story.want(apply={"ignoreDifferences": [{"paths": [path]}]})

    assert said in str(refusal.value)


def test_who_writes_a_field_again_after_each_repair_is_named_with_the_field_and_the_remedy(story: Story) -> None:
    digest = push(story.repository, "1.0.0", config_map("c", a="1", b="1"))
    story.want()
    story.until_runs(digest)

    def fight() -> bool:
        story.edit("configmap", "c", {"data": {"b": "theirs"}})
        return "again after each repair" in story.condition("Applied").get("message", "")

    eventually(fight)

    said = story.condition("Applied")["message"]
    assert "ConfigMap" in said
    assert "by kubectl-patch (.data.b)" in said
    assert "list it in spec.apply.ignoreDifferences" in said
    assert "theirs" not in said


def test_a_field_that_left_the_manifest_goes_although_kubectl_apply_once_set_it(story: Story) -> None:
    (file,) = (CASES / "19-leftover-of-kubectl-apply" / "v1").iterdir()
    story.kubectl("-n", story.namespace, "apply", "-f", str(file))
    first = publish(story, "19-leftover-of-kubectl-apply", "v1")
    second = publish(story, "19-leftover-of-kubectl-apply", "v2")
    story.want()
    story.until_runs(first)
    whole = story.get("configmap", "settings")
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)

    assert whole["data"] == {"key": "value", "legacy": "unused"}
    assert "kubectl.kubernetes.io/last-applied-configuration" not in whole["metadata"]["annotations"]
    assert story.get("configmap", "settings")["data"] == {"key": "value"}


def test_each_object_whose_field_is_kept_for_life_is_told_with_a_next_step(story: Story) -> None:
    story.kubectl("delete", "storageclass", "c07-fast", "--ignore-not-found")
    publish(story, "07-immutable-other-words", "v1")
    publish(story, "07-immutable-other-words", "v2")
    story.want(apply={"wait": False})
    story.until_says("Ready", "Ready")

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    refused = story.until_says("Ready", "ApplyFailed")["message"]
    story.delete()
    story.until_gone()

    for kind in ("StatefulSet", "RoleBinding", "Service ", "PersistentVolumeClaim", "StorageClass"):
        assert kind in refused, json.dumps(refused)
    assert refused.count("cannot be changed on an object that exists") == 5
    assert "--cascade=orphan" in refused
