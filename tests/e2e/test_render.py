"""From bytes to objects that a real API server takes: published designs and plain manifests, what is refused in them,
what is put right, and where they go."""

import json

import pytest
from tests.e2e.story import (
    YAML,
    Story,
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


def here(story: Story, **render: str) -> dict[str, str]:
    """``spec.render`` that keeps a published design, most of which go to ``default``, in the test's namespace."""
    return {"targetNamespace": story.namespace, **render}


# --- what cannot be rendered ----------------------------------------------------------------------------------------


def test_a_design_with_components_that_cannot_be_rendered_is_not_applied_and_each_is_named(story: Story) -> None:
    digest = push_design(story.repository, "1.0.0", "zookeeper")

    story.want(render=here(story))
    status = story.until(lambda status: condition(status, "Rendered").get("status") == "False")

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
    assert story.names("statefulset,service,poddisruptionbudget") == []


def test_the_rest_of_a_design_is_applied_where_the_pattern_says_skip(story: Story) -> None:
    digest = push_design(story.repository, "1.0.0", "zookeeper")

    story.want(render=here(story, onInvalid="Skip"), apply={"wait": False})  # its volumes need a storage class
    status = story.until_runs(digest)

    assert story.names("statefulset,service,poddisruptionbudget") == ["zk", "zk-cs", "zk-hs", "zk-pdb"]
    assert (status["render"]["rendered"], status["render"]["refused"]) == (4, 3)
    assert condition(status, "Rendered")["status"] == "True"
    assert "3 components refused" in condition(status, "Rendered")["message"]


def test_an_update_with_a_component_that_cannot_be_rendered_leaves_what_runs(story: Story) -> None:
    good = component("ConfigMap", "settings", {"data": {"a": "1"}})
    first = push_files(story.repository, "latest", {"design.yml": design(good).content})
    story.want(ref={"tag": "latest"})
    story.until_runs(first)

    changed = component("ConfigMap", "settings", {"data": {"a": "2"}})
    bad = component("Deployment", "web", {"spec": {"replicas": 2}}, version="apps/v1")
    second = push_files(story.repository, "latest", {"design.yml": design(changed, bad).content})
    status = story.request()
    story.change({"render": {"onInvalid": "Skip"}})
    story.until_runs(second)

    assert condition(status, "Ready")["reason"] == "ComponentsRefused"
    assert status["digest"] == first
    assert condition(status, "Applied")["message"].startswith("applied latest")
    assert story.get("configmap", "settings")["data"] == {"a": "2"}


def test_a_refused_version_costs_no_more_than_its_lookup(own_registry: Registry, own_story: Story) -> None:
    push_design(own_story.repository, "latest", "zookeeper")
    own_story.want(ref={"tag": "latest"}, interval="1s")
    own_story.until_says("Ready", "ComponentsRefused")
    own_registry.forget_requests()

    eventually(lambda: own_registry.requests().get("HEAD manifests", 0) >= 2)

    assert own_registry.requests().keys() == {"HEAD manifests"}


def test_of_the_largest_published_design_all_is_applied_but_what_no_api_server_takes(story: Story) -> None:
    push_design(story.repository, "1.0.0", "online-boutique")  # 4 MB

    story.want(render=here(story))
    status = story.until(lambda status: condition(status, "Applied").get("status") == "False")

    assert condition(status, "Ready")["reason"] == "ApplyFailed"
    assert condition(status, "Applied")["message"].startswith("1 of 13 objects could not be applied: Deployment.apps ")
    assert ".resources: field not declared in schema" in condition(status, "Applied")["message"]
    assert len(story.names("deployment,service")) == 12


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"kind: ConfigMap\ndata:\n  secret: s3cret\n  a: [1\n", "layer-1.yaml, line 5", id="broken"),
        pytest.param(
            b"kind: ConfigMap\napiVersion: v1\napiVersion: s3cret\n",
            "layer-1.yaml, line 3: a key occurs twice",
            id="twice",
        ),
    ],
)
def test_invalid_yaml_is_refused_with_file_and_line_and_nothing_of_its_content(
    story: Story, content: bytes, words: str
) -> None:
    first = push(story.repository, "latest", config_map("settings"))
    story.want(ref={"tag": "latest"})
    story.until_runs(first)

    story.repository.push("latest", [(YAML, content)])
    status = story.request()

    assert condition(status, "Rendered")["reason"] == condition(status, "Ready")["reason"] == "DocumentInvalid"
    assert words in condition(status, "Rendered")["message"]
    assert "s3cret" not in json.dumps(status)
    assert status["digest"] == first
    assert story.names() == ["settings"]


