"""What rendering makes of published designs, and what that takes.

    python -m tools.designs_bench DIR [--list]

DIR holds designs (``design.yml`` in folders, packed or not), such as the unpacked catalogue. Each is rendered in this
process; prints what became of the designs and of their components, the repairs by name, designs a second for small
ones, and for the largest one the time cold and again, and the peak of memory. Then the same design is built by the
operator's sandbox beside an event loop: how long that is held. ``--list`` names each design with what is refused of it.
"""

import argparse
import asyncio
import gzip
import os
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from tests import hostile
from tests.render.rendered import render
from tools.sandbox_bench import Held, watched

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.archive import Layer, LayerSelector
from pattern_operator.errors import Stalled
from pattern_operator.executors import Executors
from pattern_operator.render import Options
from pattern_operator.sandbox import Plan, Sandbox, WorkerLimits

MESHERY = Options(format="Meshery")
SMALL = 64 * 1024  # bytes of a design that counts as a small one
ROUNDS = 5


@dataclass
class Made:
    """What became of all designs."""

    designs: Counter[str] = field(default_factory=Counter)
    components: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    objects: int = 0


def designs(directory: Path) -> Iterator[tuple[str, File]]:
    """Each design below ``directory``, by its folder."""
    for path in sorted(directory.rglob("design.yml*")):
        content = path.read_bytes()
        unpacked = gzip.decompress(content) if path.suffix == ".gz" else content
        yield path.parent.relative_to(directory).as_posix(), File("design.yml", unpacked)


def outcome_of(rendering: Rendering) -> str:
    """``whole``, ``partial``, or ``nothing to deploy``."""
    refused = any(rendering.with_outcome(Outcome.REFUSED))
    if not rendering.objects and not refused:
        return "nothing to deploy"
    return "partial" if refused else "whole"


def rendered(found: list[tuple[str, File]], *, named: bool) -> Made:
    """Render each design and count."""
    made = Made()
    for name, file in found:
        try:
            rendering = render([file], options=MESHERY)
        except Stalled as refusal:
            made.designs[str(refusal.reason)] += 1
            if named:
                print(f"{name}: {refusal.reason}")
            continue
        made.designs[outcome_of(rendering)] += 1
        made.objects += len(rendering.objects)
        for each in rendering.components:
            made.components[f"{each.outcome.value} {each.reason}".strip()] += 1
            made.repairs.update(str(repair.name) for repair in each.repairs)
            if named and each.outcome is Outcome.REFUSED:
                print(f"{name}: {each.position}: {each.kind} {each.reason}")
    return made


def seconds_of(file: File) -> float:
    """Processor time of one rendering."""
    begun = time.process_time()
    render([file], options=MESHERY)
    return time.process_time() - begun


def peak_of(file: File) -> float:
    """MiB at the peak of one rendering, beside the file."""
    tracemalloc.start()
    try:
        render([file], options=MESHERY)
        return tracemalloc.get_traced_memory()[1] / 1024 / 1024
    finally:
        tracemalloc.stop()


async def held_of(file: File) -> tuple[list[float], float, float]:
    """Seconds that the sandbox takes, first and again, the longest hold of the event loop, and MiB of its workers."""
    held = Held()
    with tempfile.TemporaryDirectory() as directory, Executors.open() as executors:
        path = Path(directory) / "layer"
        path.write_bytes(hostile.tar({file.path: file.content}))
        async with Sandbox.open(executors=executors, limits=WorkerLimits()) as sandbox:
            watching = asyncio.create_task(held.watch())
            with watched() as peak:
                took = [await _built(sandbox, path) for _ in range(2)]
            watching.cancel()
    return took, held.longest, peak.workers / 1024 / 1024


async def _built(sandbox: Sandbox, path: Path) -> float:
    """Seconds until the rendering of a layer is there."""
    begun = time.perf_counter()
    with path.open("rb", buffering=0) as layer:
        plan = Plan(context="design", types=(), selector=LayerSelector(), options=MESHERY)
        layers = [(Layer(hostile.LAYER, "", os.fstat(layer.fileno()).st_size), layer)]
        async with sandbox.rendered(plan, layers, tenant="one"):
            return time.perf_counter() - begun


def main(directory: Path, *, named: bool) -> None:
    """Print it all."""
    found = list(designs(directory))
    made = rendered(found, named=named)
    print(f"{len(found)} designs: {dict(made.designs.most_common())}; {made.objects} objects")
    print(f"components: {dict(made.components.most_common())}")
    print(f"repairs: {dict(made.repairs.most_common())}")
    small = [file for _, file in found if len(file.content) <= SMALL]
    begun = time.process_time()
    for file in small:
        render_quietly(file)
    took = time.process_time() - begun
    print(f"{len(small)} designs of at most {SMALL // 1024} KiB: {len(small) / took:.0f} a second")
    _, largest = max(found, key=lambda each: len(each[1].content))
    times = [seconds_of(largest) for _ in range(ROUNDS)]
    print(
        f"the largest, {len(largest.content)} bytes: first {times[0]:.3f} s, then {min(times[1:]):.3f} s of processor"
    )
    print(f"its peak of memory: {peak_of(largest):.0f} MiB of Python's")
    seconds, held, workers = uvloop.run(held_of(largest))
    print(f"in the sandbox: {seconds[0]:.2f} s, and {seconds[1]:.3f} s where its rendering is kept")
    print(f"event loop held {held * 1000:.0f} ms at most, workers {workers:.0f} MiB")


def render_quietly(file: File) -> None:
    """Render, whatever comes of it."""
    try:
        render([file], options=MESHERY)
    except Stalled:
        return


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("--list", action="store_true", help="name each design with what is refused of it")
    parsed = arguments.parse_args()
    main(parsed.directory, named=parsed.list)
