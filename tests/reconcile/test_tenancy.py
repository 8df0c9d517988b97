"""In whose name a pattern acts, and whose DesignPatterns it may hold, by what the administrator decided."""

from collections.abc import Iterable

import pytest
from tests.reconcile.pattern import pattern

from pattern_operator.api.names import API_VERSION, GROUP, KIND
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.tenancy import Tenancy, account_of, check_namespaces

OPEN = Tenancy()
REQUIRED = Tenancy(require_service_account=True, own_user="system:serviceaccount:team:pattern-operator")
WITH_DEFAULT = Tenancy(default_service_account="tenant", require_service_account=True)


def named(name: str | None):
    return pattern(spec={"apply": {"serviceAccountName": name} if name is not None else {}})


@pytest.mark.parametrize(
    ("name", "tenancy", "user"),
    [
        (None, OPEN, None),
        ("deployer", OPEN, "system:serviceaccount:team:deployer"),
        ("deployer", REQUIRED, "system:serviceaccount:team:deployer"),
        ("a.b-c", REQUIRED, "system:serviceaccount:team:a.b-c"),
        (None, WITH_DEFAULT, "system:serviceaccount:team:tenant"),
        ("deployer", WITH_DEFAULT, "system:serviceaccount:team:deployer"),
        (None, Tenancy(default_service_account="tenant"), "system:serviceaccount:team:tenant"),
        ("pattern-operator", OPEN, "system:serviceaccount:team:pattern-operator"),
    ],
)
def test_the_account_is_the_named_one_then_the_default_then_the_operators_own(name, tenancy: Tenancy, user: str | None):
    assert account_of(named(name), tenancy=tenancy) == user


def test_a_pattern_without_an_account_is_refused_where_one_is_required():
    with pytest.raises(Stalled) as refusal:
        account_of(named(None), tenancy=REQUIRED)

    assert refusal.value.reason is Reason.SERVICE_ACCOUNT_REQUIRED
    assert refusal.value.message.startswith("DesignPattern team/web names no ServiceAccount")
    assert "set spec.apply.serviceAccountName to a ServiceAccount of namespace team" in refusal.value.message


def test_a_pattern_that_is_to_act_as_the_operator_itself_is_refused_where_an_account_is_required():
    with pytest.raises(Stalled) as refusal:
        account_of(named("pattern-operator"), tenancy=REQUIRED)

    assert refusal.value.reason is Reason.SERVICE_ACCOUNT_REQUIRED
    assert "the operator's own ServiceAccount" in refusal.value.message


@pytest.mark.parametrize("name", ["a:b", "Deployer", "x\r\nImpersonate-Group: system:masters", "-a", "a-", " "])
@pytest.mark.parametrize("tenancy", [OPEN, REQUIRED])
def test_what_is_not_the_name_of_an_account_is_refused(name: str, tenancy: Tenancy):
    with pytest.raises(Stalled) as refusal:
        account_of(named(name), tenancy=tenancy)

    assert refusal.value.reason is Reason.INVALID_SPEC


def held(kind: str, namespace: str, *, api_version: str = API_VERSION) -> Object:
    return Object.of({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": namespace}})


def check(objects: Iterable[Object], *, cross_namespace: bool) -> None:
    check_namespaces(objects, pattern=pattern(), tenancy=Tenancy(cross_namespace=cross_namespace))


@pytest.mark.parametrize(
    "each",
    [
        held(KIND, "other"),
        held("PatternCatalog", "other"),
        held("TrustPolicy", ""),
        held(KIND, "other", api_version=f"{GROUP}/v1"),
    ],
)
def test_a_kind_of_the_operators_group_for_another_namespace_is_refused(each: Object):
    with pytest.raises(Stalled) as refusal:
        check([held(KIND, "team"), each], cross_namespace=False)

    assert refusal.value.reason is Reason.CROSS_NAMESPACE
    assert each.key.display_name in refusal.value.message
    assert "not of namespace team" in refusal.value.message


@pytest.mark.parametrize(
    ("count", "words"), [(1, " is not of namespace team"), (2, " and 1 more are not of"), (3, " and 2 more are not of")]
)
def test_of_many_for_another_namespace_one_is_named(count: int, words: str):
    with pytest.raises(Stalled, match=words):
        check([held(KIND, f"other-{number}") for number in range(count)], cross_namespace=False)


def test_kinds_of_the_own_namespace_and_kinds_of_others_are_not_refused():
    check([held(KIND, "team"), held("ConfigMap", "other", api_version="v1")], cross_namespace=False)


def test_where_it_is_allowed_a_pattern_may_hold_designpatterns_of_other_namespaces():
    check([held(KIND, "other")], cross_namespace=True)


def test_a_pattern_without_an_account_is_told_that_it_is_lent_no_rights():
    with pytest.raises(Stalled, match="this operator applies nothing with its own rights"):
        account_of(named(None), tenancy=REQUIRED)
