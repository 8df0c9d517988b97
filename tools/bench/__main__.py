"""``make bench N=200``: what N patterns cost, beside the raw requests for the same objects.

One JSON line a row on standard output; what is going on, on standard error. Requests are counted by the API server's
audit log, so nobody counts their own; CPU and memory are the kernel's figures for the processes.
"""

import argparse
import asyncio
import json
import shutil
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from tests.testbed.paths import ROOT, STATE
from tests.testbed.testbed import Testbed
from tools.bench.cluster import Cluster
from tools.bench.machine import machine
from tools.bench.meters import Meters
from tools.bench.rows import Bench
from tools.readiness import Unready, WatchLost

DIRECTORY = STATE / "bench"


def say(message: str) -> None:
    """Tell a person what is going on."""
    print(message, file=sys.stderr, flush=True)


async def measure(patterns: int, tree: Path) -> AsyncIterator[dict[str, Any]]:
    """Start the parts, the operator of ``tree`` among them, measure, end the parts."""
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    testbed = await asyncio.to_thread(Testbed.start, DIRECTORY, audit=True)
    try:
        await asyncio.to_thread(testbed.start_registry)
        admin = testbed.controlplane.admin
        connector = aiohttp.TCPConnector(limit=0, ssl=ssl.create_default_context(cafile=str(admin.ca)))
        async with aiohttp.ClientSession(connector=connector) as http:
            cluster = Cluster(http, admin.server, {"Authorization": f"Bearer {admin.token}"})
            yield machine(tree, kubernetes=await cluster.version())
            meters = Meters(DIRECTORY, testbed.controlplane.audit_log)
            async for row in Bench(testbed, cluster, meters, say, patterns, tree).rows():
                yield row
    finally:
        await asyncio.to_thread(testbed.stop)


def main(
    arguments: Sequence[str] | None = None,
    *,
    measure: Callable[[int, Path], AsyncIterator[dict[str, Any]]] = measure,
) -> int:
    """Measure and print; no figure where a pattern is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--patterns", type=int, default=200, help="how many")
    parser.add_argument(
        "--tree", type=Path, default=ROOT, help="a working tree with a .venv, whose operator is measured: this one"
    )
    options = parser.parse_args(arguments)

    async def run() -> None:
        async for row in measure(options.patterns, options.tree.resolve()):
            print(json.dumps(row), flush=True)

    try:
        uvloop.run(run())
    except (Unready, WatchLost) as error:
        say(f"bench: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
