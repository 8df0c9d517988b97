"""Leaves out objects that a controller makes of another one of the artifact: beside that they would be made twice.

Objects that the cluster makes in every namespace, and those that a controller makes of a Service, go as well.
"""

from collections.abc import Iterable
from typing import Any, Final

from pattern_operator.api.fields import mapping, mappings, text
from pattern_operator.render.cluster_fields import LAST_CHANGE_TRIGGER
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason

_MANAGED_BY: Final = "endpoints.kubernetes.io/managed-by"
_OF_EVERY_NAMESPACE: Final = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt"})
_BARE: Final = {"apiVersion", "kind", "metadata"}


def controllers_of(metadata: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Kind and name of the objects whose controllers made this one (``metadata.ownerReferences``)."""
    owners = mappings(metadata.get("ownerReferences"))
    return tuple((text(each.get("kind")), text(each.get("name"))) for each in owners if each.get("controller") is True)


def leave_out_controlled(components: list[WorkingComponent]) -> None:
    """Skip what a controller makes of another object here: beside that one it would be a stray, or be made twice."""
    there = {(component.kind, component.name, component.source_namespace) for component in components}
    for component in components:
        maker = next((owner for owner in component.controllers if (*owner, component.source_namespace) in there), None)
        maker = maker or _deployment_of(component, there)
        if maker is not None:
            component.skip(
                ComponentReason.CONTROLLED, f"{maker[0]} {maker[1]} makes it (metadata.ownerReferences): it is left out"
            )
        elif _is_of_every_namespace(component):
            component.skip(ComponentReason.CONTROLLED, "the cluster makes it in every namespace: it is left out")
        elif component.kind == "Endpoints" and _has_mark_of_endpoints(component.metadata):
            component.skip(
                ComponentReason.CONTROLLED, f"a controller makes it for Service {component.name}: it is left out"
            )


def _is_of_every_namespace(component: WorkingComponent) -> bool:
    """Whether each namespace has it anyway; the account ``default`` is meant where anything is said of it."""
    if (component.api_version, component.kind) == ("v1", "ConfigMap"):
        return component.name in _OF_EVERY_NAMESPACE
    is_default = (component.api_version, component.kind, component.name) == ("v1", "ServiceAccount", "default")
    return (
        is_default and component.captured and component.metadata.keys() == {"name"} and component.body.keys() == _BARE
    )


def _has_mark_of_endpoints(metadata: dict[str, Any]) -> bool:
    labels, annotations = mapping(metadata.get("labels")), mapping(metadata.get("annotations"))
    return labels.get(_MANAGED_BY) == "endpoint-controller" or LAST_CHANGE_TRIGGER in annotations


def _deployment_of(component: WorkingComponent, there: Iterable[tuple[str, str, str | None]]) -> tuple[str, str] | None:
    """The Deployment of a Pod whose ReplicaSet was not captured: the name of that one ends in the Pod's hash."""
    suffix = f"-{text(mapping(component.metadata.get('labels')).get('pod-template-hash'))}"
    for kind, name in component.controllers:
        deployment = ("Deployment", name.removesuffix(suffix))
        if (
            kind == "ReplicaSet"
            and len(suffix) > 1
            and name.endswith(suffix)
            and (*deployment, component.source_namespace) in there
        ):
            return deployment
    return None
