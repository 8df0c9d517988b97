"""From bytes to objects that a real API server takes: published designs and plain manifests, what is refused in them,
what is repaired, and where they go."""

import json

import pytest
from tests.e2e.scenario import (
    YAML,
    Scenario,
    condition,
    config_map,
    eventually,
    push,
    push_design,
    push_files,
)
from tests.render.designs import component, design
from tests.testbed.registry import Registry

OWNER = "pattern-operator.io/owner"
PATTERN = "pattern-operator.io/pattern"


def here(scenario: Scenario, **render: str) -> dict[str, str]:
    """``spec.render`` that keeps a published design, most of which go to ``default``, in the test's namespace."""
    return {"targetNamespace": scenario.namespace, **render}


# --- what cannot be rendered ----------------------------------------------------------------------------------------


def test_a_design_with_components_that_cannot_be_rendered_is_not_applied_and_each_is_named(scenario: Scenario) -> None:
    digest = push_design(scenario.repository, "1.0.0", "zookeeper")

    scenario.want(render=here(scenario))
    status = scenario.until(lambda status: condition(status, "Rendered").get("status") == "False")

    rendered, ready = condition(status, "Rendered"), condition(status, "Ready")
    assert rendered["reason"] == ready["reason"] == condition(status, "Stalled")["reason"] == "ComponentsRefused"
    assert "3 of 15 components" in rendered["message"]
    assert "Deployment deployment-btq: Deployment needs spec.template" in rendered["message"]
    assert "spec.render.onInvalid: Skip" in rendered["message"]
    assert [(each["kind"], each["name"], each["reason"]) for each in status["render"]["refusals"]] == [
        ("DaemonSet", "daemon set-uuk", "MissingRequiredField"),
        ("Deployment", "deployment-btq", "MissingRequiredField"),
        ("StatefulSet", "stateful set-slh", "MissingRequiredField"),
    ]
    assert status["lastAttemptedRevision"] == f"1.0.0@{digest}"
    assert not status.get("digest")
    assert scenario.names("statefulset,service,poddisruptionbudget") == []


def test_the_rest_of_a_design_is_applied_where_the_pattern_says_skip(scenario: Scenario) -> None:
    digest = push_design(scenario.repository, "1.0.0", "zookeeper")

    scenario.want(render=here(scenario, onInvalid="Skip"), apply={"wait": False})  # its volumes need a storage class
    status = scenario.until_runs(digest)

    assert scenario.names("statefulset,service,poddisruptionbudget") == ["zk", "zk-cs", "zk-hs", "zk-pdb"]
    assert (status["render"]["rendered"], status["render"]["refused"]) == (4, 3)
    assert condition(status, "Rendered")["status"] == "True"
    assert "3 components refused" in condition(status, "Rendered")["message"]


def test_an_update_with_a_component_that_cannot_be_rendered_leaves_what_runs(scenario: Scenario) -> None:
    good = component("ConfigMap", "settings", {"data": {"a": "1"}})
    first = push_files(scenario.repository, "latest", {"design.yml": design(good).content})
    scenario.want(ref={"tag": "latest"})
    scenario.until_runs(first)

    changed = component("ConfigMap", "settings", {"data": {"a": "2"}})
    bad = component("Deployment", "web", {"spec": {"replicas": 2}}, version="apps/v1")
    second = push_files(scenario.repository, "latest", {"design.yml": design(changed, bad).content})
    status = scenario.request()
    scenario.change({"render": {"onInvalid": "Skip"}})
    scenario.until_runs(second)

    assert condition(status, "Ready")["reason"] == "ComponentsRefused"
    assert status["digest"] == first
    assert condition(status, "Applied")["message"].startswith("applied latest")
    assert scenario.get("configmap", "settings")["data"] == {"a": "2"}


def test_a_refused_version_costs_no_more_than_its_lookup(own_registry: Registry, own_story: Scenario) -> None:
    push_design(own_story.repository, "latest", "zookeeper")
    own_story.want(ref={"tag": "latest"}, interval="1s")
    own_story.until_says("Ready", "ComponentsRefused")
    own_registry.forget_requests()

    eventually(lambda: own_registry.requests().get("HEAD manifests", 0) >= 2)

    assert own_registry.requests().keys() == {"HEAD manifests"}


