"""Object keys: written into inventories and read back without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.object import Object, ObjectKey, is_protected_namespace, pluralize

LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
RBAC_NAME = st.from_regex(r"[a-zA-Z0-9_:.-]{1,20}", fullmatch=True)
KIND = st.from_regex(r"[A-Z][A-Za-z]{0,10}", fullmatch=True)


@given(
    group=st.one_of(st.just(""), LABEL.map("{}.io".format)), kind=KIND, namespace=st.just("") | LABEL, name=RBAC_NAME
)
def test_a_key_survives_being_written_and_read(group, kind, namespace, name):
    key = ObjectKey(group=group, kind=kind, namespace=namespace, name=name)

    assert ObjectKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "a", "a_b", "a_b_c", "a_b_c_"])
def test_what_is_not_a_key_is_refused(text):
    with pytest.raises(ValueError, match="is not an object key"):
        ObjectKey.parse(text)


def test_an_object_takes_its_key_from_its_body():
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}

    found = Object.of(body)

    assert found.key == ObjectKey(group="apps", kind="Deployment", namespace="shop", name="web")
    assert found.key.display_name == "Deployment.apps shop/web"


def test_the_core_group_is_empty():
    found = Object.of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})

    assert found.key == ObjectKey(group="", kind="Namespace", namespace="", name="shop")
    assert found.key.display_name == "Namespace shop"


@pytest.mark.parametrize(
    ("name", "protected"),
    [("default", True), ("kube-system", True), ("kube-public", True), ("kubernetes", False), ("shop", False)],
)
def test_default_and_kube_namespaces_are_protected(name, protected):
    assert is_protected_namespace(name) is protected


@pytest.mark.parametrize(("number", "words"), [(0, "0 objects"), (1, "1 object"), (2, "2 objects")])
def test_a_number_of_objects_is_said_as_people_do(number: int, words: str):
    assert pluralize(number) == words


def test_the_kind_of_an_object_is_the_kind_of_its_resource_in_whatever_version():
    key = ObjectKey("apps", "Deployment", "team", "web")

    assert key.group_kind == ("apps", "Deployment")
    assert (key.group_kind.group, key.group_kind.kind) == ("apps", "Deployment")
