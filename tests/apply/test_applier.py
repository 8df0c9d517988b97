import asyncio
from uuid import uuid4

import pytest
from tests.apply.harness import (
    PATIENCE,
    Harness,
    config_map,
    custom,
    definition,
    deployment,
    entries,
    namespace_named,
    owner,
    secret,
)

from pattern_operator.api.names import OWNER_LABEL, PATTERN_ANNOTATION
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply import (
    Applier,
    ApplyFailure,
    ApplyResult,
    NotificationKind,
    inventory,
    resolve_scope,
    to_error,
)
from pattern_operator.apply.annotations import IF_ABSENT, IGNORE
from pattern_operator.apply.request_lanes import CONCURRENCY
from pattern_operator.errors import Transient, Waiting
from pattern_operator.kube import ApiError, ApiUnavailable, Resource, objects


def group() -> str:
    """A group of kinds that no other test has."""
    return f"g{uuid4().hex[:8]}.example.com"


async def test_a_new_object_costs_one_apply_and_says_whose_it_is(harness: Harness, namespace: str):
    team = owner()
    await harness.apply(config_map("first", namespace), by=team)  # the kind is looked up and followed from here on
    before = len(harness.requests)

    applied = await harness.apply(*(config_map(f"c{i}", namespace) for i in range(5)), by=team)

    assert sorted(verb for verb, _, _ in harness.requests[before:] if verb != "watch") == ["patch"] * 5
    assert len(applied.applied) == 5
    assert to_error(applied) is None
    metadata = (await harness.get(applied.applied[0]))["metadata"]
    assert metadata["labels"][OWNER_LABEL] == team.id
    assert metadata["annotations"][PATTERN_ANNOTATION] == "team/web"


async def test_applying_again_changes_nothing(harness: Harness, namespace: str):
    team, desired = (
        owner(),
        [config_map("c", namespace), deployment("d", namespace), secret("s", namespace, key="value")],
    )
    await harness.apply(*desired, by=team)
    before = (await harness.get(desired[0].key))["metadata"]["resourceVersion"]

    applied = await harness.apply(*desired, by=team, owned=[each.key for each in desired])

    assert len(applied.applied) == 3
    assert (await harness.get(desired[0].key))["metadata"]["resourceVersion"] == before
    assert harness.managed_objects.drifted(team.id) == ()


async def test_what_can_be_applied_is_and_what_failed_is_named_in_the_servers_words(harness: Harness, namespace: str):
    team, good, bad = owner(), config_map("good", namespace), deployment("bad", namespace, replicas=-1)

    applied = await harness.apply(bad, good, by=team)

    assert applied.applied == (good.key,)
    assert await harness.get(good.key)
    (failure,) = applied.failures
    assert (failure.key, failure.reason) == (bad.key, Reason.APPLY_FAILED)
    assert "must be greater than or equal to 0" in failure.message
    error = to_error(applied)
    assert isinstance(error, Transient)
    assert error.message.startswith(f"1 of 2 objects could not be applied: Deployment.apps {namespace}/bad: ")


async def test_a_field_that_another_manager_holds_is_a_conflict_that_names_manager_and_field(
    harness: Harness, namespace: str
):
    team, desired = owner(), config_map("c", namespace, a="ours")
    await harness.put(config_map("c", namespace, a="theirs"), manager="kubectl")

    applied = await harness.apply(desired, by=team)

    (failure,) = applied.failures
    assert failure.reason is Reason.CONFLICT
    assert 'held with other values by "kubectl" (field managers)' in failure.message
    assert "spec.apply.conflicts: Take" in failure.message
    assert (await harness.get(desired.key))["data"] == {"a": "theirs"}


async def test_a_conflict_stays_a_conflict_although_the_inventory_was_written_ahead(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace, a="ours")
    await harness.put(config_map("c", namespace, a="theirs"), manager="kubectl")

    applied = await harness.apply(desired, by=team, owned=[desired.key])

    assert [failure.reason for failure in applied.failures] == [Reason.CONFLICT]