# --- nothing to apply -----------------------------------------------------------------------------------------------


def test_a_design_of_drawings_only_has_nothing_to_deploy(story: Story) -> None:
    push_design(story.repository, "1.0.0", "comments-only")

    story.want()
    status = story.until(lambda status: condition(status, "Ready")["status"] == "False")

    assert condition(status, "Ready")["reason"] == condition(status, "Stalled")["reason"] == "NothingToDeploy"
    assert "1.0.0" in condition(status, "Ready")["message"]
    assert "Publish a pattern with something to deploy" in condition(status, "Ready")["message"]
    assert status["render"]["skipped"] == 3


def test_an_update_that_renders_to_nothing_prunes_nothing_unless_it_is_meant(story: Story) -> None:
    first = push_design(story.repository, "1.0.0", "nginx-emptied/v1")
    second = push_design(story.repository, "2.0.0", "nginx-emptied/v2")
    story.want(render=here(story), apply={"wait": False})  # its Service wants a load balancer
    story.until_runs(first)

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    refused = story.until(lambda status: condition(status, "Ready")["reason"] == "EmptyUpdate")
    kept = story.names("deployment,service")
    story.change({"apply": {"allowEmpty": True}})
    story.until_runs(second)
    emptied = story.until(lambda status: status["inventory"]["count"] == 0)  # the Deployment goes after its pods

    assert "would remove all 2 that run" in condition(refused, "Ready")["message"]
    assert "spec.apply.allowEmpty: true" in condition(refused, "Ready")["message"]
    assert refused["digest"] == first
    assert kept == ["nginx-deployment", "nginxservice"]
    assert emptied["digest"] == second
    assert story.names("deployment,service") == []


# --- what is put right ----------------------------------------------------------------------------------------------


def test_what_was_put_right_in_a_design_is_told(story: Story) -> None:
    digest = push_design(story.repository, "1.0.0", "nginx-emptied/v1")

    story.want(render=here(story), apply={"wait": False})  # its Service wants a load balancer
    status = story.until_runs(digest)

    assert status["render"]["repairs"] == [
        "Deployment nginx-deployment: spec.selector.match Labels read as matchLabels",
        "Deployment nginx-deployment: spec.template.spec.containers[0].ports[0].container Port read as containerPort",
    ]
    assert story.get("deployment", "nginx-deployment")["spec"]["selector"] == {
        "matchLabels": {"app": "nginxdeployment"}
    }


def test_names_with_spaces_live_and_die_where_kubernetes_takes_them(story: Story) -> None:
    digest = push_design(story.repository, "1.0.0", "rbac-references")

    story.want(render=here(story, onInvalid="Skip"))
    story.until_runs(digest)
    bound = story.get("rolebinding", "role-binding-as")["subjects"]
    story.delete()
    story.until_gone()

    assert bound == [{"kind": "ServiceAccount", "name": "service-account", "namespace": story.namespace}]
    assert not story.there("clusterrole", "Cluster Role")


def test_pods_that_are_views_of_a_workload_are_not_applied_beside_it(story: Story) -> None:
    digest = push_design(story.repository, "1.0.0", "guestbook")

    story.want(render=here(story))
    status = story.until_runs(digest)

    assert story.names("pod") == []
    assert story.names("deployment") == story.names("service") == ["frontend", "redis-follower", "redis-leader"]
    assert (status["render"]["rendered"], status["render"]["skipped"]) == (6, 14)


# --- what it is called, and where it goes ---------------------------------------------------------------------------


