"""An apply that only makes an object is refused where there is one: at a real API server, kind by kind."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.apply.fake_cluster import FakeCluster
from tests.apply.harness import (
    Harness,
    config_map,
    custom,
    definition,
    deployment,
    namespace_named,
    of_version,
    owner,
    secret,
    two_versions,
)

from pattern_operator.api.object import Body, Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply import add_owner_metadata
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.kube import NO_VERSION, ApiError, Conflicts, Resource, Session, objects

WEB = owner()
CONFIG_MAP = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)


@pytest.fixture
async def memory() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as cluster:
        yield cluster


@pytest.fixture(params=["in memory", "real"])
def any_server(request: pytest.FixtureRequest) -> tuple[Session, str]:
    """A session, and a namespace."""
    if request.param == "in memory":
        return request.getfixturevalue("memory").session, "team"
    return request.getfixturevalue("harness").session, request.getfixturevalue("namespace")


async def send(
    session: Session, resource: Resource, desired: Object, *, version: str = NO_VERSION, **more: Any
) -> Body | ApiError:
    """The answer to an apply with this condition."""
    key, marked = desired.key, add_owner_metadata(desired, owner=WEB, version=version)
    given = {"field_manager": "pattern-operator", "conflicts": Conflicts.FAIL} | more
    try:
        return await objects.apply(
            session, resource, body=apply_body(marked), namespace=key.namespace, name=key.name, **given
        )
    except ApiError as error:
        return error


def is_refused(answer: Body | ApiError) -> bool:
    return isinstance(answer, ApiError) and (answer.code, answer.reason) == (409, "Conflict")


async def assert_is_only_made(session: Session, resource: Resource, desired: Object) -> None:
    """The apply makes the object, and after that is refused, whoever sends it and however, and changes nothing."""
    key = desired.key
    made = await send(session, resource, desired)
    assert not isinstance(made, ApiError)

    for changed in ({}, {"conflicts": Conflicts.FORCE}, {"field_manager": "other"}, {"dry_run": "All"}):
        assert is_refused(await send(session, resource, desired, **changed)), (key, changed)
    live = await objects.get(session, resource, namespace=key.namespace, name=key.name)
    assert live["metadata"]["uid"] == made["metadata"]["uid"]
    assert "other" not in [each["manager"] for each in live["metadata"]["managedFields"]]

    plain = await send(session, resource, desired, version="")  # and owns the same as an apply without the condition
    assert not isinstance(plain, ApiError)
    assert owned(plain) == owned(made)


def owned(body: Body) -> Body:
    (entry,) = [e for e in body["metadata"]["managedFields"] if e["manager"] == "pattern-operator"]
    fields: Body = entry["fieldsV1"]
    return fields


async def test_an_apply_that_only_makes_an_object_is_refused_where_there_is_one(any_server):
    session, namespace = any_server

    await assert_is_only_made(session, CONFIG_MAP, config_map("c", namespace, a="1"))


def of_kind(api: str, kind: str, *, namespaced: bool = True, **fields: Any) -> Object:
    """An object in the namespace ``team``, of which the test has another one."""
    metadata = {"name": f"made-{uuid4().hex[:8]}"} | ({"namespace": "team"} if namespaced else {})
    return Object.of({"apiVersion": api, "kind": kind, "metadata": metadata, **fields})


POD = {"containers": [{"name": "main", "image": "registry.example/main:1"}]}
TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": POD}
RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
RBAC, ADMISSION = "rbac.authorization.k8s.io/v1", "admissionregistration.k8s.io/v1"
MATCH = {"apiGroups": ["x.example"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["foos"]}
JOB = {"template": {"spec": {**POD, "restartPolicy": "Never"}}}
STORAGE = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


@pytest.mark.parametrize(
    "desired",
    [
        secret("s", "team", a="b"),
        deployment("d", "team"),
        namespace_named(f"made-{uuid4().hex[:8]}"),
        definition("Extra", f"g{uuid4().hex[:8]}.example.com"),
        of_kind("v1", "Service", spec={"selector": {"a": "b"}, "ports": [{"port": 80}]}),
        of_kind("v1", "ServiceAccount"),
        of_kind("v1", "PersistentVolumeClaim", spec=STORAGE),
        of_kind("v1", "Pod", spec=POD),
        of_kind("v1", "ResourceQuota", spec={"hard": {"pods": "10"}}),
        of_kind(RBAC, "Role", rules=RULES),
        of_kind(RBAC, "ClusterRole", namespaced=False, rules=RULES),
        of_kind(RBAC, "RoleBinding", roleRef={"apiGroup": RBAC[:-3], "kind": "Role", "name": "r"}, subjects=[]),
        of_kind(
            *(ADMISSION, "ValidatingAdmissionPolicy"),
            namespaced=False,
            spec={"matchConstraints": {"resourceRules": [MATCH]}, "validations": [{"expression": "true"}]},
        ),
        of_kind(ADMISSION, "ValidatingWebhookConfiguration", namespaced=False, webhooks=[]),
        of_kind(
            *("apps/v1", "StatefulSet"),
            spec={"serviceName": "x", "selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE},
        ),
        of_kind("batch/v1", "Job", spec=JOB),
        of_kind("batch/v1", "CronJob", spec={"schedule": "* * * * *", "jobTemplate": {"spec": JOB}}),
        of_kind("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}}),
        of_kind("coordination.k8s.io/v1", "Lease", spec={"holderIdentity": "a"}),
        of_kind("scheduling.k8s.io/v1", "PriorityClass", namespaced=False, value=1),
        of_kind(
            *("apiregistration.k8s.io/v1", "APIService"),
            namespaced=False,
            spec={"group": "a.example", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10},
        ),
    ],
    ids=lambda each: each.key.kind,
)
async def test_the_api_server_keeps_the_condition_for_its_own_kinds(harness: Harness, namespace: str, desired: Object):
    body = orjson.loads(orjson.dumps(desired.body).replace(b'"team"', f'"{namespace}"'.encode()))
    if desired.key.kind == "APIService":
        name = f"v1.g{uuid4().hex[:8]}.example.com"
        body["metadata"]["name"], body["spec"]["group"] = name, name[3:]
    here = Object.of(body)
    resource = await harness.discovery.find(group=here.key.group, kind=here.key.kind)

    await assert_is_only_made(harness.session, resource, here)

    await objects.delete(harness.session, resource, namespace=here.key.namespace, name=here.key.name)


async def test_the_api_server_keeps_the_condition_for_kinds_of_crds(harness: Harness, namespace: str):
    group = f"g{uuid4().hex[:8]}.example.com"
    await harness.apply(
        definition("Widget", group),
        definition("Gadget", group, scope="Cluster"),
        two_versions("Thing", group),
        by=owner(),
    )

    for each in (
        custom("Widget", group, "w", namespace),
        custom("Gadget", group, "g", ""),
        of_version("Thing", group, "v1beta1", namespace, port="1"),  # not the version that is stored
    ):
        version = each.api_version.rpartition("/")[2]
        await harness.until_served(group, each.key.kind, version=version)
        resource = await harness.discovery.find(group=group, kind=each.key.kind, version=version)
        await assert_is_only_made(harness.session, resource, each)


async def test_of_two_patterns_that_make_the_same_object_one_gets_it(harness: Harness, namespace: str):
    first, second = owner("a"), owner("b")
    harness.living.update({first.id: first, second.id: second})
    desired = [config_map(f"c{number}", namespace) for number in range(8)]

    both = await asyncio.gather(harness.apply(*desired, by=first), harness.apply(*desired, by=second))

    assert sorted(key for done in both for key in done.applied) == sorted(each.key for each in desired)
    assert {each.reason for done in both for each in done.failures} <= {Reason.OWNED_BY_ANOTHER_PATTERN}
    for done, team in zip(both, (first, second), strict=True):
        for key in done.applied:
            assert (await harness.get(key))["metadata"]["labels"]["pattern-operator.io/owner"] == team.id
