"""The restart loop and leader election: what ends one run is not the end of the process, and what must end it does."""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.faketime import run
from tests.kube.fake_collection import Collection, until

from pattern_operator import manager
from pattern_operator.aio import TasksStillRunning, background_tasks
from pattern_operator.executors import Executors
from pattern_operator.health import Electing, NotReady, Starting, readiness
from pattern_operator.kube import ApiUnavailable, CredentialsError, Endpoint, LeaderElector, Session
from pattern_operator.kube.endpoint import StaticAuth
from pattern_operator.kube.leaderelection import Timing
from pattern_operator.kube.wellknown import LEASE
from pattern_operator.manager import CannotRun, Process, Work
from pattern_operator.reconcile import Tenancy
from pattern_operator.settings import Settings
from pattern_operator.shutdown import Shutdown

FAST = Timing(duration=3.0, deadline=2.0, renew=0.05, retry=0.02)
PATIENCE = 5.0


def settings(directory: Path, **fields: Any) -> Settings:
    return Settings(
        kubeconfig=None,
        context=None,
        lease_namespace="team",
        cache_directory=directory,
        cache_size=0,
        metrics=("127.0.0.1", 0),
        concurrency=1,
        tenancy=Tenancy(),
        **fields,
    )


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    """A process that is never really left."""
    with Executors.open() as executors:
        yield Process(settings(tmp_path), executors, Shutdown(grace=60.0, exit_process=lambda _: None))


@pytest.fixture
async def leases(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collection]:
    """The Leases of an API server that the process finds, and renews in them often."""
    leases = Collection(LEASE)

    class Fast(LeaderElector):
        def __init__(self, session: Session, **rest: Any) -> None:
            super().__init__(session, times=FAST, **rest)

    async with leases.serve() as session:

        async def load(**_: object) -> Endpoint:
            return Endpoint(server=session.server, authorization=StaticAuth("Bearer t"))

        monkeypatch.setattr(manager, "load", load)
        monkeypatch.setattr(manager, "LeaderElector", Fast)
        monkeypatch.setattr(manager, "FIRST_PAUSE", 0.0)
        yield leases


@asynccontextmanager
async def running(process: Process, work: Work) -> AsyncIterator["asyncio.Task[None]"]:
    """The restart loop around ``work``."""
    task = asyncio.create_task(manager.run_with_restarts(process, work))
    try:
        yield task
    finally:
        process.stop_requested.set()
        task.cancel()
        await asyncio.wait({task})


def holder(leases: Collection) -> str:
    return str(leases.objects["team", "pattern-operator"]["spec"]["holderIdentity"])


