"""Objects with which data is lost that is not created again with them. Pure.

A claim, a volume and a snapshot of one are data by their kind. A StatefulSet is where its deletion takes the claims
that it has made with it (Kubernetes documentation, "StatefulSets", PersistentVolumeClaim retention). What a Namespace
or a CustomResourceDefinition would take along is looked at before (``remaining_content``). Of custom resources nobody
knows it: whoever has data behind one annotates it so that it is not pruned (``annotations``).
"""

from collections.abc import Iterable
from typing import Final

from pattern_operator.api.fields import mapping_at, text_at
from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.apply.annotations import IGNORE, apply_policy_of

_SNAPSHOTS: Final = "snapshot.storage.k8s.io"
_NAMESPACED: Final = frozenset({("", "PersistentVolumeClaim"), (_SNAPSHOTS, "VolumeSnapshot")})
DATA: Final = _NAMESPACED | {("", "PersistentVolume"), (_SNAPSHOTS, "VolumeSnapshotContent")}
_STATEFUL_SET: Final = ("apps", "StatefulSet")


def may_hold_data(key: ObjectKey) -> bool:
    """Whether data may be lost with an object, as far as its kind tells."""
    return key.group_kind in DATA or key.group_kind == _STATEFUL_SET


def holds_data(key: ObjectKey, *, deletes_claims: bool) -> bool:
    """Whether data is lost with an object; of a StatefulSet it is told by ``deletes_claims``."""
    return key.group_kind in DATA or (key.group_kind == _STATEFUL_SET and deletes_claims)


def deletes_claims(body: Body) -> bool:
    """Whether the deletion of this object takes the claims with it that a controller has made for it."""
    return text_at(body, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") == "Delete"


def data_keys(objects: Iterable[Object], *, default_namespace: str) -> frozenset[ObjectKey]:
    """The objects of a version with which data may be lost, where the version asks for them to be applied."""
    return frozenset(
        _placed(each.key, default_namespace)
        for each in objects
        if may_hold_data(each.key) and apply_policy_of(mapping_at(each.body, "metadata", "annotations"))[0] != IGNORE
    )


def _placed(key: ObjectKey, default_namespace: str) -> ObjectKey:
    """The key of the object where it goes: what names no namespace goes to the pattern's."""
    namespaced = key.group_kind in _NAMESPACED or key.group_kind == _STATEFUL_SET
    namespace = (key.namespace or default_namespace) if namespaced else ""
    return ObjectKey(key.group, key.kind, namespace, key.name)
