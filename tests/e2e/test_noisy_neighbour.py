"""Hostile patterns beside good ones: the good ones notice nothing, and the operator lives on within its memory.

``make noisy`` runs it for two minutes; ``--noisy-seconds`` and ``--noisy-sorts`` (names of ``neighbours.SORTS``) say
how long and with whom. It needs the machine for itself: latencies are measured.
"""

import asyncio
import json
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests import hostileregistry, machine
from tests.e2e import measured
from tests.e2e.measured import Api, Memory, Repairs
from tests.e2e.neighbours import (
    GOOD,
    GOOD_NAMESPACES,
    SORTS,
    Neighbour,
    Place,
    account,
    good,
    good_maps,
    good_name,
)
from tests.e2e.scenario import condition, widgets
from tests.testbed import operator, process
from tests.testbed.gate import webhook
from tests.testbed.http import request
from tests.testbed.operator import Operator
from tests.testbed.testbed import Testbed

SORTED_OUT = 32  # hostile patterns
MEMORY = 512  # MiB, of the operator and all that it starts
REPAIRED = 1.0  # seconds from a change to its repair, of every change
REPAIR_WORK = 0.4  # of them the work, where it was measured: a slower machine is allowed for (``machine.slowness``)
# Seconds that the event loop is held at most where that was measured, beyond what the machine makes a process wait that
# does nothing; a slower machine is allowed for (``machine.slowness``).
LAG = 0.1
BECOME_READY = 60.0  # seconds until all good patterns are Ready
OWN_HOLD = 0.05  # seconds; what the loop is held for longer by the operator's own work is reported
EVERY = 5.0  # seconds between two changes of a good pattern's objects
PATIENCE = 20.0  # seconds after which a change counts as never repaired
SLOWNESS = 20.0  # seconds that the slow webhook takes
OWNER = "pattern-operator.io/owner"
PATTERNS = "/apis/pattern-operator.io/v1alpha1"

# A name server that never answers: look-ups of these names hang in whatever thread asks.
HANGING = """
import socket, sys, time
ask = socket.getaddrinfo
def getaddrinfo(host, *arguments, **more):
    if str(host).endswith("hangs.example"):
        time.sleep(3600)
    return ask(host, *arguments, **more)
socket.getaddrinfo = getaddrinfo
from pattern_operator.__main__ import main
sys.exit(main())
"""


# --- the cluster ------------------------------------------------------------------------------------------------------


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> float:
    """How long the noise lasts."""
    return float(request.config.getoption("--noisy-seconds"))


@pytest.fixture
def sorts(request: pytest.FixtureRequest) -> list[str]:
    """The sorts of hostile patterns that take part."""
    asked: str = request.config.getoption("--noisy-sorts")
    return asked.split(",") if asked else list(SORTS)


@pytest.fixture
def noisy(testbed_state: Path) -> Iterator[Testbed]:
    """A cluster of its own, with a registry and no operator yet."""
    started = Testbed.start(testbed_state / "noisy")
    started.start_registry()
    yield started
    started.stop()


@pytest.fixture
def place(noisy: Testbed) -> Iterator[Place]:
    """Where hostile patterns pull from."""
    started, address, hole = hostileregistry.start(noisy.directory)
    yield Place(noisy.registry, address, hole, "registry.hangs.example", f"g{uuid4().hex[:8]}.example.com")
    started.stop()


class Sleeper:
    """A webhook that admits everything, after a long time."""

    def __init__(self) -> None:
        self.in_force = threading.Event()
        self.over = threading.Event()

    def admit(self, review: dict[str, Any]) -> dict[str, Any]:
        self.in_force.set()
        if not review["request"]["name"].startswith("probe-"):
            self.over.wait(SLOWNESS)
        return {**review, "response": {"uid": review["request"]["uid"], "allowed": True}}


