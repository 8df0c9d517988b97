"""The writer changes its own finalizer, and neither reads nor sends the others, of which there may be any number."""

from typing import Any

import orjson
import pytest
from aiohttp import web
from tests.executors import EXECUTORS
from tests.fatpattern import fat
from tests.kube.fake_apiserver import serving

from pattern_operator.api.designpattern import decode
from pattern_operator.api.names import FINALIZER
from pattern_operator.reconcile.pattern_store import PatternStore
from pattern_operator.reconcile.status_writer import StatusWriter

pytestmark = pytest.mark.real_time
VERSION = {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}
ADDED = {"op": "add", "path": "/metadata/finalizers/-", "value": FINALIZER}
FIRST = {"op": "add", "path": "/metadata/finalizers", "value": [FINALIZER]}
OTHERS = [f"a.example/{number}" for number in range(2_000)]


async def sent(work: str, finalizers: list[str]) -> list[Any]:
    """What ``hold`` or ``release`` sends for a pattern with these finalizers."""
    seen: list[Any] = []
    body = fat("web", finalizers=finalizers)

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
