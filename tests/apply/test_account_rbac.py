from typing import Any

import pytest

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.account_rbac import RBAC, binds, rbac_of_account
from pattern_operator.kube import ApiError

ACCOUNT = "system:serviceaccount:team:own"
KEY = ObjectKey(RBAC, "RoleBinding", "team", "b")
WHOLE = ObjectKey(RBAC, "ClusterRoleBinding", "", "b")


def body(*subjects: Any, role: str = "Role") -> dict[str, Any]:
    return {"roleRef": {"kind": role, "name": "r"}, "subjects": list(subjects)}


@pytest.mark.parametrize(
    "subject",
    [
        {"kind": "ServiceAccount", "namespace": "team", "name": "own"},
        {"kind": "User", "name": ACCOUNT},
        {"kind": "Group", "name": "system:serviceaccounts"},
        {"kind": "Group", "name": "system:serviceaccounts:team"},
        {"kind": "Group", "name": "system:authenticated"},
    ],
)
def test_an_account_is_bound_by_its_name_and_by_its_groups(subject: dict[str, Any]):
    assert binds(body({"kind": "User", "name": "jo"}, subject), ACCOUNT)


@pytest.mark.parametrize(
    "subject",
    [
        {"kind": "ServiceAccount", "namespace": "other", "name": "own"},
        {"kind": "ServiceAccount", "namespace": "team", "name": "another"},
        {"kind": "ServiceAccount", "name": "own"},
        {"kind": "User", "name": "own"},
        {"kind": "Group", "name": ACCOUNT},
        {"kind": "Group", "name": "system:serviceaccounts:other"},
        {"kind": "Group", "name": "system:masters"},
        "own",
        None,
    ],
)
def test_others_are_not_the_account(subject: object):
    assert not binds(body(subject), ACCOUNT)
    assert not binds({"subjects": "own"}, ACCOUNT)


async def test_the_roles_of_the_bindings_are_rights_too():
    bodies = {
        KEY: body({"kind": "User", "name": ACCOUNT}),
        WHOLE: body({"kind": "User", "name": ACCOUNT}, role="ClusterRole"),
    }
    other = ObjectKey(RBAC, "RoleBinding", "team", "other")

    async def read(key: ObjectKey) -> dict[str, Any]:
        return bodies.get(key, body())

    found = await rbac_of_account(
        ACCOUNT, [KEY, WHOLE, other, ObjectKey("", "ServiceAccount", "team", "own")], read=read
    )

    assert found == {KEY, ObjectKey(RBAC, "Role", "team", "r"), WHOLE, ObjectKey(RBAC, "ClusterRole", "", "r")}


async def test_a_binding_that_cannot_be_read_may_be_the_accounts():
    async def read(_: ObjectKey) -> dict[str, Any]:
        raise ApiError(code=403, reason="Forbidden", message="no")

    assert await rbac_of_account(ACCOUNT, [KEY], read=read) == {KEY}


@pytest.mark.parametrize(
    "key",
    [ObjectKey(RBAC, "Role", "team", "r"), ObjectKey("example.com", "RoleBinding", "team", "b")],
    ids=["a role", "a kind of another group"],
)
async def test_only_bindings_are_read(key: ObjectKey):
    async def read(_: ObjectKey) -> dict[str, Any]:
        return body({"kind": "User", "name": ACCOUNT})

    assert await rbac_of_account(ACCOUNT, [key], read=read) == frozenset()
