"""A claim that somebody grew is left so: sizes first, then on the real API server."""

from decimal import Decimal
from typing import Any

import pytest
from tests.apply.fake_cluster import FakeCluster, managed
from tests.apply.harness import Harness, config_map, owner
from tests.testbed.testbed import Testbed

from pattern_operator.api.object import Object
from pattern_operator.apply.pvc_size import bytes_of, explain_grown_pvc
from pattern_operator.kube import ApiError, Resource


@pytest.mark.parametrize(
    ("quantity", "bytes_"),
    [
        ("1Gi", 2**30),
        ("1024Mi", 2**30),
        ("1.5Ki", 1536),
        ("1G", 10**9),
        ("1e3", 1000),
        ("1E", 10**18),
        ("500m", Decimal("0.5")),
        (7, 7),
        ("7", 7),
        ("", None),
        ("Gi", None),
        ("1 Gi", None),
        ("1Xi", None),
        ("9" * 200, None),
        pytest.param(10**5000, None, id="more digits than are written"),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_a_size_is_read_as_kubernetes_writes_it(quantity: object, bytes_: Any) -> None:
    assert bytes_of(quantity) == bytes_


def claim(namespace: str, size: str, **labels: str) -> Object:
    metadata = {"name": "data", "namespace": namespace, "labels": labels}
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "storageClassName": f"grows-{namespace}"}
    spec |= {"volumeName": f"pv-{namespace}", "resources": {"requests": {"storage": size}}}
    return Object.of({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})


REFUSED = ApiError(code=422, reason="Invalid", message="spec: Forbidden: field can not be less than status.capacity")
CLAIMS = Resource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", namespaced=True)
SIZE: dict[str, Any] = {"f:spec": {"f:resources": {"f:requests": {"f:storage": {}}}}}
OTHER: dict[str, Any] = {"f:spec": {"f:volumeName": {}}}


@pytest.mark.parametrize(
    ("live", "wants", "ours", "error", "told"),
    [
        pytest.param("2Gi", "1Gi", OTHER, REFUSED, True, id="somebody grew it"),
        pytest.param("2Gi", "1Gi", SIZE, REFUSED, False, id="the pattern asked for as much itself"),
        pytest.param("1Gi", "1Gi", OTHER, REFUSED, False, id="it has what is wanted"),
        pytest.param("1Gi", "2Gi", OTHER, REFUSED, False, id="more is wanted"),
        pytest.param("2Gi", "much", OTHER, REFUSED, False, id="what is wanted is no size"),
        pytest.param("much", "1Gi", OTHER, REFUSED, False, id="what it has is no size"),
        pytest.param(
            "2Gi", "1Gi", OTHER, ApiError(code=403, reason="", message="no"), False, id="refused for another reason"
        ),
    ],
)
async def test_a_claim_that_somebody_grew_is_told_of(
    live: str, wants: str, ours: dict[str, Any], error: ApiError, told: bool
) -> None:
    async with FakeCluster().serve() as fake:
        fake.put(claim("team", live), managedFields=[managed("pattern-operator", "Apply", ours)])

        said = await explain_grown_pvc(fake.session, CLAIMS, claim("team", wants), error, impersonate="jo")

        assert {each.user for each in fake.requests} <= {"jo"}
    assert bool(said) is told
    assert ("asks for 2Gi, which is more than the 1Gi of the artifact" in said) is told


async def test_only_claims_are_looked_at() -> None:
    async with FakeCluster().serve() as fake:
        said = await explain_grown_pvc(fake.session, CLAIMS, config_map("c", "team"), REFUSED, impersonate=None)

        assert (said, fake.requests) == ("", [])


async def bound(cluster: Testbed, harness: Harness, desired: Object) -> None:
    """A volume for the claim, and wait until it has it: only then it grows."""
    namespace = desired.key.namespace
    storage = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": f"grows-{namespace}"},
        "provisioner": "example.com/none",
        "allowVolumeExpansion": True,
    }
    cluster.kubectl.apply(storage)
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"pv-{namespace}"},
        "spec": {
            "capacity": {"storage": "5Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": f"grows-{namespace}",
            "hostPath": {"path": "/nowhere"},
        },
    }
    cluster.kubectl.apply(volume)

    async def is_bound() -> bool:
        claim = await harness.get(desired.key)
        return bool(claim.get("status", {}).get("phase") == "Bound")

    await harness.eventually(is_bound)


def size_of(body: dict[str, Any]) -> str:
    found: str = body["spec"]["resources"]["requests"]["storage"]
    return found


async def test_a_claim_that_somebody_grew_stays_so_and_holds_up_no_newer_version(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    team, first = owner(), claim(namespace, "1Gi", v="1")
    await harness.apply(first, by=team)
    await bound(cluster, harness, first)
    patch = '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}'
    cluster.kubectl("-n", namespace, "patch", "pvc", "data", "--type=merge", "-p", patch)

    applied = [await harness.apply(each, by=team) for each in (first, claim(namespace, "1Gi", v="2"))]
    live = await harness.get(first.key)
    larger = await harness.apply(claim(namespace, "3Gi"), by=team)

    assert [each.failures for each in (*applied, larger)] == [(), (), ()]
    assert (size_of(live), live["metadata"]["labels"]["v"]) == ("2Gi", "2")
    for each in applied:
        ((key, note),) = each.notes
        assert key == first.key
        assert "asks for 2Gi, which is more than the 1Gi of the artifact" in note
        assert "write 2Gi in the artifact, or list /spec/resources/requests/storage" in note
    assert larger.notes == ()
    assert size_of(await harness.get(first.key)) == "3Gi"


async def test_another_change_of_a_claim_is_refused_as_before(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    team, first = owner(), claim(namespace, "1Gi")
    await harness.apply(first, by=team)
    other = claim(namespace, "1Gi")
    other.body["spec"]["accessModes"] = ["ReadOnlyMany"]

    (failure,) = (await harness.apply(other, by=team)).failures

    assert "cannot be changed on an object that exists" in failure.message
