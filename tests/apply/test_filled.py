import copy
import json
from typing import Any

import pytest

from pattern_operator.api.object import Object
from pattern_operator.apply.filled import EACH, FILLED, Filled
from pattern_operator.apply.intent import intent

VERSIONS = {
    "rbac.authorization.k8s.io": "rbac.authorization.k8s.io/v1",
    "admissionregistration.k8s.io": "admissionregistration.k8s.io/v1",
    "apiregistration.k8s.io": "apiregistration.k8s.io/v1",
    "apiextensions.k8s.io": "apiextensions.k8s.io/v1",
    "": "v1",
}
BUNDLES = [each for each in FILLED if each.path[-1] == "caBundle"]
OTHERS = [each for each in FILLED if each.path[-1] not in ("caBundle", "rules")]


def sent(body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(intent(Object.of(body)))
    return answer


def title(field: Filled) -> str:
    return f"{field.kind} {'.'.join(field.path)}"


def at(path: tuple[str, ...], value: Any) -> Any:
    """An object with ``value`` at ``path``, and another field beside it on each level."""
    if not path:
        return value
    inner = at(path[1:], value)
    return [inner, {"name": "other"}] if path[0] == EACH else {path[0]: inner, "beside": "stays"}


def with_field(field: Filled, value: Any, *, group: str | None = None) -> dict[str, Any]:
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
def test_an_authority_that_is_blank_is_left_to_who_injects_it(field: Filled, value: str | None):
    body = with_field(field, value)
    before = copy.deepcopy(body)

    assert not is_there(sent(body), field.path)
    assert value_at(sent(body), field.path[:-1])["beside"] == "stays"
    assert body == before  # a stage never changes what it was given


@pytest.mark.parametrize("field", BUNDLES, ids=title)
@pytest.mark.parametrize("value", ["LS0tLS1CRUdJTg==", "not base64", " ", "\u00e4", 7, ["Cg=="]])
def test_an_authority_that_says_anything_is_applied_or_left_for_the_server_to_refuse(field: Filled, value: Any):
    body = with_field(field, value)

    assert sent(body) == body


def test_there_is_an_authority_in_four_kinds():
    kinds = {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "CustomResourceDefinition"}

    assert {each.kind for each in BUNDLES} == kinds


@pytest.mark.parametrize("rules", [[], None, [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]])
def test_the_rules_of_an_aggregated_role_are_left_to_the_controller(rules: Any):
    (field,) = (each for each in FILLED if each.kind == "ClusterRole")
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
def test_what_is_empty_and_filled_by_the_cluster_is_left_out(field: Filled, value: Any):
    assert not is_there(sent(with_field(field, value)), field.path)


@pytest.mark.parametrize("field", OTHERS, ids=title)
@pytest.mark.parametrize("value", ["a", ["a"], {}, 0, False])
def test_what_is_not_empty_is_applied_or_left_for_the_server_to_refuse(field: Filled, value: Any):
    body = with_field(field, value)

    assert sent(body) == body


@pytest.mark.parametrize("field", FILLED, ids=title)
def test_a_kind_of_the_same_name_in_another_group_is_sent_as_it_is(field: Filled):
    body = with_field(field, "", group="example.com") | {"aggregationRule": {}}

    assert sent(body) == body


@pytest.mark.parametrize("field", FILLED, ids=title)
@pytest.mark.parametrize("value", ["text", 7, ["text"], None])
def test_a_parent_of_another_shape_is_left_for_the_server_to_refuse(field: Filled, value: Any):
    body = {"apiVersion": VERSIONS[field.group], "kind": field.kind, "metadata": {"name": "it"}}
    if len(field.path) > 1:
        body |= {field.path[0]: value}

    assert sent(body) == body


def test_an_empty_class_of_a_claim_says_that_it_wants_none_and_is_applied():
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "it"},
        "spec": {"storageClassName": "", "volumeName": ""},
    }

    assert sent(claim)["spec"] == {"storageClassName": ""}


def test_each_field_says_who_fills_it():
    assert all(each.why for each in FILLED)