async def test_fields_are_taken_over_where_the_pattern_asks_for_it(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace, a="ours")
    await harness.put(config_map("c", namespace, a="theirs"), manager="kubectl")

    applied = await harness.apply(desired, by=team, conflicts="Take")

    assert applied.failures == ()
    assert (await harness.get(desired.key))["data"] == {"a": "ours"}


async def test_fields_of_our_own_object_are_taken_back_without_asking(harness: Harness, namespace: str, open_room):
    team, desired = owner(), config_map("c", namespace, a="ours")
    await harness.apply(desired, by=team)
    await harness.patch(desired.key, {"data": {"a": "theirs"}})

    async with open_room() as later:  # as after a restart
        applied = await later.apply(desired, by=team, owned=[desired.key])

    assert applied.failures == ()
    assert (await harness.get(desired.key))["data"] == {"a": "ours"}


async def test_a_missing_kind_fails_alone_and_is_waited_for(harness: Harness, namespace: str):
    team, here, there = owner(), config_map("c", namespace), custom("Widget", group(), "w", namespace)

    scoped = await resolve_scope([here, there], discovery=harness.discovery, default_namespace=namespace)
    applied = await harness.apply(*scoped.objects, by=team)

    assert applied.applied == (here.key,)
    assert [(failure.key, failure.reason) for failure in scoped.unknown] == [(there.key, Reason.KIND_NOT_FOUND)]
    error = to_error(applied, unknown=scoped.unknown)
    assert isinstance(error, Waiting)
    assert error.reason is Reason.KIND_NOT_FOUND
    assert "install the CRD" in error.message


async def test_a_missing_kind_beside_another_failure_is_retried(harness: Harness, namespace: str):
    missing = ApplyFailure(config_map("a", namespace).key, Reason.KIND_NOT_FOUND, "no such kind")
    refused = ApplyFailure(config_map("b", namespace).key, Reason.FORBIDDEN, "no")

    error = to_error(ApplyResult(failures=(missing, refused)))

    assert isinstance(error, Transient)
    assert error.reason is Reason.FORBIDDEN


async def test_a_kind_that_went_after_it_was_looked_up_is_missing(harness: Harness, namespace: str):
    team, domain = owner(), group()
    crd, widget = definition("Widget", domain), custom("Widget", domain, "w", namespace)
    await harness.apply(crd, widget, by=team)
    await harness.delete(crd.key)
    await harness.told(NotificationKind.GONE, crd.key, of=team)
    reasons: list[Reason] = []

    async def missing() -> bool:
        applied = await harness.apply(widget, by=team)
        reasons.extend(failure.reason for failure in applied.failures)
        return Reason.KIND_NOT_FOUND in reasons

    await harness.eventually(missing)  # the API server takes a moment to stop serving the kind

    assert set(reasons) <= {Reason.APPLY_FAILED, Reason.KIND_NOT_FOUND}


@pytest.mark.parametrize("scope", ["Namespaced", "Cluster"])
async def test_a_pattern_may_bring_the_kinds_of_its_own_objects(harness: Harness, namespace: str, scope: str):
    team, domain = owner(), group()
    desired = [
        *(custom("Widget", domain, f"w{i}", namespace) for i in range(3)),
        definition("Widget", domain, scope=scope),
    ]

    scoped = await resolve_scope(desired, discovery=harness.discovery, default_namespace=namespace)
    applied = await harness.apply(*scoped.objects, by=team)

    assert scoped.unknown == ()
    assert applied.failures == ()
    assert len(applied.applied) == 4
    places = {key.namespace for key in applied.applied if key.kind == "Widget"}
    assert places == {namespace if scope == "Namespaced" else ""}


