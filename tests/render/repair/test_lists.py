"""Entries of lists that share their merge key."""

from typing import Any

import pytest
from tests.render.designs import component, deployment, only_object, only_report, rendered


def _service(*ports: Any) -> dict[str, Any]:
    return component("Service", "web", {"spec": {"ports": list(ports)}})


@pytest.mark.parametrize(
    ("ports", "kept"),
    [
        pytest.param([{"port": 80}, {"port": 80}], [{"port": 80}], id="the same"),
        pytest.param(
            [{"port": 80, "name": "http"}, {"port": 80, "protocol": "TCP"}],
            [{"port": 80, "name": "http"}],
            id="less, with the default said",
        ),
        pytest.param(
            [{"port": 80}, {"port": 80, "name": "http"}, {"port": 80}], [{"port": 80, "name": "http"}], id="more, later"
        ),
    ],
)
def test_a_port_that_repeats_another_and_says_no_more_is_left_out(ports: list[Any], kept: list[Any]):
    rendering = rendered(_service(*ports))

    assert only_object(rendering)["spec"]["ports"] == kept
    assert only_report(rendering).repair_messages == (
        f"spec.ports: {len(ports) - len(kept)} left out that repeat another and say no more",
    )


def test_ports_of_two_protocols_are_two_ports():
    ports = [{"port": 53, "name": "tcp"}, {"port": 53, "name": "udp", "protocol": "UDP"}]

    assert only_object(rendered(_service(*ports)))["spec"]["ports"] == ports


def test_ports_that_contradict_each_other_are_refused():
    rendering = rendered(_service({"port": 80, "name": "a"}, {"port": 80, "name": "b"}))

    report = only_report(rendering)
    assert report.reason == "ConflictingListEntries"
    assert report.message.startswith("spec.ports[1] has the port and protocol of an earlier entry")


@pytest.mark.parametrize(
    ("field", "entry", "other"),
    [
        ("env", {"name": "A", "value": "1"}, {"name": "A", "value": "2"}),
        ("ports", {"containerPort": 80}, {"containerPort": 80, "hostPort": 80}),
        ("volumeMounts", {"mountPath": "/a", "name": "x"}, {"mountPath": "/a", "name": "y"}),
    ],
)
def test_lists_of_a_container_are_looked_at(field: str, entry: dict[str, Any], other: dict[str, Any]):
    def _made(*entries: Any) -> dict[str, Any]:
        container = {"name": "web", "image": "web:1", field: list(entries)}
        return component("Deployment", "web", deployment(containers=[container]), version="apps/v1")

    repeated, contradicting = rendered(_made(entry, entry)), rendered(_made(entry, other))

    assert only_object(repeated)["spec"]["template"]["spec"]["containers"][0][field] == [entry]
    covered = all(other.get(name) == value for name, value in entry.items())
    assert only_report(contradicting).reason == ("" if covered else "ConflictingListEntries")


def test_two_containers_of_one_name_are_refused():
    containers = [{"name": "web", "image": "web:1"}, {"name": "web", "image": "web:2"}]

    rendering = rendered(component("Pod", "a", {"spec": {"containers": containers}}))

    assert only_report(rendering).reason == "ConflictingListEntries"


def test_the_value_of_a_contradicting_entry_is_not_told():
    env = [{"name": "PASSWORD", "value": "hunter2"}, {"name": "PASSWORD", "value": "hunter3"}]

    rendering = rendered(component("Pod", "a", {"spec": {"containers": [{"name": "a", "image": "a", "env": env}]}}))

    assert only_report(rendering).reason == "ConflictingListEntries"
    assert "hunter" not in repr(rendering)


def test_entries_without_a_part_of_their_key_are_left_to_the_server():
    spread = [{"topologyKey": "zone", "maxSkew": 1}, {"topologyKey": "zone", "maxSkew": 2}]

    rendering = rendered(
        component("Deployment", "web", deployment(topologySpreadConstraints=spread), version="apps/v1")
    )

    assert only_object(rendering)["spec"]["template"]["spec"]["topologySpreadConstraints"] == spread


@pytest.mark.parametrize("ports", ["text", {"port": 80}, 7])
def test_a_list_that_is_none_does_not_matter(ports: Any):
    rendering = rendered(component("Service", "web", {"spec": {"ports": ports, "clusterIP": "None"}}))

    assert only_object(rendering)["spec"]["ports"] == ports
