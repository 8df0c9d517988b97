"""Role bindings: stubs of subjects, their completion, and the group of references."""

from typing import Any

import pytest
from tests.render.designs import body_of, component, rendered, report_on

RBAC = "rbac.authorization.k8s.io/v1"
COMPLETE = {"kind": "ServiceAccount", "name": "a", "namespace": "default"}
STUB = {"name": "a"}


def _binding(subjects: list[Any], *, kind: str = "RoleBinding", group: str | None = None) -> dict[str, Any]:
    role = {"kind": "ClusterRole", "name": "view"} | ({"apiGroup": group} if group else {})
    return component(kind, "binding", {"roleRef": role, "subjects": subjects}, version=RBAC)


def _account(namespace: str = "default", id_: str = "1") -> dict[str, Any]:
    return component("ServiceAccount", "a", {"metadata": {"namespace": namespace}}, id=id_)


def test_a_stub_beside_the_complete_subject_is_left_out():
    rendering = rendered(_binding([STUB, STUB, COMPLETE], kind="ClusterRoleBinding"))

    assert body_of(rendering, "ClusterRoleBinding")["subjects"] == [COMPLETE]
    assert report_on(rendering, "binding").repair_messages == (
        "subjects: 2 that are only a name left out: another says as much",
    )


def test_a_stub_beside_a_subject_of_another_name_stays_and_is_refused():
    rendering = rendered(_binding([{"name": "b"}, COMPLETE]))

    report = report_on(rendering, "binding")
    assert report.reason == "MissingRequiredField"
    assert "subjects[0].kind" in report.message


def test_a_subject_that_says_more_than_a_name_is_not_a_stub():
    partial = {"name": "a", "namespace": "default"}

    rendering = rendered(_binding([partial, COMPLETE]))

    assert report_on(rendering, "binding").reason == "MissingRequiredField"


def test_stubs_of_a_role_binding_become_the_service_account_of_the_design():
    rendering = rendered(_account(), _binding([STUB, STUB]))

    assert body_of(rendering, "RoleBinding")["subjects"] == [COMPLETE]
    assert report_on(rendering, "binding").repair_messages[-1] == (
        "subjects[0].kind and namespace taken from the pattern's ServiceAccount of that name"
    )


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        pytest.param([_account()], "ClusterRoleBinding", id="a guess would give away the cluster"),
        pytest.param([], "RoleBinding", id="no such account in the design"),
        pytest.param(
            [_account("one", "1"), _account("two", "2")], "RoleBinding", id="two, and none beside the binding"
        ),
    ],
)
def test_a_stub_that_could_be_anyone_is_refused(parts: list[dict[str, Any]], kind: str):
    rendering = rendered(*parts, _binding([STUB], kind=kind))

    assert report_on(rendering, "binding").reason == "MissingRequiredField"


def test_an_account_without_namespace_is_the_one_of_the_design():
    subject = {"kind": "ServiceAccount", "name": "a"}

    rendering = rendered(_account("team"), _binding([subject], kind="ClusterRoleBinding"))

    assert body_of(rendering, "ClusterRoleBinding")["subjects"] == [subject | {"namespace": "team"}]


def test_an_account_of_a_role_binding_without_namespace_is_of_the_bindings_own():
    subject = {"kind": "ServiceAccount", "name": "a"}

    rendering = rendered(_account("team"), _binding([subject]))

    assert body_of(rendering, "RoleBinding")["subjects"] == [subject]


def test_an_account_of_a_cluster_role_binding_that_could_be_two_is_refused():
    subject = {"kind": "ServiceAccount", "name": "a"}

    rendering = rendered(_account("one", "1"), _account("two", "2"), _binding([subject], kind="ClusterRoleBinding"))

    assert "subjects[0].namespace" in report_on(rendering, "binding").message


def test_of_two_accounts_the_one_beside_the_binding_is_meant():
    rendering = rendered(_account("other", "1"), _account("default", "2"), _binding([STUB]))

    assert body_of(rendering, "RoleBinding")["subjects"] == [COMPLETE]


def test_a_user_is_not_made_an_account():
    rendering = rendered(_account(), _binding([{"kind": "User", "name": "a"}]))

    assert body_of(rendering, "RoleBinding")["subjects"] == [{"kind": "User", "name": "a"}]


def test_the_group_is_read_without_its_version():
    subject = {"kind": "User", "name": "a", "apiGroup": RBAC}

    rendering = rendered(_binding([subject], group=RBAC))

    body = body_of(rendering, "RoleBinding")
    assert body["roleRef"]["apiGroup"] == body["subjects"][0]["apiGroup"] == "rbac.authorization.k8s.io"


def test_a_group_of_others_is_left_to_the_server():
    rendering = rendered(_binding([COMPLETE], group="hdffjj"))

    assert body_of(rendering, "RoleBinding")["roleRef"]["apiGroup"] == "hdffjj"
