"""What data is lost with an object, by its kind or by what it asks for."""

from typing import Any

import pytest

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply.data import data_keys, deletes_claims, holds_data, may_hold_data

SNAPSHOTS = "snapshot.storage.k8s.io"
STATEFUL_SET = ObjectKey("apps", "StatefulSet", "team", "db")


def of(api_version: str, kind: str, *, namespace: str = "", **annotations: str) -> Object:
    metadata = {"name": "a", "annotations": annotations, **({"namespace": namespace} if namespace else {})}
    return Object.of({"apiVersion": api_version, "kind": kind, "metadata": metadata})


@pytest.mark.parametrize(
    ("group", "kind", "data"),
    [
        ("", "PersistentVolumeClaim", True),
        ("", "PersistentVolume", True),
        (SNAPSHOTS, "VolumeSnapshot", True),
        (SNAPSHOTS, "VolumeSnapshotContent", True),
        (SNAPSHOTS, "VolumeSnapshotClass", False),
        ("", "ConfigMap", False),
        ("", "Namespace", False),
        ("apps", "Deployment", False),
        ("example.com", "PersistentVolumeClaim", False),
    ],
)
def test_claims_volumes_and_snapshots_hold_data(group: str, kind: str, data: bool):
    key = ObjectKey(group, kind, "team", "a")

    assert (may_hold_data(key), holds_data(key, deletes_claims=True)) == (data, data)


@pytest.mark.parametrize(
    ("policy", "data"),
    [
        ({"whenDeleted": "Delete", "whenScaled": "Retain"}, True),
        ({"whenDeleted": "Retain", "whenScaled": "Delete"}, False),
        ({}, False),
        (None, False),
        (["Delete"], False),
        ({"whenDeleted": {"Delete": 1}}, False),
    ],
)
def test_a_stateful_set_holds_data_where_its_claims_go_with_it(policy: Any, data: bool):
    body = {"spec": {"persistentVolumeClaimRetentionPolicy": policy}}

    assert deletes_claims(body) is data
    assert holds_data(STATEFUL_SET, deletes_claims=deletes_claims(body)) is data
    assert may_hold_data(STATEFUL_SET)


def test_data_of_a_version_is_found_where_it_goes():
    objects = [
        of("v1", "PersistentVolumeClaim"),
        of("v1", "PersistentVolumeClaim", namespace="other"),
        of("v1", "PersistentVolume", namespace="nonsense"),
        of("apps/v1", "StatefulSet"),
        of("v1", "ConfigMap"),
        of("v1", "PersistentVolumeClaim", namespace="never", **{"pattern-operator.io/ssa": "Ignore"}),
    ]

    assert data_keys(objects, default_namespace="team") == {
        ObjectKey("", "PersistentVolumeClaim", "team", "a"),
        ObjectKey("", "PersistentVolumeClaim", "other", "a"),
        ObjectKey("", "PersistentVolume", "", "a"),
        ObjectKey("apps", "StatefulSet", "team", "a"),
    }
