"""kopf itself, against an API server in memory: it watches, and ends when it is to end."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import kopf
import pytest
from tests.kube.fake_collection import Collection, until

from pattern_operator import kopf_runner
from pattern_operator.aio import TasksStillRunning
from pattern_operator.kopf_runner import run_kopf
from pattern_operator.kopf_settings import watch_only
from pattern_operator.kube import Session
from pattern_operator.kube.wellknown import DESIGN_PATTERN
from pattern_operator.shutdown import Shutdown

PATIENCE = 10.0


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """kopf takes signals, and ``Shutdown`` takes them back; pytest gets its own again."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def patterns() -> Collection:
    return Collection(DESIGN_PATTERN)


@pytest.fixture
async def session(patterns: Collection) -> AsyncIterator[Session]:
    async with patterns.serve() as session:
        yield session


class Seen:
    """The handlers that kopf calls, and what they were told."""

    def __init__(self, session: Session) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.registry = kopf.OperatorRegistry()
        self.cleaned = False

        @kopf.on.login(registry=self.registry)
        async def login(**_: Any) -> kopf.AiohttpSession:
            return kopf.AiohttpSession(server=session.server, aiohttp_session=session.kopf_http)

        @kopf.on.startup(registry=self.registry)
        async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
            watch_only(settings)

        @kopf.on.cleanup(registry=self.registry)
        async def cleanup(**_: Any) -> None:
            self.cleaned = True

        group, version, plural = DESIGN_PATTERN.group, DESIGN_PATTERN.version, DESIGN_PATTERN.plural

        @kopf.on.event(group, version, plural, registry=self.registry)
        async def changed(name: str, type: str | None, **_: Any) -> None:  # noqa: A002 - kopf's name
            self.told.put_nowait(f"{type} {name}")


@pytest.fixture
async def shutdown() -> Shutdown:
    return Shutdown(grace=60.0, exit_process=lambda _: None)


async def test_it_tells_what_is_there_and_what_changes_until_it_is_to_end(patterns, session, shutdown):
    patterns.put("there")
    seen, end = Seen(session), asyncio.Event()
    running = asyncio.create_task(run_kopf(seen.registry, shutdown=shutdown, until=(asyncio.Event(), end)))
    async with asyncio.timeout(PATIENCE):
        first = await seen.told.get()
        patterns.put("there", spec={"suspend": True})
        second = await seen.told.get()
        end.set()
        await running

    assert (first, second) == ("None there", "MODIFIED there")
    assert seen.cleaned


async def test_the_signals_are_the_operators_own_again(patterns, session, shutdown):
    seen, end = Seen(session), asyncio.Event()
    patterns.put("there")
    running = asyncio.create_task(run_kopf(seen.registry, shutdown=shutdown, until=(end,)))
    async with asyncio.timeout(PATIENCE):
        await seen.told.get()
        taken = signal.getsignal(signal.SIGTERM)
        end.set()
        await running

    assert taken == shutdown._signalled


async def test_kopf_that_does_not_end_is_cancelled_and_if_it_lives_on_the_process_must_end(
    session, shutdown, monkeypatch
):
    monkeypatch.setattr(kopf_runner, "GRACE", 0.02)
    monkeypatch.setattr(kopf_runner, "FORCED_GRACE", 0.05)
    free = asyncio.Event()

    async def immortal(*_: object, **__: object) -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    monkeypatch.setattr(kopf_runner, "_run", immortal)
    end = asyncio.Event()
    end.set()
    with pytest.raises(TasksStillRunning, match="kopf"):
        await run_kopf(kopf.OperatorRegistry(), shutdown=shutdown, until=(end,))
    free.set()


async def test_what_kopf_fails_with_is_raised(session, shutdown, monkeypatch):
    async def fail(*_: object, **__: object) -> None:
        raise ValueError("kopf failed")

    monkeypatch.setattr(kopf_runner, "_run", fail)
    with pytest.raises(ValueError, match="kopf failed"):
        await run_kopf(kopf.OperatorRegistry(), shutdown=shutdown, until=(asyncio.Event(),))


async def test_an_error_of_the_watch_is_a_new_list_and_not_the_end(patterns, session, shutdown):
    patterns.put("there")
    seen, end = Seen(session), asyncio.Event()
    running = asyncio.create_task(run_kopf(seen.registry, shutdown=shutdown, until=(end,)))
    async with asyncio.timeout(PATIENCE):
        await seen.told.get()
        patterns.fail_watches(500, "InternalError")
        patterns.put("later")
        again = {await seen.told.get() for _ in range(2)}
        alive = not running.done()
        end.set()
        await running

    assert alive
    assert again == {"None there", "None later"}
    assert patterns.asked.count("list designpatterns") == 2


async def test_watches_that_end_at_once_are_asked_for_ever_less_often(patterns, session, shutdown, monkeypatch):
    async def end_at_once(*_: object) -> None:
        """The watch is answered, and brings nothing."""

    monkeypatch.setattr(patterns, "_watch", end_at_once)
    seen, end = Seen(session), asyncio.Event()
    running = asyncio.create_task(run_kopf(seen.registry, shutdown=shutdown, until=(end,)))
    await until(lambda: patterns.asked.count("watch designpatterns") == 2)
    await asyncio.sleep(1.0)
    asked = patterns.asked.count("watch designpatterns")
    monkeypatch.undo()
    patterns.put("web")
    async with asyncio.timeout(PATIENCE):
        told = await seen.told.get()
        end.set()
        await running

    assert 2 <= asked <= 6
    assert told == "ADDED web"


async def test_what_is_known_already_is_not_told(patterns, session, shutdown):
    patterns.put("web")
    patterns.put("other")
    session.kopf_watch.skip_known(lambda _, name, __, ___: name == "web")
    seen, end = Seen(session), asyncio.Event()
    running = asyncio.create_task(run_kopf(seen.registry, shutdown=shutdown, until=(end,)))
    async with asyncio.timeout(PATIENCE):
        listed = {await seen.told.get() for _ in range(2)}
        patterns.put("web", status={"observedGeneration": 1})
        patterns.put("other", status={"observedGeneration": 1})
        told = await seen.told.get()
        end.set()
        await running

    assert listed == {"None web", "None other"}
    assert told == "MODIFIED other"
