"""What is sent for an object, and what comes of it, at a cluster in memory."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from tests.apply.fake_cluster import (
    SHOP,
    WEB,
    FakeCluster,
    Request,
    another_uid,
    conflict,
    denied,
    fields_of,
    managed,
    not_served,
    status,
)
from tests.apply.harness import config_map, deployment, entries, namespace_named

from pattern_operator.api.apply_spec import IgnoreDifferences
from pattern_operator.api.object import OF_CREATE_NAMESPACE, Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply import HealthState, Owner
from pattern_operator.apply.delete_result import DeletionOutcome
from pattern_operator.apply.need import KindNeeded, ObjectNeeded
from pattern_operator.apply.object_apply import LOOKS
from pattern_operator.kube import WatchEventType, objects

IF_ABSENT = {"pattern-operator.io/ssa": "IfAbsent"}
DISABLED = {"pattern-operator.io/reconcile": "disabled"}


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve(WEB, SHOP) as cluster:
        yield cluster


# --- whose an object is ---------------------------------------------------------------------------------------------


async def test_what_is_not_there_is_made_and_nothing_is_forced(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")

    done = await cluster.apply(desired)

    assert (done.applied, done.created, done.failures) == ((desired.key,), frozenset({desired.key}), ())
    assert [each.is_forced for each in cluster.sent("PATCH", desired)] == [False]


async def test_what_a_watch_shows_as_ours_is_applied_by_one_forced_request(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired)
    cluster.show(desired)
    cluster.requests.clear()

    done = await cluster.apply(config_map("c", "team", a="2"))

    assert done.configured == {desired.key}
    assert [(each.method, each.is_forced) for each in cluster.requests] == [("PATCH", True)]


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "not watched"])
async def test_no_field_of_another_patterns_object_is_taken(cluster: FakeCluster, watched: bool):
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired, by=SHOP)
    cluster.show(desired)
    before = cluster.at(desired)
    if not watched:
        cluster.watches.blind.add("ConfigMap")

    done = await cluster.apply(config_map("c", "team", a="2"), owned=[desired.key])

    (failure,) = done.failures
    assert (failure.reason, failure.need) == (Reason.OWNED_BY_ANOTHER_PATTERN, ObjectNeeded(desired.key))
    assert done.disowned == {desired.key}
    assert cluster.at(desired) == before


async def test_an_object_that_lost_its_label_to_another_is_not_taken_by_force(cluster: FakeCluster):
    """A watch still files it under us; the label that it carries now decides."""
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired)
    cluster.at(desired)["metadata"]["labels"]["pattern-operator.io/owner"] = SHOP.id
    cluster.at(desired)["metadata"]["resourceVersion"] = "900"
    cluster.show(desired)

    done = await cluster.apply(config_map("c", "team", a="2"), owned=[desired.key])

    assert [each.reason for each in done.failures] == [Reason.OWNED_BY_ANOTHER_PATTERN]
    assert cluster.at(desired)["data"] == {"a": "1"}


async def test_what_is_adopted_keeps_what_others_hold_unless_the_pattern_takes_it(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.put(
        config_map("c", "team", a="theirs"), managedFields=[managed("theirs", "Update", fields_of(desired.body))]
    )

    kept = await cluster.apply(desired)
    taken = await cluster.apply(desired, conflicts="Take")

    assert [each.reason for each in kept.failures] == [Reason.CONFLICT]
    adopting = [each for each in cluster.sent("PATCH", desired) if "uid" in each.body["metadata"]]
    assert [each.is_forced for each in adopting] == [False, True]
    assert taken.applied == (desired.key,)
    assert cluster.at(desired)["data"] == {"a": "1"}


async def test_an_object_that_took_the_place_of_the_one_looked_at_is_looked_at_again(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired)
    cluster.show(desired)
    cluster.put(config_map("c", "team", a="new"), owner=SHOP.id)  # and no watch has shown it yet

    done = await cluster.apply(desired)

    assert [each.reason for each in done.failures] == [Reason.OWNED_BY_ANOTHER_PATTERN]
    assert cluster.at(desired)["data"] == {"a": "new"}


async def test_what_exists_of_a_kind_is_known_before_an_object_of_it_is_sent(cluster: FakeCluster):
    await cluster.apply(config_map("c", "team"))

    assert cluster.watches.asked == ["ConfigMap"]


@pytest.mark.parametrize(
    ("annotations", "resumed"), [(DISABLED, False), ({}, True), (None, True)], ids=["paused", "not any more", "gone"]
)
async def test_a_paused_object_is_resumed_once_its_annotation_or_itself_is_gone(cluster, annotations, resumed: bool):
    desired = config_map("c", "team")
    if annotations is not None:
        cluster.put(desired, annotations=annotations)

    assert await cluster.applier.is_resumed(desired.key, impersonate=None) is resumed


async def test_whether_an_object_is_resumed_is_asked_again_where_nobody_says(cluster: FakeCluster):
    desired = config_map("c", "team")
    cluster.refuse("GET", desired, status(403, "Forbidden", "no"))

    assert not await cluster.applier.is_resumed(desired.key, impersonate=None)


async def test_of_two_patterns_that_both_find_nothing_one_gets_the_object(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")

    first, second = await asyncio.gather(cluster.apply(desired), cluster.apply(desired, by=SHOP))

    assert sorted([first.applied, second.applied]) == [(), (desired.key,)]
    reasons = [each.reason for each in (*first.failures, *second.failures)]
    assert reasons == [Reason.OWNED_BY_ANOTHER_PATTERN]


async def test_an_object_that_others_make_anew_all_the_time_is_told_of(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.put(desired, owner=WEB.id)
    cluster.watches.blind.add("ConfigMap")
    cluster.refuse("PATCH", desired, *(another_uid("c") for _ in range(9)))

    (failure,) = (await cluster.apply(desired, owned=[desired.key])).failures

    assert failure.reason is Reason.APPLY_FAILED
    assert failure.message == "is changed or created again and again by somebody else; it is retried later."
    assert len(cluster.sent("PATCH", desired)) == LOOKS


async def test_each_object_that_is_applied_is_named_at_once(cluster: FakeCluster):
    named: list[str] = []
    bad = config_map("bad", "team")
    cluster.refuse("PATCH", bad, status(422, "Invalid", "no"))

    await cluster.apply(config_map("a", "team"), bad, on_applied=lambda each, answer: named.append(each.key.name))

    assert named == ["a"]


@pytest.mark.parametrize(
    ("pattern", "listed", "ours"),
    [("team/web", True, True), ("team/shop", True, False), ("team/web", False, False)],
    ids=["ours", "of another pattern", "in no inventory"],
)
async def test_an_object_whose_label_somebody_took_off_stays_ours(cluster: FakeCluster, pattern, listed, ours: bool):
    desired = config_map("c", "team", a="1")
    cluster.put(desired, annotations={"pattern-operator.io/pattern": pattern})

    done = await cluster.apply(desired, owned=[desired.key] if listed else (), adopt="Never")

    assert (desired.key in done.applied) is ours
    assert [each.reason for each in done.failures] == ([] if ours else [Reason.ALREADY_EXISTS])


async def test_an_object_that_a_watch_saw_lose_all_our_marks_stays_ours(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired)
    cluster.show(desired)
    cluster.at(desired)["metadata"] |= {"labels": {}, "annotations": {}}
    cluster._version += 1
    cluster.at(desired)["metadata"]["resourceVersion"] = str(cluster._version)
    cluster.show(desired)

    done = await cluster.apply(desired, adopt="Never")

    assert done.applied == (desired.key,)


async def test_of_two_patterns_that_both_look_at_an_object_of_nobody_one_gets_it(cluster: FakeCluster, monkeypatch):
    desired = config_map("c", "team", a="1")
    cluster.put(desired)
    cluster.watches.blind.add("ConfigMap")
    both, plain, looks = asyncio.Event(), objects.get_metadata, list[str]()

    async def look(*arguments: Any, **more: Any) -> Any:
        found = await plain(*arguments, **more)
        looks.append(more["name"])
        if len(looks) == 2:
            both.set()
        await both.wait()
        return found

    monkeypatch.setattr(objects, "get_metadata", look)

    done = await asyncio.gather(*(cluster.apply(desired, by=each) for each in (WEB, SHOP)))

    assert sorted(len(each.applied) for each in done) == [0, 1]
    (refused,) = (each.failures[0] for each in done if each.failures)
    assert refused.reason is Reason.OWNED_BY_ANOTHER_PATTERN


@pytest.mark.parametrize("component", [OF_CREATE_NAMESPACE, "web"], ids=["of createNamespace", "of the artifact"])
async def test_a_namespace_that_is_only_to_be_there_never_fails(cluster: FakeCluster, component: str):
    space = replace(namespace_named("mine"), component=component)
    cluster.put(space)

    done = await cluster.apply(space, adopt="Never")

    assert ([key for key, _ in done.skipped] == [space.key]) is (component == OF_CREATE_NAMESPACE)
    assert bool(done.failures) is (component != OF_CREATE_NAMESPACE)


# --- what is not sent -----------------------------------------------------------------------------------------------


async def test_what_is_there_and_only_made_if_absent_is_not_taken_for_ours(cluster: FakeCluster):
    desired = config_map("c", "team", annotations=IF_ABSENT, a="1")
    cluster.put(config_map("c", "team", a="theirs"))

    done = await cluster.apply(desired)

    assert done.skipped == ((desired.key, "is skipped: it exists and is annotated ssa: IfAbsent"),)
    assert done.disowned == {desired.key}
    assert cluster.managed_objects.get(desired.key) is None
    assert cluster.sent("PATCH", desired) == []


async def test_what_we_made_as_it_was_absent_counts_for_our_health_and_stays_ours(cluster: FakeCluster):
    desired = config_map("c", "team", annotations=IF_ABSENT, a="1")
    cluster.put(config_map("c", "team", a="changed"), owner=WEB.id)

    done = await cluster.apply(desired)

    assert [key for key, _ in done.skipped] == [desired.key]
    assert done.disowned == frozenset()
    assert cluster.managed_objects.expects_any(WEB.id)
    assert cluster.managed_objects.drifted(WEB.id) == ()  # changes by others are welcome


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "not watched"])
async def test_a_paused_object_is_not_sent_and_its_health_counts(cluster: FakeCluster, watched: bool):
    desired = deployment("d", "team", replicas=5)
    cluster.put(desired, owner=WEB.id, annotations=DISABLED)
    if watched:
        cluster.show(desired)
    else:
        cluster.watches.blind.add("Deployment")

    done = await cluster.apply(desired, owned=[desired.key])

    assert [key for key, _ in done.skipped] == [desired.key]
    assert (cluster.sent("PATCH", desired), done.disowned) == ([], frozenset())
    assert cluster.managed_objects.health(WEB.id).state is HealthState.IN_PROGRESS
    assert cluster.managed_objects.is_pending(desired.key, owner=WEB.id)


async def test_what_is_never_applied_is_not_asked_for_and_waits_for_nobody(cluster: FakeCluster):
    desired = config_map("c", "team", annotations={"pattern-operator.io/ssa": "Ignore"})
    cluster.transfers.wait(desired.key, WEB)

    done = await cluster.apply(desired)

    assert done.skipped == ((desired.key, "is never applied: it is annotated ssa: Ignore"),)
    assert cluster.requests == []
    assert cluster.transfers.may_wait(desired.key, WEB.id)


async def test_what_is_the_operators_own_is_refused_and_not_ours(cluster: FakeCluster):
    desired = config_map("c", "pattern-operator-system")

    done = await cluster.apply(desired)

    assert [each.reason for each in done.failures] == [Reason.PROTECTED_OBJECT]
    assert (done.disowned, cluster.requests) == (frozenset({desired.key}), [])


async def test_a_paused_object_of_nobody_is_used_and_not_ours(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.put(desired, annotations=DISABLED)

    done = await cluster.apply(desired)

    assert [key for key, _ in done.skipped] == [desired.key]
    assert done.disowned == {desired.key}
    assert not cluster.managed_objects.expects_any(WEB.id)


async def test_what_somebody_took_from_us_and_pauses_counts_for_our_health_no_longer(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired)
    del cluster.at(desired)["metadata"]["labels"]["pattern-operator.io/owner"]
    cluster.at(desired)["metadata"]["annotations"] |= DISABLED
    cluster.watches.blind.add("ConfigMap")

    done = await cluster.apply(desired, owned=[desired.key])

    assert [key for key, _ in done.skipped] == [desired.key]
    assert done.disowned == {desired.key}
    assert not cluster.managed_objects.expects_any(WEB.id)


# --- what fails -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["look", "apply"])
async def test_a_kind_that_went_is_looked_for_again_and_said_to_be_missing(cluster: FakeCluster, place: str):
    desired = config_map("c", "team")

    def gone(request) -> web.Response | None:
        if request.method == ("GET" if place == "look" else "PATCH"):
            cluster.discovery.gone.add("ConfigMap")
            return not_served()
        return None

    cluster.refusals.append(gone)
    if place == "look":
        cluster.watches.blind.add("ConfigMap")

    (failure,) = (await cluster.apply(desired, owned=[desired.key])).failures

    assert failure.reason is Reason.KIND_NOT_FOUND
    assert failure.need == KindNeeded("", "ConfigMap", "v1")
    assert cluster.discovery.invalidated == 1


async def test_what_cannot_be_sent_fails_and_is_not_ours(cluster: FakeCluster):
    desired = config_map("c", "team")
    desired.body["metadata"]["labels"] = ["no mapping"]

    done = await cluster.apply(desired)

    assert [each.reason for each in done.failures] == [Reason.APPLY_FAILED]
    assert done.disowned == {desired.key}
    assert "metadata.labels must be a mapping" in done.failures[0].message


async def test_what_the_operator_fails_on_by_a_defect_is_offered_no_more(cluster: FakeCluster, monkeypatch):
    desired = config_map("c", "team")
    cluster.transfers.wait(desired.key, WEB)
    cluster.transfers.delay_reason(desired.key, by=SHOP)

    def broken(*_: object, **__: object) -> None:
        raise TypeError("a defect")

    monkeypatch.setattr(cluster.managed_objects, "record", broken)

    done = await cluster.apply(desired)

    assert [each.reason for each in done.failures] == [Reason.INTERNAL_ERROR]
    assert not cluster.transfers.is_offered(desired.key, by=SHOP.id, to=WEB.id)


async def test_a_namespace_that_is_missing_says_nothing_of_the_kind(cluster: FakeCluster):
    desired = config_map("c", "team")
    cluster.refuse("PATCH", desired, status(404, "NotFound", 'namespaces "team" not found', name="team"))

    (failure,) = (await cluster.apply(desired)).failures

    assert failure.reason is Reason.APPLY_FAILED
    assert cluster.discovery.invalidated == 0


CUSTOM = Object.of({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "team"}})
CRD = Object.of(
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": True}],
        },
    }
)


def exists() -> web.Response:
    """Somebody has just made the object of ``CUSTOM``."""
    return status(409, "AlreadyExists", 'widgets.example.com "w" already exists', name="w")


NO_ACCOUNT = 'pods "p" is forbidden: error looking up service account team/default: serviceaccount "default" not found'


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for between tries, and CRDs are served at once."""
    monkeypatch.setattr("pattern_operator.apply.new_kind.NEW_KIND_DELAYS", (0.0,) * 3)

    async def established(*_: object, **__: object) -> None: ...

    monkeypatch.setattr("pattern_operator.apply.applier.until_established", established)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("brought", "refusal", "tries"),
    [
        pytest.param(CRD, not_served, 4, id="a kind that the pattern brings is not served yet"),
        pytest.param(None, not_served, 1, id="a kind that it does not bring"),
        pytest.param(CRD, lambda: status(422, "Invalid", "no"), 1, id="an invalid object of a new kind"),
        pytest.param(CRD, exists, 3, id="others were faster: looked at anew"),
        pytest.param(
            namespace_named("team"), lambda: status(404, "NotFound", "namespaces gone"), 4, id="in a new namespace"
        ),
        pytest.param(
            namespace_named("team"), lambda: status(403, "Forbidden", NO_ACCOUNT), 4, id="its account is not there yet"
        ),
        pytest.param(namespace_named("team"), lambda: status(403, "Forbidden", "quota"), 1, id="refused in it"),
        pytest.param(
            namespace_named("other"), lambda: status(403, "Forbidden", NO_ACCOUNT), 1, id="in an old namespace"
        ),
    ],
)
async def test_what_a_new_kind_or_namespace_lacks_for_a_moment_is_tried_again(cluster, brought, refusal, tries):
    desired = CUSTOM if brought in (CRD, None) else config_map("c", "team")
    cluster.refuse("PATCH", desired, *(refusal() for _ in range(20)))

    done = await cluster.apply(*([brought] if brought else []), desired)

    (failure,) = done.failures
    assert failure.key == desired.key
    assert failure.reason is not Reason.INTERNAL_ERROR
    assert len(cluster.sent("PATCH", desired)) == tries


