"""What no pattern may hold: the objects that make the operator what it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apply.harness import config_map, entries, owner

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.delete_result import DeletionOutcome
from pattern_operator.apply.protected import DEFAULT_PROTECTED, NAMESPACE, Protected
from pattern_operator.errors import Stalled

RBAC = "rbac.authorization.k8s.io/v1"
OPERATOR = Protected.of("system:serviceaccount:ops:runner", lease=("leases", "pattern-operator"))


def an(api_version: str, kind: str, name: str, namespace: str = "", **body: Any) -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return Object.of({"apiVersion": api_version, "kind": kind, "metadata": metadata, **body})


def bound(*subjects: Any, kind: str = "RoleBinding", namespace: str = "team", api_version: str = RBAC) -> Object:
    return an(api_version, kind, "x", namespace, subjects=list(subjects))


def account(name: str, namespace: str | None) -> dict[str, Any]:
    return {"kind": "ServiceAccount", "name": name} | ({"namespace": namespace} if namespace else {})


@pytest.mark.parametrize(
    ("each", "why"),
    [
        (an("coordination.k8s.io/v1", "Lease", "pattern-operator", "leases"), "is the Lease"),
        (an("coordination.k8s.io/v1beta1", "Lease", "pattern-operator", "leases"), "is the Lease"),
        (an("v1", "ConfigMap", "anything", "ops"), "is in ops, the namespace of the operator"),
        (an("apps/v1", "Deployment", "pattern-operator", "ops"), "is in ops"),
        (an("v1", "Secret", "token", "ops"), "is in ops"),
        (an(RBAC, "RoleBinding", "any", "ops"), "is in ops"),
        (an("pattern-operator.io/v1alpha1", "DesignPattern", "any", "ops"), "is in ops"),
        (an("v1", "Namespace", "ops"), "is the namespace of the operator"),
        (an("project.openshift.io/v1", "Project", "ops"), "is the namespace of the operator"),
        (an("apiextensions.k8s.io/v1", "CustomResourceDefinition", "designpatterns.pattern-operator.io"), "defines"),
        (an("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "later.pattern-operator.io"), "defines"),
        (an("apiextensions.k8s.io/v1", "CustomResourceDefinition", "x.more.pattern-operator.io"), "defines"),
        (an("apiregistration.k8s.io/v1", "APIService", "v1alpha1.pattern-operator.io"), "defines"),
        (an(RBAC, "ClusterRole", "pattern-operator"), "has a name"),
        (an(RBAC, "ClusterRoleBinding", "pattern-operator-applier"), "has a name"),
        (an(RBAC, "ClusterRole", "runner-lease"), "has a name"),
        (an("authorization.openshift.io/v1", "ClusterRole", "pattern-operator"), "has a name"),
        (
            an("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "impersonation.pattern-operator.io"),
            "has a name",
        ),
        (
            an("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "pattern-operator-impersonation"),
            "has a name",
        ),
        (bound(account("runner", "ops")), "gives rights to system:serviceaccount:ops:runner"),
        (bound({"kind": "User", "name": "other"}, account("runner", "ops")), "gives rights"),
        (bound(account("runner", "ops"), kind="ClusterRoleBinding", namespace=""), "gives rights"),
        (bound({"kind": "User", "name": "system:serviceaccount:ops:runner"}), "gives rights"),
        (bound({"kind": "Group", "name": "system:serviceaccounts:ops"}), "gives rights"),
        (an("authorization.openshift.io/v1", "RoleBinding", "x", "team", userNames=[OPERATOR.user]), "gives rights"),
    ],
    ids=lambda value: str(value.key) if isinstance(value, Object) else "",
)
def test_an_object_of_the_operator_is_protected(each: Object, why: str):
    assert OPERATOR.why(each.key, each.body).startswith(why)


@pytest.mark.parametrize(
    "each",
    [
        an("coordination.k8s.io/v1", "Lease", "other", "leases"),
        an("coordination.k8s.io/v1", "Lease", "pattern-operator", "team"),
        an("v1", "ConfigMap", "ops", "team"),
        an("v1", "Namespace", "ops-of-others"),
        an("v1", "Namespace", "team"),
        an("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.com"),
        an("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.not-pattern-operator.io"),
        an("apiregistration.k8s.io/v1", "APIService", "v1.example.com"),
        an(RBAC, "ClusterRole", "team-pattern-operator"),
        an(RBAC, "Role", "pattern-operator-users", "team"),
        an("pattern-operator.io/v1alpha1", "DesignPattern", "inner", "team"),
        an("scheduling.k8s.io/v1", "PriorityClass", "pattern-operator"),
        bound(account("runner", "team")),
        bound(account("runner", None)),  # the namespace of the binding
        bound(account("other", "ops")),
        bound({"kind": "User", "name": "runner"}),
        bound({"kind": "Robot", "name": "system:serviceaccount:ops:runner"}),
        bound({"kind": "Group", "name": "system:serviceaccounts:team"}),
        an(RBAC, "ClusterRole", "x", subjects=[account("runner", "ops")]),
    ],
    ids=lambda each: str(each.key),
)
def test_an_object_of_others_is_not(each: Object):
    assert OPERATOR.why(each.key, each.body) == ""


def test_an_operator_that_is_not_an_account_is_known_by_its_user_name_and_where_it_leases():
    someone = Protected.of("admin", lease=("ops", "pattern-operator"))

    assert someone.why(bound({"kind": "User", "name": "admin"}).key, bound({"kind": "User", "name": "admin"}).body)
    assert someone.why(an("v1", "ConfigMap", "x", "ops").key)
    assert not someone.why(an("v1", "ConfigMap", "x", NAMESPACE).key)


def test_an_operator_that_leases_in_a_namespace_of_everybody_keeps_only_its_lease():
    someone = Protected.of("admin", lease=("default", "pattern-operator"))

    assert someone.why(an("coordination.k8s.io/v1", "Lease", "pattern-operator", "default").key)
    assert not someone.why(an("v1", "ConfigMap", "x", "default").key)
    assert not someone.why(an("v1", "Namespace", "default").key)


def test_an_operator_that_shares_its_namespace_keeps_what_has_its_name():
    shared = Protected.of(
        "system:serviceaccount:kube-system:pattern-operator", lease=("kube-system", "pattern-operator")
    )

    assert shared.why(an("apps/v1", "Deployment", "pattern-operator", "kube-system").key)
    assert shared.why(an("v1", "ServiceAccount", "pattern-operator", "kube-system").key)
    assert shared.why(an(RBAC, "RoleBinding", "pattern-operator-lease", "kube-system").key)
    assert not shared.why(an("v1", "ConfigMap", "coredns", "kube-system").key)
    assert not shared.why(an("v1", "Namespace", "kube-system").key)


def test_an_operator_that_runs_as_the_account_of_everybody_reserves_no_names_for_it():
    shared = Protected.of("system:serviceaccount:default:default", lease=("default", "pattern-operator"))

    assert not shared.why(an(RBAC, "ClusterRole", "default-reader").key)
    assert not shared.why(an("v1", "ConfigMap", "default", "default").key)
    assert shared.why(an(RBAC, "ClusterRole", "pattern-operator").key)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values, json_values, json_values)
def test_no_shape_of_a_binding_raises(body: Any, subjects: Any, subject: Any):
    key = ObjectKey("rbac.authorization.k8s.io", "RoleBinding", "team", "x")

    OPERATOR.why(key, body)
    OPERATOR.why(key, {"metadata": body, "subjects": subjects})
    OPERATOR.why(key, {"subjects": [subject], "userNames": subjects, "groupNames": [subject]})


def test_the_refusal_names_the_object_and_says_what_to_do():
    lease = an("coordination.k8s.io/v1", "Lease", "pattern-operator", NAMESPACE)

    with pytest.raises(Stalled) as refusal:
        DEFAULT_PROTECTED.check([config_map("c", "team"), lease, config_map("d", NAMESPACE)])

    assert refusal.value.reason is Reason.PROTECTED_OBJECT
    assert refusal.value.message.startswith(f"ConfigMap {NAMESPACE}/d is in {NAMESPACE}")
    assert "and 1 more; nothing was applied. Take it out of the artifact" in refusal.value.message


def test_the_refusal_of_one_object_speaks_of_no_others():
    with pytest.raises(Stalled) as refusal:
        DEFAULT_PROTECTED.check([config_map("c", "team"), config_map("d", NAMESPACE)])

    assert " more" not in refusal.value.message


def test_what_holds_nothing_of_the_operator_is_not_refused():
    DEFAULT_PROTECTED.check([config_map("c", "team"), config_map("d", "default")])


async def test_the_applier_sends_nothing_that_is_protected(harness, namespace: str):
    lease = an("coordination.k8s.io/v1", "Lease", "pattern-operator", NAMESPACE, spec={"holderIdentity": "attacker"})
    team, fine = owner(), config_map("c", namespace)

    applied = await harness.apply(lease, fine, by=team, conflicts="Take")

    assert applied.applied == (fine.key,)
    assert [(each.key, each.reason) for each in applied.failures] == [(lease.key, Reason.PROTECTED_OBJECT)]
    assert not any(what == "leases.coordination.k8s.io" for _, what, _ in harness.requests)


async def test_what_status_says_is_owned_is_left_where_it_is_protected(harness):
    lease = an("coordination.k8s.io/v1", "Lease", "pattern-operator", NAMESPACE)

    (removal,) = await harness.deleter.delete_all(
        entries(lease), owner=owner(), impersonate=None, otherwise=Reason.PRUNE_FAILED
    )

    assert (removal.outcome, removal.message) == (DeletionOutcome.SKIPPED, "stays: it is the Lease of the operator")
    assert harness.requests == []