async def test_a_pattern_may_bring_the_namespace_of_its_objects(harness: Harness):
    team, name = owner(), f"brought-{uuid4().hex[:8]}"
    pod = Object.of(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": name},
            "spec": {"containers": [{"name": "main", "image": "registry.example/main:1"}]},
        }
    )

    applied = await harness.apply(pod, config_map("c", name), namespace_named(name), by=team)

    assert applied.failures == ()
    assert len(applied.applied) == 3
    await harness.delete(namespace_named(name).key)


async def test_a_missing_namespace_is_named_with_what_to_do(harness: Harness):
    applied = await harness.apply(config_map("c", "nowhere-to-be-found"), by=owner())

    (failure,) = applied.failures
    assert failure.reason is Reason.APPLY_FAILED
    assert failure.message == (
        'namespaces "nowhere-to-be-found" not found. Create the namespace, add it to the pattern, or set'
        " spec.apply.createNamespace: true."
    )


async def test_nobody_waits_for_a_namespace_that_could_not_be_made(harness: Harness, namespace: str):
    refused = namespace_named(f"refused-{uuid4().hex[:8]}")
    refused.body["metadata"]["labels"] = {"a": "no label value!"}
    used = namespace_named("kube-nowhere-to-be-found")
    await harness.apply(config_map("first", namespace), by=owner())  # the kind is looked up from here on
    before = len(harness.requests)

    applied = await harness.apply(
        refused, used, config_map("a", refused.key.name), config_map("b", used.key.name), by=owner()
    )

    assert sorted(failure.key.name for failure in applied.failures) == ["a", "b", refused.key.name]
    assert [verb for verb, _, _ in harness.requests[before:]].count("patch") == 3


async def test_nobody_waits_for_a_kind_whose_definition_was_refused(harness: Harness, namespace: str):
    domain = group()
    crd, widget = definition("Widget", domain), custom("Widget", domain, "w", namespace)
    crd.body["spec"]["versions"][0]["schema"] = {}

    applied = await harness.apply(crd, widget, by=owner())

    assert {failure.key: failure.reason for failure in applied.failures} == {
        crd.key: Reason.APPLY_FAILED,
        widget.key: Reason.KIND_NOT_FOUND,
    }
    assert [resource for verb, resource, _ in harness.requests if verb == "patch"] == [
        "customresourcedefinitions.apiextensions.k8s.io"
    ]


@pytest.mark.parametrize("name", ["default", "kube-system"])
async def test_a_protected_namespace_is_never_touched(harness: Harness, name: str):
    team, desired = owner(), namespace_named(name)

    applied = await harness.apply(desired, by=team, conflicts="Take")

    assert applied == ApplyResult()
    assert OWNER_LABEL not in (await harness.get(desired.key))["metadata"].get("labels", {})


async def test_an_account_without_rights_is_named_with_verb_and_resource(harness: Harness, namespace: str):
    account = f"system:serviceaccount:{namespace}:nobody"

    applied = await harness.apply(config_map("c", namespace), by=owner(), impersonate=account)

    (failure,) = applied.failures
    assert failure.reason is Reason.FORBIDDEN
    assert f'User "{account}" cannot get resource "configmaps"' in failure.message
    assert isinstance(to_error(applied), Transient)


async def test_what_admission_forbids_is_no_matter_of_rights(harness: Harness, namespace: str):
    quota = Object.of(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "none", "namespace": namespace},
            "spec": {"hard": {"count/secrets": "0"}},
        }
    )
    await harness.put(quota, manager="somebody")

    async def in_force() -> bool:
        return bool((await harness.get(quota.key)).get("status", {}).get("hard"))

    await harness.eventually(in_force)

    applied = await harness.apply(secret("s", namespace, key="value"), by=owner())

    (failure,) = applied.failures
    assert failure.reason is Reason.APPLY_FAILED
    assert "exceeded quota" in failure.message
    assert "Grant" not in failure.message


