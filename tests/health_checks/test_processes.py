"""Health checks are evaluated where they can take nothing but their limits, and what they do costs no one else."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.executors import EXECUTORS

from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.health_checks.answer import TOO_LARGE, Judged, NotNow
from pattern_operator.health_checks.process import CannotStart, CheckLimits, CheckProcess, Died, TooSlow
from pattern_operator.health_checks.processes import CheckProcesses, rest_after
from pattern_operator.limits import MAX_CHECKED_OBJECT

pytestmark = pytest.mark.real_time
WELL = Judged("Current", "`current` of its health check is true")
TEN = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
GREEDY = "status.l.map(x, status.s + status.s + status.s + status.s).size() > 0"
LARGE = b'{"status":{"s":"%s","l":[%s]}}' % (b"a" * 500_000, b",".join([b"1"] * 4000))


def check(current: str) -> HealthCheck:
    return HealthCheck(api_version="example.com/v1", kind="Widget", current=current)


@pytest.fixture
async def processes() -> AsyncIterator[CheckProcesses]:
    found = CheckProcesses(EXECUTORS)
    yield found
    found.close()


async def judge(processes: CheckProcesses, namespace: str, by: HealthCheck, body: bytes) -> Judged | NotNow:
    """What comes of an object in the turn of its namespace."""
    async with processes.turn(namespace):
        return await processes.judge(namespace, by, body)


def idle(processes: CheckProcesses) -> dict[str, int]:
    """The processes that wait for work, by namespace."""
    return {namespace: each._process.pid for namespace, each in processes._idle.items()}


async def test_a_namespace_has_one_process_which_it_keeps_and_shares_with_no_other(processes: CheckProcesses):
    first = await judge(processes, "a", check("status.x == 1"), b'{"status":{"x":1}}')
    mine = idle(processes)
    second = await judge(processes, "a", check("status.x == 2"), b'{"status":{"x":1}}')
    await judge(processes, "b", check("true"), b"{}")

    assert (first, second) == (WELL, Judged("InProgress", "`current` of its health check is not true"))
    assert idle(processes)["a"] == mine["a"]
    assert idle(processes)["b"] != mine["a"]


async def test_no_more_processes_wait_than_there_are_threads_for(processes: CheckProcesses):
    for namespace in ("a", "b", "c"):
        assert await judge(processes, namespace, check("true"), b"{}") == WELL

    assert list(idle(processes)) == ["b", "c"]


async def test_what_is_idle_is_ended():
    processes, ended, loop = CheckProcesses(EXECUTORS, idle=0.0), asyncio.Event(), asyncio.get_running_loop()
    end = processes._end_idle

    def end_and_tell() -> None:
        end()
        loop.call_soon_threadsafe(ended.set)

    processes._end_idle = end_and_tell  # type: ignore[method-assign]
    await judge(processes, "a", check("true"), b"{}")
    await ended.wait()

    assert not processes._idle
    assert await judge(processes, "a", check("true"), b"{}") == WELL
    processes.close()
    assert not processes._idle


async def test_what_takes_too_much_memory_fails_alone(processes: CheckProcesses):
    found = await judge(processes, "a", check(GREEDY), LARGE)
    after = await judge(processes, "a", check("true"), b"{}")

    assert isinstance(found, Judged)
    assert found.state == "Failed"
    assert "memory" in found.fact
    assert after == WELL


async def test_what_takes_too_long_is_ended_by_the_time_of_the_processor():
    processes = CheckProcesses(EXECUTORS, limits=CheckLimits(cpu_seconds=1, seconds=120))
    slow = "status.l.all(x, status.s.matches('(a|b|c)*d(a|aa)*x' + string(x)) || true)"

    found = await judge(processes, "a", check(slow), LARGE)
    processes.close()

    assert found == Judged("Failed", "its health check takes too much memory or time, or makes its process fail")


async def test_a_process_that_is_lost_is_replaced(processes: CheckProcesses):
    await judge(processes, "a", check("true"), b"{}")
    os.kill(idle(processes)["a"], signal.SIGKILL)

    assert await judge(processes, "a", check("true"), b"{}") == WELL


async def test_a_process_ends_by_itself_before_its_time_is_over_and_nobody_notices(
    processes: CheckProcesses, monkeypatch: pytest.MonkeyPatch
):
    real = subprocess.Popen

    def start(arguments: list[str], **options: Any) -> Any:
        return real([*arguments[:-3], "0", *arguments[-2:]], **options)  # each job is its last

    monkeypatch.setattr(subprocess, "Popen", start)
    process = await asyncio.to_thread(CheckProcess.start, CheckLimits())
    said = await asyncio.to_thread(process.ask, b'["true"]\n', room=1000)
    with pytest.raises(Died):
        await asyncio.to_thread(process.ask, b'["true"]\n', room=1000)
    process.end()

    assert said == b"null"
    for _ in range(3):
        assert await judge(processes, "a", check("true"), b"{}") == WELL


async def test_an_object_that_is_too_large_is_not_given_to_a_process(processes: CheckProcesses):
    assert await judge(processes, "a", check("true"), b" " * (MAX_CHECKED_OBJECT + 1)) == TOO_LARGE
    assert not processes._idle


async def test_errors_are_those_of_the_expressions_and_are_found_out_once(processes: CheckProcesses):
    errors = await processes.errors("a", ["status.x ==", "status.x", "1"])
    nobody: Any = None
    processes._executors = nobody
    again = await processes.errors("a", ["1", "status.x"])

    assert sorted(errors) == ["1", "status.x =="]
    assert errors["status.x =="].startswith("does not compile: 1:12: ")
    assert again == {"1": errors["1"]}


async def test_expressions_are_compiled_by_a_process_that_has_seen_no_object_and_sees_none(processes: CheckProcesses):
    await judge(processes, "a", check("true"), b"{}")
    mine = idle(processes)

    errors = await processes.errors("a", ['"passw: x" + 1 == "'])
    await processes.errors("b", ["status.other"])

    assert idle(processes) == mine
    assert "token recognition error" in next(iter(errors.values()))  # as the compiler says it


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let another program be the worker, whatever has become of it."""
    real = subprocess.Popen

    def worker(program: str) -> None:
        head = (
            "import socket, struct, os, signal\n"
            "line = socket.socket(fileno=0)\n"
            "def send(said): line.sendall(struct.pack('!I', len(said)) + said)\n"
            "def take(): return line.recv(1 << 20)\n"
        )

        def start(arguments: list[str], **options: Any) -> Any:
            return real([arguments[0], "-I", "-c", head + program], **options)

        monkeypatch.setattr(subprocess, "Popen", start)

    return worker


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("send(b''); take(); send(b'{\"state\": \"Healthy\"}')", Judged),
        ("send(b''); take(); send(b'nonsense')", Judged),
        ("send(b''); take(); send(b'x' * 100000)", Judged),
        ("send(b''); take(); os.abort()", Judged),
        ("send(b''); take()", Judged),
        ("send(b''); take(); os.kill(os.getpid(), signal.SIGKILL)", NotNow),
        ("send(b''); take(); signal.pause()", NotNow),
        ("os.abort()", NotNow),
        ("send(b'more than nothing')", NotNow),
    ],
    ids=["no state", "no JSON", "too long", "aborts", "ends", "is killed", "is silent", "does not start", "talks"],
)
async def test_what_a_process_says_that_was_taken_over_is_not_believed(become: Any, program: str, found: type):
    become(program)
    limits = CheckLimits(seconds=2.0) if "pause" in program else CheckLimits()
    processes = CheckProcesses(EXECUTORS, limits=limits)

    said = await judge(processes, "a", check("true"), b"{}")
    processes.close()

    assert isinstance(said, found)
    if isinstance(said, Judged):
        assert said == Judged("Failed", "its health check takes too much memory or time, or makes its process fail")


