"""Reads what workloads make: ReplicaSets, Jobs and pods, found by selectors and told apart by their owners.

Source: Kubernetes documentation, "Owners and Dependents". A CronJob selects nothing, so the Jobs of its namespace are
looked through.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from pattern_operator.aio import run_all
from pattern_operator.api.fields import ObjectMeta, integer, mapping_at, text_at
from pattern_operator.api.object import Body, GroupKind
from pattern_operator.apply.pod_diagnosis import selector_of
from pattern_operator.graph.references import owners_of
from pattern_operator.kube import ApiError, Resource, Session, objects

PODS: Final = Resource("", "v1", "Pod", "pods", namespaced=True)
REPLICA_SETS: Final = Resource("apps", "v1", "ReplicaSet", "replicasets", namespaced=True)
JOBS: Final = Resource("batch", "v1", "Job", "jobs", namespaced=True)
MAX_MADE: Final = 500  # objects of one kind that are read of one workload
_MAKES: Final[dict[GroupKind, tuple[Resource, ...]]] = {
    GroupKind("apps", "Deployment"): (REPLICA_SETS, PODS),
    GroupKind("apps", "ReplicaSet"): (PODS,),
    GroupKind("apps", "StatefulSet"): (PODS,),
    GroupKind("apps", "DaemonSet"): (PODS,),
    GroupKind("batch", "Job"): (PODS,),
    GroupKind("batch", "CronJob"): (JOBS, PODS),
}


async def pods_of(session: Session, workloads: Iterable[Body]) -> tuple[list[Body], tuple[str, ...]]:
    """What the workloads have made and still have, each below its owner; and what could not be read, a sentence each.

    A ReplicaSet that is scaled to nothing is left out: it is kept to go back to.
    """
    read = await run_all(_made_by(session, each) for each in workloads)
    found = [each for some, _ in read for each in some]
    return found, tuple(sorted({why for _, why in read if why}))


async def _made_by(session: Session, workload: Body) -> tuple[list[Body], str]:
    """What one workload has made; what is not its own, though its selector selects it, is left out."""
    group = text_at(workload, "apiVersion").rpartition("/")[0]
    kinds = _MAKES.get(GroupKind(group, text_at(workload, "kind")), ())
    owners, found = {ObjectMeta.of(workload).uid}, list[Body]()
    try:
        for resource in kinds:
            listed = await _listed(session, resource, workload)
            own = [each for each in listed if any(owner.uid in owners for owner in owners_of(each))]
            owners |= {ObjectMeta.of(each).uid for each in own}
            found += [each for each in own if not _is_kept_aside(each)]
    except ApiError as error:
        return found, error.message
    return found, ""


async def _listed(session: Session, resource: Resource, workload: Body) -> Sequence[Body]:
    selector = selector_of(workload)
    if not selector and text_at(workload, "kind") != "CronJob":
        return ()
    namespace = ObjectMeta.of(workload).namespace
    found = await objects.list_page(session, resource, namespace=namespace, label_selector=selector, limit=MAX_MADE)
    return [each | {"apiVersion": resource.api_version, "kind": resource.kind} for each in found]


def _is_kept_aside(body: Body) -> bool:
    return text_at(body, "kind") == REPLICA_SETS.kind and integer(mapping_at(body, "spec").get("replicas"), 1) == 0
