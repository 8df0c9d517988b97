"""Which bindings, and which roles, give a pattern's own account its rights: they are deleted last of all.

Source: Kubernetes documentation, "Using RBAC Authorization": a subject is a ServiceAccount, a User or a Group, and an
account is in the groups of all accounts, of those of its namespace, and of all who are authenticated.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from pattern_operator.aio import run_all
from pattern_operator.api.fields import mappings_at, text_at
from pattern_operator.api.object import ObjectKey
from pattern_operator.kube import ApiError, KindNotFound

RBAC: Final = "rbac.authorization.k8s.io"
_ACCOUNT: Final = "system:serviceaccount:"
_KINDS: Final = ("RoleBinding", "ClusterRoleBinding")

Read = Callable[[ObjectKey], Awaitable[Mapping[str, Any] | None]]


async def rbac_of_account(account: str, keys: Iterable[ObjectKey], *, read: Read) -> frozenset[ObjectKey]:
    """Those of ``keys`` that are bindings of the user ``account``, and the keys of the roles that these bind.

    ``read`` gets a binding. One that cannot be read may be the account's, and counts as such.
    """
    bindings = [key for key in keys if key.group == RBAC and key.kind in _KINDS]
    found = await run_all(_of_binding(account, key, read=read) for key in bindings)
    return frozenset(key for keys in found for key in keys)


async def _of_binding(account: str, key: ObjectKey, *, read: Read) -> tuple[ObjectKey, ...]:
    try:
        body = await read(key)
    except (ApiError, KindNotFound):
        return (key,)
    if not binds(body, account):
        return ()
    role = text_at(body, "roleRef", "kind")
    namespace = key.namespace if role == "Role" else ""
    return key, ObjectKey(RBAC, role, namespace, text_at(body, "roleRef", "name"))


def binds(body: object, account: str) -> bool:
    """Whether a binding has the user ``account`` among its subjects, by its name or by a group that it is in."""
    namespace, _, name = account.removeprefix(_ACCOUNT).partition(":")
    groups = {"system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"}
    for subject in mappings_at(body, "subjects"):
        kind, named = text_at(subject, "kind"), text_at(subject, "name")
        if kind == "ServiceAccount" and (text_at(subject, "namespace"), named) == (namespace, name):
            return True
        if (kind == "User" and named == account) or (kind == "Group" and named in groups):
            return True
    return False
