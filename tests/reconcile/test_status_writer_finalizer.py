"""The writer changes its own finalizer and annotation, and neither reads nor sends the others, however many."""

from typing import Any

import orjson
import pytest
from aiohttp import web
from tests.executors import EXECUTORS
from tests.fatpattern import fat
from tests.kube.fake_apiserver import serving

from pattern_operator.api.designpattern import DesignPattern, decode
from pattern_operator.api.names import FIELD_MANAGER, FINALIZER, REQUESTED_AT_ANNOTATION, WRITE_AHEAD_ANNOTATION
from pattern_operator.api.reason import Reason
from pattern_operator.api.write_ahead import WriteAhead, written
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.pattern_store import PatternStore
from pattern_operator.reconcile.status_writer import StatusWriter

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


async def test_the_finalizer_comes_back_alone_where_somebody_removed_what_was_written_ahead_with_it():
    assert await sent("add_finalizer", [], writeAhead="5") == [[VERSION, FIRST]]


async def test_only_our_finalizer_is_taken_away():
    removed = {"op": "remove", "path": f"/metadata/finalizers/{len(OTHERS)}"}

    assert await sent("remove_finalizer", [*OTHERS, FINALIZER, "b.example/last"]) == [[VERSION, removed]]


@pytest.mark.parametrize(("work", "finalizers"), [("add_finalizer", [FINALIZER]), ("remove_finalizer", OTHERS)])
async def test_nothing_is_sent_when_it_is_as_wanted(work, finalizers):
    assert await sent(work, finalizers) == []


AHEAD = WriteAhead(id="7", kinds=("ConfigMap",), namespaces=("team",))
NOTED = {WRITE_AHEAD_ANNOTATION: written(AHEAD)}
SUFFIX = WRITE_AHEAD_ANNOTATION.replace("/", "~1")


async def put_ahead(kept: WriteAhead | None = AHEAD, **metadata: Any) -> tuple[Any, DesignPattern]:
    """What is sent to write ahead for a pattern with such metadata, and what the pattern is then."""
    seen: list[Any] = []
    answered = {WRITE_AHEAD_ANNOTATION: written(kept), REQUESTED_AT_ANNOTATION: "later"} if kept is not None else {}

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.headers["Content-Type"], orjson.loads(await request.read())))
        return web.Response(body=orjson.dumps(fat("web", finalizers=[FINALIZER], annotations=answered)))

    async with serving(answer) as session:
        writer = StatusWriter(session, PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu)
        found = await writer.write_ahead(decode(fat("web", **metadata)), AHEAD)
    (only,) = seen
    return only, found


@pytest.mark.parametrize(
    ("annotations", "operation"),
    [
        ({}, {"op": "add", "path": "/metadata/annotations", "value": NOTED}),
        ({"a": "b"}, {"op": "add", "path": f"/metadata/annotations/{SUFFIX}", "value": NOTED[WRITE_AHEAD_ANNOTATION]}),
    ],
    ids=["alone", "beside others"],
)
async def test_the_finalizer_and_what_is_written_ahead_go_out_in_one_patch(annotations: Any, operation: Any):
    (kind, change), found = await put_ahead(finalizers=[], annotations=annotations)

    assert (kind, change) == ("application/json-patch+json", [VERSION, FIRST, operation])
    assert (found.metadata.annotations.write_ahead, found.metadata.finalizers.ours) == (AHEAD, 0)


async def test_beside_the_finalizer_the_annotation_alone_is_merged_into_this_very_pattern():
    (kind, change), found = await put_ahead(finalizers=[FINALIZER], uid="u-9")

    assert (kind, change) == ("application/merge-patch+json", {"metadata": {"uid": "u-9", "annotations": NOTED}})
    assert found.metadata.annotations.write_ahead == AHEAD
    assert found.metadata.annotations.requested_at is None  # the run began before that was asked


async def test_with_the_finalizer_what_is_outstanding_goes_out_again_and_says_since_when():
    """The patch renews the time of our entry, and what was written ahead is older than that."""
    noted = WriteAhead(id="7", kinds=("ConfigMap",))
    dated = WriteAhead(id="7", since="2026-11-25T11:00:00Z", kinds=("ConfigMap",))
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(orjson.loads(await request.read()))
        body = fat("web", finalizers=[FINALIZER], annotations={WRITE_AHEAD_ANNOTATION: written(dated)})
        return web.Response(body=orjson.dumps(body))

    fields: dict[str, Any] = {"f:metadata": {"f:annotations": {f"f:{WRITE_AHEAD_ANNOTATION}": {}}}}
    entry = {"manager": FIELD_MANAGER, "operation": "Update", "time": "2026-11-25T11:00:01Z", "fieldsV1": fields}
    async with serving(answer) as session:
        writer = StatusWriter(session, PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu)
        annotations = {WRITE_AHEAD_ANNOTATION: written(noted), "a": "b"}
        before = decode(fat("web", finalizers=[], annotations=annotations, managedFields=[entry]))
        found = await writer.add_finalizer(before)

    operation = {"op": "add", "path": f"/metadata/annotations/{SUFFIX}", "value": written(dated)}
    assert seen == [[VERSION, FIRST, operation]]
    assert found.metadata.annotations.write_ahead == dated


@pytest.mark.parametrize("kept", [None, WriteAhead(id="6", kinds=("Secret",))], ids=["dropped", "another"])
async def test_nothing_is_applied_where_what_is_written_ahead_is_not_kept(kept: WriteAhead | None):
    with pytest.raises(Stalled, match="look at the admission webhooks") as error:
        await put_ahead(kept, finalizers=[FINALIZER])

    assert error.value.reason is Reason.INVALID_STATUS


async def test_where_nothing_is_to_be_written_ahead_nothing_is_sent():
    async with serving(lambda _: web.Response(status=500)) as session:
        writer = StatusWriter(session, PatternStore(), wake=lambda _: None, cpu=EXECUTORS.cpu)
        before = decode(fat("web", finalizers=[FINALIZER]))

        assert await writer.write_ahead(before, None) is before
