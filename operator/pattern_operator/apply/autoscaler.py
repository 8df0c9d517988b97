"""Whether an autoscaler writes the replicas of a workload: two that both write them would scale it for ever.

Source: Kubernetes documentation, "Horizontal Pod Autoscaling": it scales through the subresource ``scale``, which
``managedFields`` tells.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.fields import ManagedFieldsEntry, mapping_at, text_at
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.apply.existing import is_ours, quoted
from pattern_operator.kube import ApiError, ApiUnavailable, Resource, Session, objects

AUTOSCALERS: Final = Resource(
    "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", namespaced=True
)


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """Who writes the replicas; ``name`` is empty where the account may not look which autoscaler it is."""

    name: str
    manager: str

    def __str__(self) -> str:
        which = f"HorizontalPodAutoscaler {self.name}" if self.name else "an autoscaler"
        return (
            f"spec.replicas is left to {which}, which writes it too (field manager {self.manager}): leave it out of the"
            " artifact, or list /spec/replicas in spec.apply.ignoreDifferences"
        )


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
    """Whether our apply set the replicas: they go back to their default when it does so no longer."""
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


async def autoscaler_of(
    session: Session, key: ObjectKey, *, manager: str, impersonate: str | None
) -> Autoscaler | None:
    """The autoscaler that targets the object, looked for in the name of the pattern's account; None: there is none.

    Raises:
        ApiUnavailable: the API server does not answer.
    """
    try:
        found = await objects.list_(session, AUTOSCALERS, namespace=key.namespace, impersonate=impersonate)
    except ApiUnavailable:
        raise
    except ApiError:
        return Autoscaler("", manager)
    name = next((text_at(each, "metadata", "name") for each in found if _targets(each, key)), "")
    return Autoscaler(quoted(name), manager) if name else None


def _targets(body: Body, key: ObjectKey) -> bool:
    target = mapping_at(body, "spec", "scaleTargetRef")
    group = text_at(target, "apiVersion").rpartition("/")[0]
    return (group, text_at(target, "kind"), text_at(target, "name")) == (key.group, key.kind, key.name)
