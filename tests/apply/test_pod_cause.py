"""The cause that a person would look for in a pod's status, and nothing that a container wrote."""

from typing import Any

import orjson
import pytest

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.pod_cause import cause_of, first_cause
from pattern_operator.apply.pod_diagnosis import diagnose_pods, selector_of
from pattern_operator.kube import Resource

SECRET = "swordfish-4711"


def pod(
    *statuses: dict[str, Any],
    name: str = "web-1",
    init: bool = False,
    image: str = "registry.example/main:1",
    **status: Any,
) -> dict[str, Any]:
    containers = [{"name": "main", "image": image}]
    section = "initContainerStatuses" if init else "containerStatuses"
    return {
        "metadata": {"name": name, "namespace": "team"},
        "spec": {"initContainers" if init else "containers": containers},
        "status": {"phase": "Pending", section: list(statuses), **status},
    }


def waiting(reason: str, message: str = SECRET, **more: Any) -> dict[str, Any]:
    return {"name": "main", "state": {"waiting": {"reason": reason, "message": message}}, **more}


def ended(code: int, *, reason: str = "Error", **more: Any) -> dict[str, Any]:
    return {"reason": reason, "exitCode": code, "message": f"the log says {SECRET}", **more}


LOGS = "see kubectl logs -n team web-1 -c main --previous"
DESCRIBED = "see kubectl describe pod -n team web-1"


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        pytest.param(
            pod(waiting("ImagePullBackOff")),
            "container main: ImagePullBackOff, image registry.example/main:1",
            id="an image that is not there",
        ),
        pytest.param(
            pod(waiting("ErrImagePull"), init=True),
            "init container main: ErrImagePull, image registry.example/main:1",
            id="of an init container",
        ),
        pytest.param(
            pod(waiting("InvalidImageName"), image=f"robot:{SECRET}@reg.example/x:1"),
            "container main: InvalidImageName, image ***@reg.example/x:1",
            id="a user and a password in a name without a scheme",
        ),
        pytest.param(
            pod(waiting("ErrImagePull"), image=f"reg.example/x:1@sha256:{'0a' * 32}"),
            f"container main: ErrImagePull, image reg.example/x:1@sha256:{'0a' * 32}",
            id="a digest",
        ),
        pytest.param(
            pod(waiting("CrashLoopBackOff", lastState={"terminated": ended(137, reason="OOMKilled", signal=9)})),
            f"container main: CrashLoopBackOff (OOMKilled, exit code 137, signal 9); {LOGS}",
            id="a crash",
        ),
        pytest.param(
            pod({"name": "main", "state": {"terminated": ended(3)}}),
            f"container main: ended (Error, exit code 3); {LOGS}",
            id="an end without success",
        ),
        pytest.param(
            pod(waiting("CreateContainerConfigError", 'secret "login" not found')),
            "container main: CreateContainerConfigError: Secret login does not exist",
            id="a Secret that is missing",
        ),
        pytest.param(
            pod(waiting("CreateContainerConfigError", "couldn't find key mode in ConfigMap team/settings")),
            "container main: CreateContainerConfigError: ConfigMap team/settings has no entry mode",
            id="an entry that is missing",
        ),
        pytest.param(
            pod(waiting("CreateContainerError")), f"container main: CreateContainerError; {DESCRIBED}", id="other words"
        ),
        pytest.param(
            pod(
                conditions=[
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes are available: 3 Insufficient cpu.",
                    }
                ]
            ),
            "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.",
            id="no node",
        ),
        pytest.param(
            pod(
                conditions=[
                    {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
                    {"type": "PodScheduled", "status": "True", "reason": "Scheduled"},
                ]
            ),
            "",
            id="other conditions",
        ),
        pytest.param(
            pod({"name": "main", "ready": False, "state": {"running": {}}}, init=True), "", id="an init container runs"
        ),
        pytest.param(
            pod({"name": "main", "ready": False, "state": {"waiting": {}}}), "", id="not ready, and not begun"
        ),
        pytest.param(pod(phase="Failed", reason="Evicted", message=SECRET), "failed: Evicted", id="evicted"),
        pytest.param(
            pod({"name": "main", "ready": False, "state": {"running": {"startedAt": "x"}}}, phase="Running"),
            "container main: runs, and is not ready",
            id="not ready",
        ),
        pytest.param(pod(waiting("ContainerCreating")), "", id="on its way"),
        pytest.param(pod({"name": "main", "ready": True, "state": {"running": {}}}), "", id="well"),
        pytest.param(pod({"name": "main", "state": {"terminated": ended(0, reason="Completed")}}), "", id="done"),
        pytest.param(pod(waiting("not a word; $(rm)")), "", id="a reason that is none"),
    ],
)
def test_the_cause_of_a_pod(body: dict[str, Any], cause: str):
    assert cause_of(body) == cause
    assert SECRET not in cause_of(body)


