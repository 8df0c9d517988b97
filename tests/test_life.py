"""The restart loop: what ends one run of the operator is not the end of the process, and what must end it ends it."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from aiohttp import web
from tests.fatpattern import fat
from tests.kube.fake_apiserver import script, serving

from pattern_operator import life
from pattern_operator.aio import TasksStillRunning
from pattern_operator.executors import Executors
from pattern_operator.kube import ApiUnavailable, CredentialsError, OwnPermissions
from pattern_operator.life import CrdMissing, Process, Settings
from pattern_operator.reconcile import Patterns, Tenancy
from pattern_operator.sandbox import WorkerLimits
from pattern_operator.shutdown import Shutdown
from pattern_operator.watchdog import Watchdog

Work = Callable[[Process], Awaitable[None]]


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    """A process that is never really left."""
    settings = Settings(
        workers=WorkerLimits(),
        kubeconfig=None,
        context=None,
        lease_namespace=None,
        cache_directory=tmp_path,
        cache_size=0,
        metrics=("127.0.0.1", 0),
        concurrency=1,
        tenancy=Tenancy(),
    )
    with Executors.open() as executors:
        yield Process(settings, executors, Shutdown(grace=60.0, exit_process=lambda _: None))


@asynccontextmanager
async def living(process: Process, work: Work, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator["asyncio.Task[None]"]:
    """The loop over ``work``, without its pauses."""
    monkeypatch.setattr(life, "_live_once", work)
    monkeypatch.setattr(life, "FIRST_PAUSE", 0.0)
    task = asyncio.create_task(life._live_on(process))
    try:
        yield task
    finally:
        process.stop_requested.set()
        task.cancel()
        await asyncio.wait({task})


@pytest.mark.parametrize(
    "error",
    [
        TypeError("a defect"),
        ExceptionGroup("kopf", [ValueError("x")]),
        ApiUnavailable(code=0, reason="Unreachable", message="away"),
        CredentialsError("none"),
        CrdMissing("no kind"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_error_ends_one_run_and_the_next_begins(process, monkeypatch, error):
    runs, third = 0, asyncio.Event()

    async def work(_: Process) -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise error
        third.set()
        await process.stop_requested.wait()

    async with living(process, work, monkeypatch), asyncio.timeout(5):
        await third.wait()

    assert runs == 3


async def test_between_two_runs_the_process_is_not_ready_and_says_why(process, monkeypatch):
    failed = asyncio.Event()

    async def work(process: Process) -> None:
        if failed.is_set():
            await asyncio.Event().wait()
        process.ready, process.state = True, "works"
        process.watchdog = Watchdog(clock=time.monotonic, overdue=lambda: 0, watches=lambda: ())
        failed.set()
        raise ApiUnavailable(code=0, reason="Unreachable", message="the API server is away")

    async with living(process, work, monkeypatch):
        await failed.wait()
        await asyncio.sleep(0.01)

        assert process.probe() == (False, "cannot work: the API server is away (Unreachable)")
        assert process.complaint() == ""  # to wait for an API server is to be alive


async def test_tasks_that_cannot_be_ended_end_the_process(process, monkeypatch):
    codes, left = list[int](), asyncio.Event()

    def leave(code: int) -> None:
        codes.append(code)
        left.set()

    process.shutdown = Shutdown(grace=60.0, exit_process=leave)

    async def work(_: Process) -> None:
        if codes:
            await asyncio.Event().wait()
        raise TasksStillRunning("1 tasks go on although they were cancelled: worker-0")

    async with living(process, work, monkeypatch), asyncio.timeout(5):
        await left.wait()

    assert codes == [1]


async def test_who_leads_ends_by_itself_and_who_only_waits_is_cancelled(process, monkeypatch):
    ends: list[str] = []

    async def work(process: Process) -> None:
        try:
            await process.stop_requested.wait()
            await asyncio.sleep(0.05)
            ends.append("by itself")
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    for leads in (True, False):
        process.stop_requested.clear()
        process.leads = leads
        async with living(process, work, monkeypatch) as loop, asyncio.timeout(5):
            await asyncio.sleep(0.01)
            process.stop_requested.set()
            await loop

    assert ends == ["by itself", "cancelled"]


async def test_who_leads_and_does_not_end_by_itself_is_cancelled_after_the_grace(process, monkeypatch):
    monkeypatch.setattr(life, "GRACE", 0.05)
    process.leads = True
    cancelled = asyncio.Event()

    async def work(_: Process) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with living(process, work, monkeypatch) as loop, asyncio.timeout(5):
        await asyncio.sleep(0.01)
        process.stop_requested.set()
        await loop

    assert cancelled.is_set()


async def test_what_is_raised_where_nobody_waits_is_counted_and_not_quoted(process, caplog):
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(process.take_stray_error)

    def fail() -> None:
        raise TypeError("swordfish-4711")

    loop.call_soon(fail)
    await asyncio.sleep(0.01)

    assert 'internal_errors_total{where="loop"} 1.0' in process.metrics.text().decode()
    assert "swordfish-4711" not in caplog.text


async def test_work_that_does_not_go_on_is_neither_alive_nor_ready(process):
    process.ready, process.state = True, "works"
    now = 0.0
    process.watchdog = Watchdog(clock=lambda: now, overdue=lambda: 1, watches=lambda: ())
    assert process.probe() == (True, "works")

    now = 61.0

    assert process.complaint() == "patterns are due for 60 s, and no worker takes one"
    assert process.probe() == (False, "patterns are due for 60 s, and no worker takes one")


async def test_a_process_is_ready_to_stand_by_only_while_somebody_holds_the_lease(process):
    class Awaited:
        holder = "pattern-operator-abc_1"
        problem = ""

    process.awaited, process.state = Awaited(), "looks for the Lease"
    while_it_is_held = process.probe()
    Awaited.holder = ""  # its time is over, and it is not ours yet

    assert while_it_is_held == (True, "stands by: pattern-operator-abc_1 holds the Lease")
    assert process.probe() == (False, "looks for the Lease")
    Awaited.problem = "cannot take the Lease a/b: it is forbidden"
    assert process.probe() == (False, "cannot take the Lease a/b: it is forbidden")


def test_readyz_says_what_the_operator_itself_may_not_do_as_long_as_it_may_not(process: Process):
    process.state, process.ready, process.own_permissions = "works", True, OwnPermissions()
    process.own_permissions.answered("watch designpatterns.pattern-operator.io", 403)
    refused = process.probe()
    process.own_permissions.answered("watch designpatterns.pattern-operator.io", 200)

    assert not refused[0]
    assert "the operator itself may not watch designpatterns" in refused[1]
    assert process.probe() == (True, "works")


def test_readyz_says_says_who_holds_the_workers_while_patterns_wait(process: Process):
    process.state, process.ready = "works", True
    process.line = SimpleNamespace(words="namespace team holds 24 of 32 workers")
    waiting = process.probe()
    process.line = SimpleNamespace(words="")

    assert waiting == (True, "works; namespace team holds 24 of 32 workers")
    assert process.probe() == (True, "works")


def test_the_rules_in_force_are_said_as_flags(process: Process):
    strict = Tenancy(require_service_account=True, default_service_account="deployer", cross_namespace=False)

    assert life._rules(process.settings) == (
        "--concurrency=1 --registry-network=Any --require-service-account=false --default-service-account=(none)"
        " --no-cross-namespace=false"
    )
    assert life._rules(replace(process.settings, tenancy=strict)).endswith(
        "--require-service-account=true --default-service-account=deployer --no-cross-namespace=true"
    )


async def test_patterns_of_fat_metadata_are_found_in_little_memory():
    page = orjson.dumps({"metadata": {}, "items": [fat(f"p{number}") for number in range(8)]})
    answer, _ = script(web.Response(body=page))
    patterns = Patterns()

    async with serving(answer) as session:
        tracemalloc.start()
        try:
            found = await life._find_all(session, patterns)
            held, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert [key.name for key in found] == [f"p{number}" for number in range(8)]
    assert most < 4 * len(page)
    assert held < len(page) / 8