def test_of_the_largest_published_design_all_is_applied_but_what_no_api_server_takes(scenario: Scenario) -> None:
    push_design(scenario.repository, "1.0.0", "online-boutique")  # 4 MB

    scenario.want(render=here(scenario))
    status = scenario.until(lambda status: condition(status, "Applied").get("status") == "False")

    assert condition(status, "Ready")["reason"] == "ApplyFailed"
    assert condition(status, "Applied")["message"].startswith("1 of 13 objects could not be applied: Deployment.apps ")
    assert ".resources: field not declared in schema" in condition(status, "Applied")["message"]
    assert len(scenario.names("deployment,service")) == 12


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"kind: ConfigMap\ndata:\n  secret: s3cret\n  a: [1\n", "layer-1.yaml, line 5", id="broken"),
        pytest.param(
            b"kind: ConfigMap\napiVersion: v1\napiVersion: s3cret\n",
            "layer-1.yaml, line 3: the key 'apiVersion' occurs twice",
            id="twice",
        ),
    ],
)
def test_invalid_yaml_is_refused_with_file_and_line_and_nothing_of_its_content(
    scenario: Scenario, content: bytes, words: str
) -> None:
    first = push(scenario.repository, "latest", config_map("settings"))
    scenario.want(ref={"tag": "latest"})
    scenario.until_runs(first)

    scenario.repository.push("latest", [(YAML, content)])
    status = scenario.request()

    assert condition(status, "Rendered")["reason"] == condition(status, "Ready")["reason"] == "DocumentInvalid"
    assert words in condition(status, "Rendered")["message"]
    assert "s3cret" not in json.dumps(status)
    assert status["digest"] == first
    assert scenario.names() == ["settings"]


# --- nothing to apply -----------------------------------------------------------------------------------------------


def test_a_design_of_drawings_only_has_nothing_to_deploy(scenario: Scenario) -> None:
    push_design(scenario.repository, "1.0.0", "comments-only")

    scenario.want()
    status = scenario.until(lambda status: condition(status, "Ready")["status"] == "False")

    assert condition(status, "Ready")["reason"] == condition(status, "Stalled")["reason"] == "NothingToDeploy"
    assert "1.0.0" in condition(status, "Ready")["message"]
    assert "Publish a pattern with something to deploy" in condition(status, "Ready")["message"]
    assert status["render"]["skipped"] == 3


def test_an_update_that_renders_to_nothing_prunes_nothing_unless_it_is_meant(scenario: Scenario) -> None:
    first = push_design(scenario.repository, "1.0.0", "nginx-emptied/v1")
    second = push_design(scenario.repository, "2.0.0", "nginx-emptied/v2")
    scenario.want(render=here(scenario), apply={"wait": False})  # its Service wants a load balancer
    scenario.until_runs(first)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    refused = scenario.until(lambda status: condition(status, "Ready")["reason"] == "EmptyUpdate")
    kept = scenario.names("deployment,service")
    scenario.change({"apply": {"allowEmpty": True}})
    scenario.until_runs(second)
    emptied = scenario.until(lambda status: status["inventory"]["count"] == 0)  # the Deployment goes after its pods

    assert "would remove all 2 that run" in condition(refused, "Ready")["message"]
    assert "spec.apply.allowEmpty: true" in condition(refused, "Ready")["message"]
    assert refused["digest"] == first
    assert kept == ["nginx-deployment", "nginxservice"]
    assert emptied["digest"] == second
    assert scenario.names("deployment,service") == []


# --- what is repaired ----------------------------------------------------------------------------------------------


def test_what_was_repaired_in_a_design_is_told(scenario: Scenario) -> None:
    digest = push_design(scenario.repository, "1.0.0", "nginx-emptied/v1")

    scenario.want(render=here(scenario), apply={"wait": False})  # its Service wants a load balancer
    status = scenario.until_runs(digest)

    assert status["render"]["repairs"] == [
        "Deployment nginx-deployment: spec.selector.match Labels read as matchLabels",
        "Deployment nginx-deployment: spec.template.spec.containers[0].ports[0].container Port read as containerPort",
    ]
    assert scenario.get("deployment", "nginx-deployment")["spec"]["selector"] == {
        "matchLabels": {"app": "nginxdeployment"}
    }


def test_names_with_spaces_live_and_die_where_kubernetes_takes_them(scenario: Scenario) -> None:
    digest = push_design(scenario.repository, "1.0.0", "rbac-references")

    scenario.want(render=here(scenario, onInvalid="Skip"))
    scenario.until_runs(digest)
    bound = scenario.get("rolebinding", "role-binding-as")["subjects"]
    scenario.delete()
    scenario.until_gone()

    assert bound == [{"kind": "ServiceAccount", "name": "service-account", "namespace": scenario.namespace}]
    assert not scenario.there("clusterrole", "Cluster Role")


def test_pods_that_are_views_of_a_workload_are_not_applied_beside_it(scenario: Scenario) -> None:
    digest = push_design(scenario.repository, "1.0.0", "guestbook")

    scenario.want(render=here(scenario))
    status = scenario.until_runs(digest)

    assert scenario.names("pod") == []
    assert scenario.names("deployment") == scenario.names("service") == ["frontend", "redis-follower", "redis-leader"]
    assert (status["render"]["rendered"], status["render"]["skipped"]) == (6, 14)


