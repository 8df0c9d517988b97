"""Stub containers that have ports only."""

from typing import Any

import pytest
from tests.render.designs import component, deployment, only_object, only_report, rendered

COMPLETE = {"name": "web", "image": "web:1", "ports": [{"containerPort": 80, "protocol": "TCP"}]}


def _deployment(*containers: Any) -> dict[str, Any]:
    return component("Deployment", "web", deployment(containers=list(containers)), version="apps/v1")


def test_a_container_with_ports_only_that_another_has_is_left_out():
    rendering = rendered(_deployment({"ports": [{"containerPort": 80}]}, COMPLETE))

    assert only_object(rendering)["spec"]["template"]["spec"]["containers"] == [COMPLETE]
    assert only_report(rendering).repair_messages == (
        "spec.template.spec.containers: 1 with ports only left out, another has them",
    )


def test_a_port_is_the_same_with_its_protocol_said_or_not():
    rendering = rendered(_deployment({"ports": [{"containerPort": 80}]}, COMPLETE | {"ports": [{"containerPort": 80}]}))

    assert len(only_object(rendering)["spec"]["template"]["spec"]["containers"]) == 1


@pytest.mark.parametrize(
    "containers",
    [
        pytest.param([{"ports": [{"containerPort": 81}]}, COMPLETE], id="a port that nobody has"),
        pytest.param([{"ports": [{"containerPort": 80, "hostPort": 8080}]}, COMPLETE], id="a port that says more"),
        pytest.param([{"ports": [{"containerPort": 80}], "env": []}, COMPLETE], id="more than ports"),
        pytest.param([{"ports": [{"containerPort": 80}]}], id="no complete one beside it"),
        pytest.param([{"ports": [{"containerPort": 80}], "image": "a:1"}, COMPLETE], id="an image of its own"),
        pytest.param([{}, COMPLETE], id="nothing at all"),
    ],
)
def test_a_container_that_says_something_of_its_own_is_not_dropped(containers: list[Any]):
    rendering = rendered(_deployment(*containers))

    assert only_report(rendering).reason == "MissingRequiredField"


def test_containers_of_a_pod_are_looked_at_too():
    rendering = rendered(
        component("Pod", "a", {"spec": {"containers": [{"ports": [{"containerPort": 80}]}, COMPLETE]}})
    )

    assert only_object(rendering)["spec"]["containers"] == [COMPLETE]
