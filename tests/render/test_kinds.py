"""The built-in kinds: group, scope, and what is not a resource."""

import pytest

from pattern_operator.render.kinds import BUILT_IN, Scopes, built_in, group_of, is_built_in, is_stored


@pytest.mark.parametrize(
    ("kind", "api_version"),
    [("Service", "v1"), ("Deployment", "apps/v1"), ("HorizontalPodAutoscaler", "autoscaling/v2"), ("Event", "v1")],
)
def test_a_built_in_kind_has_an_api_version(kind: str, api_version: str):
    found = built_in(kind)

    assert found is not None
    assert found.api_version == api_version


def test_a_kind_of_others_is_not_built_in():
    assert built_in("VirtualService") is None
    assert not is_built_in("serving.knative.dev/v1", "Service")
    assert is_built_in("apps/v1beta2", "Deployment")


@pytest.mark.parametrize(("api_version", "group"), [("v1", ""), ("apps/v1", "apps"), ("", "")])
def test_the_group_is_before_the_slash(api_version: str, group: str):
    assert group_of(api_version) == group


@pytest.mark.parametrize(
    ("api_version", "kind", "stored"),
    [
        *((kind.api_version, kind.name, True) for kind in BUILT_IN),
        ("v1", "Binding", False),
        ("policy/v1", "Eviction", False),
        ("v1", "APIGroup", False),
        ("meta/v1", "DeleteOptions", False),
        ("authorization.k8s.io/v1", "SubjectAccessReview", False),
        ("v1", "List", False),
        ("apps/v1", "DeploymentList", False),
        ("rabbitmq.com/v1beta1", "Binding", True),
        ("example.com/v1", "AllowList", True),
    ],
)
def test_requests_answers_and_lists_of_the_api_are_not_resources(api_version: str, kind: str, *, stored: bool):
    assert is_stored(api_version, kind) is stored


@pytest.mark.parametrize(
    ("api_version", "kind", "hint", "namespaced"),
    [
        pytest.param("v1", "Namespace", True, False, id="a built-in kind, whatever the design says"),
        pytest.param("apps/v1", "Deployment", False, True, id="a namespaced one likewise"),
        pytest.param("example.com/v1", "Gadget", True, False, id="a CRD of the pattern, whatever the design says"),
        pytest.param("example.com/v1", "Widget", None, True, id="a namespaced CRD of the pattern"),
        pytest.param("other.io/v1", "Thing", False, False, id="an unknown kind, as the design says"),
        pytest.param("other.io/v1", "Thing", None, True, id="an unknown kind of which nothing is said"),
    ],
)
def test_the_scope_of_a_kind(api_version: str, kind: str, hint: bool | None, *, namespaced: bool):
    crds = [
        {"kind": "CustomResourceDefinition", "spec": {"group": "example.com", "names": {"kind": name}, "scope": scope}}
        for name, scope in (("Gadget", "Cluster"), ("Widget", "Namespaced"))
    ]

    scopes = Scopes([*crds, {"kind": "CustomResourceDefinition", "spec": None}])

    assert scopes.is_namespaced(api_version, kind, hint=hint) is namespaced
