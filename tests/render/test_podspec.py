"""Where the Pod specification of each kind is, and its containers."""

from typing import Any

import pytest

from pattern_operator.render.podspec import PLACES, at, containers

CONTAINER = {"name": "a"}


@pytest.mark.parametrize(
    ("group", "kind", "path"),
    [
        ("", "Pod", "spec"),
        ("", "PodTemplate", "template.spec"),
        ("", "ReplicationController", "spec.template.spec"),
        ("apps", "DaemonSet", "spec.template.spec"),
        ("apps", "Deployment", "spec.template.spec"),
        ("apps", "ReplicaSet", "spec.template.spec"),
        ("apps", "StatefulSet", "spec.template.spec"),
        ("batch", "CronJob", "spec.jobTemplate.spec.template.spec"),
        ("batch", "Job", "spec.template.spec"),
    ],
)
def test_a_kind_has_its_pod_specification_at_a_path(group: str, kind: str, path: str):
    assert ".".join(PLACES[group, kind]) == path


def test_no_other_kind_has_one():
    assert len(PLACES) == 9


def test_a_path_leads_to_a_part_of_the_body():
    body = {"spec": {"template": {"spec": {"containers": [CONTAINER]}}}}

    assert at(body, ("spec", "template", "spec")) is body["spec"]["template"]["spec"]
    assert at(body, ()) is body


@pytest.mark.parametrize("body", [{}, {"spec": None}, {"spec": []}, {"spec": {"template": "x"}}], ids=str)
def test_a_path_to_nothing_leads_to_an_empty_mapping(body: dict[str, Any]):
    assert at(body, ("spec", "template", "spec")) == {}


def test_containers_of_each_list_come_with_their_paths():
    spec = {
        "initContainers": [{"name": "b"}],
        "ephemeralContainers": [{"name": "c"}],
        "containers": [CONTAINER, {"name": "d"}],
        "volumes": [{"name": "no container"}],
    }

    assert [(path, each["name"]) for path, each in containers(spec, "spec")] == [
        ("spec.containers[0]", "a"),
        ("spec.containers[1]", "d"),
        ("spec.initContainers[0]", "b"),
        ("spec.ephemeralContainers[0]", "c"),
    ]


def test_a_container_can_be_changed_in_place():
    spec = {"containers": [dict(CONTAINER)]}

    for _, container in containers(spec, "spec"):
        container["image"] = "new"

    assert spec["containers"] == [{"name": "a", "image": "new"}]


@pytest.mark.parametrize("lists", [None, {}, "x", [None, 1, []]], ids=str)
def test_lists_of_another_shape_have_no_containers(lists: object):
    assert list(containers({"containers": lists}, "spec")) == []