@pytest.mark.parametrize("established", [True, False])
async def test_objects_of_a_new_kind_wait_until_it_is_established(cluster: FakeCluster, monkeypatch, established: bool):
    waited: list[tuple[set[str], list[str]]] = []

    async def wait(names: set[str], **_: object) -> None:
        waited.append((set(names), [each.method for each in cluster.sent("PATCH", CUSTOM)]))

    monkeypatch.setattr("pattern_operator.apply.applier.until_established", wait)
    if established:
        condition = {"type": "Established", "status": "True"}
        cluster.put(CRD, owner=WEB.id)
        cluster.at(CRD)["status"] = {"conditions": [condition]}

    hook = Object.of(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "h"},
        }
    )

    done = await cluster.apply(CRD, CUSTOM, hook)

    assert set(done.applied) == {CRD.key, CUSTOM.key, hook.key}
    assert waited == ([] if established else [({"widgets.example.com"}, [])])
    assert cluster.discovery.invalidated == (0 if established else 1)


@pytest.mark.usefixtures("at_once")
async def test_an_object_that_is_called_like_its_namespace_brings_no_namespace(cluster: FakeCluster):
    desired = config_map("team", "team")
    cluster.refuse("PATCH", desired, *(status(404, "NotFound", 'namespaces "team" not found') for _ in range(9)))

    await cluster.apply(desired)

    assert len(cluster.sent("PATCH", desired)) == 1


