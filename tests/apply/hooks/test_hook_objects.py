"""The object of a hook is made where there is none, found by its run, and deleted only where it is the pattern's."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace
from tests.apply.fake_cluster import SHOP, WEB, FakeCluster, denied, status

from pattern_operator.api.object import Object
from pattern_operator.apply.hooks import HookObjects, HookState, LiveHook
from pattern_operator.apply.ownership import Owner
from pattern_operator.errors import Stalled, Transient

ACCOUNT = "system:serviceaccount:team:deployer"
LABEL = "pattern-operator.io/hook"


def job(name: str = "seed", **spec: Any) -> Object:
    metadata = {"name": name, "namespace": "team", "annotations": {"helm.sh/hook": "pre-install"}}
    return Object.of({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})


@pytest.fixture
async def fake() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve(WEB) as fake:
        yield fake


@pytest.fixture
def hooks(fake: FakeCluster) -> HookObjects:
    return HookObjects(fake.session, fake.discovery, managed_objects=fake.managed_objects)


async def made(hooks: HookObjects, hook: Object, *, run: str = "run-1") -> LiveHook | None:
    return await hooks.create(hook, run=run, owner=WEB, impersonate=ACCOUNT)


async def looked_at(hooks: HookObjects, hook: Object) -> LiveHook | None:
    return await hooks.look(hook, owner=WEB, impersonate=ACCOUNT)


async def test_what_is_made_says_whose_it_is_and_in_which_run_it_was_made(fake: FakeCluster, hooks: HookObjects):
    assert await looked_at(hooks, job()) is None
    live = await made(hooks, job())

    assert live is not None
    assert (live.ours, live.run, live.outcome.state) == (True, "run-1", HookState.RUNNING)
    labels = fake.at(job())["metadata"]["labels"]
    assert (labels[LABEL], labels["pattern-operator.io/owner"]) == ("run-1", WEB.id)
    assert await looked_at(hooks, job()) == live


async def test_everything_is_done_as_the_account(fake: FakeCluster, hooks: HookObjects):
    live = await made(hooks, job())
    assert live is not None
    await looked_at(hooks, job())
    await hooks.is_of_helm(job(), impersonate=ACCOUNT)
    await hooks.delete(job(), uid=live.uid, impersonate=ACCOUNT)

    assert {each.user for each in fake.requests} == {ACCOUNT}
    assert not fake.has(job())


@pytest.mark.parametrize("owner", ["", SHOP.id, WEB.id])
async def test_what_is_there_is_never_written_over(fake: FakeCluster, hooks: HookObjects, owner: str):
    before = fake.put(job(), owner=owner)

    assert await made(hooks, job(backoffLimit=0)) is None

    assert fake.at(job()) == before


async def test_on_an_aggregated_api_server_what_is_there_is_given_back(fake: FakeCluster, hooks: HookObjects):
    fake.takes_any_version = True
    fake.put(job())

    assert await made(hooks, job()) is None

    assert LABEL not in fake.at(job())["metadata"]["labels"]


async def test_a_label_of_ours_that_somebody_copied_makes_nothing_ours(fake: FakeCluster, hooks: HookObjects):
    fake.put(job(), owner=WEB.id)

    live = await looked_at(hooks, job())

    assert live is not None
    assert (live.ours, live.run) == (False, "")


async def test_only_the_very_object_that_was_looked_at_is_deleted(fake: FakeCluster, hooks: HookObjects):
    await made(hooks, job())

    await hooks.delete(job(), uid="another", impersonate=ACCOUNT)

    assert fake.has(job())


@pytest.mark.parametrize(
    ("given", "kept"), [(0, 600), (599, 600), (600, 600), (86400, 86400), (None, None), ("x", None)]
)
async def test_a_job_stays_until_somebody_saw_how_it_ended(
    fake: FakeCluster, hooks: HookObjects, given: Any, kept: Any
):
    await made(hooks, job(**({} if given is None else {"ttlSecondsAfterFinished": given})))

    found = fake.at(job())["spec"].get("ttlSecondsAfterFinished")
    assert found == (given if given == "x" else kept)


async def test_a_refusal_is_final_and_what_passes_is_retried(fake: FakeCluster, hooks: HookObjects):
    fake.refuse(
        "PATCH", job(), status(422, "Invalid", "no", name="seed"), denied(400), status(500, "InternalError", "away")
    )

    with pytest.raises(Stalled, match=r"Job\.batch team/seed"):
        await made(hooks, job())
    with pytest.raises(Stalled):
        await made(hooks, job())
    with pytest.raises(Transient):
        await made(hooks, job())


async def test_a_kind_that_is_not_there_is_waited_for(fake: FakeCluster, hooks: HookObjects):
    fake.discovery.gone.add("Job")

    with pytest.raises(Transient):
        await looked_at(hooks, job())
    assert not await hooks.is_of_helm(job(), impersonate=None)


async def test_an_object_of_a_release_of_helm_is_known_by_its_annotation(fake: FakeCluster, hooks: HookObjects):
    fake.put(job(), annotations={"meta.helm.sh/release-name": "web"})
    fake.put(job("another"), annotations={"example.com/release-name": "web"})

    assert await hooks.is_of_helm(job(), impersonate=None)
    assert not await hooks.is_of_helm(job("another"), impersonate=None)
    assert not await hooks.is_of_helm(job("none"), impersonate=None)


async def test_the_pattern_is_woken_when_its_hook_ends(fake: FakeCluster, hooks: HookObjects):
    fake.managed_objects._events._listed = lambda key: key == job().key
    await made(hooks, job())
    fake.at(job())["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    fake.at(job())["metadata"]["resourceVersion"] = "1000"

    fake.show(job())

    assert [(owner, each.key) for owner, each in fake.told] == [(WEB.id, job().key)]


@pytest.mark.parametrize(
    ("version", "kind", "name"),
    [("v1", "Namespace", "shared"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.com")],
)
async def test_what_holds_objects_of_others_is_never_deleted(
    fake: FakeCluster, hooks: HookObjects, version: str, kind: str, name: str
):
    hook = Object.of({"apiVersion": version, "kind": kind, "metadata": {"name": name}})
    live = await made(hooks, hook)
    assert live is not None

    await hooks.delete(hook, uid=live.uid, impersonate=ACCOUNT)

    assert fake.has(hook)


@pytest.mark.parametrize(
    ("owner", "ours"),
    [
        (Owner(id="of-before", namespace=WEB.namespace, name=WEB.name), True),
        (Owner(id="of-before", namespace=WEB.namespace, name="another"), False),
        (Owner(id="of-before", namespace="another", name=WEB.name), False),
    ],
)
async def test_what_a_deleted_pattern_of_this_name_left_is_of_an_earlier_run(
    hooks: HookObjects, owner: Owner, ours: bool
):
    await hooks.create(job(), run="run-0", owner=owner, impersonate=ACCOUNT)

    live = await looked_at(hooks, job())

    assert live is not None
    assert (live.ours, live.run) == (ours, "run-0" if ours else "")


async def test_an_ordinary_object_of_a_deleted_pattern_of_this_name_is_of_no_run(fake: FakeCluster, hooks: HookObjects):
    await hooks.create(job(), run="x", owner=replace(WEB, id="of-before"), impersonate=ACCOUNT)
    del fake.at(job())["metadata"]["labels"][LABEL]

    live = await looked_at(hooks, job())

    assert live is not None
    assert (live.ours, live.run) == (False, "")


@pytest.mark.parametrize(("manager", "of_helm"), [("helm", True), ("helm-controller", True), ("kubectl", False)])
async def test_an_object_that_was_of_a_release_of_helm_is_known_by_who_wrote_it(
    fake: FakeCluster, hooks: HookObjects, manager: str, of_helm: bool
):
    fake.put(job())
    fake.at(job())["metadata"]["managedFields"] = [{"manager": manager, "operation": "Update", "fieldsV1": {}}]

    assert await hooks.is_of_helm(job(), impersonate=None) is of_helm


def namespace(name: str) -> Object:
    return Object.of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


async def test_whether_nothing_can_be_made_in_a_namespace_is_asked_as_the_operator(
    fake: FakeCluster, hooks: HookObjects
):
    fake.put(namespace("stays"))
    fake.put(namespace("goes"), deletionTimestamp="2026-05-01T12:00:00Z")

    found = {name: await hooks.is_namespace_going(name) for name in ("stays", "goes", "gone")}

    assert found == {"stays": False, "goes": True, "gone": True}
    assert {each.user for each in fake.requests} == {""}


@pytest.mark.parametrize("code", [400, 403])
async def test_where_the_operator_may_not_ask_a_namespace_is_taken_to_stay(
    fake: FakeCluster, hooks: HookObjects, code: int
):
    fake.refusals.append(lambda _: denied(code))

    assert not await hooks.is_namespace_going("gone")


async def test_where_the_server_is_away_nobody_says_that_a_namespace_goes(fake: FakeCluster, hooks: HookObjects):
    fake.refusals.append(lambda _: status(500, "InternalError", "away"))

    with pytest.raises(Transient, match="Namespace gone"):
        await hooks.is_namespace_going("gone")


async def test_what_a_namespace_that_is_being_deleted_refuses_passes_when_that_is_over(
    fake: FakeCluster, hooks: HookObjects
):
    causes = [{"reason": "NamespaceTerminating", "message": "namespace team is being terminated"}]
    fake.refuse("PATCH", job(), status(403, "Forbidden", "it is being terminated", name="seed", causes=causes))

    with pytest.raises(Transient, match="let the deletion of the namespace end"):
        await made(hooks, job())
