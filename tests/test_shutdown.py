"""The end of the process, with a real process: what holds it does not hold it for longer than its grace."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import pytest

from pattern_operator.shutdown import Shutdown

GRACE = 1.0  # seconds, where the real one is ``shutdown.GRACE``
ENDS_WITHIN = 30.0  # seconds, on a machine that has other things to do

BODIES = {
    "works": "await shutdown.requested.wait()",
    "swallows its cancellation": """
        async def swallow():
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass
        task = asyncio.create_task(swallow())
        await shutdown.requested.wait()""",
    "blocks a thread of the default executor": """
        asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
        await shutdown.requested.wait()""",
    "blocks a thread of its own": """
        threading.Thread(target=time.sleep, args=(60,)).start()
        await shutdown.requested.wait()""",
    "never listens": "await asyncio.sleep(60)",
    "holds the loop": """
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            pass""",
}
PROGRAM = """
import asyncio, signal, threading, time
from pattern_operator.shutdown import Shutdown

async def main():
    shutdown = Shutdown(grace={grace})
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, print, "taken by a library")
    shutdown.install_signal_handlers()
    print("ready", flush=True)
    try:
        {body}
    finally:
        print("over", flush=True)

{run}(main())
"""
LOOPS = {"asyncio": "asyncio.run", "uvloop": "__import__('uvloop').run"}


def output(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.read()


@contextmanager
def program(body: str, *, loop: str = "uvloop", grace: float = GRACE) -> Iterator["subprocess.Popen[str]"]:
    text = PROGRAM.format(grace=grace, body=BODIES[body].strip(), run=LOOPS[loop])
    running = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        time.sleep(0.1)  # it goes on to what it does
        yield running
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_process_that_works_ends_in_good_order(loop, number):
    with program("works", loop=loop) as running:
        running.send_signal(number)

        assert running.wait(timeout=ENDS_WITHIN) == 0
        assert output(running.stdout) == "over\n"


@pytest.mark.parametrize("body", [body for body in BODIES if body != "works"])
def test_nothing_holds_the_process_for_longer_than_its_grace(body):
    with program(body) as running:
        told = time.monotonic()
        running.send_signal(signal.SIGTERM)

        assert running.wait(timeout=GRACE + ENDS_WITHIN) == 1
        assert time.monotonic() - told >= GRACE
        assert "it did not stop within the grace" in output(running.stderr)


def test_a_second_signal_ends_the_process_at_once():
    with program("never listens", grace=600.0) as running:
        # A signal that comes before the process has seen the one before it is the same one (signal(7)).
        for _ in range(int(ENDS_WITHIN / 0.1)):
            running.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                running.wait(timeout=0.1)
                break

        assert running.returncode == 1
        assert "a second signal" in output(running.stderr)


async def test_the_hard_end_is_given_the_exit_code_of_a_failure():
    codes: list[int] = []

    Shutdown(exit_process=codes.append).exit_now("a test")

    assert codes == [1]


async def test_the_end_may_also_begin_from_within():
    left = asyncio.Event()
    loop = asyncio.get_running_loop()
    shutdown = Shutdown(grace=0.0, exit_process=lambda _: loop.call_soon_threadsafe(left.set))

    shutdown.request_stop()

    async with asyncio.timeout(5):
        await shutdown.requested.wait()
        await left.wait()
