"""What rendering makes of published designs, and what that takes.

    python -m tools.designs_bench [DIR] [--list] [--json]

DIR holds designs (``design.yml`` in folders, packed or not), such as the unpacked catalogue; those of the tests without
it. Each is rendered in this process; prints what became of the designs and of their components, the repairs by name,
designs a second for small ones, and for the largest one the time cold and again, and the peak of memory. Then the same
design is built by the operator's sandbox beside an event loop, cold and where its rendering is kept: how long that
takes, and how long the loop is held. ``--list`` names each design with what is refused of it; ``--json`` prints one
line for ``tools.bench.report`` instead.
"""

import argparse
import asyncio
import gzip
import json
import os
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop
from tests import hostile
from tests.render.designs import DATA
from tests.render.rendered import render
from tests.testbed.paths import ROOT
from tools.bench.machine import machine
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
TRIES = 3


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


@dataclass(frozen=True, slots=True)
class Built:
    """One rendering by the sandbox: seconds until it is there, and the longest hold of the event loop meanwhile."""

    seconds: float
    held: float


async def built_by_sandbox(file: File) -> tuple[Built, Built, float]:
    """The first rendering of a design, one where the first is kept, and MiB of the workers at their peak.

    Each figure is the least of some tries: on a busy machine the loop waits for others, too.
    """
    tries = [await _tried(file) for _ in range(TRIES)]
    return (
        _least([cold for cold, _, _ in tries]),
        _least([kept for _, kept, _ in tries]),
        min(workers for _, _, workers in tries),
    )


def _least(found: list[Built]) -> Built:
    return Built(min(each.seconds for each in found), min(each.held for each in found))


async def _tried(file: File) -> tuple[Built, Built, float]:
    with tempfile.TemporaryDirectory() as directory, Executors.open() as executors:
        path = Path(directory) / "layer"
        path.write_bytes(hostile.tar({file.path: file.content}))
        async with Sandbox.open(executors=executors, limits=WorkerLimits()) as sandbox:
            with watched() as peak:
                cold, kept = await _watched(sandbox, path), await _watched(sandbox, path)
    return cold, kept, peak.workers / 1024 / 1024


async def _watched(sandbox: Sandbox, path: Path) -> Built:
    held = Held()
    watching = asyncio.create_task(held.watch())
    seconds = await _built(sandbox, path)
    watching.cancel()
    return Built(seconds, held.longest)


async def _built(sandbox: Sandbox, path: Path) -> float:
    """Seconds until the rendering of a layer is there."""
    begun = time.perf_counter()
    with path.open("rb", buffering=0) as layer:
        plan = Plan(context="design", types=(), selector=LayerSelector(), options=MESHERY)
        layers = [(Layer(hostile.LAYER, "", os.fstat(layer.fileno()).st_size), layer)]
        async with sandbox.rendered(plan, layers, tenant="one"):
            return time.perf_counter() - begun


def small_per_second(found: list[tuple[str, File]]) -> tuple[int, float]:
    """How many small designs there are, and how many of them a second of processor time renders."""
    small = [file for _, file in found if len(file.content) <= SMALL]
    begun = time.process_time()
    for _ in range(ROUNDS):
        for file in small:
            render_quietly(file)
    return len(small), ROUNDS * len(small) / (time.process_time() - begun)


def row(found: list[tuple[str, File]], made: Made) -> dict[str, Any]:
    """The figures, and what they were measured on."""
    small, per_second = small_per_second(found)
    _, largest = max(found, key=lambda each: len(each[1].content))
    times = [seconds_of(largest) for _ in range(ROUNDS)]
    cold, kept, workers = uvloop.run(built_by_sandbox(largest))
    return {
        **machine(ROOT, kubernetes=""),
        "row": "designs",
        "designs": len(found),
        "objects": made.objects,
        "small": small,
        "small_kib": SMALL // 1024,
        "small_per_second": per_second,
        "largest_bytes": len(largest.content),
        "first_cpu_seconds": times[0],
        "again_cpu_seconds": min(times[1:]),
        "python_peak_mib": peak_of(largest),
        "cold": {"seconds": cold.seconds, "held_seconds": cold.held},
        "kept": {"seconds": kept.seconds, "held_seconds": kept.held},
        "workers_mib": workers,
    }


def told(figures: dict[str, Any], made: Made) -> Iterator[str]:
    """What a person reads."""
    cold, kept = figures["cold"], figures["kept"]
    yield f"{figures['designs']} designs: {dict(made.designs.most_common())}; {made.objects} objects"
    yield f"components: {dict(made.components.most_common())}"
    yield f"repairs: {dict(made.repairs.most_common())}"
    yield (
        f"{figures['small']} designs of at most {figures['small_kib']} KiB:"
        f" {figures['small_per_second']:.0f} a second of processor"
    )
    yield (
        f"the largest, {figures['largest_bytes']} bytes: first {figures['first_cpu_seconds']:.3f} s,"
        f" then {figures['again_cpu_seconds']:.3f} s of processor"
    )
    yield f"its peak of memory: {figures['python_peak_mib']:.0f} MiB of Python's"
    yield f"in the sandbox: {cold['seconds']:.2f} s, and {kept['seconds']:.3f} s where its rendering is kept"
    yield (
        f"event loop held {cold['held_seconds'] * 1000:.0f} ms at most, and {kept['held_seconds'] * 1000:.0f} ms,"
        f" workers {figures['workers_mib']:.0f} MiB"
    )


def main(directory: Path, *, named: bool, as_json: bool) -> None:
    """Print it all."""
    found = list(designs(directory))
    made = rendered(found, named=named)
    figures = row(found, made)
    print(json.dumps(figures) if as_json else "\n".join(told(figures, made)))


def render_quietly(file: File) -> None:
    """Render, whatever comes of it."""
    try:
        render([file], options=MESHERY)
    except Stalled:
        return


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("directory", type=Path, nargs="?", default=DATA)
    arguments.add_argument("--list", action="store_true", help="name each design with what is refused of it")
    arguments.add_argument("--json", action="store_true", help="one line for tools.bench.report")
    parsed = arguments.parse_args()
    main(parsed.directory, named=parsed.list, as_json=parsed.json)
