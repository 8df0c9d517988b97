"""Which fields name another object: each row, and what only looks like a reference."""

from typing import Any

import pytest

from pattern_operator.limits import MAX_PATH
from pattern_operator.render.references import references


def found(spec: Any, *, kind: str = "Pod", **fields: Any) -> list[tuple[str, str, str, str]]:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "it"}, "spec": spec, **fields}
    return [(each.kind, each.name, each.namespace, each.path) for each in references(body)]


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("claimName", "PersistentVolumeClaim"),
        ("ingressClassName", "IngressClass"),
        ("persistentVolumeName", "PersistentVolume"),
        ("priorityClassName", "PriorityClass"),
        ("runtimeClassName", "RuntimeClass"),
        ("secretName", "Secret"),
        ("serviceAccount", "ServiceAccount"),
        ("serviceAccountName", "ServiceAccount"),
        ("serviceName", "Service"),
        ("storageClassName", "StorageClass"),
        ("volumeName", "PersistentVolume"),
    ],
)
def test_a_field_that_holds_a_name_refers_to_an_object_of_its_kind(field: str, kind: str):
    assert found({field: "web"}) == [(kind, "web", "", f"spec.{field}")]


def test_a_field_that_holds_a_name_refers_to_an_object_of_the_same_namespace():
    assert found({"secretName": "web", "namespace": "team"}) == [("Secret", "web", "", "spec.secretName")]


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("claimRef", "PersistentVolumeClaim"),
        ("configMap", "ConfigMap"),
        ("configMapKeyRef", "ConfigMap"),
        ("configMapRef", "ConfigMap"),
        ("imagePullSecrets", "Secret"),
        ("secret", "Secret"),
        ("secretKeyRef", "Secret"),
        ("secretRef", "Secret"),
        ("secrets", "Secret"),
        ("service", "Service"),
    ],
)
def test_a_field_that_holds_an_object_or_a_list_refers_by_name_and_namespace(field: str, kind: str):
    named = {"name": "web", "namespace": "team"}

    assert found({field: named}) == [(kind, "web", "team", f"spec.{field}.name")]
    assert found({field: [{}, named]}) == [(kind, "web", "team", f"spec.{field}[1].name")]
    assert found({field: {"name": 7}}) == found({field: {"namespace": "team"}}) == []


@pytest.mark.parametrize("field", ["roleRef", "scaleTargetRef", "subjects"])
def test_a_reference_that_names_its_kind_has_that_kind(field: str):
    assert found({field: {"kind": "Role", "name": "web"}})[0][0] == "Role"
    assert found({field: {"name": "web"}})[0][0] == "ServiceAccount"


def test_a_kind_in_a_field_of_one_kind_is_not_believed():
    assert found({"secretRef": {"kind": "Role", "name": "web"}})[0][0] == "Secret"


def test_a_change_through_a_reference_changes_the_object():
    body: dict[str, Any] = {"kind": "Pod", "spec": {"volumes": [{"configMap": {"name": "web"}}]}}

    (reference,) = references(body)
    reference.holder[reference.field] = "new"

    assert body["spec"]["volumes"] == [{"configMap": {"name": "new"}}]


@pytest.mark.parametrize(
    "field", ["annotations", "binaryData", "data", "labels", "matchLabels", "selector", "stringData"]
)
def test_keys_that_users_choose_do_not_refer(field: str):
    assert found({field: {"secretName": "web", "secretRef": {"name": "web"}}}) == []


def test_metadata_does_not_refer():
    assert found({}, metadata={"name": "it", "secretName": "web"}) == []


def test_of_a_crd_only_its_conversion_refers():
    spec = {
        "versions": [{"schema": {"openAPIV3Schema": {"properties": {"secretName": "web"}}}}],
        "conversion": {"webhook": {"clientConfig": {"service": {"name": "hook", "namespace": "team"}}}},
    }

    assert found(spec, kind="CustomResourceDefinition") == [
        ("Service", "hook", "team", "spec.conversion.webhook.clientConfig.service.name")
    ]


def test_references_are_found_at_any_depth():
    spec = {"template": {"spec": {"containers": [{"envFrom": [{"configMapRef": {"name": "web"}}]}]}}}

    assert found(spec)[0][3] == "spec.template.spec.containers[0].envFrom[0].configMapRef.name"


def test_a_path_is_bounded():
    long = "x" * 1_000

    ((_, _, _, path),) = found({long: {long: {long: {"secretName": "web"}}}})

    assert len(path) <= 2 * MAX_PATH + len(".secretName")
