"""The writer changes its own finalizer and annotation, and neither reads nor sends the others, however many."""

from typing import Any

import orjson
import pytest
from aiohttp import web
from tests.executors import EXECUTORS
from tests.fatpattern import fat
from tests.kube.fake_apiserver import serving
from tests.kube.fake_session import FakeSession

from pattern_operator.api.designpattern import DesignPattern, decode
from pattern_operator.api.names import FINALIZER, REQUESTED_AT_ANNOTATION, WRITE_AHEAD_ANNOTATION
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.api.write_ahead import written
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.pattern_store import PatternStore
from pattern_operator.reconcile.status_writer import StatusWriter
from pattern_operator.reconcile.write_ahead import first_ahead

pytestmark = pytest.mark.real_time
VERSION = {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}
ADDED = {"op": "add", "path": "/metadata/finalizers/-", "value": FINALIZER}
FIRST = {"op": "add", "path": "/metadata/finalizers", "value": [FINALIZER]}
OTHERS = [f"a.example/{number}" for number in range(2_000)]


async def sent(work: str, finalizers: list[str], **status: Any) -> list[Any]:
    """What ``hold`` or ``release`` sends for a pattern with these finalizers."""
    seen: list[Any] = []
    body = {**fat("web", finalizers=finalizers), "status": status}

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Content-Type"] == "application/json-patch+json"
        seen.append(orjson.loads(await request.read()))
        return web.Response(body=orjson.dumps(body))

    async with serving(answer) as session:
        writer = StatusWriter(session, PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu)
        await getattr(writer, work)(decode(body))
    return seen


@pytest.mark.parametrize(("before", "operation"), [([], FIRST), (OTHERS, ADDED)], ids=["alone", "beside many"])
async def test_our_finalizer_is_put_beside_the_others(before, operation):
    assert await sent("add_finalizer", before) == [[VERSION, operation]]


async def test_only_our_finalizer_is_taken_away():
    removed = {"op": "remove", "path": f"/metadata/finalizers/{len(OTHERS)}"}

    assert await sent("remove_finalizer", [*OTHERS, FINALIZER, "b.example/last"]) == [[VERSION, removed]]


@pytest.mark.parametrize(("work", "finalizers"), [("add_finalizer", [FINALIZER]), ("remove_finalizer", OTHERS)])
async def test_nothing_is_sent_when_it_is_as_wanted(work, finalizers):
    assert await sent(work, finalizers) == []


@pytest.mark.parametrize(("work", "finalizers"), [("add_finalizer", [FINALIZER]), ("remove_finalizer", OTHERS)])
async def test_a_pattern_that_is_as_wanted_stays_as_it_is(work: str, finalizers: list[str]):
    found = decode(fat("web", finalizers=finalizers))
    writer = StatusWriter(FakeSession(), PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu)

    assert await getattr(writer, work)(found) is found


AHEAD = (InventoryEntry(id="team_a__ConfigMap", v="v1", pending=True),)
OTHER = (InventoryEntry(id="team_b__ConfigMap", v="v1", pending=True),)
NOTED = {WRITE_AHEAD_ANNOTATION: str(written(AHEAD, uid="u-9"))}
SUFFIX = WRITE_AHEAD_ANNOTATION.replace("/", "~1")
ALONE = {"op": "add", "path": "/metadata/annotations", "value": NOTED}
BESIDE = {"op": "add", "path": f"/metadata/annotations/{SUFFIX}", "value": NOTED[WRITE_AHEAD_ANNOTATION]}


async def put_ahead(
    kept: tuple[InventoryEntry, ...] = AHEAD, *, work: str = "write_ahead", **metadata: Any
) -> tuple[Any, DesignPattern]:
    """What is sent to write ahead for a pattern with such metadata, and what the pattern is then."""
    seen: list[Any] = []
    answered = {WRITE_AHEAD_ANNOTATION: written(kept, uid="u-9"), REQUESTED_AT_ANNOTATION: "later"} if kept else {}

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.headers["Content-Type"], orjson.loads(await request.read())))
        return web.Response(body=orjson.dumps(fat("web", uid="u-9", finalizers=[FINALIZER], annotations=answered)))

    async with serving(answer) as session:
        writer = StatusWriter(session, PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu)
        before = decode(fat("web", uid="u-9", **metadata))
        if work == "write_ahead":
            found = await writer.write_ahead(before, first_ahead(before, AHEAD))
        else:
            found = await writer.add_finalizer(before)
    (only,) = seen
    return only, found


@pytest.mark.parametrize(("annotations", "operation"), [({}, ALONE), ({"a": "b"}, BESIDE)], ids=["alone", "beside"])
async def test_the_finalizer_and_what_is_written_ahead_go_out_in_one_patch(annotations: Any, operation: Any):
    (kind, change), found = await put_ahead(finalizers=[], annotations=annotations)

    assert (kind, change) == ("application/json-patch+json", [VERSION, FIRST, operation])
    assert (found.metadata.annotations.write_ahead, found.metadata.finalizers.ours) == (AHEAD, 0)
    assert found.status.inventory.entries == AHEAD
    assert found.metadata.annotations.requested_at is None  # the run began before that was asked


async def test_beside_the_finalizer_the_annotation_alone_is_written():
    (_, change), found = await put_ahead(finalizers=[FINALIZER], annotations={"a": "b"})

    assert change == [VERSION, BESIDE]
    assert found.metadata.annotations.write_ahead == AHEAD


async def test_who_removed_the_finalizer_removed_what_is_written_ahead_and_both_come_back():
    (_, change), _ = await put_ahead(work="add_finalizer", finalizers=[], annotations=NOTED)

    assert change == [VERSION, FIRST, BESIDE]


@pytest.mark.parametrize("kept", [(), OTHER], ids=["dropped", "another"])
async def test_nothing_is_applied_where_what_is_written_ahead_is_not_kept(kept: tuple[InventoryEntry, ...]):
    with pytest.raises(Stalled, match="look at the admission webhooks") as error:
        await put_ahead(kept, finalizers=[FINALIZER])

    assert error.value.reason is Reason.INVALID_STATUS


async def test_the_first_status_takes_in_what_is_written_ahead():
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(orjson.loads(await request.read()))
        inventory = {name: value for name, value in seen[-1]["status"]["inventory"].items() if value is not None}
        return web.Response(
            body=orjson.dumps(
                {**fat("web", uid="u-9", finalizers=[FINALIZER], annotations=NOTED), "status": {"inventory": inventory}}
            )
        )

    async with serving(answer) as session:
        writer = StatusWriter(session, PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu)
        before = decode(fat("web", uid="u-9", finalizers=[FINALIZER], annotations=NOTED))
        first = await writer.status(before, before.status)
        again = await writer.status(first, first.status)

    entries = [{"id": "team_a__ConfigMap", "v": "v1", "pending": True}]
    inventory = {"count": 1, "entries": entries, "compressed": None}
    assert seen == [{"metadata": {"resourceVersion": "7"}, "status": {"inventory": inventory}}]
    assert (first.metadata.annotations.write_ahead, again) == (None, first)