def start_operator(testbed: Testbed) -> Operator:
    """Start the operator as the restricted installation does, on a machine whose name server hangs."""
    operator.install(operator.RESTRICTED, kubectl=testbed.kubectl)
    account = operator.account(testbed.directory, kubectl=testbed.kubectl)
    address = f"127.0.0.1:{process.free_port()}"
    command: list[str | Path] = [sys.executable, "-c", HANGING, "run", "--kubeconfig", account.path]
    command += ["--cache-dir", testbed.directory / "cache", "--metrics-bind", address]
    command += operator.admitting_unsigned(operator.RESTRICTED, kubectl=testbed.kubectl)
    started = Operator(process.start("operator", command, directory=testbed.directory), account, address)
    started.wait_ready()
    return started


# --- the noise --------------------------------------------------------------------------------------------------------


ODD: tuple[dict[str, Any], ...] = (
    {"spec": [1, 2]},
    {"spec": "text"},
    {"spec": 7},
    {"spec": None, "status": ["a"]},
    {"spec": {"finalizers": 7, "replicas": "many"}},
    {"status": {"conditions": 7, "observedGeneration": "x"}},
    {"status": {"conditions": [1, "x", None, {"type": 5, "status": []}]}},
    {"status": {"conditions": {"type": "Ready"}, "phase": {}}},
    {"spec": {"a": {"b": [[[[[{}]]]]]}}, "data": 1.5, "kindOf": True},
)


