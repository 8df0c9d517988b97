"""Values that a field of Kubernetes may have: the schemas know all that a server knows, which refuses others."""

import copy
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from tests.lint.schemas import shipped
from tests.render.dryrun import DryRun
from tests.render.minimal import MINIMAL
from tests.testbed.kubectl import Kubectl
from tests.testbed.testbed import Testbed

from pattern_operator.api.object import Body
from pattern_operator.lint.rule import Rule, Severity
from pattern_operator.lint.schema.openapi import DEFS, reduced
from pattern_operator.lint.schema.schemas import SchemaFault
from pattern_operator.lint.schema.shipped import load

WRONG = "nothing-like-it"
Place = tuple[str | int, ...]


def enums(definitions: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The values of each field that has some, by the name of the definition."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, schema in definitions.items():
        for field, each in (schema.get("properties") or {}).items() if isinstance(schema, dict) else ():
            inner = each.get("items", each.get("additionalProperties", each)) if isinstance(each, dict) else {}
            if isinstance(inner, dict) and "enum" in inner:
                found.setdefault(name, {})[field] = sorted(str(value) for value in inner["enum"])
    return found


def places(kind: str) -> Iterator[tuple[Place, list[str]]]:
    """Where the smallest object of a kind may have a value of several, and which."""
    definitions = load("1.37")["definitions"]
    body = MINIMAL[kind]
    name = load("1.37")["kinds"].get(f"{body['apiVersion']}/{kind}")
    waiting: list[tuple[Place, Any, Any]] = [((), definitions.get(name), body)]
    while waiting:
        path, schema, value = waiting.pop()
        while isinstance(schema, dict) and "$ref" in schema:
            schema = definitions[schema["$ref"].removeprefix(DEFS)]
        if not isinstance(schema, dict):
            continue
        if "enum" in schema:
            yield path, [each for each in schema["enum"] if each]
        elif isinstance(value, dict):
            fields = schema.get("properties", {}).items()
            waiting += [((*path, field), each, value.get(field)) for field, each in fields if field != "status"]
        elif isinstance(value, list):
            waiting += [((*path, index), schema.get("items"), each) for index, each in enumerate(value)]


PLACES = [(kind, place) for kind in MINIMAL for place, _ in places(kind)]


def having(kind: str, place: Place, value: Any) -> Body:
    body = copy.deepcopy(MINIMAL[kind])
    at: Any = body
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    return body


def errors(body: Body) -> list[SchemaFault]:
    return [each for each in shipped("1.37").faults(body) if each.rule.severity is Severity.ERROR]


async def test_the_shipped_schemas_have_the_values_that_a_server_of_their_version_has(cluster: Testbed):
    async with (
        DryRun.open(cluster.controlplane.admin, namespace="default") as server,
        server.session.get("/openapi/v2") as answer,
    ):
        of_server = enums(reduced(orjson.loads(await answer.read()))["definitions"])
    of_shipped = enums(load("1.37")["definitions"])

    assert {name: of_shipped.get(name) for name in of_server} == of_server
    assert len(of_server) > 50


@pytest.fixture(scope="module")
def crowded(kubectl: Kubectl) -> Iterator[str]:
    """Give a namespace with the service account that Pods need."""
    kubectl("create", "namespace", "valued")
    kubectl.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "valued"}}
    )
    yield "valued"
    kubectl("delete", "namespace", "valued", "--wait=false")


@pytest.mark.parametrize(("kind", "place"), PLACES)
async def test_what_is_none_of_the_values_is_an_error_and_refused(
    kind: str, place: Place, cluster: Testbed, crowded: str
):
    body = having(kind, place, WRONG)
    async with DryRun.open(cluster.controlplane.admin, namespace=crowded) as server:
        answer = await server.apply(body)

    assert [(each.rule, each.path) for each in errors(body)] == [(Rule.INVALID_VALUE, place)]
    assert not answer.admitted


@pytest.mark.parametrize(("kind", "place"), PLACES)
async def test_an_empty_text_is_an_error_only_where_the_server_refuses_it(
    kind: str, place: Place, cluster: Testbed, crowded: str
):
    body = having(kind, place, "")
    if not errors(body):
        return
    async with DryRun.open(cluster.controlplane.admin, namespace=crowded) as server:
        answer = await server.apply(body)

    assert not answer.admitted


@pytest.mark.parametrize(
    ("kind", "place", "written", "meant"),
    [
        ("Service", ("spec", "type"), "ClusterIp", "ClusterIP"),
        ("Service", ("spec", "ports", 0, "protocol"), "tcp", "TCP"),
        ("Deployment", ("spec", "template", "spec", "restartPolicy"), "always", "Always"),
        ("Pod", ("spec", "containers", 0, "imagePullPolicy"), "ifnotpresent", "IfNotPresent"),
    ],
)
@pytest.mark.parametrize("version", ["1.35", "1.36", "1.37"])
def test_a_value_in_other_letters_is_told_with_what_is_meant(
    version: Any, kind: str, place: Place, written: str, meant: str
):
    (fault,) = shipped(version).faults(having(kind, place, written))

    assert fault.rule is Rule.INVALID_VALUE
    assert fault.suggestion == f"did you mean {meant}?"
    assert list(shipped(version).faults(having(kind, place, meant))) == []
