"""Why a workload or a claim is not healthy, as its pods and its StorageClass tell the account of the pattern."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apply.fake_cluster import FakeCluster, status
from tests.apply.harness import deployment

from pattern_operator.api.object import Object
from pattern_operator.apply.pod_diagnosis import MAX_TERMS, diagnose_pods, selector_of
from pattern_operator.apply.pvc_diagnosis import ConsideredHealthy, diagnose_pvc

ACCOUNT = "system:serviceaccount:team:web"
FORBIDDEN, BROKEN = (403, "Forbidden"), (500, "InternalError")


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as cluster:
        yield cluster


def claim(**spec: Any) -> Object:
    metadata = {"name": "data", "namespace": "team"}
    return Object.of({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})


def storage_class(mode: str) -> Object:
    body = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"}}
    return Object.of({**body, "volumeBindingMode": mode})


def stored(cluster: FakeCluster, mode: str = "WaitForFirstConsumer") -> str:
    """A StorageClass at the path where API servers have it."""
    path = "/apis/storage.k8s.io/v1/storageclasses/fast"
    cluster.objects[path] = storage_class(mode).body
    return path


async def claimed(cluster: FakeCluster, *, account: str | None = ACCOUNT) -> ConsideredHealthy | str:
    return await diagnose_pvc(cluster.session, cluster.discovery, claim().key, impersonate=account)


async def test_a_claim_whose_class_waits_for_a_pod_need_not_be_bound(cluster: FakeCluster):
    cluster.put(claim(storageClassName="fast"))
    stored(cluster)

    found = await claimed(cluster)

    assert isinstance(found, ConsideredHealthy)
    assert found.reason.startswith("is not bound yet, and need not be: its StorageClass fast binds it once a pod")
    assert {each.user for each in cluster.requests} == {ACCOUNT}


@pytest.mark.parametrize("case", ["bound", "a node is chosen", "no class", "binds at once", "gone", "kind gone"])
async def test_of_any_other_claim_nothing_is_known(cluster: FakeCluster, case: str):
    marks: dict[str, Any] = {}
    if case == "a node is chosen":
        marks["annotations"] = {"volume.kubernetes.io/selected-node": "n"}
    if case != "gone":
        body = cluster.put(claim(**({} if case == "no class" else {"storageClassName": "fast"})), **marks)
        body["status"] = {"phase": "Bound" if case == "bound" else "Pending"}
    if case == "kind gone":
        cluster.discovery.gone.add("PersistentVolumeClaim")
    stored(cluster, "Immediate" if case == "binds at once" else "WaitForFirstConsumer")

    assert await claimed(cluster) == ""


@pytest.mark.parametrize(
    ("refusal", "account", "told"),
    [(FORBIDDEN, ACCOUNT, True), (FORBIDDEN, None, False), (BROKEN, ACCOUNT, False)],
    ids=["the account may not", "the operator may not", "another error"],
)
async def test_the_right_to_see_a_class_is_named_where_the_account_lacks_it(cluster, refusal, account, told: bool):
    code, reason = refusal
    cluster.put(claim(storageClassName="fast"))
    path = stored(cluster)
    cluster.refusals.append(lambda request: status(code, reason, "no") if request.path == path else None)

    found = await claimed(cluster, account=account)

    assert (found != "") is told
    assert not told or "get on storageclasses.storage.k8s.io" in str(found)


# --- pods -----------------------------------------------------------------------------------------------------------

WORKLOAD = deployment("web", "team")


async def diagnosed(cluster: FakeCluster, *, account: str | None = ACCOUNT) -> str:
    return await diagnose_pods(cluster.session, cluster.discovery, WORKLOAD.key, impersonate=account)


async def test_the_cause_that_the_pods_of_a_workload_show_is_told(cluster: FakeCluster):
    cluster.put(WORKLOAD)
    pod = Object.of({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "team"}})
    waiting = {"reason": "ImagePullBackOff", "message": "not found"}
    cluster.put(pod)["status"] = {
        "phase": "Pending",
        "containerStatuses": [{"name": "main", "image": "registry.example/x:1", "state": {"waiting": waiting}}],
    }

    found = await diagnosed(cluster)

    assert "registry.example/x:1" in found
    (asked,) = [each for each in cluster.requests if each.path.endswith("/pods")]
    assert (asked.params, asked.user) == ({"labelSelector": "app=web", "limit": "20"}, ACCOUNT)


async def test_a_workload_without_pods_says_where_to_look(cluster: FakeCluster):
    cluster.put(WORKLOAD)

    assert "kubectl describe deployment -n team web" in await diagnosed(cluster)


@pytest.mark.parametrize("case", ["refused", "paused", "managed", "gone", "kind gone"])
async def test_nothing_is_known_of_a_workload_that(cluster: FakeCluster, case: str):
    if case != "gone":
        body = cluster.put(WORKLOAD)
        if case == "refused":
            body["status"] = {"conditions": [{"type": "ReplicaFailure", "status": "True"}]}
        body["spec"] |= {"paused": case == "paused"} | ({"managedBy": "kueue"} if case == "managed" else {})
    if case == "kind gone":
        cluster.discovery.gone.add("Deployment")

    assert await diagnosed(cluster) == ""


@pytest.mark.parametrize("manager", ["", "kubernetes.io/job-controller"])
async def test_a_workload_of_the_ordinary_controller_is_looked_at(cluster: FakeCluster, manager: str):
    cluster.put(WORKLOAD)["spec"]["managedBy"] = manager

    assert await diagnosed(cluster) != ""


@pytest.mark.parametrize(
    ("refusal", "account", "told"),
    [(FORBIDDEN, ACCOUNT, True), (FORBIDDEN, None, False), (BROKEN, ACCOUNT, False)],
    ids=["the account may not", "the operator may not", "another error"],
)
async def test_the_right_to_see_pods_is_named_where_the_account_lacks_it(cluster, refusal, account, told: bool):
    code, reason = refusal
    cluster.put(WORKLOAD)
    cluster.refusals.append(lambda request: status(code, reason, "no") if request.path.endswith("/pods") else None)

    found = await diagnosed(cluster, account=account)

    assert found == ("(grant the pattern's ServiceAccount list on pods in team to see why)" if told else "")


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ({"key": "a", "operator": "In", "values": ["b", "c"]}, "a in (b,c)"),
        ({"key": "a", "operator": "NotIn", "values": ["b", "c"]}, "a notin (b,c)"),
        ({"key": "a", "operator": "Exists"}, "a"),
        ({"key": "a", "operator": "DoesNotExist"}, "!a"),
        ({"key": "a", "operator": "Odd"}, ""),
    ],
)
def test_an_expression_is_written_as_the_api_server_reads_it(expression: dict[str, Any], written: str) -> None:
    workload = {"spec": {"selector": {"matchLabels": {"x": "y"}, "matchExpressions": [expression]}}}

    assert selector_of(workload) == (f"x=y,{written}" if written else "")


@pytest.mark.parametrize(("count", "written"), [(MAX_TERMS, True), (MAX_TERMS + 1, False)])
def test_a_selector_of_too_many_terms_is_not_asked_for(count: int, written: bool) -> None:
    labels = {f"l{number:02}": "x" for number in range(count)}

    assert bool(selector_of({"spec": {"selector": {"matchLabels": labels}}})) is written


@pytest.mark.parametrize(("length", "written"), [(1012, True), (1013, False)])
def test_a_term_that_is_too_long_is_not_asked_for(length: int, written: bool) -> None:
    workload = {"spec": {"selector": {"matchLabels": {"a": "x" * (length - len("a="))}}}}

    assert bool(selector_of(workload)) is written
