"""``make bench N=200``: N patterns of 3 objects from create to Ready, beside the raw apply of the same objects.

One JSON line on standard output; what is going on, on standard error. Requests are counted by the API server's audit
log, so nobody counts their own; CPU and memory are the kernel's figures for the operator's process.
"""

import argparse
import asyncio
import json
import os
import shutil
import ssl
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop
from tests.testbed import audit, process
from tests.testbed.paths import STATE
from tests.testbed.testbed import Testbed
from tools.readiness import ObjectCollection, Unready, WatchLost, ensure_ready, until_ready

from pattern_operator.api.artifact import File
from pattern_operator.api.reference import Repository
from pattern_operator.executors import Executors
from pattern_operator.source import Network, Registry, SystemNames, TokenCache, push

DIRECTORY = STATE / "bench"
CONNECTIONS = 32
SETTLE = 10.0  # seconds after the last Ready before the quiet is measured
READY_WITHIN = 600.0  # seconds for all patterns
REPAIRED_WITHIN = 120.0  # seconds
QUIET = 30.0  # seconds of quiet that are measured
OPERATOR = "system:serviceaccount:pattern-operator-system:pattern-operator"
KINDS = {"ConfigMap": ("api/v1", "configmaps"), "ServiceAccount": ("api/v1", "serviceaccounts")}
ROLES = ("apis/rbac.authorization.k8s.io/v1", "roles")
PATTERNS = "/apis/pattern-operator.io/v1alpha1/namespaces/bench/designpatterns"


def objects(number: int) -> list[dict[str, Any]]:
    """The three objects of one pattern."""
    name = f"item-{number:05}"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [name], "verbs": ["get"]}]
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": {"number": str(number), "a": "b"},
        },
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}, "rules": rules},
    ]


def path(body: dict[str, Any], namespace: str) -> str:
    """Where an object is applied."""
    group, plural = KINDS.get(body["kind"], ROLES)
    return f"/{group}/namespaces/{namespace}/{plural}/{body['metadata']['name']}"


