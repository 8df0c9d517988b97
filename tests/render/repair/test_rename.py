"""References follow a component that was given a valid name."""

import copy
from typing import Any

import pytest
from tests.render.designs import body_of, component, deployment, rendered, report_on

RBAC = "rbac.authorization.k8s.io/v1"


def _pod(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "a", "image": "a:1"} | fields.pop("container", {})], **fields}}


@pytest.mark.parametrize(
    ("named", "kind", "version", "configuration"),
    [
        pytest.param("ServiceAccount", "Pod", "v1", _pod(serviceAccountName="Old Name"), id="service account of a Pod"),
        pytest.param(
            "ConfigMap", "Pod", "v1", _pod(volumes=[{"name": "v", "configMap": {"name": "Old Name"}}]), id="volume"
        ),
        pytest.param(
            "Secret", "Pod", "v1", _pod(volumes=[{"name": "v", "secret": {"secretName": "Old Name"}}]), id="secret"
        ),
        pytest.param(
            "PersistentVolumeClaim",
            "Pod",
            "v1",
            _pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "Old Name"}}]),
            id="claim",
        ),
        pytest.param("Secret", "Pod", "v1", _pod(imagePullSecrets=[{"name": "Old Name"}]), id="pull secret"),
        pytest.param(
            "ConfigMap",
            "Pod",
            "v1",
            _pod(container={"envFrom": [{"configMapRef": {"name": "Old Name"}}]}),
            id="envFrom",
        ),
        pytest.param(
            "Secret",
            "Pod",
            "v1",
            _pod(container={"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "Old Name", "key": "k"}}}]}),
            id="env",
        ),
        pytest.param(
            "Service",
            "Ingress",
            "networking.k8s.io/v1",
            {"spec": {"defaultBackend": {"service": {"name": "Old Name", "port": {"number": 80}}}}},
            id="backend",
        ),
        pytest.param(
            "Deployment",
            "HorizontalPodAutoscaler",
            "autoscaling/v2",
            {"spec": {"maxReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "Old Name"}}},
            id="scale target",
        ),
        pytest.param(
            "ServiceAccount",
            "RoleBinding",
            RBAC,
            {
                "roleRef": {"kind": "Role", "name": "r"},
                "subjects": [{"kind": "ServiceAccount", "name": "Old Name", "namespace": "default"}],
            },
            id="subject",
        ),
    ],
)
def test_a_reference_follows_what_it_names(named: str, kind: str, version: str, configuration: dict[str, Any]):
    before = copy.deepcopy(configuration)
    parts: dict[str, Any] = {"Deployment": deployment(), "Service": {"spec": {"ports": [{"port": 80}]}}}
    parts["PersistentVolumeClaim"] = {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    }
    version_of_named = "apps/v1" if named == "Deployment" else "v1"

    rendering = rendered(
        component(named, "Old Name", parts.get(named, {}), version=version_of_named),
        component(kind, "user", configuration, version=version),
    )

    body = repr(body_of(rendering, kind))
    assert "old-name" in body
    assert "Old Name" not in body
    told = report_on(rendering, "user").repair_messages
    assert any(f"follows {named} 'Old Name' to 'old-name'" in repair for repair in told)
    assert configuration == before


def test_a_reference_to_a_name_of_another_kind_stays():
    rendering = rendered(
        component("ConfigMap", "Old Name", {}), component("Pod", "user", _pod(serviceAccountName="Old Name"))
    )

    assert body_of(rendering, "Pod")["spec"]["serviceAccountName"] == "Old Name"


def test_a_reference_to_the_configured_name_follows_to_the_display_name():
    rendering = rendered(
        component("ConfigMap", "shown", {"metadata": {"name": "configured"}}),
        component("Pod", "user", _pod(volumes=[{"name": "v", "configMap": {"name": "configured"}}])),
    )

    assert body_of(rendering, "Pod")["spec"]["volumes"][0]["configMap"]["name"] == "shown"


def test_a_name_that_another_component_bears_is_that_ones():
    rendering = rendered(
        component("Secret", "shown", {"metadata": {"name": "other"}}),
        component("Secret", "other", {}),
        component("Pod", "user", _pod(volumes=[{"name": "v", "secret": {"secretName": "other"}}])),
    )

    assert body_of(rendering, "Pod")["spec"]["volumes"][0]["secret"]["secretName"] == "other"


def test_a_name_that_two_components_had_is_not_guessed():
    rendering = rendered(
        component("Secret", "one", {"metadata": {"name": "both"}}),
        component("Secret", "two", {"metadata": {"name": "both"}}),
        component("Pod", "user", _pod(volumes=[{"name": "v", "secret": {"secretName": "both"}}])),
    )

    assert body_of(rendering, "Pod")["spec"]["volumes"][0]["secret"]["secretName"] == "both"


def test_data_and_selectors_are_not_references():
    rendering = rendered(
        component("ConfigMap", "Old Name", {"data": {"serviceAccountName": "Old Name"}}),
        component("ServiceAccount", "Old Name", {}),
    )

    assert body_of(rendering, "ConfigMap")["data"] == {"serviceAccountName": "Old Name"}


def test_a_custom_resource_is_not_searched_for_references():
    rendering = rendered(
        component("ServiceAccount", "Old Name", {}),
        component("Thing", "a", {"spec": {"serviceAccountName": "Old Name"}}, version="x.io/v1"),
    )

    assert body_of(rendering, "Thing")["spec"]["serviceAccountName"] == "Old Name"
