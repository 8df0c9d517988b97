"""Where a kind holds the specification of Pods, and the containers in it."""

from collections.abc import Iterator
from typing import Any, Final

from pattern_operator.api.fields import mapping, mappings
from pattern_operator.api.object import Body

_TEMPLATE: Final = ("spec", "template", "spec")
PLACES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("", "Pod"): ("spec",),
    ("", "PodTemplate"): ("template", "spec"),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", *_TEMPLATE),
    ("batch", "Job"): _TEMPLATE,
}
CONTAINER_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")


def at(body: Body, path: tuple[str, ...]) -> dict[str, Any]:
    """The mapping at ``path``; an empty one when there is none."""
    for field in path:
        body = mapping(body.get(field))
    return body


def containers(spec: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each container of a Pod specification with its path."""
    for field in CONTAINER_LISTS:
        for index, container in enumerate(mappings(spec.get(field))):
            yield f"{path}.{field}[{index}]", container
