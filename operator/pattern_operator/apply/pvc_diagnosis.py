"""Looks at the StorageClass of a claim that is not bound, to say whether it has to be bound at all yet.

A class with ``volumeBindingMode: WaitForFirstConsumer`` binds a claim once a pod that uses it is given a node, which
the annotation ``volume.kubernetes.io/selected-node`` tells. Until then nothing is wrong with the claim: a pod that gets
no node is told of by its workload. Source: Kubernetes documentation, "Storage Classes", Volume binding mode.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pattern_operator.api.fields import MAX_NAME, ObjectMeta, text_at
from pattern_operator.api.object import ObjectKey
from pattern_operator.kube import ApiError, Discovery, KindNotFound, Resource, Session, objects

PVC: Final = ("", "PersistentVolumeClaim")
CLASS: Final = Resource("storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced=False)
_SELECTED: Final = "volume.kubernetes.io/selected-node"


@dataclass(frozen=True, slots=True)
class ConsideredHealthy:
    """Why an object does all that it should, although its status alone does not say so."""

    reason: str


async def diagnose_pvc(
    session: Session, discovery: Discovery, key: ObjectKey, *, impersonate: str | None
) -> ConsideredHealthy | str:
    """Why the claim need not be bound yet, or the right that is missing to see it; empty where nothing is known.

    Two requests in the name of the pattern's account. Never raises for what a server answers.
    """
    try:
        resource = await discovery.find(group=key.group, kind=key.kind)
        claim = await objects.get(session, resource, namespace=key.namespace, name=key.name, impersonate=impersonate)
        name = text_at(claim, "spec", "storageClassName")[:MAX_NAME]
        if not name or text_at(claim, "status", "phase") == "Bound" or ObjectMeta.of(claim).annotation(_SELECTED):
            return ""
        kind = await objects.get(session, CLASS, namespace="", name=name, impersonate=impersonate)
    except KindNotFound:
        return ""
    except ApiError as error:
        if error.code == HTTPStatus.FORBIDDEN and impersonate is not None:
            return (
                "(grant the pattern's ServiceAccount get on storageclasses.storage.k8s.io, by a ClusterRole, to see"
                " whether its class waits for a pod)"
            )
        return ""
    if text_at(kind, "volumeBindingMode") != "WaitForFirstConsumer":
        return ""
    return ConsideredHealthy(
        f"is not bound yet, and need not be: its StorageClass {name} binds it once a pod that uses it gets a node"
        " (WaitForFirstConsumer)"
    )