async def test_what_cannot_be_found_out_of_expressions_is_tried_again(become: Any):
    become("os.abort()")

    with pytest.raises(Transient, match="It is tried again") as error:
        await CheckProcesses(EXECUTORS).errors("a", ["true"])

    assert error.value.reason is Reason.OPERATOR_BUSY


async def test_expressions_that_are_too_much_together_are_refused_where_their_process_ends(become: Any):
    become("send(b''); take(); send(b'null'); os.abort()")
    processes = CheckProcesses(EXECUTORS)

    first = await processes.errors("a", ["true", "bad", "more"])
    again = await processes.errors("a", ["true", "bad", "more"])

    words = "takes, together with the expressions before it, too much memory or time to compile"
    assert first == again == {"bad": words}


async def test_an_expression_that_ends_its_process_alone_is_remembered_as_such(become: Any):
    become("send(b''); take(); os.abort()")
    processes = CheckProcesses(EXECUTORS)

    first = await processes.errors("a", ["bad", "true"])
    become("send(b''); take(); send(b'null')")
    again = await processes.errors("a", ["bad", "true"])

    assert first == again == {"bad": "takes too much memory or time, or makes its process fail"}


async def test_what_a_process_says_of_an_expression_counts_in_its_own_namespace_alone(become: Any):
    """Whoever has taken a process over would refuse the expressions of all others, in words of theirs."""
    become("send(b''); take(); send(b'\"lies\"')")
    processes = CheckProcesses(EXECUTORS)
    await processes.errors("evil", ["true"])
    become("send(b''); take(); send(b'null')")

    assert await processes.errors("good", ["true"]) == {}
    assert (await processes.errors("evil", ["true"])).keys() == {"true"}