@pytest.mark.usefixtures("at_once")
async def test_a_namespace_of_the_cluster_is_not_brought_by_a_pattern_that_names_it(cluster: FakeCluster):
    desired = config_map("c", "kube-system")
    cluster.refuse("PATCH", desired, *(status(404, "NotFound", 'namespaces "kube-system" not found') for _ in range(9)))

    await cluster.apply(namespace_named("kube-system"), desired)

    assert len(cluster.sent("PATCH", desired)) == 1
    assert cluster.sent("PATCH", namespace_named("kube-system")) == []


@pytest.mark.usefixtures("at_once")
async def test_a_new_kind_is_applied_once_it_is_served(cluster: FakeCluster):
    cluster.refuse("PATCH", CUSTOM, not_served(), not_served())

    done = await cluster.apply(CRD, CUSTOM)

    assert CUSTOM.key in done.applied
    assert len(cluster.sent("PATCH", CUSTOM)) == 3


@pytest.mark.usefixtures("at_once")
async def test_nobody_waits_for_a_kind_whose_definition_was_refused(cluster: FakeCluster):
    cluster.refuse("PATCH", CRD, status(422, "Invalid", "no"))
    cluster.refuse("PATCH", CUSTOM, *(not_served() for _ in range(9)))

    await cluster.apply(CRD, CUSTOM)

    assert len(cluster.sent("PATCH", CUSTOM)) == 1


