"""The parts together, against an API server in memory; kopf is left out, which only wakes patterns."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import pytest
from tests.kube.fake_collection import Collection
from tests.test_manager import PATIENCE, settings

from pattern_operator import app, startup
from pattern_operator.apply import Protected
from pattern_operator.executors import Executors
from pattern_operator.health import Running, liveness_error, readiness
from pattern_operator.kube import ApiError, Session
from pattern_operator.kube.wellknown import DESIGN_PATTERN
from pattern_operator.manager import CannotRun, Process
from pattern_operator.reconcile import DeletionWatch, PatternKey, QueueReport, Restored
from pattern_operator.shutdown import Shutdown
from pattern_operator.telemetry import EventRecorder
from pattern_operator.watchdog import Watchdog, WorkStalled


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    with Executors.open() as executors:
        yield Process(settings(tmp_path), executors, Shutdown(grace=60.0, exit_process=lambda _: None))


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    async with Collection(DESIGN_PATTERN).serve() as session:
        yield session


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when all parts run, and kopf would watch."""
    works = asyncio.Event()

    async def run_kopf(_: object, *, until: Iterable[asyncio.Event], **__: object) -> None:
        works.set()
        waiting = [asyncio.create_task(each.wait()) for each in until]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()

    monkeypatch.setattr(app, "run_kopf", run_kopf)
    return works


@pytest.mark.parametrize("reason", ["leadership was lost", "SIGTERM"])
async def test_the_work_ends_and_leaves_no_task_behind(process, session, works, reason):
    lost = asyncio.Event()
    before = asyncio.all_tasks()
    running = asyncio.create_task(app.run_app(process, session, lost=lost))
    async with asyncio.timeout(PATIENCE):
        await works.wait()
        phase = process.phase
        while_it_runs = readiness(phase)
        (lost if reason == "leadership was lost" else process.stop_requested).set()
        await running

    assert while_it_runs == (True, "works")
    assert isinstance(phase, Running)
    assert liveness_error(phase) == ""
    names = {task.get_name() for task in asyncio.all_tasks() - before if "Task-" not in task.get_name()}
    assert names == set()


async def test_a_part_that_fails_ends_the_work_with_its_error(process, session, works, monkeypatch):
    async def fail(_: object) -> None:
        raise ValueError("a defect of a part")

    monkeypatch.setattr(DeletionWatch, "run", fail)

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ValueError, match="a defect of a part"):
            await app.run_app(process, session, lost=asyncio.Event())


async def test_after_a_restore_of_etcd_the_work_starts_again_and_that_is_not_a_defect(
    process, session, works, monkeypatch
):
    async def restored(_: object) -> None:
        raise Restored("etcd was restored from a backup")

    monkeypatch.setattr(DeletionWatch, "run", restored)

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(CannotRun, match="etcd was restored from a backup"):
            await app.run_app(process, session, lost=asyncio.Event())


async def test_an_api_server_that_refuses_the_first_question_ends_the_work_before_anything_runs(process, works):
    patterns = Collection(DESIGN_PATTERN, refuse={"list": (403, "Forbidden")})
    async with patterns.serve() as session, asyncio.timeout(PATIENCE):
        with pytest.raises(ApiError, match="Forbidden"):
            await app.run_app(process, session, lost=asyncio.Event())

    assert not works.is_set()


SILENT = ApiError(code=503, reason="ServiceUnavailable", message="no")
NAMED = frozenset({("ClusterRole", "pattern-operator"), ("ClusterRoleBinding", "pattern-operator-applier")})
RENAMED = frozenset({("ClusterRole", "acme-follower")})


@pytest.fixture
def rbac(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Answer each look at the operator's own RBAC with the next of these; with an error the API server is silent."""

    def answer(*answers: ApiError | frozenset[tuple[str, str]]) -> None:
        left = iter(answers)

        async def look(*_: object, **__: object) -> frozenset[tuple[str, str]]:
            found = next(left)
            if isinstance(found, ApiError):
                raise found
            return found

        monkeypatch.setattr(startup, "operator_rbac", look)

    monkeypatch.setattr(startup, "RBAC_PAUSE", 0.01)
    return answer


async def test_rbac_that_does_not_answer_holds_up_no_pattern_and_is_protected_by_its_names_once_it_does(
    process, session, works, rbac
):
    rbac(SILENT, SILENT, RENAMED)
    running = asyncio.create_task(app.run_app(process, session, lost=asyncio.Event()))

    async with asyncio.timeout(PATIENCE):
        await works.wait()
        with pytest.raises(CannotRun, match="own RBAC can be read now"):
            await running


async def test_rbac_that_turns_out_to_have_its_usual_names_restarts_nothing(session, rbac):
    rbac(SILENT, NAMED)

    async with asyncio.timeout(PATIENCE):
        await startup.until_rbac_is_read(session, protected=Protected())


async def test_what_the_next_run_may_believe_is_kept(process, session, works, monkeypatch):
    monkeypatch.setattr("pattern_operator.parts.Reconciler.what_is_kept", lambda _: {"uid": "kept"})
    lost = asyncio.Event()
    running = asyncio.create_task(app.run_app(process, session, lost=lost))
    async with asyncio.timeout(PATIENCE):
        await works.wait()
        lost.set()
        await running

    assert process.kept == {"uid": "kept"}


async def test_work_that_stalled_is_ended_to_be_restarted(process, session, works, monkeypatch):
    monkeypatch.setattr("pattern_operator.watchdog.SAMPLE", 0.01)
    monkeypatch.setattr(Watchdog, "check", lambda _: "the watch of secrets has not moved for 900 s")

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(WorkStalled, match="has not moved"):
            await app.run_app(process, session, lost=asyncio.Event())


@pytest.mark.parametrize(
    "part", [EventRecorder, QueueReport], ids=["the recorder of events", "what says that patterns wait"]
)
async def test_each_part_that_runs_by_itself_is_started(process, session, works, monkeypatch, part):
    started = asyncio.Event()

    async def run(*_: object) -> None:
        started.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(part, "run" if part is EventRecorder else "watch", run)
    running = asyncio.create_task(app.run_app(process, session, lost=asyncio.Event()))
    async with asyncio.timeout(PATIENCE):
        await started.wait()
        process.stop_requested.set()
        await running


async def test_the_patterns_that_there_are_are_worked_on(process, works, monkeypatch):
    worked: asyncio.Queue[PatternKey] = asyncio.Queue()

    async def run(_: object, key: PatternKey) -> None:
        worked.put_nowait(key)

    monkeypatch.setattr("pattern_operator.parts.Reconciler.run", run)
    patterns = Collection(DESIGN_PATTERN)
    patterns.put("web", spec={"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}})
    async with patterns.serve() as session:
        running = asyncio.create_task(app.run_app(process, session, lost=asyncio.Event()))
        async with asyncio.timeout(PATIENCE):
            assert await worked.get() == PatternKey("team", "web")
            process.stop_requested.set()
            await running
