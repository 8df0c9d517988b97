"""What is said of a kind that is not there: which one is meant, and a CRD only where one could define it."""

import pytest

from pattern_operator.api.object import GroupKind
from pattern_operator.kube.errors import KindNotFound
from pattern_operator.kube.kind_suggestion import NO_KINDS, next_step

KINDS = {
    GroupKind("", "Pod"): "v1",
    GroupKind("", "Secret"): "v1",
    GroupKind("apps", "Deployment"): "apps/v1",
    GroupKind("apps", "DaemonSet"): "apps/v1",
    GroupKind("apps", "ReplicaSet"): "apps/v1",
    GroupKind("networking.k8s.io", "Ingress"): "networking.k8s.io/v1",
    GroupKind("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): "admissionregistration.k8s.io/v1",
    GroupKind("example.com", "Widget"): "example.com/v1",
    GroupKind("serving.knative.dev", "Service"): "serving.knative.dev/v1",
    GroupKind("", "Service"): "v1",
}
INSTALL = "install the CRD that defines it"


@pytest.mark.parametrize(
    ("group", "kind", "meant"),
    [
        pytest.param("apps", "Deploymnet", "Deployment", id="two letters swapped"),
        pytest.param("apps", "Deploment", "Deployment", id="a letter left out"),
        pytest.param("apps", "deployment", "Deployment", id="small letters"),
        pytest.param("apps", "Deployments", "Deployment", id="the plural"),
        pytest.param("", "Secrets", "Secret", id="the core group"),
        pytest.param("", "Deployment", "Deployment of apps/v1", id="another group"),
        pytest.param("apps", "Ingress", "Ingress of networking.k8s.io/v1", id="yet another group"),
        pytest.param("apps", "Service", "Service of v1", id="not the one of the same name that a CRD defines"),
        pytest.param("extensions", "Widget", "Widget of example.com/v1", id="the kind of a CRD"),
    ],
)
def test_the_kind_that_is_meant_in_a_group_of_kubernetes_is_named_and_no_crd(group: str, kind: str, meant: str):
    assert next_step(group, kind, kinds=KINDS) == f"did you mean {meant}?"


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("apps", "Thing"),
        ("", "Thing"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("resource.k8s.io", "DeviceClass"),
        ("apps", "D" * 5000),
    ],
)
def test_where_none_is_meant_no_crd_is_asked_for_that_cannot_be(group: str, kind: str):
    said = next_step(group, kind, kinds=KINDS)

    assert said.startswith(
        f"no CRD can bring it, because the kinds of the {f'group {group}' if group else 'core group'}"
    )
    assert "did you mean" not in said
    assert INSTALL not in said


@pytest.mark.parametrize(
    ("group", "kind", "said"),
    [
        ("example.com", "Widgets", f"{INSTALL}, or write Widget where that is meant"),
        ("example.com", "Wigdet", f"{INSTALL}, or write Widget where that is meant"),
        ("example.com", "Gadget", INSTALL),
        ("example.org", "Deployment", INSTALL),
        ("snapshot.storage.k8s.io", "VolumeSnapshot", INSTALL),
        ("gateway.networking.k8s.io", "HTTPRoute", INSTALL),
    ],
)
def test_what_a_crd_can_define_asks_for_it(group: str, kind: str, said: str):
    assert next_step(group, kind, kinds=KINDS) == said


def test_where_no_kinds_are_known_none_is_meant():
    assert "did you mean" not in next_step("apps", "Deployment", kinds=NO_KINDS)


def test_a_missing_kind_tells_which_one_is_meant():
    missing = KindNotFound(group="apps", version="v1", kind="Deploymnet", kinds=KINDS)

    assert str(missing) == "the API server has no kind Deploymnet.apps: did you mean Deployment?"