@pytest.mark.usefixtures("at_once")
async def test_nobody_waits_for_a_namespace_that_was_refused(cluster: FakeCluster):
    space, desired = namespace_named("team"), config_map("c", "team")
    cluster.refuse("PATCH", space, status(422, "Invalid", "no"))
    cluster.refuse("PATCH", desired, *(status(404, "NotFound", 'namespaces "team" not found') for _ in range(9)))

    await cluster.apply(space, desired)

    assert len(cluster.sent("PATCH", desired)) == 1


# --- who waits for an object of another pattern -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "offered"),
    [
        pytest.param(status(422, "Invalid", "no"), False, id="what is refused for good is offered no more"),
        pytest.param(conflict("/api/v1/namespaces/team/configmaps/c"), True, id="what may pass by itself is"),
    ],
)
async def test_who_could_not_take_what_is_offered_holds_up_nobody(cluster: FakeCluster, refusal, offered: bool):
    desired = config_map("c", "team")
    cluster.put(desired, owner=SHOP.id)
    cluster.transfers.wait(desired.key, WEB)
    cluster.transfers.delay_reason(desired.key, by=SHOP)
    cluster.applier._withdrawals.add(desired.key, WEB.id, uid=cluster.at(desired)["metadata"]["uid"])
    cluster.at(desired)["metadata"]["labels"]["pattern-operator.io/owner"] = WEB.id
    cluster.refuse("PATCH", desired, refusal)

    (failure,) = (await cluster.apply(desired)).failures

    assert failure.key == desired.key
    assert cluster.transfers.is_offered(desired.key, by=SHOP.id, to=WEB.id) is offered


