import copy
import json
from typing import Any

import pytest
from tests.apply.harness import Harness, owner

from pattern_operator.api.object import Object
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.apply.populated_fields import EACH, POPULATED_FIELDS, PopulatedField

VERSIONS = {
    "rbac.authorization.k8s.io": "rbac.authorization.k8s.io/v1",
    "admissionregistration.k8s.io": "admissionregistration.k8s.io/v1",
    "apiregistration.k8s.io": "apiregistration.k8s.io/v1",
    "apiextensions.k8s.io": "apiextensions.k8s.io/v1",
    "batch": "batch/v1",
    "": "v1",
}
BUNDLES = [each for each in POPULATED_FIELDS if each.path[-1] == "caBundle"]
PLAIN = POPULATED_FIELDS[-1].empty
OTHERS = [each for each in POPULATED_FIELDS if each.empty is PLAIN]
# What else each of these fields needs to be left out, what is empty there, and what is not.
SPECIAL: dict[tuple[str, ...], tuple[dict[str, Any], list[Any], list[Any]]] = {
    ("spec", "selector"): ({}, [{}, None, {"matchLabels": {}}], [{"matchLabels": {"a": "b"}}, "a", 0]),
    ("spec", "ports", EACH, "nodePort"): ({}, [0, None], [30000, False, "", "0"]),
    ("spec", "healthCheckNodePort"): ({}, [0, None], [30000, False, ""]),
    **{
        ("data", name): ({"type": "kubernetes.io/service-account-token"}, ["", "Cg==", None], ["YQ==", " a", 7])
        for name in ("token", "ca.crt", "namespace")
    },
    ("data", "ca-bundle.crt"): (
        {"metadata": {"name": "it", "labels": {"config.openshift.io/inject-trusted-cabundle": "true"}}},
        ["", "\n", None],
        ["a", 7],
    ),
    ("data", "service-ca.crt"): (
        {"metadata": {"name": "it", "annotations": {"service.beta.openshift.io/inject-cabundle": "true"}}},
        ["", " ", None],
        ["a", 7],
    ),
}
SPECIAL_FIELDS = [each for each in POPULATED_FIELDS if each.path in SPECIAL and each.empty is not PLAIN]


def sent(body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(apply_body(Object.of(body)))
    return answer


def title(field: PopulatedField) -> str:
    return f"{field.kind} {'.'.join(field.path)}"


def at(path: tuple[str, ...], value: Any) -> Any:
    """An object with ``value`` at ``path``, and another field beside it on each level."""
    if not path:
        return value
    inner = at(path[1:], value)
    return [inner, {"name": "other"}] if path[0] == EACH else {path[0]: inner, "beside": "stays"}


def with_field(field: PopulatedField, value: Any, *, group: str | None = None) -> dict[str, Any]:
    version = VERSIONS[field.group] if group is None else f"{group}/v1"
    return {"apiVersion": version, "kind": field.kind, "metadata": {"name": "it"}, **at(field.path, value)}


def value_at(body: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        body = body[0] if name == EACH else body[name]
    return body


def is_there(body: Any, path: tuple[str, ...]) -> bool:
    return path[-1] in value_at(body, path[:-1])


@pytest.mark.parametrize("field", BUNDLES, ids=title)
@pytest.mark.parametrize("value", ["", "Cg==", "ICAgCg==", "\n", "Cg\n==", None])
def test_an_authority_that_is_blank_is_left_to_who_injects_it(field: PopulatedField, value: str | None):
    body = with_field(field, value)
    before = copy.deepcopy(body)

    assert not is_there(sent(body), field.path)
    assert value_at(sent(body), field.path[:-1])["beside"] == "stays"
    assert body == before  # a stage never changes what it was given


@pytest.mark.parametrize("field", BUNDLES, ids=title)
@pytest.mark.parametrize("value", ["LS0tLS1CRUdJTg==", "not base64", " ", "\u00e4", 7, ["Cg=="]])
def test_an_authority_that_says_anything_is_applied_or_left_for_the_server_to_refuse(field: PopulatedField, value: Any):
    body = with_field(field, value)

    assert sent(body) == body


def test_there_is_an_authority_in_four_kinds():
    kinds = {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "CustomResourceDefinition"}

    assert {each.kind for each in BUNDLES} == kinds


@pytest.mark.parametrize("rules", [[], None, [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]])
def test_the_rules_of_an_aggregated_role_are_left_to_the_controller(rules: Any):
    (field,) = (each for each in POPULATED_FIELDS if each.kind == "ClusterRole")
    body = with_field(field, rules) | {"aggregationRule": {"clusterRoleSelectors": []}}

    assert "rules" not in sent(body)
    assert "aggregationRule" in sent(body)


@pytest.mark.parametrize("kind", ["ClusterRole", "Role"])
@pytest.mark.parametrize("rules", [[], [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]])
def test_the_rules_of_every_other_role_are_applied(kind: str, rules: Any):
    body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "it"}, "rules": rules}

    assert sent(body)["rules"] == rules


