"""Verdicts of lint beside those of a real API server: what it admits has no error, and an error it refuses."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from tests.lint.schemas import shipped
from tests.render.designs import MESHERY, published
from tests.render.dryrun import DryRun
from tests.render.minimal import MINIMAL
from tests.render.rendered import render
from tests.render.test_designs import EXPECTED
from tests.render.test_required import CASES, without
from tests.testbed.kubectl import Kubectl
from tests.testbed.testbed import Testbed

from pattern_operator.api.object import Body
from pattern_operator.lint.rule import Severity

POD = MINIMAL["Pod"]
SECRET: Body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
ACCOUNTS = ("kube-proxy", "coredns")


def errors(body: Body) -> list[str]:
    """What lint calls an error."""
    return [fault.message for fault in shipped("1.37").faults(body) if fault.rule.severity is Severity.ERROR]


def with_container(**fields: Any) -> Body:
    body = copy.deepcopy(POD)
    body["spec"]["containers"][0] |= fields
    return body


def with_spec(kind: str, **fields: Any) -> Body:
    body = copy.deepcopy(MINIMAL[kind])
    body["spec"] |= fields
    return body


# What a server and a reader of its OpenAPI may see in two ways; whether it is admitted is for the server to say.
ODD: dict[str, Body] = {
    "a quantity that is a number": with_container(resources={"limits": {"cpu": 1, "memory": 1024}}),
    "a quantity that is a fraction": with_container(resources={"requests": {"cpu": 0.5}}),
    "a quantity with blanks": with_container(resources={"requests": {"cpu": " 1 "}}),
    "a quantity with an exponent": with_container(resources={"requests": {"memory": "1e3"}}),
    "no quantity": with_container(resources={"requests": {"memory": "1gb"}}),
    "an empty quantity": with_container(resources={"requests": {"memory": ""}}),
    "a port by name": with_container(readinessProbe={"httpGet": {"port": "http"}}),
    "a port by number": with_container(readinessProbe={"httpGet": {"port": 80}}),
    "null for a list": with_container(command=None),
    "null for a mapping": with_container(resources=None),
    "null for text": with_container(workingDir=None),
    "a header without value": with_container(
        readinessProbe={"httpGet": {"port": 80, "httpHeaders": [{"name": "A", "value": ""}]}}
    ),
    "a number for text": with_container(workingDir=5),
    "text for a number": with_container(ports=[{"containerPort": "80"}]),
    "text for a boolean": with_container(stdin="true"),
    "a list for a mapping": with_container(resources=[]),
    "an unknown field": with_container(imagee="a"),
    "a field in other letters": with_container(ImagePullPolicy="Always"),
    "a port that is too large": with_container(ports=[{"containerPort": 2**31}]),
    "a port without number": with_container(ports=[{"name": "http"}]),
    "replicas as a number with a point": with_spec("Deployment", replicas=2.0),
    "replicas as text": with_spec("Deployment", replicas="2"),
    "an unknown field of the spec": with_spec("Service", port=80),
    "a network policy for all": {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a"}, "spec": {}
    },
    "a limit range without limits": {
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "a"}, "spec": {"limits": []}
    },
    "a role without a group": {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "a"},
        "roleRef": {"kind": "Role", "name": "a"},
    },
    **{name: SECRET | {"data": {"a": value}} for name, value in {
        "a secret in base64": "YQ==", "a secret in lines": "YWFh\nYWFh\n", "a secret that is not base64": "!",
        "a secret with a null": None,
    }.items()},
    "a stateful set without a service": MINIMAL["StatefulSet"],
    "a disruption budget for nobody": {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"},
        "spec": {"minAvailable": "5%"},
    },
    "a driver without a spec": {
        "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "a.example.com"}, "spec": {}
    },
    "a priority class of zero": {
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "a"}, "value": 0
    },
    "a lease": {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}, "spec": {}},
}  # fmt: skip


@pytest.fixture(scope="module")
def crowded(kubectl: Kubectl) -> Iterator[str]:
    """Give a namespace with the service accounts that Pods of the designs name."""
    kubectl("create", "namespace", "linted")
    for account in ("default", *ACCOUNTS):
        kubectl.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": "linted"}}
        )
    yield "linted"
    kubectl("delete", "namespace", "linted", "--wait=false")


@pytest.mark.parametrize("odd", ODD)
async def test_lint_and_the_server_agree_on_what_is_odd(odd: str, cluster: Testbed, crowded: str):
    async with DryRun.open(cluster.controlplane.admin, namespace=crowded) as server:
        answer = await server.apply(ODD[odd])

    assert (errors(ODD[odd]) == []) == answer.admitted, (errors(ODD[odd]), answer.message)


@pytest.mark.parametrize("name", EXPECTED)
async def test_what_the_server_admits_of_a_design_has_no_error(name: str, cluster: Testbed, crowded: str):
    rendering = render(published(name), options=MESHERY)
    wrong = []
    async with DryRun.open(cluster.controlplane.admin, namespace=crowded) as server:
        for made in rendering.objects:
            found = errors(made.body)
            answer = await server.apply(made.body)
            if found and answer.admitted:
                wrong.append((made.key.display_name, found))
            if "field not declared in schema" in answer.message and not found:
                wrong.append((made.key.display_name, [answer.message]))

    assert wrong == []


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, path, _ in CASES])
async def test_what_lacks_a_field_is_an_error_only_where_the_server_refuses_it(
    kind: str, path: str, cluster: Testbed, crowded: str
):
    body = without(MINIMAL[kind], path)
    if not errors(body):
        return
    async with DryRun.open(cluster.controlplane.admin, namespace=crowded) as server:
        answer = await server.apply(body)

    assert not answer.admitted