def test_a_pod_that_is_being_deleted_says_nothing():
    body = pod(waiting("ImagePullBackOff"))
    body["metadata"]["deletionTimestamp"] = "2026-11-26T12:00:00Z"

    assert cause_of(body) == ""


def test_the_first_pod_with_a_cause_speaks_for_all():
    pods = [pod(waiting("ErrImagePull"), name="web-2"), pod(waiting("ContainerCreating"), name="web-1")]

    assert first_cause(pods) == "pod web-2: container main: ErrImagePull, image registry.example/main:1"
    assert first_cause([]) == ""


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "y"]}]}, "a in (x,y)"),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, "!a"),
        ({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Near"}]}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_selector_is_written_as_the_api_server_takes_it_and_one_that_cannot_be_selects_nothing(selector, text: str):
    assert selector_of({"spec": {"selector": selector}}) == text


class Cluster:
    """Has one workload, and no pods."""

    def __init__(self, conditions: list[dict[str, str]]) -> None:
        spec = {"selector": {"matchLabels": {"app": "web"}}}
        self.workload = {"metadata": {"name": "web"}, "spec": spec, "status": {"conditions": conditions}}

    async def find(self, *, group: str, kind: str) -> Resource:
        return Resource(group, "v1", kind, f"{kind.lower()}s", namespaced=True)

    async def request(self, _: str, path: str, **__: Any) -> bytes:
        return orjson.dumps({"metadata": {}, "items": []} if path.endswith("/pods") else self.workload)


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet"])
@pytest.mark.parametrize(("status", "asks"), [("True", False), ("False", True)])
async def test_who_refuses_the_pods_is_said_once(kind: str, status: str, asks: bool):
    """Before, a ServiceAccount that is missing was named, and then a quota was guessed at."""
    cluster: Any = Cluster([{"type": "ReplicaFailure", "status": status, "message": "no such account"}])

    said = await diagnose_pods(cluster, cluster, ObjectKey("apps", kind, "team", "web"), impersonate=None)

    assert said.startswith("it has no pods: ") is asks
    assert bool(said) is asks


@pytest.mark.parametrize(
    ("status", "fails"), [("True", True), ("False", False)], ids=["its deadline ended it", "it has not failed"]
)
async def test_of_a_job_that_failed_no_quota_is_accused(status: str, fails: bool):
    cluster: Any = Cluster([{"type": "Failed", "status": status, "reason": "DeadlineExceeded"}])

    said = await diagnose_pods(cluster, cluster, ObjectKey("batch", "Job", "team", "seed"), impersonate=None)

    assert ("a quota" in said) is not fails
    assert ("those that run are deleted when a Job fails" in said) is fails
    assert "kubectl describe job -n team seed shows" in said


@pytest.mark.parametrize("suspend", [True, False])
async def test_of_a_job_that_is_suspended_it_is_said_that_it_is(suspend: bool):
    cluster: Any = Cluster([])
    cluster.workload["spec"]["suspend"] = suspend

    said = await diagnose_pods(cluster, cluster, ObjectKey("batch", "Job", "team", "seed"), impersonate=None)

    assert said.startswith("it is suspended (spec.suspend: true)") is suspend
    assert said.startswith("it has no pods: kubectl describe job") is not suspend