@pytest.mark.parametrize(
    ("spoils", "reason"),
    [("what is wanted", Reason.APPLY_FAILED), ("what is stored", Reason.OWNER_LABEL_REMOVED)],
    ids=["it cannot be sent", "it is stored without our label"],
)
async def test_what_is_offered_and_its_taker_can_never_have_is_offered_no_more(
    cluster: FakeCluster, spoils: str, reason: Reason
):
    desired = config_map("c", "team")
    cluster.put(desired, owner=SHOP.id)
    cluster.transfers.wait(desired.key, WEB)
    cluster.transfers.delay_reason(desired.key, by=SHOP)
    if spoils == "what is wanted":
        desired.body["metadata"]["labels"] = ["no mapping"]
    else:
        cluster.admission = lambda body: body["metadata"].update(labels={})

    (failure,) = (await cluster.apply(desired)).failures

    assert failure.reason is reason
    assert failure.message.startswith(
        ("metadata.labels must be a mapping", "was applied, and stored without the label")
    )
    assert not cluster.transfers.is_offered(desired.key, by=SHOP.id, to=WEB.id)


async def test_who_has_the_object_waits_for_it_no_longer(cluster: FakeCluster):
    desired = config_map("c", "team")
    cluster.put(desired, owner=SHOP.id)
    cluster.transfers.wait(desired.key, WEB)
    cluster.transfers.delay_reason(desired.key, by=SHOP)

    done = await cluster.apply(desired)

    assert done.applied == (desired.key,)
    assert cluster.at(desired)["metadata"]["labels"]["pattern-operator.io/owner"] == WEB.id
    assert not cluster.transfers.is_offered(desired.key, by=SHOP.id, to=WEB.id)


async def test_who_waits_shows_by_a_dry_run_that_it_could_take_the_object(cluster: FakeCluster):
    desired = config_map("c", "team")
    cluster.put(desired, owner=SHOP.id)
    cluster.show(desired)

    await cluster.apply(desired)

    assert [each.params.get("dryRun") for each in cluster.sent("PATCH", desired)] == ["All"]
    assert not cluster.transfers.may_wait(desired.key, WEB.id)  # it does


@pytest.mark.parametrize("passes", [True, False], ids=["may pass", "for good"])
async def test_who_could_not_take_the_object_does_not_wait_for_it(cluster: FakeCluster, passes: bool):
    desired = config_map("c", "team")
    cluster.put(desired, owner=SHOP.id)
    cluster.show(desired)
    changed = conflict("/api/v1/namespaces/team/configmaps/c")
    cluster.refuse("PATCH", desired, changed if passes else status(403, "Forbidden", "no"))

    (failure,) = (await cluster.apply(desired)).failures

    assert cluster.transfers.may_wait(desired.key, WEB.id)
    assert ("It is not handed over to this pattern" in failure.message) is not passes


async def test_who_could_not_write_the_object_of_another_is_told_why_it_does_not_get_it(cluster: FakeCluster):
    desired = config_map("c", "team")
    cluster.put(desired, owner=SHOP.id)
    cluster.show(desired)
    desired.body["metadata"]["labels"] = ["no mapping"]

    (failure,) = (await cluster.apply(desired)).failures

    assert failure.reason is Reason.OWNED_BY_ANOTHER_PATTERN
    assert "It is not handed over to this pattern: metadata.labels must be a mapping" in failure.message
    assert cluster.transfers.may_wait(desired.key, WEB.id)


DRY_RUN = 'admission webhook "g.example.com" does not support dry run'


@pytest.mark.parametrize(
    ("code", "words", "waits"),
    [(400, DRY_RUN, True), (400, "no", False), (403, DRY_RUN, False)],
    ids=["a webhook that knows no dry run", "another refusal", "no right"],
)
async def test_a_webhook_that_knows_no_dry_run_keeps_nobody_from_waiting(
    cluster: FakeCluster, code: int, words: str, waits: bool
):
    desired = config_map("c", "team")
    cluster.put(desired, owner=SHOP.id)
    cluster.show(desired)
    cluster.refuse("PATCH", desired, status(code, "BadRequest", words))

    await cluster.apply(desired)

    assert cluster.transfers.may_wait(desired.key, WEB.id) is not waits  # who waits already need not begin to


@pytest.mark.parametrize("state", ["paused", "terminating"])
async def test_nobody_waits_for_what_is_paused_or_terminating(cluster: FakeCluster, state: str):
    desired = config_map("c", "team")
    cluster.transfers.wait(desired.key, WEB)
    marks = {"annotations": DISABLED} if state == "paused" else {"deletionTimestamp": "2026-05-01T13:00:00Z"}
    cluster.put(desired, owner=SHOP.id, **marks)
    cluster.show(desired)

    await cluster.apply(desired)

    assert cluster.sent("PATCH", desired) == []
    assert cluster.transfers.may_wait(desired.key, WEB.id)


# --- whose a failed object is ---------------------------------------------------------------------------------------


