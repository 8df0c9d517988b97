"""What nothing tells of is made by one request, and what others made is never written to, whatever they made."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiohttp import web
from tests.apply.fake_cluster import OWNER_LABEL, SHOP, WEB, FakeCluster, Request, answer, managed, not_served, status
from tests.apply.harness import config_map, namespace_named

from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply.apply_answer import NOT_TRACKED
from pattern_operator.apply.inventory import entries_of
from pattern_operator.kube import WatchEventType

WIDGET = Object.of({"apiVersion": "shop.example/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "team"}})
LATER = {"Retry-After": "3600"}


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve(WEB, SHOP) as cluster:
        yield cluster


def asked(cluster: FakeCluster, desired: Object) -> list[str]:
    """The requests about an object: ``PATCH new`` is one that is refused where there is any."""
    return [
        f"{each.method} new" if each.method == "PATCH" and "resourceVersion" in each.body["metadata"] else each.method
        for each in cluster.requests
        if each.path.endswith(f"/{desired.key.name}")
    ]


async def test_what_nothing_tells_of_is_made_by_one_request(cluster: FakeCluster):
    desired = [config_map(f"c{number}", "team") for number in range(3)]

    done = await cluster.apply(*desired)

    assert done.created == {each.key for each in desired}
    assert [asked(cluster, each) for each in desired] == [["PATCH new"]] * 3


@pytest.mark.parametrize("conflicts", ["Fail", "Take"])
@pytest.mark.parametrize("labelled", ["", SHOP.id])
async def test_what_somebody_made_unseen_is_not_written_to(cluster: FakeCluster, conflicts: str, labelled: str):
    desired = config_map("c", "team", a="1")
    before = cluster.put(config_map("c", "team", a="theirs"), owner=labelled)

    done = await cluster.apply(desired, conflicts=conflicts, adopt="Never")

    expected = Reason.OWNED_BY_ANOTHER_PATTERN if labelled else Reason.ALREADY_EXISTS
    assert [each.reason for each in done.failures] == [expected]
    assert done.disowned == {desired.key}
    assert cluster.at(desired) == before


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(status(403, "Forbidden", "no"), id="its account may only look"),
        pytest.param(status(422, "Invalid", "no"), id="a policy says no to a change of it"),
        pytest.param(status(500, "InternalError", "failed calling webhook"), id="a webhook is away"),
        pytest.param(
            status(409, "Conflict", "no", causes=[{"reason": "FieldManagerConflict", "field": ".data.a"}]),
            id="others hold its fields",
        ),
    ],
)
async def test_an_object_that_is_there_is_decided_about_whatever_its_apply_was_refused_for(cluster, refusal):
    desired = config_map("c", "team", a="1")
    cluster.put(config_map("c", "team", a="theirs"), owner=SHOP.id)
    cluster.refuse("PATCH", desired, refusal)

    done = await cluster.apply(desired)

    assert [each.reason for each in done.failures] == [Reason.OWNED_BY_ANOTHER_PATTERN]


@pytest.mark.parametrize(
    ("refusal", "reason", "looks"),
    [
        pytest.param(status(403, "Forbidden", "no"), Reason.APPLY_FAILED, 1, id="forbidden"),
        pytest.param(status(422, "Invalid", "no"), Reason.APPLY_FAILED, 1, id="invalid"),
        pytest.param(status(405, "MethodNotAllowed", "no"), Reason.APPLY_FAILED, 1, id="not applied at all"),
        pytest.param(status(500, "InternalError", "no"), Reason.APPLY_FAILED, 1, id="a webhook is away"),
        pytest.param(not_served(), Reason.APPLY_FAILED, 0, id="nothing is served there"),
        pytest.param(
            status(404, "NotFound", 'namespaces "team" not found', name="team"),
            *(Reason.APPLY_FAILED, 0),
            id="no namespace",
        ),
        pytest.param(
            web.Response(status=429, headers=LATER), Reason.API_SERVER_UNAVAILABLE, 0, id="the API server is busy"
        ),
    ],
)
async def test_what_cannot_be_made_fails_with_the_words_of_its_apply(cluster, refusal, reason, looks: int):
    desired = config_map("c", "team", a="1")
    cluster.refuse("PATCH", desired, refusal)

    done = await cluster.apply(desired)

    assert [each.reason for each in done.failures] == [reason]
    assert asked(cluster, desired) == ["PATCH new"] + ["GET"] * looks
    assert not cluster.has(desired)


async def test_who_may_not_look_learns_that_the_object_could_not_be_looked_at(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.refuse("PATCH", desired, status(403, "Forbidden", "cannot patch"))
    cluster.refuse("GET", desired, status(403, "Forbidden", "no"))

    done = await cluster.apply(desired)

    assert [each.reason for each in done.failures] == [Reason.APPLY_FAILED]
    assert done.disowned == {desired.key}


async def test_an_apply_whose_answer_was_lost_finds_its_own_object(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    lost: list[bool] = []

    def lose(request) -> web.Response | None:
        """The session sends it again, and that is answered."""
        if request.method == "PATCH" and not lost:
            lost.append(True)
            return cluster._apply(request, None) and cluster._apply(request, cluster.at(desired))
        return None

    cluster.refusals.append(lose)

    done = await cluster.apply(desired)

    assert (done.applied, done.failures, done.disowned) == ((desired.key,), (), frozenset())
    assert asked(cluster, desired) == ["PATCH new", "GET", "PATCH"]


async def test_an_object_that_is_deleted_and_made_anew_before_the_look_is_that_of_others(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.put(desired, owner=WEB.id)

    def change(request) -> web.Response | None:
        if request.method == "GET":
            cluster.put(config_map("c", "team", a="new"), owner=SHOP.id)
        return None

    cluster.refusals.append(change)

    done = await cluster.apply(desired)

    assert [each.reason for each in done.failures] == [Reason.OWNED_BY_ANOTHER_PATTERN]
    assert cluster.at(desired)["data"] == {"a": "new"}


async def test_an_object_that_went_before_the_look_is_made_on_the_same_condition(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.put(desired, owner=SHOP.id)

    def change(request) -> web.Response | None:
        if request.method == "GET":
            cluster.objects.clear()
        return None

    cluster.refusals.append(change)

    done = await cluster.apply(desired)

    assert done.created == {desired.key}
    assert asked(cluster, desired) == ["PATCH new", "GET", "PATCH new"]


async def test_what_was_deleted_is_made_again_by_one_request(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    await cluster.apply(desired)
    cluster.show(desired, WatchEventType.DELETED)
    cluster.objects.clear()
    cluster.requests.clear()

    done = await cluster.apply(desired, owned=[desired.key])

    assert done.created == {desired.key}
    assert asked(cluster, desired) == ["PATCH new"]


@pytest.mark.parametrize("kind", ["ConfigMap", "Namespace"])
async def test_what_is_told_of_or_guarded_is_looked_at_first(cluster: FakeCluster, kind: str):
    desired = config_map("c", "team", a="1") if kind == "ConfigMap" else namespace_named("mine")
    cluster.put(desired, owner=SHOP.id)
    if kind == "ConfigMap":
        cluster.show(desired)

    await cluster.apply(desired)

    assert asked(cluster, desired)[0] == "GET"


async def test_what_carries_a_label_and_is_in_no_inventory_is_looked_at_first(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.managed_objects._unlisted.note(desired.key, label=SHOP.id)

    await cluster.apply(desired)

    assert asked(cluster, desired) == ["GET", "PATCH new"]


@pytest.mark.parametrize(("listed", "first"), [(True, "GET"), (False, "PATCH new")])
async def test_where_no_watch_tells_what_the_inventory_names_is_looked_at_first(cluster, listed: bool, first: str):
    desired = config_map("c", "team", a="1")
    cluster.watches.blind.add("ConfigMap")

    await cluster.apply(desired, owned=[desired.key] if listed else ())

    assert asked(cluster, desired)[0] == first


@pytest.mark.parametrize(
    ("labels", "requests"),
    [
        pytest.param({"kube-aggregator.kubernetes.io/automanaged": "true"}, ["PATCH new"], id="of a CRD"),
        pytest.param({}, ["GET", "PATCH"], id="of an aggregated API server"),
    ],
)
async def test_kinds_of_other_servers_are_looked_at_first(cluster: FakeCluster, labels, requests):
    def services(request) -> web.Response | None:
        if not request.path.endswith("/apiservices"):
            return None
        selected = labels and "automanaged in (onstart, true)" in request.params["labelSelector"]
        items = [{"metadata": {"name": "v1.shop.example", "labels": labels}}] if selected else []
        return web.Response(body=orjson.dumps({"metadata": {"resourceVersion": "1"}, "items": items}))

    cluster.refusals.append(services)

    done = await cluster.apply(WIDGET)

    assert done.created == {WIDGET.key}
    assert asked(cluster, WIDGET) == requests


@pytest.mark.parametrize("shown", [False, True], ids=["no watch tells of it", "a watch shows our label meanwhile"])
async def test_what_another_server_made_of_an_apply_unasked_is_taken_back(cluster: FakeCluster, shown: bool):
    """Were a server to take any resourceVersion, whose the object is shows in its managedFields."""
    cluster.takes_any_version = True
    desired = config_map("c", "team", a="1")
    theirs = managed("theirs", "Update", {"f:data": {"f:b": {}}})
    cluster.put(config_map("c", "team", b="theirs"), managedFields=[theirs])

    def show(request: Request) -> None:
        if shown and request.method == "PATCH" and "data" not in request.body:  # it is taken back
            cluster.show(desired)

    cluster.refusals.append(show)

    done = await cluster.apply(desired, adopt="Never")

    assert [each.reason for each in done.failures] == [Reason.ALREADY_EXISTS]
    assert cluster.at(desired)["data"] == {"b": "theirs"}
    assert "pattern-operator.io/owner" not in cluster.at(desired)["metadata"]["labels"]


# --- answers that are not what was asked for -------------------------------------------------------------------------


def without_label(body: dict[str, Any]) -> None:
    """What admission does that does not know our label."""
    body["metadata"]["labels"].pop(OWNER_LABEL, None)


def without_marks(body: dict[str, Any]) -> None:
    without_label(body)
    body["metadata"]["annotations"] = {}


@pytest.mark.parametrize("admission", [without_label, without_marks])
@pytest.mark.parametrize("is_there", [False, True], ids=["new", "the pattern's already"])
async def test_an_object_whose_label_admission_takes_off_fails_each_time_and_stays_in_the_inventory(
    cluster: FakeCluster, admission: Any, is_there: bool
):
    desired, other = config_map("c", "team", a="1"), config_map("d", "team")
    owned = {desired.key, other.key}
    if is_there:
        await cluster.apply(config_map("c", "team", a="0"))
        cluster.show(desired)
    cluster.admission = lambda body: admission(body) if body["metadata"]["name"] == "c" else None

    for _ in range(3):
        done = await cluster.apply(desired, other, owned=owned)

        (failure,) = done.failures
        assert (failure.key, failure.reason) == (desired.key, Reason.OWNER_LABEL_REMOVED)
        assert "mutatingadmissionpolicies" in failure.message
        assert (done.applied, done.disowned, done.unlabelled) == ((other.key,), frozenset(), frozenset({desired.key}))

    cluster.admission = lambda _: None
    mended = await cluster.apply(desired, other, owned=owned)

    assert (mended.failures, set(mended.applied)) == ((), owned)
    assert cluster.at(desired)["metadata"]["labels"][OWNER_LABEL] == WEB.id


async def test_what_lost_its_label_on_its_way_is_said_to_be_kept_when_its_pattern_goes(cluster: FakeCluster):
    desired = config_map("c", "team")
    cluster.admission = without_label
    await cluster.apply(desired, owned={desired.key})

    (deletion,) = await cluster.deleter.delete_all(
        entries_of([desired]), owner=WEB, impersonate=None, otherwise=Reason.DELETION_FAILED
    )

    assert (deletion.outcome, deletion.message) == ("skipped", "is kept: somebody removed our owner label")
    assert cluster.has(desired)


async def test_an_apply_to_an_object_of_others_is_taken_back_also_where_admission_took_our_label_off(
    cluster: FakeCluster,
):
    desired = config_map("c", "team", a="1")
    cluster.put(config_map("c", "team", b="theirs"))
    cluster.takes_any_version, cluster.admission = True, without_label

    done = await cluster.apply(desired, adopt="Never")

    assert [each.reason for each in done.failures] == [Reason.ALREADY_EXISTS]
    assert cluster.at(desired)["data"] == {"b": "theirs"}


async def test_what_an_apply_wrote_into_although_it_was_to_be_refused_is_written_to_once(cluster: FakeCluster):
    desired = config_map("c", "team", a="1")
    cluster.put(config_map("c", "team", b="theirs"))
    cluster.takes_any_version = True
    await cluster.apply(desired, adopt="Never")
    version = cluster.at(desired)["metadata"]["resourceVersion"]

    done = await cluster.apply(desired, adopt="Never")
    unchanged = cluster.at(desired)["metadata"]["resourceVersion"] == version
    cluster.objects.clear()
    made = await cluster.apply(desired, adopt="Never")

    assert [each.reason for each in done.failures] == [Reason.ALREADY_EXISTS]
    assert unchanged
    assert made.created == {desired.key}
    assert not cluster.applier._withdrawals.has_met(desired.key, WEB.id)


async def test_what_is_stored_without_a_trace_of_our_apply_is_told_and_sent_each_time(cluster: FakeCluster):
    desired = config_map("c", "team")
    cluster.admission = lambda body: body["metadata"].update(managedFields=[])

    done = await cluster.apply(desired)

    assert done.notes == ((desired.key, NOT_TRACKED),)
    assert (done.applied, done.failures) == ((desired.key,), ())


async def test_an_answer_about_another_object_is_not_taken_for_success(cluster: FakeCluster):
    desired = config_map("c", "team")
    other = cluster.put(config_map("d", "team"), owner=WEB.id, managedFields=[managed("pattern-operator", "Apply", {})])
    cluster.refuse("PATCH", desired, answer(other))

    done = await cluster.apply(desired, owned={desired.key})

    (failure,) = done.failures
    assert (failure.reason, done.applied, done.disowned) == (Reason.APPLY_FAILED, (), frozenset())
    assert done.unlabelled == frozenset()
    assert "another object (team/d)" in failure.message