async def test_expressions_have_the_limits_of_one_process_together():
    processes = CheckProcesses(EXECUTORS, limits=CheckLimits(cpu_seconds=1, seconds=120))

    errors = await processes.errors("a", [f"a{each} && b.c{each}" for each in range(20_000)])

    assert [why for why in errors.values() if "too much memory or time" in why]
    assert len(errors) == 1


async def test_what_was_found_out_before_the_time_of_the_clock_was_over_is_kept(monkeypatch: pytest.MonkeyPatch):
    asked = list[bytes]()

    def answers(_: CheckProcess, job: bytes, **__: Any) -> Iterator[bytes]:
        asked.append(job)
        yield b"null"
        if len(asked) == 1:
            raise TooSlow

    monkeypatch.setattr(CheckProcess, "answers", answers)
    processes = CheckProcesses(EXECUTORS)

    with pytest.raises(Transient, match="has not answered for 20 s"):
        await processes.errors("a", ["true", "status.x"])

    assert await processes.errors("a", ["true", "status.x"]) == {}
    assert asked == [b'["true","status.x"]\n', b'["status.x"]\n']


def test_no_process_is_told(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)

    with pytest.raises(CannotStart, match="no process can be started"):
        CheckProcess.start(CheckLimits())


def test_a_namespace_rests_after_a_job_that_took_long_and_after_no_other():
    assert rest_after(0.05) == 0.0
    assert rest_after(2.0) == pytest.approx(8.0)
    assert rest_after(1000.0) == pytest.approx(60.0)


async def test_a_process_can_open_no_file_and_no_socket(processes: CheckProcesses):
    """As it says of itself; what the filter refuses is tested with ``confine``."""
    await judge(processes, "a", check("true"), b"{}")
    status = await asyncio.to_thread(Path(f"/proc/{idle(processes)['a']}/status").read_text)
    said = dict(line.split(":", 1) for line in status.splitlines())

    assert said["Seccomp"].strip() == "2"
    assert said["NoNewPrivs"].strip() == "1"
