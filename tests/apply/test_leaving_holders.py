"""What an object that leaves has to do with a refusal, in the words of API servers and webhooks."""

from typing import Any

import pytest

from pattern_operator.api.object import Body, Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.leaving_holders import MOST, name_holders
from pattern_operator.apply.result import ApplyFailure
from pattern_operator.kube import ApiError

IP = 'Service "new" is invalid: spec.clusterIPs: failed to allocate IP ***: provided IP is already allocated'
PORT = 'Service "new" is invalid: spec.ports[0].nodePort: Invalid value: provided port is already allocated'
DEFAULT = "PriorityClass *** is already marked as default"
QUOTA = 'configmaps "new" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: 2, limited: 2'
NGINX = 'admission webhook "validate.nginx" denied the request: host "a" and path "/" is already in ingress team/old'
LATER = "leaves the pattern with this version, but only once all of the version is applied. To let it go first: kubectl"


def of(kind: str, name: str, *, group: str = "", namespace: str = "team", **content: Any) -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    version = f"{group}/v1" if group else "v1"
    return Object.of({"apiVersion": version, "kind": kind, "metadata": metadata, **content})


def service(name: str, *, namespace: str = "team", **spec: Any) -> Object:
    return of("Service", name, namespace=namespace, spec=spec)


def priority(name: str, *, default: bool) -> Object:
    return of("PriorityClass", name, group="scheduling.k8s.io", namespace="", globalDefault=default)


AT_10: Any = {"clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10"]}
AT_PORT: Any = {"ports": [{"port": 80, "nodePort": 30181}]}
INGRESS = of("Ingress", "new", group="networking.k8s.io")


async def told(said: str, new: Object, *leaving: Object, unreadable: tuple[ObjectKey, ...] = ()) -> str:
    bodies = {each.key: each.body for each in leaving}

    async def read(key: ObjectKey) -> Body | None:
        if key in unreadable:
            raise ApiError(code=403, reason="Forbidden", message="no")
        return bodies[key]

    refused = ApplyFailure(new.key, Reason.APPLY_FAILED, said)
    (failure,) = await name_holders([refused], desired={new.key: new}, leaving=bodies.keys(), read=read)
    assert failure.message.startswith(said.rstrip("."))
    return failure.message.removeprefix(said.rstrip(".")).removeprefix(". ")


@pytest.mark.parametrize(
    ("said", "new", "old", "message"),
    [
        pytest.param(
            IP,
            service("new", **AT_10),
            service("old", namespace="dns", **AT_10),
            f"Service dns/old, which has it, {LATER} delete service old -n dns",
            id="an address, in another namespace",
        ),
        pytest.param(
            PORT,
            service("new", **AT_PORT),
            service("old", **AT_PORT, clusterIP="10.96.3.4"),
            f"Service team/old, which has it, {LATER} delete service old -n team",
            id="a node port",
        ),
        pytest.param(
            DEFAULT,
            priority("new", default=True),
            priority("old", default=True),
            f"PriorityClass.scheduling.k8s.io old, which is the default, {LATER} delete"
            " priorityclass.scheduling.k8s.io old",
            id="the default priority",
        ),
        pytest.param(
            QUOTA,
            of("ConfigMap", "new"),
            of("ConfigMap", "old"),
            f"ConfigMap team/old, which is of the same kind and takes room, too, {LATER} delete configmap old -n team",
            id="a quota",
        ),
        pytest.param(
            QUOTA,
            service("new", **AT_10),
            service("old"),
            f"Service team/old, which is of the same kind and takes room, too, {LATER} delete service old -n team",
            id="a quota of services",
        ),
        pytest.param(
            NGINX,
            priority("new", default=False),
            of("Ingress", "old", group="networking.k8s.io"),
            f"Ingress.networking.k8s.io team/old, which it names, {LATER} delete ingress.networking.k8s.io old -n team",
            id="what a webhook of priorities names",
        ),
        pytest.param(
            NGINX,
            INGRESS,
            of("Ingress", "old", group="networking.k8s.io"),
            f"Ingress.networking.k8s.io team/old, which it names, {LATER} delete ingress.networking.k8s.io old -n team",
            id="what a webhook names",
        ),
    ],
)
async def test_what_leaves_and_is_in_the_way_is_named_with_the_way_out(said, new: Object, old: Object, message: str):
    assert await told(said, new, old) == message


@pytest.mark.parametrize(
    ("said", "new", "old"),
    [
        pytest.param(IP, service("new", **AT_10), service("old", clusterIP="10.96.0.11"), id="another address"),
        pytest.param(IP, service("new"), service("old", clusterIP="None", clusterIPs=["None"]), id="no address"),
        pytest.param(
            PORT, service("new", **AT_PORT), service("old", ports=[{"port": 30181, "nodePort": 2}]), id="another port"
        ),
        pytest.param(PORT, service("new", **AT_PORT), service("old", ports="x"), id="another shape"),
        pytest.param(
            PORT, service("new", ports=[{"nodePort": "x"}]), service("old", ports=[{"nodePort": "x"}]), id="no number"
        ),
        pytest.param(
            PORT,
            service("new", ports=[{"nodePort": 0}]),
            service("old", ports=[{"nodePort": 0}]),
            id="none asked for",
        ),
        pytest.param(PORT, service("new", **AT_PORT), of("Widget", "old", spec=AT_PORT), id="another kind"),
        pytest.param(DEFAULT, priority("new", default=True), priority("old", default=False), id="not the default"),
        pytest.param(QUOTA, of("ConfigMap", "new"), of("Secret", "old"), id="a quota of another kind"),
        pytest.param(QUOTA, of("ConfigMap", "new"), of("ConfigMap", "old", namespace="x"), id="a quota elsewhere"),
        pytest.param(
            "exceeded quota: q, requested: persistentvolumeclaims=1 team/old",
            *(of("PersistentVolumeClaim", "new"), of("PersistentVolumeClaim", "old")),
            id="data",
        ),
        pytest.param(f"{NGINX}er", INGRESS, of("Ingress", "old", group="networking.k8s.io"), id="a longer name"),
        pytest.param("the volume of team/old is full", INGRESS, of("PersistentVolumeClaim", "old"), id="named data"),
        pytest.param("old is refused", INGRESS, of("Ingress", "old", group="networking.k8s.io"), id="a word"),
    ],
)
async def test_what_has_nothing_to_do_with_it_is_not_named(said: str, new: Object, old: Object):
    assert await told(said, new, old) == ""


async def test_what_cannot_be_read_is_passed_over():
    first, second = service("first", **AT_10), service("second", **AT_10)

    message = await told(IP, service("new", **AT_10), first, second, unreadable=(first.key,))

    assert message.startswith("Service team/second")


async def test_of_many_refusals_and_many_objects_a_few_are_looked_into():
    new = [service(f"new-{number:03}", **AT_10) for number in range(30)]
    asked: list[ObjectKey] = []

    async def read(key: ObjectKey) -> Body | None:
        asked.append(key)
        return None

    refused = [ApplyFailure(each.key, Reason.APPLY_FAILED, IP) for each in new]
    leaving = [service(f"old-{number:03}", **AT_10).key for number in range(30)]

    assert await name_holders(refused, desired={each.key: each for each in new}, leaving=leaving, read=read) == (
        *refused,
    )
    assert len(asked) == MOST * MOST
