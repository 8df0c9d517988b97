"""Which autoscaler targets a workload, asked in the name of the pattern's account (``replicas`` says whether one may).

Source: Kubernetes documentation, "Horizontal Pod Autoscaling".
"""

from dataclasses import dataclass
from typing import Final

from pattern_operator.api.fields import mapping_at, text_at
from pattern_operator.api.object import Body, ObjectKey
from pattern_operator.apply.existing import quoted
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
