"""Names: which Kubernetes takes, and what becomes of the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.render.names import is_api_version, is_kind, is_label_value, is_valid, made_valid


@pytest.mark.parametrize(
    ("name", "kind", "made"),
    [
        ("web", "Deployment", "web"),
        ("fluentd-es-v2.7.0", "DaemonSet", "fluentd-es-v2.7.0"),
        ("Argo Events", "ArgoCD", "argo-events"),
        ("SA-istio-operator", "ServiceAccount", "sa-istio-operator"),
        ("my_config", "ConfigMap", "my-config"),
        (" lead and trail. ", "ConfigMap", "lead-and-trail"),
        ("a..b", "ConfigMap", "a.b"),
        ("web.v1", "Service", "web-v1"),
        ("My Space", "Namespace", "my-space"),
        ("Cluster Role", "ClusterRole", "Cluster Role"),
        ("system:auth-delegator", "ClusterRoleBinding", "system:auth-delegator"),
        ("example.com:signer:bundle", "ClusterTrustBundle", "example.com:signer:bundle"),
        ("äöü", "ConfigMap", None),
        ("...", "ConfigMap", None),
        ("a" * 64, "Namespace", None),
        ("a" * 254, "ConfigMap", None),
        ("a/b", "ClusterRole", None),
        ("..", "Role", None),
        ("a\nb", "Role", None),
    ],
)
def test_a_name_is_made_one_that_kubernetes_takes(name: str, kind: str, made: str | None):
    assert made_valid(name, kind=kind) == made


@given(st.text(max_size=300), st.sampled_from(["ConfigMap", "Namespace", "Service", "ClusterRole"]))
def test_a_name_that_was_made_is_valid_and_stays_as_it_is(name: str, kind: str):
    made = made_valid(name, kind=kind)

    assert made is None or (is_valid(made, kind=kind) and made_valid(made, kind=kind) == made)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        *((text, True) for text in ("v1", "apps/v1", "a.b.c/v1beta1")),
        *((text, False) for text in ("", "/v1", "a/b/c", "apps/", "apps/v1?x=1", "../v1", "apps /v1")),
    ],
)
def test_an_api_version_is_a_version_with_or_without_a_group(text: str, *, valid: bool):
    assert is_api_version(text) is valid


@pytest.mark.parametrize(
    ("text", "valid"), [("Pod", True), ("CSIDriver", True), ("", False), ("A_B", False), ("A B", False)]
)
def test_a_kind_is_one_word(text: str, *, valid: bool):
    assert is_kind(text) is valid


@pytest.mark.parametrize(
    ("text", "valid"), [("", True), ("a_B.c", True), ("New Value", False), ("-a", False), ("a" * 64, False)]
)
def test_a_label_value_is_short_and_plain(text: str, *, valid: bool):
    assert is_label_value(text) is valid