async def test_a_refused_object_stays_ours_only_where_it_was_so_before(cluster: FakeCluster):
    ours, theirs, new = (config_map(name, "team", a="1") for name in ("ours", "theirs", "new"))
    await cluster.apply(ours)
    await cluster.apply(theirs, by=SHOP)
    for each in (ours, theirs):
        cluster.show(each)
    for each in (ours, theirs, new):
        cluster.refuse("PATCH", each, status(422, "Invalid", "no"))
        cluster.refuse("GET", each, status(403, "Forbidden", "no"))

    done = await cluster.apply(ours, theirs, new, owned=[theirs.key, ours.key])

    assert {each.key for each in done.failures} == {ours.key, theirs.key, new.key}
    assert done.disowned == {theirs.key, new.key}


async def test_what_no_watch_shows_and_the_inventory_names_may_be_there_and_stays_ours(cluster: FakeCluster):
    desired = config_map("c", "team")
    cluster.watches.blind.add("ConfigMap")
    for verb in ("GET", "PATCH"):
        cluster.refuse(verb, desired, *(status(403, "Forbidden", "no") for _ in range(9)))

    named = await cluster.apply(desired, owned=[desired.key])
    unnamed = await cluster.apply(desired)

    assert (named.disowned, unnamed.disowned) == (frozenset(), frozenset({desired.key}))


NOT_NOW = {
    "a webhook that says 409": lambda _: denied(409, "Conflict", name="c"),
    "a webhook that says that it exists": lambda _: denied(409, "AlreadyExists", name="c"),
    "a webhook that says that it is gone": lambda _: denied(404, "NotFound", name="c"),
    "a webhook that says that it is busy": lambda _: denied(429, "TooManyRequests"),
    "a webhook that says that it is away": lambda _: denied(503, "ServiceUnavailable"),
    "a webhook that names a manager": lambda _: denied(
        409, "Conflict", causes=[{"reason": "FieldManagerConflict", "field": ".data.a", "message": "x"}]
    ),
    "a quota that changes all the time": lambda _: conflict("/api/v1/namespaces/team/resourcequotas/q"),
    "others who are faster each time": lambda path: conflict(path),
    "others who make it anew each time": lambda _: another_uid("c"),
}


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "in the inventory"])
@pytest.mark.parametrize("refusal", NOT_NOW.values(), ids=NOT_NOW.keys())
async def test_an_object_that_is_ours_stays_ours_whatever_its_apply_is_refused_for(cluster, refusal, watched: bool):
    """An object that left the inventory so was left behind by the pattern that was deleted."""
    desired, other = config_map("c", "team", a="1"), config_map("d", "team", a="1")
    await cluster.apply(desired)
    if watched:
        cluster.show(desired)
    else:
        cluster.watches.blind.add("ConfigMap")
    path = "/api/v1/namespaces/team/configmaps/c"
    cluster.refuse("PATCH", desired, *(refusal(path) for _ in range(9)))

    done = await cluster.apply(desired, other, owned=[desired.key])

    assert [each.key for each in done.failures] == [desired.key]
    assert done.applied == (other.key,)
    assert done.disowned == frozenset()
    (deletion,) = await cluster.deleter.delete_all(
        entries(desired), owner=WEB, impersonate=None, otherwise=Reason.DELETION_FAILED
    )
    assert (deletion.outcome, cluster.has(desired)) == (DeletionOutcome.DELETED, False)


@pytest.mark.parametrize("made", [True, False], ids=["an object of ours", "a new one"])
@pytest.mark.parametrize("code", [404, 409, 413, 422, 429, 503, 504])
async def test_the_words_of_a_webhook_are_shown_whatever_its_code(cluster: FakeCluster, code: int, made: bool):
    desired = config_map("c", "team", a="1")
    if made:
        await cluster.apply(desired)
        cluster.show(desired)
    cluster.requests.clear()
    cluster.refuse("PATCH", desired, *(denied(code, "Conflict", name="c") for _ in range(9)))

    (failure,) = (await cluster.apply(desired)).failures

    words = 'admission webhook "guard.example.com" denied the request: not allowed by the policy of the team'
    assert (failure.reason, failure.message) == (Reason.APPLY_FAILED, words)
    assert len(cluster.sent("PATCH", desired)) == 1