async def test_an_immutable_field_is_refused_with_what_to_do(harness: Harness, namespace: str):
    team = owner()
    await harness.apply(deployment("d", namespace, app="one"), by=team)

    applied = await harness.apply(deployment("d", namespace, app="two"), by=team)

    (failure,) = applied.failures
    assert failure.reason is Reason.APPLY_FAILED
    assert "field is immutable" in failure.message
    assert "delete the object" in failure.message


async def test_an_object_that_asks_to_be_ignored_is_not_applied(harness: Harness, namespace: str):
    desired = config_map("c", namespace, annotations={"pattern-operator.io/ssa": IGNORE})

    applied = await harness.apply(desired, by=owner())

    assert applied.skipped == ((desired.key, "is never applied: it is annotated ssa: Ignore"),)
    with pytest.raises(ApiError, match="not found"):
        await harness.get(desired.key)


async def test_an_object_that_asks_for_it_is_created_and_then_left_to_others(harness: Harness, namespace: str):
    team = owner()
    desired = config_map("c", namespace, annotations={"pattern-operator.io/ssa": IF_ABSENT}, a="first")
    created = await harness.apply(desired, by=team)
    changed = await harness.patch(desired.key, {"data": {"a": "theirs"}})
    await harness.caught_up(changed, desired.key)

    again = await harness.apply(desired, by=team, owned=[desired.key])

    assert created.applied == (desired.key,)
    assert again.applied == ()
    assert [key for key, _ in again.skipped] == [desired.key]
    assert harness.managed_objects.drifted(team.id) == ()
    assert (await harness.get(desired.key))["data"] == {"a": "theirs"}


async def test_what_somebody_else_annotates_if_absent_is_repaired_all_the_same(harness: Harness, namespace: str):
    """The annotation counts in the artifact; on the live object it switched drift off without a word."""
    team, desired = owner(), config_map("c", namespace, a="first")
    await harness.apply(desired, by=team)
    await harness.patch(desired.key, {"metadata": {"annotations": {"pattern-operator.io/ssa": IF_ABSENT}}})
    again = await harness.apply(desired, by=team, owned=[desired.key])

    changed = await harness.patch(desired.key, {"data": {"a": "theirs"}})
    await harness.caught_up(changed, desired.key)

    assert again.applied == (desired.key,)
    assert harness.managed_objects.drifted(team.id) == (desired.key,)


async def test_an_object_that_is_not_to_be_reconciled_is_let_be_even_by_a_fresh_operator(
    harness: Harness, namespace: str, open_room
):
    team, desired = owner(), config_map("c", namespace, a="ours")
    await harness.apply(desired, by=team)
    annotation = {"annotations": {"pattern-operator.io/reconcile": "disabled"}}
    await harness.patch(desired.key, {"metadata": annotation, "data": {"a": "theirs"}})

    async with open_room() as later:
        applied = await later.apply(desired, by=team, owned=[desired.key], conflicts="Take")

    assert applied.applied == ()
    assert [key for key, _ in applied.skipped] == [desired.key]
    assert (await harness.get(desired.key))["data"] == {"a": "theirs"}


async def test_an_object_of_another_that_is_not_to_be_reconciled_does_not_count_for_who_only_names_it(
    harness: Harness, namespace: str
):
    theirs, team, desired = owner(), owner(), config_map("c", namespace)
    await harness.apply(desired, by=theirs)
    annotation = {"annotations": {"pattern-operator.io/reconcile": "disabled"}}
    await harness.caught_up(await harness.patch(desired.key, {"metadata": annotation}), desired.key)
    harness.managed_objects.release([desired.key], owner=theirs.id)

    applied = await harness.apply(desired, by=team, conflicts="Take")

    assert [key for key, _ in applied.skipped] == [desired.key]
    assert not harness.managed(desired.key).expected