class Bench:
    """The measurements, one method each."""

    def __init__(self, testbed: Testbed, http: aiohttp.ClientSession, *, patterns: int) -> None:
        self.testbed = testbed
        self.http = http
        self.patterns = patterns
        self.names = [f"item-{number:05}" for number in range(patterns)]
        self.log = testbed.controlplane.audit_log
        self.admin = {"Authorization": f"Bearer {testbed.controlplane.admin.token}"}

    async def run(self) -> dict[str, Any]:
        """All of it, in an order in which nothing disturbs what is measured."""
        say(f"pushing {self.patterns} artifacts")
        await self.push()
        for namespace in ("raw", "bench"):
            await self.send("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        say(f"applying {3 * self.patterns} objects raw, {CONNECTIONS} connections")
        server = self.server_cpu()
        raw = await self.raw()
        raw_server = self.server_cpu() - server
        say("starting the operator")
        operator = await asyncio.to_thread(self.testbed.start_operator)
        pid = operator.process.pid
        await self.warm_up()
        before, spent, server = self.log.stat().st_size, cpu(pid), self.server_cpu()
        say(f"creating {self.patterns} patterns")
        ready = await self.create()
        used, server = cpu(pid) - spent, self.server_cpu() - server
        await asyncio.sleep(SETTLE)
        requests = self.requests(before)
        say(f"ready after {ready:.1f} s; measuring {QUIET:.0f} s of quiet")
        quiet_from, quiet_spent = self.log.stat().st_size, cpu(pid)
        await asyncio.sleep(QUIET)
        quiet = self.requests(quiet_from)
        idle = (cpu(pid) - quiet_spent) / QUIET
        say("changing one field of one object")
        repaired = await self.repair()
        await ensure_ready(self.names, collection=self.at(PATTERNS))  # else the figures are of something else
        per_pattern = {verb: round(count / self.patterns, 2) for verb, count in sorted(requests.items())}
        return {
            "patterns": self.patterns,
            "objects": 3 * self.patterns,
            "raw_seconds": round(raw, 2),
            "ready_seconds": round(ready, 2),
            "ratio": round(ready / raw, 2),
            "requests_per_pattern": per_pattern,
            "requests_per_pattern_total": round(sum(requests.values()) / self.patterns, 2),
            "operator_cpu_seconds": round(used, 2),
            "server_cpu_seconds": round(server, 2),
            "raw_server_cpu_seconds": round(raw_server, 2),
            "operator_peak_mib": round(peak(pid), 1),
            "settled_requests_per_minute": {verb: round(n * 60 / QUIET, 1) for verb, n in sorted(quiet.items())},
            "settled_cpu_percent": round(100 * idle, 2),
            "repair_seconds": round(repaired, 3),
        }

    def server_cpu(self) -> float:
        """CPU seconds of the API server and its store: where most of the time goes."""
        running = process.saved(DIRECTORY)
        return sum(cpu(running[name].pid) for name in ("kube-apiserver", "etcd"))

    async def push(self) -> None:
        """One artifact a pattern."""
        tokens = TokenCache()
        with Executors.open() as executors:
            async with Network.open(names=SystemNames(executors.names)) as network:

                async def one(number: int) -> None:
                    registry = Registry(
                        Repository.parse(f"oci://{self.testbed.registry.address}/bench/item-{number:05}"),
                        network=network,
                        credentials=None,
                        scheme="http",
                        tokens=tokens,
                        user_agent="bench",
                        executors=executors,
                    )
                    files = [File("manifests.yaml", b"\n---\n".join(orjson.dumps(body) for body in objects(number)))]
                    await push(files, registry=registry, tag="1.0.0", created=None, annotations={})

                await gather(one, range(self.patterns))

    async def raw(self) -> float:
        """Seconds of the same objects, applied by nothing but requests."""
        bodies = [body for number in range(self.patterns) for body in objects(number)]
        begun = time.perf_counter()
        await gather(self.apply, bodies)
        return time.perf_counter() - begun

    async def apply(self, body: dict[str, Any]) -> None:
        """One server-side apply."""
        url = f"{path(body, 'raw')}?fieldManager=bench&force=true"
        await self.send("PATCH", url, body, content_type="application/apply-patch+yaml")

    async def create(self) -> float:
        """Seconds from the first create to the last Ready; raises Unready."""
        waiting = asyncio.create_task(until_ready(self.names, collection=self.at(PATTERNS), seconds=READY_WITHIN))
        begun = time.perf_counter()
        await gather(self.create_one, range(self.patterns))
        await waiting
        return time.perf_counter() - begun

    async def warm_up(self) -> None:
        """Let the API server get over the CRD: it holds the first writes of a new kind for two seconds."""
        await self.create_one(0, dry_run="?dryRun=All")

    async def create_one(self, number: int, *, dry_run: str = "") -> None:
        """One DesignPattern."""
        url = f"oci://{self.testbed.registry.address}/bench/item-{number:05}"
        source = {"url": url, "ref": {"tag": "1.0.0"}, "insecure": True}
        kind = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "DesignPattern"}
        body = {**kind, "metadata": {"name": f"item-{number:05}"}, "spec": {"source": source}}
        await self.send("POST", PATTERNS + dry_run, body)

    async def repair(self) -> float:
        """Seconds from a change of one field until it is as it was."""
        where = "/api/v1/namespaces/bench/configmaps/item-00000"

        async def restored() -> None:
            changed = False
            async with aclosing(self.at("/api/v1/namespaces/bench/configmaps").follow()) as events:
                async for event in events:
                    if event is None or event["object"]["metadata"].get("name") != "item-00000":
                        continue
                    changed = changed or event["object"]["data"]["number"] == "changed"
                    if changed and event["object"]["data"]["number"] == "0":
                        return

        watching = asyncio.create_task(restored())
        await asyncio.sleep(1)
        begun = time.perf_counter()
        await self.send("PATCH", where, {"data": {"number": "changed"}}, content_type="application/merge-patch+json")
        try:
            async with asyncio.timeout(REPAIRED_WITHIN):
                await watching
        except TimeoutError as error:
            raise Unready(f"ConfigMap bench/item-00000 is not repaired after {REPAIRED_WITHIN:.0f} s") from error
        return time.perf_counter() - begun

    def requests(self, after: int) -> Counter[str]:
        """The operator's requests since a place in the audit log, by verb; its Lease is not counted."""
        found = audit.requests(self.log, after=after)
        return Counter(each.verb for each in found if each.user == OPERATOR and not each.resource.startswith("leases"))

    async def send(self, method: str, url: str, body: Any, *, content_type: str = "application/json") -> None:
        """One request as admin; raises for anything but success."""
        headers = {"Content-Type": content_type, **self.admin}
        async with self.http.request(method, self.url(url), data=orjson.dumps(body), headers=headers) as response:
            if response.status >= 300:
                raise RuntimeError(f"{method} {url}: {response.status} {await response.text()}")
            await response.read()

    def at(self, path: str) -> ObjectCollection:
        """The objects at a path, as the admin sees them."""
        return ObjectCollection(self.http, self.url(path), self.admin)

    def url(self, relative: str) -> str:
        """On the API server."""
        return self.testbed.controlplane.admin.server + relative


async def gather(work: Any, items: Sequence[Any] | range) -> None:
    """``work`` on each item, ``CONNECTIONS`` at once."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(worker())


def cpu(pid: int) -> float:
    """CPU seconds that a process has used (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(pid: int) -> float:
    """The most memory a process has had, in MiB (proc(5), status: VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def say(message: str) -> None:
    """Tell a person what is going on."""
    print(message, file=sys.stderr, flush=True)


async def measure(patterns: int) -> dict[str, Any]:
    """Start the parts, measure, end the parts."""
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    testbed = await asyncio.to_thread(Testbed.start, DIRECTORY, audit=True)
    try:
        await asyncio.to_thread(testbed.start_registry)
        admin = testbed.controlplane.admin
        trust = ssl.create_default_context(cafile=str(admin.ca))
        connector = aiohttp.TCPConnector(limit=0, ssl=trust)
        async with aiohttp.ClientSession(connector=connector) as http:
            return await Bench(testbed, http, patterns=patterns).run()
    finally:
        await asyncio.to_thread(testbed.stop)


def main(
    arguments: Sequence[str] | None = None, *, measure: Callable[[int], Awaitable[dict[str, Any]]] = measure
) -> int:
    """Measure and print; without a figure where a pattern is not Ready."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patterns", type=int, default=200, help="how many")
    options = parser.parse_args(arguments)

    async def measured() -> dict[str, Any]:
        return await measure(options.patterns)

    try:
        figures = uvloop.run(measured())
    except (Unready, WatchLost) as error:
        say(f"bench: {error}")
        return 1
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
