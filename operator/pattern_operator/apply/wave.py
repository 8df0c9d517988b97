"""In which order objects go to the cluster: waves, each parallel in itself; the other way round when they leave."""

from collections.abc import Iterable
from enum import IntEnum
from itertools import groupby
from typing import Final

from pattern_operator.api.object import Object, ObjectKey


class Wave(IntEnum):
    """What each wave holds. A wave without objects does not exist, so that most patterns have two or three."""

    FOUNDATION = 0  # what others cannot exist without: definitions, namespaces, classes, cluster roles
    CONFIGURATION = 1  # what workloads read when they start
    BINDINGS = 2  # the API server wants to see the role that is bound
    WORKLOADS = 3  # and every other built-in kind
    CUSTOM = 4  # after the workloads that act on them, so that those outlive them on the way back (finalizers)
    INTERCEPTORS = 5  # what can refuse or answer other requests, once its backend is there


_RBAC: Final = "rbac.authorization.k8s.io"
_FOUNDATION: Final = frozenset(
    {
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("", "Namespace"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttributesClass"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("resource.k8s.io", "DeviceClass"),
        (_RBAC, "ClusterRole"),
    }
)
_CONFIGURATION: Final = frozenset(
    {
        ("", "ConfigMap"),
        ("", "LimitRange"),
        ("", "PersistentVolume"),
        ("", "PersistentVolumeClaim"),
        ("", "ResourceQuota"),
        ("", "Secret"),
        ("", "Service"),  # pods find only the services in their environment that existed before them
        ("", "ServiceAccount"),
        ("networking.k8s.io", "NetworkPolicy"),
        (_RBAC, "Role"),
    }
)
_BINDINGS: Final = frozenset({(_RBAC, "ClusterRoleBinding"), (_RBAC, "RoleBinding")})
_RIGHTS: Final = frozenset({("", "ServiceAccount"), (_RBAC, "ClusterRole"), (_RBAC, "Role")})
_INTERCEPTORS: Final = frozenset({"admissionregistration.k8s.io", "apiregistration.k8s.io"})
# The groups of kube-apiserver itself (Kubernetes 1.37, "API Groups"). Others under k8s.io, such as
# gateway.networking.k8s.io or snapshot.storage.k8s.io, are CRDs.
_BUILT_IN: Final = frozenset(
    {
        "",
        "apps",
        "autoscaling",
        "batch",
        "policy",
        *(
            f"{name}.k8s.io"
            for name in (
                "apiextensions",
                "authentication",
                "authorization",
                "certificates",
                "coordination",
                "discovery",
                "events",
                "flowcontrol.apiserver",
                "internal.apiserver",
                "networking",
                "node",
                "rbac.authorization",
                "resource",
                "scheduling",
                "storage",
                "storagemigration",
            )
        ),
    }
)


def is_of_the_server(group: str) -> bool:
    """Whether kube-apiserver itself serves the group, so that no CRD defines kinds in it."""
    return group in _BUILT_IN or group in _INTERCEPTORS


def wave_of(key: ObjectKey) -> Wave:
    """The wave in which the object goes, by its group and kind alone."""
    kind = key.group_kind
    if kind in _FOUNDATION:
        return Wave.FOUNDATION
    if kind in _CONFIGURATION:
        return Wave.CONFIGURATION
    if kind in _BINDINGS:
        return Wave.BINDINGS
    if key.group in _INTERCEPTORS:
        return Wave.INTERCEPTORS
    if key.group in _BUILT_IN:
        return Wave.WORKLOADS
    # A custom class is to its kind what a StorageClass is to claims: GatewayClass, ClusterIssuerClass...
    return Wave.CONFIGURATION if key.kind.endswith("Class") else Wave.CUSTOM


def waves(objects: Iterable[Object]) -> tuple[tuple[Object, ...], ...]:
    """The objects in the order to apply them; within a wave by key. The same objects always give the same waves."""
    given = tuple(objects)
    ranks = _ranks(given)
    ordered = sorted(given, key=lambda each: (ranks[each.key], each.key))
    return tuple(tuple(wave) for _, wave in groupby(ordered, key=lambda each: ranks[each.key]))


def _ranks(objects: tuple[Object, ...]) -> dict[ObjectKey, tuple[int, int]]:
    """The wave of each object, and its place in it: after those that the design says, in their wave or a later one.

    What others cannot exist without (FOUNDATION) waits for nothing. Who is in a cycle keeps the wave of its kind.
    """
    ranks = {each.key: (int(wave_of(each.key)), 0) for each in objects}
    made_of: dict[str, ObjectKey] = {}
    for each in objects:
        made_of.setdefault(each.component, each.key)
    waiting = {
        each.key: {made_of[id_] for id_ in each.after if id_ in made_of} - {each.key}
        for each in objects
        if each.after and wave_of(each.key) is not Wave.FOUNDATION
    }
    if not any(waiting.values()):
        return ranks
    return _ranked(ranks, waiting)


def _ranked(
    ranks: dict[ObjectKey, tuple[int, int]], waiting: dict[ObjectKey, set[ObjectKey]]
) -> dict[ObjectKey, tuple[int, int]]:
    """``ranks`` with each that waits moved behind those it waits for, in the order in which these are known."""
    left = {key: sum(1 for each in needed if each in waiting) for key, needed in waiting.items()}
    waits_for: dict[ObjectKey, list[ObjectKey]] = {}
    for key, needed in waiting.items():
        for each in needed:
            waits_for.setdefault(each, []).append(key)
    known = [key for key, count in left.items() if not count]
    made = dict(ranks)
    while known:
        key = known.pop()
        made[key] = max((made[key], *((wave, place + 1) for wave, place in (made[each] for each in waiting[key]))))
        for other in waits_for.get(key, ()):
            if other in left and left[other] > 0:
                left[other] -= 1
                if not left[other]:
                    known.append(other)
    return made


class DeletionWave(IntEnum):
    """What each wave holds on the way back: the other way round, but for what gives the pattern's account its rights.

    That goes last, whenever it came: the account that is to delete all the rest acts by it, and so may the controllers
    whose finalizers are waited for.
    """

    INTERCEPTORS = 0
    CUSTOM = 1
    WORKLOADS = 2
    CONFIGURATION = 3
    FOUNDATION = 4
    RIGHTS = 5  # roles and accounts, which bindings make effective
    BINDINGS = 6


def deletion_wave_of(key: ObjectKey) -> DeletionWave:
    """The wave in which the object is deleted, by its group and kind alone."""
    kind = key.group_kind
    if kind in _BINDINGS:
        return DeletionWave.BINDINGS
    if kind in _RIGHTS:
        return DeletionWave.RIGHTS
    return DeletionWave[wave_of(key).name]


def reverse_waves(keys: Iterable[ObjectKey]) -> tuple[tuple[ObjectKey, ...], ...]:
    """The keys in the order to delete the objects: workloads before what they need, and rights after all else."""
    ordered = sorted(keys, key=lambda each: (deletion_wave_of(each), each))
    return tuple(tuple(wave) for _, wave in groupby(ordered, key=deletion_wave_of))