async def test_a_value_of_a_secret_that_was_changed_is_repaired(harness: Harness, namespace: str):
    team, desired = owner(), secret("s", namespace, key="ours")
    await harness.apply(desired, by=team)
    changed = await harness.patch(desired.key, {"data": {"key": "dGhlaXJz"}})
    await harness.caught_up(changed, desired.key)

    drifted = harness.managed_objects.drifted(team.id)
    await harness.apply(desired, by=team)

    assert drifted == (desired.key,)
    assert (await harness.get(desired.key))["data"] == {"key": "b3Vycw=="}


async def test_a_field_that_left_the_pattern_leaves_the_object(harness: Harness, namespace: str):
    team = owner()
    await harness.apply(config_map("c", namespace, a="1", b="2"), by=team)

    await harness.apply(config_map("c", namespace, a="1"), by=team)

    assert (await harness.get(config_map("c", namespace).key))["data"] == {"a": "1"}


async def test_a_kind_that_cannot_be_listed_holds_no_slot_of_the_others(
    harness: Harness, namespace: str, monkeypatch: pytest.MonkeyPatch
):
    original = harness.managed_objects.ready

    async def ready(resource: Resource) -> None:
        if resource.kind == "Secret":
            await asyncio.Event().wait()
        await original(resource)

    monkeypatch.setattr(harness.managed_objects, "ready", ready)
    secrets = [
        Object.of({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"s{n}", "namespace": namespace}})
        for n in range(100)
    ]
    hanging = asyncio.create_task(harness.applier.apply_all(secrets, owner=owner(), conflicts="Fail", owned=()))
    await asyncio.sleep(0.1)

    async with asyncio.timeout(PATIENCE):
        applied = await harness.apply(config_map("c", namespace), by=owner())

    assert len(applied.applied) == 1
    hanging.cancel()
    await asyncio.wait({hanging})


async def test_a_slow_pattern_leaves_slots_to_the_others_of_its_kind(
    harness: Harness, namespace: str, monkeypatch: pytest.MonkeyPatch
):
    original, held = harness.session.request, 0

    async def request(method: str, path: str, **more):
        nonlocal held
        if "/slow" in path:
            held += 1
            await asyncio.Event().wait()
        return await original(method, path, **more)

    monkeypatch.setattr(harness.session, "request", request)
    slow = [config_map(f"slow{n}", namespace) for n in range(100)]
    hanging = asyncio.create_task(harness.applier.apply_all(slow, owner=owner(), conflicts="Fail", owned=()))
    await harness.eventually(lambda: _is(held > 20))

    async with asyncio.timeout(PATIENCE):
        applied = await harness.apply(config_map("c", namespace), by=owner())

    assert held < CONCURRENCY
    assert len(applied.applied) == 1
    hanging.cancel()
    await asyncio.wait({hanging})


async def _is(truth: bool) -> bool:
    return truth


async def test_never_more_requests_at_once_than_allowed(harness: Harness, namespace: str):
    team, running, most = owner(), 0, 0
    original = harness.session.request

    async def counting(method: str, path: str, **more):
        nonlocal running, most
        if method != "PATCH":
            return await original(method, path, **more)
        running += 1
        most = max(most, running)
        try:
            return await original(method, path, **more)
        finally:
            running -= 1

    harness.replace_request(counting)
    applier = Applier(harness.session, harness.discovery, managed_objects=harness.managed_objects, concurrency=4)

    applied = await applier.apply_all(
        [config_map(f"c{i}", namespace) for i in range(20)], owner=team, conflicts="Fail", owned=()
    )

    assert len(applied.applied) == 20
    assert most == 3  # of four: one pattern alone leaves a slot to the others


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ApiUnavailable.unreachable("https://away.example", error=OSError("refused")), id="away"),
        pytest.param(ApiUnavailable(code=429, reason="TooManyRequests", message="slow down"), id="busy"),
    ],
)
async def test_a_server_that_is_away_or_busy_is_not_asked_for_each_object(
    harness: Harness, namespace: str, error: ApiUnavailable
):
    team = owner()
    await harness.apply(config_map("c", namespace), by=team)
    tries: list[str] = []
    desired = [config_map(f"c{i}", namespace) for i in range(200)]

    async def unreachable(method: str, path: str, **_):
        tries.append(path)
        await asyncio.sleep(0)
        raise error

    harness.replace_request(unreachable)
    applied = await harness.apply(*desired, by=team)

    assert {failure.reason for failure in applied.failures} == {Reason.API_SERVER_UNAVAILABLE}
    assert len(applied.failures) == 200
    assert len(tries) <= CONCURRENCY
    assert isinstance(to_error(applied), Transient)


