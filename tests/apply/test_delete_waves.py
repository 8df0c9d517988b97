"""Rights go last: an account deletes with them, and a namespace that is deleted before takes those in it along."""

from typing import Any
from uuid import uuid4

from tests.apply.harness import Harness, config_map, entries, namespace_named, owner

from pattern_operator.api.names import PRUNE_ANNOTATION
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import Owner
from pattern_operator.apply.delete_waves import DeletedWaves, delete_in_waves
from pattern_operator.kube import ApiError, objects

RBAC = "rbac.authorization.k8s.io"


def binding(name: str, namespace: str, *, account: str, role: str = "ClusterRole/admin") -> Object:
    kind, _, bound = role.partition("/")
    body = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": bound},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    }
    return Object.of(body)


def role(name: str, namespace: str) -> Object:
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    metadata = {"name": name, "namespace": namespace}
    return Object.of({"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": rules})


def account_named(name: str, namespace: str) -> Object:
    return Object.of({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}})


async def taken(
    harness: Harness, desired: tuple[InventoryEntry, ...], *, of: Owner, account: str | None = None
) -> DeletedWaves:
    return await delete_in_waves(
        desired, owner=of, deleter=harness.deleter, impersonate=account, otherwise=Reason.PRUNE_FAILED
    )


async def may(harness: Harness, account: str, key: ObjectKey) -> None:
    """Wait until the API server has seen the binding of the account."""
    resource = await harness.resource(key)

    async def has_read() -> bool:
        try:
            await objects.get(harness.session, resource, namespace=key.namespace, name=key.name, impersonate=account)
        except ApiError:
            return False
        return True

    await harness.eventually(has_read)


def deleted(harness: Harness, *, since: int = 0) -> list[str]:
    return [resource.partition(".")[0] for verb, resource, _ in harness.requests[since:] if verb == "delete"]


async def test_an_account_deletes_all_else_before_its_own_rights(harness: Harness, namespace: str):
    team = owner()
    others = [binding(f"b{number:02}", namespace, account="other") for number in range(8)]
    last = [binding("own", namespace, account="own", role="Role/own"), role("own", namespace)]
    desired = [config_map("c", namespace), account_named("own", namespace), role("r", namespace), *others, *last]
    applied = await harness.apply(*desired, by=team)
    assert applied.failures == ()
    account = f"system:serviceaccount:{namespace}:own"
    await may(harness, account, last[0].key)
    before = len(harness.requests)

    done = await taken(harness, entries(*desired), of=team, account=account)

    assert done.pending == ()
    assert done.remaining == ()
    order = deleted(harness, since=before)
    assert order[0] == "configmaps"
    assert sorted(order[1:3]) == ["roles", "serviceaccounts"]
    assert order[3:12] == ["rolebindings"] * 9
    assert order[12:] == ["roles"]
    # The API server may have forgotten the binding, or not yet.
    assert [each.key for each in done.skipped] in ([], [last[1].key])
    for each in desired:
        assert each.key == last[1].key or not await harness.is_there(each.key)


async def test_a_role_that_an_account_had_its_rights_by_stays_and_is_told_when_it_may_not_delete_it(
    harness: Harness, namespace: str, monkeypatch
):
    team, last = owner(), [binding("own", namespace, account="own", role="Role/own"), role("own", namespace)]
    await harness.apply(*last, by=team)
    await may(harness, f"system:serviceaccount:{namespace}:own", last[0].key)
    delete_all = harness.deleter.delete_all

    async def slowly(removed: Any, **more: Any) -> Any:
        removed = list(removed)
        if removed[0].id.endswith("_Role"):  # as if the API server had long seen that the binding is gone
            more["impersonate"] = f"system:serviceaccount:{namespace}:nobody"
        return await delete_all(removed, **more)

    monkeypatch.setattr(harness.deleter, "delete_all", slowly)

    done = await taken(harness, entries(*last), of=team, account=f"system:serviceaccount:{namespace}:own")

    assert done.remaining == ()
    assert [each.key for each in done.deleted] == [last[0].key]
    assert str(done.skipped[0]).endswith(f"To delete it: kubectl delete role own -n {namespace}")
    assert await harness.is_there(last[1].key)


async def test_a_role_that_an_account_never_might_delete_is_waited_for(harness: Harness, namespace: str):
    team, desired = owner(), role("r", namespace)
    await harness.apply(desired, by=team)

    done = await taken(harness, entries(desired), of=team, account=f"system:serviceaccount:{namespace}:nobody")

    assert [each.key for each in done.pending] == [desired.key]
    assert done.remaining == entries(desired)


async def test_rights_in_a_namespace_of_the_pattern_do_not_keep_it(harness: Harness):
    team, name = owner(), f"whole-{uuid4().hex[:8]}"
    desired = [namespace_named(name), role("r", name), account_named("a", name), binding("b", name, account="a")]
    applied = await harness.apply(*desired, by=team)
    assert applied.failures == ()
    before = len(harness.requests)

    first = await taken(harness, entries(*desired), of=team)

    assert first.skipped == ()
    assert deleted(harness, since=before)[0] == "namespaces"


async def test_a_binding_that_is_to_stay_keeps_its_namespace(harness: Harness):
    team, name = owner(), f"whole-{uuid4().hex[:8]}"
    desired = [namespace_named(name), binding("b", name, account="a")]
    desired[1].body["metadata"]["annotations"] = {PRUNE_ANNOTATION: "disabled"}
    applied = await harness.apply(*desired, by=team)
    assert applied.failures == ()

    done = await taken(harness, entries(*desired), of=team)

    assert {each.key for each in done.skipped} == {each.key for each in desired}
    assert "RoleBinding" in next(str(each) for each in done.skipped if each.key == desired[0].key)
    await harness.delete(desired[0].key)


async def test_a_binding_of_another_pattern_keeps_a_namespace_although_its_name_is_in_the_inventory(harness: Harness):
    team, other, name = owner(), owner("other"), f"whole-{uuid4().hex[:8]}"
    theirs: list[Any] = [binding("b", name, account="a")]
    mine = namespace_named(name)
    await harness.apply(mine, by=team)
    await harness.apply(*theirs, by=other)

    done = await taken(harness, entries(mine, *theirs), of=team)

    assert {each.key for each in done.skipped} == {mine.key, theirs[0].key}
    await harness.delete(mine.key)
