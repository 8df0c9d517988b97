from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apply.harness import config_map, definition

from pattern_operator.api.object import Object
from pattern_operator.apply.crd import has_conflict, is_crd, is_established, kinds_of_crds
from pattern_operator.kube import Resource


def crd(spec: Any) -> Object:
    return Object.of(
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"}}
        | {"spec": spec}
    )


def spec(*versions: Any, **more: Any) -> dict[str, Any]:
    names = {"plural": "widgets", "kind": "Widget"}
    return {"group": "example.com", "scope": "Namespaced", "names": names, "versions": list(versions)} | more


V1 = {"name": "v1", "served": True, "storage": True}


def test_every_served_version_of_a_kind_is_known():
    found = kinds_of_crds([crd(spec(V1, {"name": "v2", "served": True}, {"name": "v0", "served": False}))])

    assert sorted(found) == [("example.com", "v1", "Widget"), ("example.com", "v2", "Widget")]
    assert found["example.com", "v1", "Widget"] == Resource("example.com", "v1", "Widget", "widgets", namespaced=True)


@pytest.mark.parametrize(("scope", "namespaced"), [("Namespaced", True), ("Cluster", False)])
def test_the_scope_is_what_the_definition_says(scope: str, namespaced: bool):
    (found,) = kinds_of_crds([definition("Widget", "example.com", scope=scope)]).values()

    assert found.namespaced is namespaced


def test_what_is_not_a_definition_defines_nothing():
    assert kinds_of_crds([config_map("c", "team")]) == {}
    assert not is_crd(config_map("c", "team").key)
    assert is_crd(definition("Widget", "example.com").key)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        spec() | {"versions": None},
        spec(V1) | {"group": None},
        spec(V1) | {"names": {"plural": "widgets"}},
        spec({"served": True}),
        spec("v1"),
        spec(V1) | {"names": {"plural": "namespaces/kube-system/secrets", "kind": "Secret"}},
        spec(V1) | {"names": {"plural": "widgets?x=", "kind": "Widget"}},
        spec(V1) | {"names": {"plural": "..", "kind": "Widget"}},
        spec({"name": "v1/namespaces/kube-system", "served": True}),
        spec({"name": 1, "served": True}),
        spec(V1) | {"group": ""},
        spec(V1) | {"group": "apps"},
        spec(V1) | {"group": "rbac.authorization.k8s.io"},
        spec(V1) | {"group": "admissionregistration.k8s.io"},
        spec(V1) | {"group": "example.com/v1/x"},
    ],
)
def test_a_broken_definition_is_left_to_the_api_server(broken: Any):
    assert kinds_of_crds([crd(broken)]) == {}


@pytest.mark.parametrize(
    ("status", "established"),
    [
        (None, False),
        ({}, False),
        ({"conditions": None}, False),
        ({"conditions": [{"type": "NamesAccepted", "status": "True"}]}, False),
        ({"conditions": [{"type": "Established", "status": "False"}]}, False),
        (
            {"conditions": [{"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "True"}]},
            True,
        ),
    ],
)
def test_a_kind_is_served_when_its_definition_is_established(status: Any, established: bool):
    assert is_established({"status": status}) is established


@pytest.mark.parametrize(
    ("status", "conflict"),
    [
        (None, False),
        ({"conditions": [{"type": "NamesAccepted", "status": "True"}]}, False),
        ({"conditions": [{"type": "Established", "status": "False"}]}, False),
        ({"conditions": [{"type": "NamesAccepted", "status": "Unknown"}]}, False),
        ({"conditions": [{"type": "NamesAccepted", "status": "False", "reason": "KindConflict"}]}, True),
    ],
)
def test_a_definition_whose_names_another_has_is_in_conflict(status: Any, conflict: bool):
    assert has_conflict({"status": status}) is conflict


_SPEC = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3) | st.sampled_from(["v1", "Widget", "example.com"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["group", "names", "plural", "kind", "versions", "name", "served", "scope"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(_SPEC)
def test_whatever_a_definition_holds_is_read_or_left_out(broken: Any):
    assert all(isinstance(found, Resource) for found in kinds_of_crds([crd(broken)]).values())