# --- restarts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        TypeError("a defect"),
        ExceptionGroup("kopf", [ValueError("x")]),
        ApiUnavailable(code=0, reason="Unreachable", message="away"),
        CredentialsError("none"),
        CannotRun("no kind"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_error_ends_one_run_and_the_next_begins(process, leases, error):
    runs, third = 0, asyncio.Event()

    async def work(process: Process, _: Session, *, lost: asyncio.Event) -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise error
        third.set()
        await process.stop_requested.wait()

    async with running(process, work), asyncio.timeout(PATIENCE):
        await third.wait()

    assert runs == 3


async def test_a_background_task_that_fails_restarts_the_work(process, leases):
    runs, again, others = 0, asyncio.Event(), list[str]()

    async def fail() -> None:
        raise ValueError("a defect of a task")

    async def go_on() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            others.append("ended")

    async def work(process: Process, _: Session, *, lost: asyncio.Event) -> None:
        nonlocal runs
        runs += 1
        if runs == 2:
            again.set()
            await process.stop_requested.wait()
            return
        async with background_tasks() as tasks:
            tasks.create_task(go_on(), name="another")
            await asyncio.sleep(0)
            tasks.create_task(fail(), name="fails")
            await tasks.failed.wait()
            await tasks.stop()
            tasks.check()

    async with running(process, work), asyncio.timeout(PATIENCE):
        await again.wait()

    assert others == ["ended"]
    assert 'internal_errors_total{where="manager"} 1.0' in process.metrics.text().decode()


async def test_between_two_runs_the_process_is_not_ready_and_says_why(process, leases):
    async def work(_: Process, __: Session, *, lost: asyncio.Event) -> None:
        raise ApiUnavailable(code=0, reason="Unreachable", message="the API server is away")

    await manager.run_once(process, work)

    assert readiness(process.phase) == (False, "cannot work: the API server is away (Unreachable)")


async def test_what_no_retry_helps_is_logged_without_a_traceback_and_is_not_an_internal_error(process, leases, caplog):
    async def work(_: Process, __: Session, *, lost: asyncio.Event) -> None:
        raise CannotRun("apply crds/")

    await manager.run_once(process, work)

    assert [(each.levelname, each.exc_info) for each in caplog.records if "apply crds/" in each.message] == [
        ("ERROR", None)
    ]
    assert 'internal_errors_total{where="manager"} 0.0' in process.metrics.text().decode()


async def test_tasks_that_cannot_be_ended_end_the_process(process, leases):
    codes = list[int]()
    process.shutdown = Shutdown(grace=60.0, exit_process=codes.append)

    async def work(_: Process, __: Session, *, lost: asyncio.Event) -> None:
        raise TasksStillRunning("1 tasks are still running although they were cancelled: worker-0")

    await manager.run_once(process, work)

    assert codes == [1]


def test_pauses_grow_with_failures_in_a_row_and_a_long_run_forgets_them(tmp_path, monkeypatch):
    monkeypatch.setattr(manager, "time", SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time()))
    begun, long = list[float](), manager.STABLE_RUN + 1

    async def once(process: Process, _: Work) -> None:
        begun.append(asyncio.get_running_loop().time())
        if len(begun) == 5:
            await asyncio.sleep(long)
        if len(begun) == 7:
            process.stop_requested.set()

    monkeypatch.setattr(manager, "run_once", once)

    async def restarts() -> None:
        with Executors.open() as executors:
            process = Process(settings(tmp_path), executors, Shutdown(grace=60.0, exit_process=lambda _: None))
            await manager.run_with_restarts(process, None)  # type: ignore[arg-type]  # not called

    run(restarts())

    assert [after - before for before, after in itertools.pairwise(begun)] == [1, 2, 4, 8, long + 1, 2]


async def test_what_no_run_contains_is_not_swallowed(process, monkeypatch):
    async def once(_: Process, __: Work) -> None:
        raise ValueError("not contained")

    monkeypatch.setattr(manager, "run_once", once)
    with pytest.raises(ValueError, match="not contained"):
        await manager.run_with_restarts(process, None)  # type: ignore[arg-type]  # not called


# --- leader election --------------------------------------------------------------------------------------------------


async def test_leadership_that_was_lost_ends_the_work_and_the_process_stands_by(process, leases):
    works, ended = asyncio.Event(), asyncio.Event()

    async def work(_: Process, __: Session, *, lost: asyncio.Event) -> None:
        works.set()
        await lost.wait()
        ended.set()

    async with running(process, work), asyncio.timeout(PATIENCE):
        await works.wait()
        while_it_leads = process.phase
        leases.put("pattern-operator", spec={"holderIdentity": "another", "leaseDurationSeconds": 60})
        await ended.wait()
        await until(lambda: readiness(process.phase) == (True, "stands by: another holds the Lease"))

    assert isinstance(while_it_leads, Starting)
    assert holder(leases) == "another"


async def test_who_does_not_hold_the_lease_does_no_work(process, leases):
    leases.put("pattern-operator", spec={"holderIdentity": "another", "leaseDurationSeconds": 60})
    worked = list[str]()

    async def work(_: Process, __: Session, *, lost: asyncio.Event) -> None:
        worked.append("worked")

    async with running(process, work):
        await until(lambda: readiness(process.phase)[0])
        assert isinstance(process.phase, Electing)

    assert worked == []