async def test_a_quota_that_was_changed_meanwhile_costs_another_try(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.refuse("PATCH", desired, *(conflict("/api/v1/namespaces/team/resourcequotas/q") for _ in range(2)))

    done = await cluster.apply(desired)

    assert (done.applied, done.failures) == ((desired.key,), ())


@pytest.mark.parametrize("made", [True, False], ids=["an object of ours", "a new one"])
async def test_a_quota_that_changes_all_the_time_is_told_of(cluster: FakeCluster, made: bool):
    desired = config_map("c", "team", a="1")
    if made:
        await cluster.apply(desired)
        cluster.show(desired)
    cluster.requests.clear()
    cluster.refuse("PATCH", desired, *(conflict("/api/v1/namespaces/team/resourcequotas/q") for _ in range(9)))

    (failure,) = (await cluster.apply(desired)).failures

    assert failure.message.startswith('Operation cannot be fulfilled on resourcequotas "q"')
    assert len(cluster.sent("PATCH", desired)) == LOOKS + (not made)  # one more to make what nothing tells of


async def test_what_a_watch_in_step_does_not_show_is_not_there(cluster: FakeCluster):
    desired = config_map("c", "team")
    for verb in ("GET", "PATCH"):
        cluster.refuse(verb, desired, status(403, "Forbidden", "no"))

    done = await cluster.apply(desired, owned=[desired.key])

    assert done.disowned == {desired.key}


async def test_a_lost_race_leaves_the_object_to_whoever_made_it_first(cluster: FakeCluster):
    """Our apply finds what somebody made before, and the API server takes it: our label is taken off again."""
    cluster.takes_any_version = True
    desired = config_map("c", "team", a="1")
    made: list[str] = []

    def race(request) -> web.Response | None:
        if request.method == "PATCH" and not made:
            made.append(cluster.put(config_map("c", "team", a="1", b="theirs"))["metadata"]["uid"])
        return None

    cluster.refusals.append(race)

    done = await cluster.apply(desired, adopt="Never")

    assert [each.reason for each in done.failures] == [Reason.ALREADY_EXISTS]
    assert done.disowned == {desired.key}
    assert cluster.at(desired)["metadata"]["uid"] == made[0]
    assert "pattern-operator.io/owner" not in cluster.at(desired)["metadata"]["labels"]
    assert cluster.at(desired)["data"] == {"a": "1", "b": "theirs"}


async def test_a_lost_race_whose_label_could_not_be_taken_off_owns_nothing_until_it_is(cluster: FakeCluster):
    cluster.takes_any_version = True
    desired = config_map("c", "team", a="1")
    made: list[bool] = []

    def race(request) -> web.Response | None:
        if request.method != "PATCH":
            return None
        if not made:
            made.append(True)
            cluster.put(config_map("c", "team", a="1", b="theirs"))
            return None
        return status(403, "Forbidden", "no") if len(made) == 1 else None

    cluster.refusals.append(race)

    first = await cluster.apply(desired, adopt="Never")
    cluster.show(desired, WatchEventType.ADDED)
    made.append(True)
    again = await cluster.apply(desired, adopt="Never")

    assert (first.applied, first.disowned) == ((), frozenset({desired.key}))
    assert [each.reason for each in again.failures] == [Reason.ALREADY_EXISTS]
    assert "pattern-operator.io/owner" not in cluster.at(desired)["metadata"]["labels"]


async def test_what_a_lost_race_labelled_is_not_ours_while_the_api_server_is_away(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.put(desired, owner=WEB.id)
    cluster.applier._withdrawals.add(desired.key, WEB.id, uid=cluster.at(desired)["metadata"]["uid"])
    cluster.refusals.append(lambda _: web.Response(status=503, headers={"Retry-After": "3600"}))

    done = await cluster.apply(desired, owned=[desired.key])

    assert [each.reason for each in done.failures] == [Reason.API_SERVER_UNAVAILABLE]
    assert done.disowned == {desired.key}


async def test_what_a_lost_race_labelled_is_not_ours_though_a_watch_shows_our_label(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.put(desired, owner=WEB.id)
    cluster.show(desired)
    cluster.applier._withdrawals.add(desired.key, WEB.id, uid=cluster.at(desired)["metadata"]["uid"])
    cluster.discovery.gone.add("ConfigMap")

    done = await cluster.apply(desired, owned=[desired.key])

    assert [each.reason for each in done.failures] == [Reason.KIND_NOT_FOUND]
    assert done.disowned == {desired.key}


async def test_what_a_lost_race_labelled_may_be_adopted_once_our_label_is_off(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.put(desired, owner=WEB.id)
    cluster.applier._withdrawals.add(desired.key, WEB.id, uid=cluster.at(desired)["metadata"]["uid"])

    done = await cluster.apply(desired, adopt="Always")

    assert (done.applied, done.disowned) == ((desired.key,), frozenset())


# --- the rest -------------------------------------------------------------------------------------------------------


async def test_a_claim_that_somebody_grew_keeps_its_size_and_people_are_told(cluster: FakeCluster):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = Object.of(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": "team"},
            "spec": spec,
        }
    )
    await cluster.apply(claim)
    cluster.show(claim)
    body = cluster.at(claim)
    body["spec"]["resources"]["requests"]["storage"] = "2Gi"
    for each in body["metadata"]["managedFields"]:
        each["fieldsV1"].pop("f:spec")
    cluster.refuse("PATCH", claim, status(422, "Invalid", "field can not be less than status.capacity"))

    done = await cluster.apply(claim)

    assert done.applied == (claim.key,)
    assert [key for key, _ in done.notes] == [claim.key]
    assert cluster.at(claim)["spec"]["resources"]["requests"]["storage"] == "2Gi"


async def test_where_the_api_server_is_away_the_rest_is_not_tried_and_nothing_is_disowned(cluster: FakeCluster):
    first, rest = config_map("a", "team"), [config_map(f"b{number}", "team") for number in range(40)]
    retry = {"Retry-After": "3600"}  # longer than a session waits
    cluster.refusals.append(lambda request: web.Response(status=429, headers=retry))

    done = await cluster.apply(first, *rest, owned=[first.key])

    assert {each.reason for each in done.failures} == {Reason.API_SERVER_UNAVAILABLE}
    assert len(done.failures) == 41
    assert len(cluster.requests) < 41


# --- what was sent last ---------------------------------------------------------------------------------------------


def is_as_sent(cluster: FakeCluster, desired: Object, sent: bytes, *, by: Owner = WEB) -> bool:
    return cluster.managed_objects.is_as_sent(desired.key, owner=by.id, sent=sent)


async def applied_and_remembered(cluster: FakeCluster, desired: Object, sent: bytes) -> None:
    await cluster.apply(desired, owned=[desired.key])
    cluster.show(desired)
    cluster.managed_objects.remember_sent({desired.key: sent}, owner=WEB.id)


@pytest.mark.parametrize("shown", [True, False], ids=["a watch shows it", "no watch has shown it"])
async def test_an_object_whose_apply_was_done_and_not_answered_is_not_as_it_was_sent_before(cluster, shown: bool):
    older, newer = config_map("c", "team", a="1"), config_map("c", "team", a="2")
    await applied_and_remembered(cluster, older, b"1")
    cluster.lose_answers("PATCH", older)

    lost = await cluster.apply(newer, owned=[newer.key])
    if shown:
        cluster.show(older)
    known = [is_as_sent(cluster, older, each) for each in (b"1", b"2")]
    cluster.refusals.clear()
    await applied_and_remembered(cluster, older, b"1")

    assert [each.reason for each in lost.failures] == [Reason.API_SERVER_UNAVAILABLE]
    assert known == [False, False]
    assert is_as_sent(cluster, older, b"1")
    assert cluster.at(older)["data"] == {"a": "1"}


async def test_what_was_sent_is_forgotten_before_the_next_request_and_not_by_its_answer(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await applied_and_remembered(cluster, desired, b"1")
    known: list[bool] = []

    def look(request: Request) -> None:
        if request.method == "PATCH":
            known.append(is_as_sent(cluster, desired, b"1"))

    cluster.refusals.append(look)

    await cluster.apply(config_map("c", "team", a="2"), owned=[desired.key])

    assert known == [False]


async def test_an_object_that_is_only_looked_at_stays_as_it_was_sent(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await applied_and_remembered(cluster, desired, b"1")

    await cluster.apply(config_map("c", "team", a="2"), by=SHOP)

    assert is_as_sent(cluster, desired, b"1")


@pytest.mark.parametrize("retained", [True, False], ids=["its metadata", "itself"])
async def test_an_object_that_was_to_go_is_not_as_it_was_sent(cluster: FakeCluster, retained: bool):
    desired = config_map("c", "team", a="1")
    if retained:
        desired.body["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
    await applied_and_remembered(cluster, desired, b"1")
    before = is_as_sent(cluster, desired, b"1")
    cluster.refusals.append(lambda request: None if request.method == "GET" else web.Response(status=503))

    (deletion,) = await cluster.deleter.delete_all(
        entries(desired), owner=WEB, impersonate=None, otherwise=Reason.DELETION_FAILED
    )

    assert deletion.outcome is DeletionOutcome.FAILED
    assert before
    assert not is_as_sent(cluster, desired, b"1")


async def test_an_object_of_which_an_apply_was_to_be_taken_back_is_not_as_it_was_sent(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await applied_and_remembered(cluster, desired, b"1")
    uid = cluster.at(desired)["metadata"]["uid"]
    cluster.applier._withdrawals.add(desired.key, WEB.id, uid=uid)
    cluster.lose_answers("PATCH", desired)

    await cluster.apply(desired)

    assert not is_as_sent(cluster, desired, b"1")


async def test_an_object_that_lost_our_label_and_was_to_lose_our_marks_is_not_as_it_was_sent(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await applied_and_remembered(cluster, desired, b"1")
    before = is_as_sent(cluster, desired, b"1")
    del cluster.at(desired)["metadata"]["labels"]["pattern-operator.io/owner"]
    cluster.watches.blind.add("ConfigMap")
    cluster.lose_answers("PATCH", desired)

    (deletion,) = await cluster.deleter.delete_all(
        entries(desired), owner=WEB, impersonate=None, otherwise=Reason.DELETION_FAILED
    )
    cluster.watches.blind.clear()

    assert deletion.outcome is DeletionOutcome.FAILED
    assert before
    assert not is_as_sent(cluster, desired, b"1")


async def test_the_account_of_the_pattern_asks_and_writes(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")

    await cluster.apply(desired, impersonate="system:serviceaccount:team:web")

    assert {each.user for each in cluster.requests} == {"system:serviceaccount:team:web"}


# --- what others leave to the pattern, while they write ---------------------------------------------------------------


async def test_an_object_that_goes_while_its_fields_are_given_up_is_made_again(cluster: FakeCluster):
    desired = config_map("c", "team", a="1", b="1")
    await cluster.apply(desired)
    cluster.show(desired)

    def vanish(request: Request) -> web.Response | None:
        if request.method == "PATCH" and "json" in request.content_type and cluster.at(desired) is before:
            cluster.objects.clear()
            return conflict(request.path)
        return None

    before = cluster.at(desired)
    cluster.refusals.append(vanish)
    rules = (IgnoreDifferences(paths=("/data/b",)),)

    done = await cluster.apply(desired, ignored=rules)

    assert (done.failures, done.applied) == ((), (desired.key,))
    assert cluster.has(desired)


async def test_fields_are_given_up_also_while_a_controller_writes_the_status(cluster: FakeCluster):
    desired = config_map("c", "team", a="1", b="1")
    await cluster.apply(desired)
    cluster.show(desired)
    left = iter(range(6))

    def write(request: Request) -> web.Response | None:
        if request.method == "PATCH" and "json" in request.content_type and next(left, None) is not None:
            meta = cluster.at(desired)["metadata"]
            meta["resourceVersion"] = str(int(meta["resourceVersion"]) + 100)
        return None

    cluster.refusals.append(write)

    done = await cluster.apply(desired, ignored=(IgnoreDifferences(paths=("/data/b",)),))

    assert (done.failures, done.applied) == ((), (desired.key,))
    assert next(left, None) is None