async def test_number_that_json_cannot_hold_fails_alone(harness: Harness, namespace: str):
    good = config_map("good", namespace)
    bad = Object.of({**config_map("bad", namespace).body, "data": {"a": 2**80}})

    applied = await harness.apply(good, bad, by=owner())

    assert applied.applied == (good.key,)
    assert "cannot be written as JSON" in applied.failures[0].message


async def test_every_answer_is_handed_on(harness: Harness, namespace: str):
    seen: list[tuple[str, str]] = []
    desired = config_map("c", namespace)

    await harness.apply(desired, by=owner(), on_applied=lambda each, body: seen.append((each.key.name, body["kind"])))

    assert seen == [("c", "ConfigMap")]


async def test_an_inventory_is_made_of_what_can_be_placed(harness: Harness, namespace: str):
    role = Object.of(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "system:x", "namespace": namespace},
        }
    )
    bare = Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})

    scoped = await resolve_scope([role, bare], discovery=harness.discovery, default_namespace=namespace)

    assert [str(each.key) for each in scoped.objects] == [
        "_system:x_rbac.authorization.k8s.io_ClusterRole",
        f"{namespace}_c__ConfigMap",
    ]
    assert [each.body["metadata"].get("namespace") for each in scoped.objects] == [None, namespace]
    assert bare.body["metadata"] == {"name": "c"}  # a stage never changes what it was given
    assert inventory.keys(entries(*scoped.objects)) == {each.key for each in scoped.objects}


async def test_a_version_that_is_not_served_is_named_with_those_that_are(harness: Harness, namespace: str):
    new = Object.of({"apiVersion": "apps/v2beta1", "kind": "Deployment", "metadata": {"name": "d"}})

    scoped = await resolve_scope([new], discovery=harness.discovery, default_namespace=namespace)

    assert scoped.objects == ()
    assert "the API server serves Deployment.apps as apps/v1, not as v2beta1" in scoped.unknown[0].message


@pytest.mark.parametrize(
    ("version", "kind", "words"),
    [
        ("extensions/v1beta1", "Ingress", "was removed from Kubernetes in 1.22: write networking.k8s.io/v1"),
        ("batch/v1beta1", "CronJob", "was removed from Kubernetes in 1.25: write batch/v1"),
        ("policy/v1beta1", "PodSecurityPolicy", "was removed from Kubernetes in 1.25: take it out"),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", "in 1.32: write flowcontrol.apiserver.k8s.io/v1"),
    ],
)
async def test_of_a_removed_version_is_said_what_to_write_in_its_place(
    harness: Harness, namespace: str, version: str, kind: str, words: str
):
    old = Object.of({"apiVersion": version, "kind": kind, "metadata": {"name": "d"}})

    scoped = await resolve_scope([old], discovery=harness.discovery, default_namespace=namespace)

    (unknown,) = scoped.unknown
    assert words in unknown.message
    assert "install the CRD" not in unknown.message


async def test_objects_can_be_read_back_by_their_owner(harness: Harness, namespace: str):
    team, desired = owner(), config_map("c", namespace)
    await harness.apply(desired, by=team)

    found = await objects.list_(
        harness.session, await harness.resource(desired.key), label_selector=f"{OWNER_LABEL}={team.id}"
    )

    assert [each["metadata"]["name"] for each in found] == ["c"]