async def make_odd_objects(api: Api, group: str) -> None:
    """Make objects of a followed kind with the label of a pattern, of every shape; change what it has applied too."""
    where = f"/apis/{group}/v1/namespaces/noisy-odd-objects/widgets"
    number = 0
    while True:
        live = await api.get(f"{where}/widget-0")
        if live is None:
            await asyncio.sleep(0.5)
            continue
        shape, number = ODD[number % len(ODD)], number + 1
        metadata = {"name": f"odd-{number}", "labels": {OWNER: live["metadata"]["labels"][OWNER]}}
        await api.create(where, {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": metadata, **shape})
        await api.merge(f"{where}/widget-{number % 5}", shape)
        await asyncio.sleep(0.2)


async def flap(api: Api, path: str, field: str) -> None:
    """Change an entry of an object ten times a second."""
    number = 0
    while True:
        number += 1
        await api.merge(path, {field: {"stands": str(number)}})
        await asyncio.sleep(0.1)


@asynccontextmanager
async def noise(api: Api, place: Place, sorts: list[str]) -> AsyncIterator[None]:
    """All that hostile tenants do beside their patterns."""
    flapping = "/api/v1/namespaces/noisy-flapping"
    loops = []
    if "odd-objects" in sorts:
        loops.append(make_odd_objects(api, place.group))
    if "flapping" in sorts:
        loops += [flap(api, f"{flapping}/configmaps/flapping-{number}", "data") for number in range(2)]
        loops.append(flap(api, f"{flapping}/secrets/pull", "stringData"))
    tasks = [asyncio.create_task(each) for each in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# --- the good ---------------------------------------------------------------------------------------------------------


@dataclass
class Good:
    """How the good patterns stand: since when each is Ready, and what it said when it no longer was."""

    api: Api
    ready: set[str] = field(default_factory=set)
    fell: list[str] = field(default_factory=list)
    _all: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, namespace: str) -> None:
        """See the patterns of a namespace."""
        async for _, body in self.api.watch(f"{PATTERNS}/namespaces/{namespace}/designpatterns"):
            name, found = body["metadata"]["name"], condition(body.get("status", {}), "Ready")
            if found.get("status") == "True":
                self.ready.add(name)
            elif name in self.ready:
                self.fell.append(f"{name}: {found.get('reason')}: {found.get('message')}")
            if len(self.ready) == GOOD:
                self._all.set()

    async def wait_ready(self) -> float:
        """Wait until all were Ready; the seconds it took, BECOME_READY where they never were."""
        begun = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(BECOME_READY):
                await self._all.wait()
        return time.monotonic() - begun


# --- the test ---------------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What was measured."""

    became_ready: float
    good: Good
    repairs: Repairs
    memory: Memory
    lags: dict[float, int]
    silent: list[str]
    probes: list[str]
    idle_lag: float  # of a process that does nothing, in seconds
    slowness: float  # of the machine: how many times longer it takes than where the limits were measured
    own: dict[float, int]  # how often the loop was held by the operator's own work, by lower bound in seconds


async def measure(
    testbed: Testbed, place: Place, hostile: list[Neighbour], *, sorts: list[str], seconds: float
) -> Seen:
    """Let the hostile begin, then the good; disturb the good all the while, and measure."""
    running = testbed.operator
    memory = Memory(running.process.pid)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(Api.open(testbed.controlplane.admin))
        idle_lag = stack.enter_context(measured.idle_process())
        tasks = await stack.enter_async_context(_cancelled_at_the_end())
        tasks.append(asyncio.create_task(memory.watch(every=0.25)))
        begun = await _metrics(running)
        for each in hostile:
            await api.create(f"{PATTERNS}/namespaces/{each.namespace}/designpatterns", each.body)
        await stack.enter_async_context(noise(api, place, sorts))
        await asyncio.sleep(5.0)  # the hostile have the operator for themselves

        standing, repairs, probes = Good(api), Repairs(api), list[str]()
        tasks += [asyncio.create_task(standing.watch(namespace)) for namespace in GOOD_NAMESPACES]
        tasks += [asyncio.create_task(repairs.watch(namespace)) for namespace in GOOD_NAMESPACES]
        for body in good(testbed.registry):
            namespace = body["metadata"]["namespace"]
            await api.create(f"{PATTERNS}/namespaces/{namespace}/designpatterns", body)
        became_ready = await standing.wait_ready()
        tasks.append(asyncio.create_task(_probe(running, probes)))
        for number in range(GOOD):
            namespace, _ = good_name(number)
            names = [each["metadata"]["name"] for each in good_maps(number)]
            tasks.append(asyncio.create_task(repairs.disturb(namespace, names, every=EVERY, patience=PATIENCE)))
            await asyncio.sleep(EVERY / GOOD)
        await asyncio.sleep(seconds)

        ended = await _metrics(running)
        silent = [f"{each.sort}/{each.name}" for each in hostile if not await _says_something(api, each)]
        late = await asyncio.to_thread(idle_lag)
        slowness = await asyncio.to_thread(machine.slowness)
        held = measured.held(measured.lags(begun), measured.lags(ended), over=LAG * slowness + late)
        own = [measured.lags(each, name=measured.OWN) for each in (begun, ended)]
        return Seen(
            became_ready,
            standing,
            repairs,
            memory,
            held,
            silent,
            probes,
            late,
            slowness,
            own=measured.held(*own, over=OWN_HOLD),
        )


@asynccontextmanager
async def _cancelled_at_the_end() -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks: list[asyncio.Task[None]] = []
    try:
        yield tasks
        for task in tasks:
            assert not task.done(), f"what measures has ended: {task}"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _metrics(running: Operator) -> str:
    answer = await asyncio.to_thread(request, "GET", running.metrics)
    return answer.body.decode()


async def _probe(running: Operator, failures: list[str]) -> None:
    """Ask once a second, as a kubelet does: with a second's patience."""
    while True:
        for path in ("healthz", "readyz"):
            try:
                answer = await asyncio.to_thread(request, "GET", f"http://{running.address}/{path}", seconds=1.0)
                if answer.status != 200:
                    failures.append(f"{path}: {answer.status} {answer.body[:200].decode()}")
            except OSError as error:
                failures.append(f"{path}: {error}")
        await asyncio.sleep(1.0)


async def _says_something(api: Api, each: Neighbour) -> bool:
    body = await api.get(f"{PATTERNS}/namespaces/{each.namespace}/designpatterns/{each.name}")
    return bool(condition(body.get("status", {}), "Ready"))


def judged(testbed: Testbed, seen: Seen, *, pid: int) -> list[str]:
    """What is wrong, a line each; empty when all is well."""
    running, log = testbed.operator.process, testbed.operator.process.log.read_text(errors="replace")
    most = max(REPAIRED, REPAIR_WORK * seen.slowness)
    slow = sorted((each for each in seen.repairs.seconds if each[0] > most), reverse=True)
    wrong = {
        f"the good became Ready only after {seen.became_ready:.0f} s: {len(seen.good.ready)} of {GOOD} did": len(
            seen.good.ready
        )
        < GOOD,
        f"good patterns did not stay Ready: {seen.good.fell[:5]}": bool(seen.good.fell),
        f"{len(slow)} of {len(seen.repairs.seconds)} repairs took longer than {most:.1f} s: {slow[:10]}": bool(slow),
        "nothing was repaired: the test measured nothing": not seen.repairs.seconds,
        f"the event loop was held longer than {LAG} s times {seen.slowness:.1f}: {seen.lags}": bool(seen.lags),
        f"memory reached {seen.memory.peak:.0f} MiB: {seen.memory.at_peak}": seen.memory.peak > MEMORY,
        f"the operator has another pid, or ended:\n{running.tail()}": running.pid != pid or not running.alive,
        f"it began to lead {log.count('leads: lease=')} times": log.count("leads: lease=") != 1,
        "the work ended by an error": "the work ended by an error" in log,
        f"the log has a traceback: {log[log.find('Traceback') - 500 :][:3000]}": "Traceback" in log,
        f"probes failed {len(seen.probes)} times: {seen.probes[:5]}": bool(seen.probes),
        f"hostile patterns say nothing at all: {seen.silent}": bool(seen.silent),
    }
    return [words for words, is_so in wrong.items() if is_so]


def statuses(testbed: Testbed) -> str:
    """How every hostile pattern stands, by its sort: what a failure is read beside."""
    lines = []
    for body in testbed.kubectl.json("get", "dp", "-A")["items"]:
        metadata, found = body["metadata"], condition(body.get("status", {}), "Ready")
        if metadata["namespace"].startswith("noisy-"):
            said = f"{found.get('reason')}: {str(found.get('message'))[:160]}"
            lines.append(f"  {metadata['namespace']}/{metadata['name']}: {said}")
    return "\n".join(lines)


@pytest.mark.alone
def test_hostile_patterns_cost_nobody_but_themselves(
    noisy: Testbed, place: Place, seconds: float, sorts: list[str]
) -> None:
    # The tenants, their accounts, and what lies in their namespaces.
    hostile = [each for sort in sorts for each in SORTS[sort](place)]
    assert sorts != list(SORTS) or len(hostile) == SORTED_OUT
    noisy.kubectl.apply(widgets(place.group))
    for namespace in {*GOOD_NAMESPACES, "noisy-slow-webhook", *(each.namespace for each in hostile)}:
        noisy.kubectl.apply(*account(namespace))
    beside = {json.dumps(body) for each in hostile for body in each.beside}
    if beside:
        noisy.kubectl.apply(*beside)

    # Two minutes of it.
    noisy.adopt(start_operator(noisy))
    pid, sleeper = noisy.operator.process.pid, Sleeper()
    with webhook(
        sleeper, "configmaps", namespace="noisy-slow-webhook", kubectl=noisy.kubectl, authority=noisy.authority
    ):
        try:
            seen = asyncio.run(measure(noisy, place, hostile, sorts=sorts, seconds=seconds))
        finally:
            sleeper.over.set()

    # What came of it.
    worst = max((each for each, _ in seen.repairs.seconds), default=0.0)
    print(f"{len(seen.repairs.seconds)} repairs, the slowest {worst:.2f} s; good Ready after {seen.became_ready:.1f} s")
    print(f"a process that did nothing woke up to {seen.idle_lag * 1000:.0f} ms late: that much is the machine's")
    print(f"memory {seen.memory.peak:.0f} MiB at most: {seen.memory.at_peak}; loop held too long: {seen.lags}")
    print(f"the machine is {seen.slowness:.1f} times slower than where {LAG} s were measured")
    print(f"of that by the operator's own work, over {OWN_HOLD} s (at least: times): {seen.own}")
    wrong = judged(noisy, seen, pid=pid)
    beside_it = f"a process that did nothing woke up to {seen.idle_lag * 1000:.0f} ms late; how the hostile stand:"
    assert not wrong, "\n".join([*wrong, beside_it, statuses(noisy)])