@pytest.mark.parametrize("field", OTHERS, ids=title)
@pytest.mark.parametrize("value", ["", [], None])
def test_what_is_empty_and_filled_by_the_cluster_is_left_out(field: PopulatedField, value: Any):
    assert not is_there(sent(with_field(field, value)), field.path)


@pytest.mark.parametrize("field", OTHERS, ids=title)
@pytest.mark.parametrize("value", ["a", ["a"], {}, 0, False])
def test_what_is_not_empty_is_applied_or_left_for_the_server_to_refuse(field: PopulatedField, value: Any):
    body = with_field(field, value)

    assert sent(body) == body


@pytest.mark.parametrize("field", POPULATED_FIELDS, ids=title)
def test_a_kind_of_the_same_name_in_another_group_is_sent_as_it_is(field: PopulatedField):
    body = with_field(field, "", group="example.com") | {"aggregationRule": {}}

    assert sent(body) == body


@pytest.mark.parametrize("field", POPULATED_FIELDS, ids=title)
@pytest.mark.parametrize("value", ["text", 7, ["text"], None])
def test_a_parent_of_another_shape_is_left_for_the_server_to_refuse(field: PopulatedField, value: Any):
    body = {"apiVersion": VERSIONS[field.group], "kind": field.kind, "metadata": {"name": "it"}}
    if len(field.path) > 1:
        body |= {field.path[0]: value}

    assert sent(body) == body


@pytest.mark.parametrize("field", SPECIAL_FIELDS, ids=title)
def test_what_has_an_emptiness_of_its_own_is_left_out_where_it_is_empty_and_only_there(field: PopulatedField):
    more, empty, given = SPECIAL[field.path]

    assert not any(is_there(sent(with_field(field, value) | more), field.path) for value in empty)
    assert all(sent(with_field(field, value) | more) == with_field(field, value) | more for value in given)
    if more:  # of no other object of the kind
        assert all(sent(with_field(field, value)) == with_field(field, value) for value in empty)


def test_each_field_is_in_one_of_these_tables():
    aggregated = [each for each in POPULATED_FIELDS if each.path == ("rules",)]

    assert len(BUNDLES) + len(OTHERS) + len(SPECIAL_FIELDS) + len(aggregated) == len(POPULATED_FIELDS)


def test_a_job_that_selects_by_hand_keeps_its_selector():
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "it"}}
    spec = {"manualSelector": True, "selector": {}}

    assert sent({**job, "spec": spec})["spec"] == spec


POD = {"containers": [{"name": "main", "image": "registry.example/main:1"}]}
APPLIED: dict[str, dict[str, Any]] = {
    "Job": {
        "apiVersion": "batch/v1",
        "spec": {"selector": {}, "template": {"spec": {**POD, "restartPolicy": "Never"}}},
    },
    "Pod": {"apiVersion": "v1", "spec": {**POD, "nodeName": "", "priorityClassName": "", "serviceAccountName": ""}},
    "Service": {
        "apiVersion": "v1",
        "spec": {
            "type": "LoadBalancer",
            "externalTrafficPolicy": "Local",
            "healthCheckNodePort": 0,
            "clusterIP": "",
            "clusterIPs": [],
            "ipFamilies": [],
            "ports": [{"port": 80, "nodePort": 0}],
        },
    },
    "PersistentVolumeClaim": {
        "apiVersion": "v1",
        "spec": {"volumeName": "", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    },
    "ServiceAccount": {"apiVersion": "v1", "secrets": [], "imagePullSecrets": []},
}


def lasting(body: dict[str, Any]) -> dict[str, Any]:
    """What of an object only its writers change; a Pod is scheduled meanwhile."""
    spec = {name: value for name, value in body.get("spec", {}).items() if name != "nodeName"}
    return body | {"metadata": {}, "status": {}, "spec": spec}


@pytest.mark.parametrize("kind", APPLIED)
async def test_a_real_server_takes_it_again_and_again_and_what_it_filled_stays(
    harness: Harness, namespace: str, kind: str
):
    team, body = owner(), {"kind": kind, "metadata": {"name": "it", "namespace": namespace}, **APPLIED[kind]}
    desired = Object.of(body)
    first = await harness.apply(desired, by=team)
    before = lasting(await harness.get(desired.key))

    second = await harness.apply(desired, by=team)

    assert first.applied == second.applied == (desired.key,)
    assert lasting(await harness.get(desired.key)) == before
    assert not harness.managed_objects.drifted(team.id)


def test_an_empty_class_of_a_claim_says_that_it_wants_none_and_is_applied():
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "it"},
        "spec": {"storageClassName": "", "volumeName": ""},
    }

    assert sent(claim)["spec"] == {"storageClassName": ""}


def test_each_field_says_who_fills_it():
    assert all(each.why for each in POPULATED_FIELDS)