# --- what it is called, and where it goes ---------------------------------------------------------------------------


def test_live_objects_carry_the_marks_by_which_meshery_and_users_know_them(scenario: Scenario) -> None:
    digest = push_design(scenario.repository, "1.0.0", "guestbook")

    scenario.want(render=here(scenario))
    scenario.until_runs(digest)

    metadata = scenario.get("deployment", "frontend")["metadata"]
    assert metadata["labels"]["design.meshery.io/id"] == "eb7a21e0-afd8-4263-94f2-e9083ac0b602"
    assert metadata["annotations"]["design.meshery.io/version"] == "0.0.118"
    assert len(metadata["annotations"]["component.meshery.io/id"]) == 36
    assert metadata["annotations"][PATTERN] == f"{scenario.namespace}/{scenario.name}"
    assert metadata["labels"][OWNER] == scenario.get("service", "frontend")["metadata"]["labels"][OWNER]


def test_the_version_is_the_tag_and_the_designs_own_stands_beside_it(scenario: Scenario) -> None:
    digest = push_design(scenario.repository, "1.4.2", "deployments-tutorial")

    scenario.want(ref={"tag": "1.4.2"}, render=here(scenario))
    tagged = scenario.until_runs(digest)
    scenario.change({"source": {"ref": {"tag": None, "digest": digest}}})
    untagged = scenario.until(lambda status: status["revision"] == f"@{digest}")

    assert (tagged["version"], tagged["designVersion"]) == ("1.4.2", "0.0.157")
    assert (untagged["version"], untagged["designVersion"]) == ("0.0.157", "0.0.157")


def test_what_names_no_namespace_goes_to_the_patterns_own_and_the_rest_where_it_says(scenario: Scenario) -> None:
    other = f"{scenario.namespace}-other"
    elsewhere = config_map("elsewhere")
    elsewhere["metadata"]["namespace"] = other
    brought = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}}
    digest = push(scenario.repository, "1.0.0", config_map("here"), elsewhere, brought)

    scenario.want()
    status = scenario.until_runs(digest)
    there = scenario.kubectl("-n", other, "get", "configmap", "elsewhere", "-o", "name")
    scenario.delete()
    scenario.until_gone()

    assert there == "configmap/elsewhere\n"
    assert [entry["id"] for entry in status["inventory"]["entries"]] == [
        f"_{other}__Namespace",
        f"{other}_elsewhere__ConfigMap",
        f"{scenario.namespace}_here__ConfigMap",
    ]
    assert not scenario.there("namespace", other)


def test_a_target_namespace_takes_every_object_and_the_way_back_too(scenario: Scenario) -> None:
    other = f"{scenario.namespace}-other"
    scenario.kubectl("create", "namespace", other)
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want(render={"targetNamespace": other})
    scenario.until_runs(digest)
    before = scenario.names()

    scenario.change({"render": {"targetNamespace": scenario.namespace}})
    scenario.until(
        lambda status: status["inventory"]["entries"][0]["id"] == f"{scenario.namespace}_settings__ConfigMap"
    )
    scenario.kubectl("-n", other, "wait", "--for=delete", "configmap/settings", "--timeout=20s")

    assert before == []
    assert scenario.names() == ["settings"]
    scenario.kubectl("delete", "namespace", other, "--wait=false")


def test_the_namespaces_of_the_cluster_are_used_and_never_owned(scenario: Scenario) -> None:
    system = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "labels": {"ours": "no"}}}
    own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": scenario.namespace, "labels": {"ours": "no"}}}
    digest = push(scenario.repository, "1.0.0", system, own, config_map("settings"))

    scenario.want()
    status = scenario.until_runs(digest)
    scenario.delete()
    scenario.until_gone()

    assert status["inventory"]["entries"] == [{"id": f"{scenario.namespace}_settings__ConfigMap", "v": "v1"}]
    assert status["render"]["skipped"] == 2
    assert {each["name"] for each in status["render"]["skips"]} == {"kube-system", scenario.namespace}
    said = condition(status, "Applied")["message"]
    assert "namespace kube-system is used as it is" in said
    assert (
        f"namespace {scenario.namespace} is the pattern's own: it is used as it is, its labels and annotations" in said
    )
    for name in ("kube-system", scenario.namespace):
        namespace = scenario.kubectl.json("get", "namespace", name)
        assert namespace["status"]["phase"] == "Active"
        assert not {"ours", OWNER} & namespace["metadata"]["labels"].keys()
