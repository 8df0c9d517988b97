"""Who writes the replicas of a workload: a pattern and an autoscaler that both do would scale it forever. Pure.

Source: Kubernetes documentation, "Horizontal Pod Autoscaling": it scales through the subresource ``scale``, which
``managedFields`` tells.
"""

from collections.abc import Iterable

from pattern_operator.api.fields import ManagedFieldsEntry, mapping_at, text_at
from pattern_operator.api.object import Object
from pattern_operator.apply.existing import is_ours


def scaler_of(managers: Iterable[ManagedFieldsEntry]) -> str:
    """The field manager that has the replicas through the subresource ``scale``, and is not a person with kubectl."""
    return next(
        (
            each.name
            for each in managers
            if each.subresource == "scale"
            and not each.name.startswith("kubectl")
            and "f:replicas" in mapping_at(each.fields, "f:spec")
        ),
        "",
    )


def sets_replicas(managers: Iterable[ManagedFieldsEntry]) -> bool:
    """Whether our apply set the replicas: they go back to their default when it does not set them any more."""
    return any(is_ours(each) and "f:replicas" in mapping_at(each.fields, "f:spec") for each in managers)


def scaled_in(objects: Iterable[Object]) -> frozenset[tuple[str, str, str, str]]:
    """Group, kind, namespace and name of what the autoscalers among ``objects`` aim at, KEDA's and others' too.

    Source: ``spec.scaleTargetRef`` of autoscaling/v2 and of KEDA's ScaledObject, which means a Deployment by default.
    """
    found = set()
    for each in objects:
        target = mapping_at(each.body, "spec", "scaleTargetRef")
        kind, name = text_at(target, "kind") or "Deployment", text_at(target, "name")
        version = text_at(target, "apiVersion") or ("apps/v1" if kind == "Deployment" else "")
        if name:
            found.add((version.rpartition("/")[0], kind, each.key.namespace, name))
    return frozenset(found)
