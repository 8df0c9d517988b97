"""DesignPatterns that vanish unseen are told, and a cluster that was restored is begun anew with."""

import asyncio

import orjson
import pytest
from aiohttp import web
from tests.kube.fake_apiserver import serving
from tests.reconcile.pattern import pattern

from pattern_operator.reconcile import DeletionWatch, PatternKey, PatternStore, Restored

pytestmark = pytest.mark.real_time
PATIENCE = 10.0


class Server:
    """A collection of DesignPatterns; each watch of it is too old (410) until it may last."""

    def __init__(self) -> None:
        self.version = 10
        self.there: dict[str, tuple[str, int]] = {}
        self.gone: list[tuple[str, str]] = []
        self.told = asyncio.Event()
        self.over = False
        self.listed = asyncio.Event()
        self.too_old = asyncio.Event()

    def end(self) -> None:
        """Hold no watch any more."""
        self.over = True
        self.too_old.set()

    def take(self, key: PatternKey, uid: str) -> None:
        """What was told as gone."""
        self.gone.append((key.name, uid))
        self.told.set()

    async def until_told(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.gone) < count:
                self.told.clear()
                await self.told.wait()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            await self.too_old.wait()
            if not self.over:
                self.too_old.clear()
            return web.Response(status=410, body=b'{"kind": "Status", "code": 410, "reason": "Expired"}')
        items = [
            {"metadata": {"name": name, "namespace": "team", "uid": uid, "resourceVersion": str(version)}}
            for name, (uid, version) in self.there.items()
        ]
        self.listed.set()
        return web.Response(body=orjson.dumps({"metadata": {"resourceVersion": str(self.version)}, "items": items}))


@pytest.fixture
def patterns() -> PatternStore:
    found = PatternStore()
    for name in ("stays", "goes"):
        found.take(pattern(name=name, uid=f"u-{name}", resourceVersion="5"))
    return found


async def test_what_vanished_before_the_watch_began_is_told(patterns: PatternStore):
    server = Server()
    server.there = {"stays": ("u-stays", 5)}

    async with serving(server.answer) as session:
        existence = DeletionWatch(session, patterns, on_gone=server.take)
        task = asyncio.create_task(existence.run())
        await server.until_told(1)
        task.cancel()
        server.end()

    assert server.gone == [("goes", "u-goes")]


@pytest.mark.parametrize("left", [{"stays": ("u-stays", 5)}, {}], ids=["others are left", "none is left"])
async def test_what_vanishes_while_the_watch_is_too_old_is_told(
    patterns: PatternStore, left: dict[str, tuple[str, int]]
):
    server = Server()
    server.there = {"stays": ("u-stays", 5), "goes": ("u-goes", 5)}

    async with serving(server.answer) as session:
        existence = DeletionWatch(session, patterns, on_gone=server.take)
        task = asyncio.create_task(existence.run())
        await server.listed.wait()
        server.there, server.version = left, 20
        server.too_old.set()
        await server.until_told(2 - len(left))
        task.cancel()
        server.end()

    assert sorted(name for name, _ in server.gone) == sorted({"stays", "goes"} - set(left))


async def test_one_of_the_same_name_that_was_made_since_is_told_as_another(patterns: PatternStore):
    server = Server()
    server.there = {"stays": ("u-stays", 5), "goes": ("u-new", 8)}

    async with serving(server.answer) as session:
        existence = DeletionWatch(session, patterns, on_gone=server.take)
        task = asyncio.create_task(existence.run())
        await server.until_told(1)
        task.cancel()
        server.end()

    assert server.gone == [("goes", "u-goes")]


async def test_a_restore_of_etcd_ends_what_remembers(patterns: PatternStore):
    server = Server()
    server.there = {"stays": ("u-stays", 5), "goes": ("u-goes", 5)}

    async with serving(server.answer) as session:
        task = asyncio.create_task(DeletionWatch(session, patterns, on_gone=lambda *_: None).run())
        await server.listed.wait()
        server.version = 7
        server.too_old.set()
        with pytest.raises(Restored, match="restored from a backup"):
            async with asyncio.timeout(PATIENCE):
                await task
        server.end()
