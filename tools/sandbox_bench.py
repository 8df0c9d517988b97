"""What the operator's sandbox takes at the worst: 32 hostile artifacts at once, again and again, beside 20 good ones.

    python -m tools.sandbox_bench [--seconds 60]

Prints one line for each sort of hostile artifact alone, then one line of JSON for all together: the peak of the memory
of this process and its workers (MiB, by /proc), the longest time that the event loop was held (ms), how often each good
artifact was rendered, and the longest that one took (s).
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from tests import hostile
from tests.render.designs import names, published

from pattern_operator.archive import Layer, LayerSelector
from pattern_operator.errors import PatternError
from pattern_operator.executors import Executors
from pattern_operator.render import Options
from pattern_operator.sandbox import BuildRefused, Plan, Sandbox, WorkerLimits

HOSTILE, GOOD = 32, 20
MIB = 1024 * 1024


@dataclass
class Peak:
    """The highest sums of resident memory so far, in bytes."""

    own: int = 0
    workers: int = 0
    total: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.ended.wait(0.03):
            own, workers = resident()
            self.own, self.workers = max(self.own, own), max(self.workers, workers)
            self.total = max(self.total, own + workers)


def resident() -> tuple[int, int]:
    """Resident bytes of this process, and of its children."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return _resident("self"), sum(_resident(child) for child in children)


def _resident(process: str) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096
    return 0


@contextmanager
def watched() -> Iterator[Peak]:
    peak = Peak()
    thread = threading.Thread(target=peak.watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        peak.ended.set()
        thread.join()


class Held:
    """The longest that the event loop came too late."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self) -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.005)
            self.longest = max(self.longest, time.perf_counter() - begun - 0.005)


async def render(sandbox: Sandbox, path: Path, *, tenant: str) -> str:
    """Render the layer in a file; how it ended."""
    plan = Plan(context=path.name, types=(), selector=LayerSelector(), options=Options())
    with path.open("rb", buffering=0) as file:
        layer = Layer(hostile.LAYER, "", os.fstat(file.fileno()).st_size)
        try:
            async with sandbox.rendered(plan, [(layer, file)], tenant=tenant) as rendering:
                await asyncio.sleep(0.2)  # it is applied
                return f"{len(rendering.objects)} objects"
        except BuildRefused as refused:
            return str(refused.error.reason)
        except PatternError as error:
            return str(error.reason)


def written(directory: Path) -> tuple[list[Path], list[Path]]:
    """The layers of hostile and of good artifacts, as files; made by a child, so that this process stays small."""
    if not os.fork():
        for name in hostile.LAYERS:
            (directory / name).write_bytes(hostile.layer(name))
        for number, name in zip(range(GOOD), names() * GOOD, strict=False):
            files = {file.path: file.content for file in published(name)}
            (directory / f"good-{number}").write_bytes(hostile.tar(files))
        os._exit(0)
    os.wait()
    return [directory / name for name in hostile.LAYERS], sorted(directory.glob("good-*"))


async def alone(sandbox: Sandbox, bad: list[Path]) -> None:
    for path in bad:
        begun = time.monotonic()
        with watched() as peak:
            ended = await render(sandbox, path, tenant=path.name)
        took = time.monotonic() - begun
        print(f"{path.name:24} {took:6.2f} s  workers {peak.workers // MIB:4} MiB  {ended}", flush=True)


async def together(sandbox: Sandbox, bad: list[Path], good: list[Path], *, seconds: float) -> dict[str, object]:
    ends, held = Counter[str](), Held()
    rendered, longest = Counter[str](), 0.0
    end = time.monotonic() + seconds

    async def attack(number: int) -> None:
        while time.monotonic() < end:
            for path in bad[number % len(bad) :] + bad[: number % len(bad)]:
                ends[await render(sandbox, path, tenant=f"hostile-{number}")] += 1
                if time.monotonic() > end:
                    return

    async def work(path: Path) -> None:
        nonlocal longest
        while time.monotonic() < end:
            begun = time.monotonic()
            ended = await render(sandbox, path, tenant=path.name)
            longest = max(longest, time.monotonic() - begun)
            rendered[path.name] += ended.endswith("objects")
            await asyncio.sleep(1)

    lag = asyncio.create_task(held.watch())
    with watched() as peak:
        async with asyncio.TaskGroup() as tasks:
            for number in range(HOSTILE):
                tasks.create_task(attack(number))
            for path in good:
                tasks.create_task(work(path))
    lag.cancel()
    return {
        "own": peak.own // MIB,
        "workers": peak.workers // MIB,
        "total": peak.total // MIB,
        "held_ms": round(held.longest * 1000),
        "good_rendered": min(rendered[path.name] for path in good),
        "good_longest": round(longest, 1),
        "hostile": dict(ends),
    }


async def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as directory, Executors.open() as executors:
        bad, good = written(Path(directory))
        async with Sandbox.open(executors=executors, limits=WorkerLimits()) as sandbox:
            await alone(sandbox, bad)
            print(json.dumps(await together(sandbox, bad, good, seconds=seconds)), flush=True)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60.0)
    sys.exit(uvloop.run(main(arguments.parse_args().seconds)))
