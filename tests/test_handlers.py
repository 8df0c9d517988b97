"""What wakes a pattern up: what kopf tells is taken in and enqueued, and never ends the watch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from tests.kube.fake_collection import Collection
from tests.test_kopf_runner import signals

from pattern_operator import handlers
from pattern_operator.handlers import decode_or_log
from pattern_operator.kopf_runner import run_kopf
from pattern_operator.kube import Session
from pattern_operator.kube.wellknown import DESIGN_PATTERN
from pattern_operator.reconcile import PatternKey, PatternStore
from pattern_operator.shutdown import Shutdown

__all__ = ["signals"]

SPEC = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}}
KEY = PatternKey("team", "web")
PATIENCE = 10.0


class Recorded:
    """What the handlers asked for."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[tuple[str, PatternKey]] = asyncio.Queue()
        self.stopped = False

    def wake(self, key: PatternKey) -> None:
        self.calls.put_nowait(("wake", key))

    def forget(self, key: PatternKey, *, uid: str) -> None:
        self.calls.put_nowait((f"forget {uid}", key))

    async def stop(self) -> None:
        self.stopped = True

    async def next(self) -> tuple[str, PatternKey]:
        async with asyncio.timeout(PATIENCE):
            return await self.calls.get()


@pytest.fixture
def designs() -> Collection:
    return Collection(DESIGN_PATTERN)


@pytest.fixture
async def session(designs: Collection) -> AsyncIterator[Session]:
    async with designs.serve() as session:
        yield session


@asynccontextmanager
async def called_by_kopf(session: Session, patterns: PatternStore | None = None) -> AsyncIterator[Recorded]:
    """The handlers, and kopf that calls them. No fixture: when kopf ends, it cancels the tasks that began since."""
    recorded, end = Recorded(), asyncio.Event()
    registry = handlers.registry(
        session=session,
        patterns=PatternStore() if patterns is None else patterns,
        wake=recorded.wake,
        reconciler=SimpleNamespace(forget=recorded.forget),  # type: ignore[arg-type]  # all that is called of it
        stop=recorded.stop,
    )
    shutdown = Shutdown(grace=60.0, exit_process=lambda _: None)
    running = asyncio.create_task(run_kopf(registry, shutdown=shutdown, until=(end,)))
    try:
        yield recorded
    finally:
        end.set()
        async with asyncio.timeout(PATIENCE):
            await running


async def test_what_is_there_what_comes_and_what_goes_is_told(designs, session):
    web = designs.put("web", spec=SPEC)
    async with called_by_kopf(session) as recorded:
        first = await recorded.next()
        designs.put("web", spec={**SPEC, "suspend": True}, metadata={"generation": 2})
        second = await recorded.next()
        designs.drop("web")
        third = await recorded.next()

    assert (first, second) == (("wake", KEY), ("wake", KEY))
    assert third == (f"forget {web['metadata']['uid']}", KEY)
    assert recorded.stopped


async def test_the_answer_to_a_write_of_ours_is_not_told_once_more_by_the_watch(designs, session, monkeypatch):
    patterns, decoded = PatternStore(), list[str]()

    def decode(state: dict[str, Any], *, patterns: PatternStore) -> PatternKey | None:
        decoded.append(state["metadata"]["resourceVersion"])
        return decode_or_log(state, patterns=patterns)

    monkeypatch.setattr(handlers, "decode_or_log", decode)
    first = designs.put("web", spec=SPEC)["metadata"]["resourceVersion"]
    async with called_by_kopf(session, patterns) as recorded:
        await recorded.next()
        # The watch is told of it only when the loop comes round again.
        patterns.upsert(designs.put("web", spec=SPEC, status={"observedGeneration": 1}))
        last = designs.put("web", spec={**SPEC, "suspend": True}, metadata={"generation": 2})
        await recorded.next()

    assert decoded == [first, last["metadata"]["resourceVersion"]]


async def test_a_pattern_that_cannot_be_read_wakes_nothing_and_hides_no_other(designs, session, caplog):
    designs.put("broken", spec={"source": 5})
    designs.put("web", spec=SPEC)

    async with called_by_kopf(session) as recorded:
        assert await recorded.next() == ("wake", KEY)

    assert "pattern=team/broken" in caplog.text


async def test_a_defect_costs_one_event_and_is_counted(designs, session, monkeypatch):
    counted = list[str]()
    session.internal_errors.count = counted.append

    def decode(state: dict[str, Any], *, patterns: PatternStore) -> PatternKey | None:
        if state["metadata"]["name"] == "first":
            raise TypeError("a defect")
        return decode_or_log(state, patterns=patterns)

    monkeypatch.setattr(handlers, "decode_or_log", decode)
    designs.put("first", spec=SPEC)
    designs.put("web", spec=SPEC)
    async with called_by_kopf(session) as recorded:
        assert await recorded.next() == ("wake", KEY)

    assert counted == ["handler"]


def body(**fields: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "team", "uid": "u", "generation": 1, "resourceVersion": "7"}
    return {"metadata": metadata, "spec": SPEC, **fields}


def test_a_state_is_decoded_and_asks_for_work():
    patterns = PatternStore()

    assert decode_or_log(body(), patterns=patterns) == KEY
    assert patterns.get(KEY) is not None


def test_of_a_state_that_the_crd_would_refuse_the_owner_is_kept_and_the_log_says_which_and_why(caplog):
    patterns = PatternStore()

    assert decode_or_log(body(spec={"source": 5}), patterns=patterns) is None
    assert "pattern=team/web" in caplog.text
    assert patterns.get(KEY) is None