async def test_the_lease_is_given_back_when_the_work_ends(process, leases):
    async def work(_: Process, __: Session, *, lost: asyncio.Event) -> None:
        assert holder(leases)

    await manager.run_as_leader(process, work)

    assert holder(leases) == ""


# --- shutdown ---------------------------------------------------------------------------------------------------------


async def test_a_leader_ends_by_itself_and_gives_the_lease_back(process, leases):
    works, ends = asyncio.Event(), list[str]()

    async def work(process: Process, _: Session, *, lost: asyncio.Event) -> None:
        works.set()
        await process.stop_requested.wait()
        await asyncio.sleep(0.05)
        ends.append("by itself")

    async with running(process, work) as loop, asyncio.timeout(PATIENCE):
        await works.wait()
        process.stop_requested.set()
        await loop

    assert ends == ["by itself"]
    assert holder(leases) == ""


async def test_a_candidate_is_cancelled_at_once(process, leases):
    leases.put("pattern-operator", spec={"holderIdentity": "another", "leaseDurationSeconds": 60})

    async with running(process, None) as loop:  # type: ignore[arg-type]  # not called
        await until(lambda: readiness(process.phase)[0])
        process.stop_requested.set()
        async with asyncio.timeout(manager.GRACE / 2):
            await loop


async def test_a_leader_that_does_not_end_by_itself_is_cancelled_after_the_grace(process, leases, monkeypatch):
    monkeypatch.setattr(manager, "GRACE", 0.05)
    works, cancelled = asyncio.Event(), asyncio.Event()

    async def work(_: Process, __: Session, *, lost: asyncio.Event) -> None:
        works.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with running(process, work) as loop, asyncio.timeout(PATIENCE):
        await works.wait()
        process.stop_requested.set()
        await loop

    assert cancelled.is_set()
    assert holder(leases) == ""


async def test_sigterm_ends_the_process_within_the_grace(tmp_path, leases, monkeypatch):
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.setattr(manager, "Shutdown", lambda: Shutdown(grace=60.0, exit_process=lambda _: None))
    ended = list[str]()

    async def work(process: Process, _: Session, *, lost: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await process.stop_requested.wait()
        ended.append("in good order")

    try:
        async with asyncio.timeout(PATIENCE):
            code = await manager.run(settings(tmp_path), work)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        asyncio.get_running_loop().set_exception_handler(None)

    assert (code, ended, holder(leases)) == (0, ["in good order"], "")


async def test_an_address_that_is_taken_ends_the_process_and_says_which_flag_helps(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(Shutdown, "install_signal_handlers", lambda _: None)
    monkeypatch.setattr(manager, "Shutdown", lambda: Shutdown(grace=60.0, exit_process=lambda _: None))
    taken = await asyncio.start_server(lambda _, __: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    try:
        code = await manager.run(replace(settings(tmp_path), metrics=("127.0.0.1", port)), None)  # type: ignore[arg-type]  # not called
    finally:
        taken.close()
        asyncio.get_running_loop().set_exception_handler(None)

    assert code == 1
    assert "choose another --metrics-bind" in caplog.text


# --- errors that nobody waits for -------------------------------------------------------------------------------------


async def test_what_is_raised_where_nobody_waits_is_counted_and_not_quoted(process, caplog):
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(process.record_stray_error)

    def fail() -> None:
        raise TypeError("swordfish-4711")

    loop.call_soon(fail)
    await asyncio.sleep(0.01)
    loop.set_exception_handler(None)

    assert 'internal_errors_total{where="loop"} 1.0' in process.metrics.text().decode()
    assert "swordfish-4711" not in caplog.text


def test_a_process_starts_not_ready(process):
    assert process.phase == NotReady("starting")