def test_live_objects_carry_the_marks_by_which_meshery_and_users_know_them(story: Story) -> None:
    digest = push_design(story.repository, "1.0.0", "guestbook")

    story.want(render=here(story))
    story.until_runs(digest)

    metadata = story.get("deployment", "frontend")["metadata"]
    assert metadata["labels"]["design.meshery.io/id"] == "eb7a21e0-afd8-4263-94f2-e9083ac0b602"
    assert metadata["annotations"]["design.meshery.io/version"] == "0.0.118"
    assert len(metadata["annotations"]["component.meshery.io/id"]) == 36
    assert metadata["annotations"][PATTERN] == f"{story.namespace}/{story.name}"
    assert metadata["labels"][OWNER] == story.get("service", "frontend")["metadata"]["labels"][OWNER]


def test_the_version_is_the_tag_and_the_designs_own_stands_beside_it(story: Story) -> None:
    digest = push_design(story.repository, "1.4.2", "deployments-tutorial")

    story.want(ref={"tag": "1.4.2"}, render=here(story))
    tagged = story.until_runs(digest)
    story.change({"source": {"ref": {"tag": None, "digest": digest}}})
    untagged = story.until(lambda status: status["revision"] == f"@{digest}")

    assert (tagged["version"], tagged["designVersion"]) == ("1.4.2", "0.0.157")
    assert (untagged["version"], untagged["designVersion"]) == ("0.0.157", "0.0.157")


def test_what_names_no_namespace_goes_to_the_patterns_own_and_the_rest_where_it_says(story: Story) -> None:
    other = f"{story.namespace}-other"
    elsewhere = config_map("elsewhere")
    elsewhere["metadata"]["namespace"] = other
    brought = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}}
    digest = push(story.repository, "1.0.0", config_map("here"), elsewhere, brought)

    story.want()
    status = story.until_runs(digest)
    there = story.kubectl("-n", other, "get", "configmap", "elsewhere", "-o", "name")
    story.delete()
    story.until_gone()

    assert there == "configmap/elsewhere\n"
    assert [entry["id"] for entry in status["inventory"]["entries"]] == [
        f"_{other}__Namespace",
        f"{other}_elsewhere__ConfigMap",
        f"{story.namespace}_here__ConfigMap",
    ]
    assert not story.there("namespace", other)


def test_a_target_namespace_takes_every_object_and_the_way_back_too(story: Story) -> None:
    other = f"{story.namespace}-other"
    story.kubectl("create", "namespace", other)
    digest = push(story.repository, "1.0.0", config_map("settings"))
    story.want(render={"targetNamespace": other})
    story.until_runs(digest)
    before = story.names()

    story.change({"render": {"targetNamespace": story.namespace}})
    story.until(lambda status: status["inventory"]["entries"][0]["id"] == f"{story.namespace}_settings__ConfigMap")
    story.kubectl("-n", other, "wait", "--for=delete", "configmap/settings", "--timeout=20s")

    assert before == []
    assert story.names() == ["settings"]
    story.kubectl("delete", "namespace", other, "--wait=false")


def test_the_namespaces_of_the_cluster_are_used_and_never_owned(story: Story) -> None:
    system = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "labels": {"ours": "no"}}}
    own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": story.namespace, "labels": {"ours": "no"}}}
    digest = push(story.repository, "1.0.0", system, own, config_map("settings"))

    story.want()
    status = story.until_runs(digest)
    story.delete()
    story.until_gone()

    assert status["inventory"]["entries"] == [{"id": f"{story.namespace}_settings__ConfigMap", "v": "v1"}]
    assert status["render"]["skipped"] == 2
    assert {each["name"] for each in status["render"]["skips"]} == {"kube-system", story.namespace}
    said = condition(status, "Applied")["message"]
    assert "namespace kube-system is used as it is" in said
    assert f"namespace {story.namespace} is the pattern's own: it is used as it is, its labels and annotations" in said
    for name in ("kube-system", story.namespace):
        namespace = story.kubectl.json("get", "namespace", name)
        assert namespace["status"]["phase"] == "Active"
        assert not {"ours", OWNER} & namespace["metadata"]["labels"].keys()
