"""What a test measures of an operator under load: its memory, how its loop is held, and how soon drift is repaired."""

import asyncio
import itertools
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
from prometheus_client.parser import text_string_to_metric_families
from tests.testbed.kubeconfig import Kubeconfig

MIB: Final = 1024 * 1024
LAG: Final = "pattern_operator_event_loop_lag_seconds"
OWN: Final = "pattern_operator_event_loop_held_seconds"  # the part of it in which the operator itself worked


# --- memory -----------------------------------------------------------------------------------------------------------


@dataclass
class Memory:
    """The memory of a process and all that it started, sampled: the most it was, and who had it then."""

    pid: int
    peak: float = 0.0
    at_peak: list[str] = field(default_factory=list)

    def sample(self) -> None:
        """Add up the proportional set sizes (proc(5), smaps_rollup): what is shared counts once."""
        sizes = {pid: size for pid in tree(self.pid) if (size := _pss(pid))}
        total = sum(sizes.values()) / MIB
        if total > self.peak:
            self.peak = total
            self.at_peak = [f"{size / MIB:.0f} MiB: {_command(pid)}" for pid, size in sizes.items()]

    async def watch(self, *, every: float) -> None:
        """Sample until cancelled."""
        while True:
            self.sample()
            await asyncio.sleep(every)


def tree(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:
            continue  # it has ended
        for child in found:
            yield from tree(int(child))


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has ended
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:160]
    except OSError:
        return "ended"


# --- the event loop ---------------------------------------------------------------------------------------------------


def lags(metrics: str, *, name: str = LAG) -> dict[float, int]:
    """How often the loop was held, by upper bound in seconds: not cumulated, as the histogram ``name`` has it."""
    found = [family for family in text_string_to_metric_families(metrics) if family.name == name]
    samples = [each for family in found for each in family.samples if each.name == f"{name}_bucket"]
    cumulated = {float(each.labels["le"]): int(each.value) for each in samples}
    before, counts = 0, {}
    for bound in sorted(cumulated):
        counts[bound], before = cumulated[bound] - before, cumulated[bound]
    return counts


def held(before: dict[float, int], after: dict[float, int], *, over: float) -> dict[float, int]:
    """How often the loop was certainly held longer than ``over`` seconds between two looks, by lower bound."""
    bounds = sorted(after)
    times = {lower: after[upper] - before[upper] for lower, upper in itertools.pairwise(bounds)}
    return {lower: count for lower, count in times.items() if lower >= over and count}


# Ticks as the operator's own meter does, and says at each line of input how late it woke at most.
_IDLE: Final = """
import select, sys, time
worst = 0.0
while True:
    due = time.monotonic() + 0.02
    if select.select([sys.stdin], [], [], 0.02)[0]:
        print(worst, flush=True)
        break
    worst = max(worst, time.monotonic() - due)
"""


@contextmanager
def idle_process() -> Iterator[Callable[[], float]]:
    """Run a process that does nothing beside what is measured: its own lag, in seconds, is the machine's."""
    with subprocess.Popen([sys.executable, "-c", _IDLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as idle:

        def lag() -> float:
            said, _ = idle.communicate(b"\n", timeout=10)
            return float(said)

        try:
            yield lag
        finally:
            idle.kill()


# --- the API server ---------------------------------------------------------------------------------------------------


@dataclass
class Api:
    """The API server, for an administrator who asks many things at once."""

    session: aiohttp.ClientSession

    @classmethod
    @asynccontextmanager
    async def open(cls, admin: Kubeconfig) -> AsyncIterator["Api"]:
        """Connect."""
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=admin.ca), limit=0)
        headers = {"Authorization": f"Bearer {admin.token}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        session = aiohttp.ClientSession(admin.server, connector=connector, headers=headers, timeout=timeout)
        async with session:
            yield cls(session)

    async def get(self, path: str) -> Any:
        """Get an object or a list; None where there is none."""
        async with self.session.get(path) as response:
            return None if response.status == 404 else orjson.loads(await response.read())

    async def merge(self, path: str, change: Any) -> Any:
        """Merge a change into an object; the object, or what the API server says instead."""
        headers = {"Content-Type": "application/merge-patch+json"}
        async with self.session.patch(path, data=orjson.dumps(change), headers=headers) as response:
            return orjson.loads(await response.read())

    async def create(self, path: str, body: Any) -> Any:
        """Create an object; the object, or what the API server says instead."""
        async with self.session.post(path, json=body) as response:
            return orjson.loads(await response.read())

    async def watch(self, path: str) -> AsyncIterator[tuple[str, Any]]:
        """The events of a collection by type and object, beginning with what is there."""
        async with self.session.get(path, params={"watch": "true"}) as response:
            buffer = b""
            async for chunk in response.content.iter_any():
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    event = orjson.loads(line)
                    yield event["type"], event["object"]


# --- drift ------------------------------------------------------------------------------------------------------------


@dataclass
class Repairs:
    """How long each change of an object took to be repaired, in seconds, by the object's name."""

    api: Api
    seconds: list[tuple[float, str]] = field(default_factory=list)
    _well: dict[str, tuple[int, float]] = field(default_factory=dict)  # name -> its version that is right, seen when
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def watch(self, namespace: str) -> None:
        """See the ConfigMaps of a namespace, each of which says its own name when it stands as it should."""
        async for _, body in self.api.watch(f"/api/v1/namespaces/{namespace}/configmaps"):
            name = body["metadata"]["name"]
            if body.get("data", {}).get("stands") == name:
                async with self._news:
                    self._well[name] = int(body["metadata"]["resourceVersion"]), time.monotonic()
                    self._news.notify_all()

    async def disturb(self, namespace: str, names: list[str], *, every: float, patience: float) -> None:
        """Change the ConfigMaps in turn, and time each until it is back; what never comes counts as ``patience``."""
        while True:
            for name in names:
                begun = time.monotonic()
                changed = await self.api.merge(
                    f"/api/v1/namespaces/{namespace}/configmaps/{name}", {"data": {"stands": "changed"}}
                )
                version = changed["metadata"].get("resourceVersion")  # none where there is no such object
                try:
                    async with asyncio.timeout(0 if version is None else patience):
                        back = await self._back(name, after=int(version or 0))
                    self.seconds.append((back - begun, name))
                except TimeoutError:
                    self.seconds.append((patience, name))
                await asyncio.sleep(max(0.0, every - (time.monotonic() - begun)))

    async def _back(self, name: str, *, after: int) -> float:
        """Wait until the object is right in a version after this one; when that was seen."""
        async with self._news:
            await self._news.wait_for(lambda: self._well.get(name, (0, 0.0))[0] > after)
            return self._well[name][1]
