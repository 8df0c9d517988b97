"""The rows, in their order: each is a change of many patterns, beside the raw requests for the same objects."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from tests.testbed.testbed import Testbed
from tools.bench.cluster import MERGE, Cluster, gather
from tools.bench.meters import Meters, Reading
from tools.bench.trust import DONE_WITHIN, TrustRow
from tools.bench.workload import AFTER, BEFORE, Artifact, large, name_of, path, push_all, small
from tools.readiness import WatchLost, ensure_ready, until_ready

SETTLE = 10.0  # seconds after the last Ready before the quiet is measured
QUIET = 30.0  # seconds of quiet that are measured
POLL = 0.1  # seconds between two looks at the metrics, which cannot be watched
LARGE = (1_000, 5_000)  # objects of one pattern
PATTERNS = "/apis/pattern-operator.io/v1alpha1/namespaces/{}/designpatterns"
CONFIGMAPS = "/api/v1/namespaces/{}/configmaps"

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bench:
    """The rows share one cluster: each finds it as the row before left it. ``tree`` is where the operator is from."""

    testbed: Testbed
    cluster: Cluster
    meters: Meters
    say: Callable[[str], None]
    patterns: int
    tree: Path

    async def rows(self) -> AsyncIterator[Figures]:
        """The figures, a row at a time. Raises Unready where a pattern is not as it should be."""
        for namespace in ("raw", "bench"):
            await self.cluster.send("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        self.say(f"pushing {2 * self.patterns} artifacts")
        await self._push()
        await asyncio.to_thread(self.testbed.start_operator_of, self.tree)
        await self._warm_up()
        yield await self.new()
        made = await self.cluster.get(f"{self._at(PATTERNS)}/{name_of(0)}")
        yield await self.settled()
        yield await self.changed()
        yield await self.drifted()
        yield await self.restarted()
        if (self.tree / "crds/pattern-operator.io_trustpolicies.yaml").exists():  # else its operator knows no policies
            yield await self.trust()
        yield await self.deleted()
        for count in LARGE:
            yield await self.large(count)
        yield await self.bare(made)

    async def new(self) -> Figures:
        """Patterns of three objects, from the first create to the last Ready."""
        bodies = [body for number in range(self.patterns) for body in small(number)]

        async def work() -> None:
            await gather(self._create_small, range(self.patterns))
            await self._all_ready()

        return await self._row("new", self._raw(bodies), work, objects=len(bodies))

    async def settled(self) -> Figures:
        """What is sent and computed while nothing happens, and how long one drifted object stays so."""
        self.say(f"settling; then {QUIET:.0f} s of quiet")
        await asyncio.sleep(SETTLE)
        begun = self.meters.begin()
        await asyncio.sleep(QUIET)
        requests, used = self.meters.requests(begun), self.meters.operator_cpu(begun)
        repaired = time.perf_counter()
        await self._drift(range(1))
        return {
            "row": "settled",
            "patterns": self.patterns,
            "requests_per_minute": {verb: round(n * 60 / QUIET, 1) for verb, n in sorted(requests.items())},
            "operator_cpu_percent": round(100 * used / QUIET, 2),
            "repair_seconds": round(time.perf_counter() - repaired, 3),
        }

    async def changed(self) -> Figures:
        """Every pattern is moved to a version in which one of its objects differs."""
        bodies = [small(number, tag=AFTER)[0] for number in range(self.patterns)]
        spec = {"spec": {"source": {"ref": {"tag": AFTER}}}}

        async def one(number: int) -> None:
            await self.cluster.send("PATCH", f"{self._at(PATTERNS)}/{name_of(number)}", spec, content_type=MERGE)

        async def work() -> None:
            await gather(one, range(self.patterns))
            await self._all_ready()

        return await self._row("one object changed", self._raw(bodies), work, objects=len(bodies))

    async def drifted(self) -> Figures:
        """One object of each pattern is changed by somebody else; until all are as they were."""
        bodies = [small(number, tag=AFTER)[0] for number in range(self.patterns)]
        return await self._row(
            "drifted", self._raw(bodies), lambda: self._drift(range(self.patterns)), objects=len(bodies)
        )

    async def restarted(self) -> Figures:
        """The operator starts again over what runs; until each pattern had its run. Raw: the lists of all of it."""
        await asyncio.to_thread(self.testbed.operator.stop)
        begun = self.meters.begin()

        async def raw() -> None:
            for url in (PATTERNS, CONFIGMAPS, "/api/v1/namespaces/{}/serviceaccounts"):
                await self.cluster.at(self._at(url)).list()
            await self.cluster.at("/apis/rbac.authorization.k8s.io/v1/namespaces/bench/roles").list()

        async def work() -> None:
            await asyncio.to_thread(self.testbed.operator.restart)
            await self._all_had_their_run()
            await self._all_ready()

        return await self._row("unchanged, restarted", raw, work, objects=3 * self.patterns, since=begun)

    async def trust(self) -> Figures:
        """A policy that covers all of them, without and with its key."""
        names, registry = [name_of(number) for number in range(self.patterns)], self.testbed.registry.address
        row = TrustRow(self.cluster, self.meters, self.say, registry, self._at(PATTERNS), names, AFTER)
        return await row.measure()

    async def deleted(self) -> Figures:
        """All patterns are deleted; until the last is gone."""
        bodies = [body for number in range(self.patterns) for body in small(number)]
        left = {name_of(number) for number in range(self.patterns)}
        patterns = self.cluster.at(self._at(PATTERNS))

        async def raw() -> None:
            await gather(lambda body: self.cluster.send("DELETE", path(body, namespace="raw")), bodies)

        async def gone(version: str) -> None:
            async for event in patterns.watch(version):
                if event["type"] == "DELETED":
                    left.discard(event["object"]["metadata"]["name"])
                if not left:
                    return
            raise WatchLost(f"the watch of {patterns.url} ended before {len(left)} patterns were gone")

        async def delete(number: int) -> None:
            await self.cluster.send("DELETE", f"{self._at(PATTERNS)}/{name_of(number)}")

        async def work() -> None:
            _, version = await patterns.list()  # before the first goes: what is gone by then, no event tells of
            async with asyncio.timeout(DONE_WITHIN):
                await asyncio.gather(gone(version), gather(delete, range(self.patterns)))

        figures = await self._row("deleted", raw, work, objects=len(bodies))
        there, _ = await self.cluster.at(self._at(CONFIGMAPS)).list()
        kept = {each["metadata"]["name"] for each in there} & {*map(name_of, range(self.patterns))}
        if kept:
            raise RuntimeError(f"{len(kept)} ConfigMaps outlived their patterns, {min(kept)} among them")
        return figures

    async def large(self, count: int) -> Figures:
        """One pattern of many objects, from create to Ready."""
        name, bodies = f"of-{count}", large(count)
        await push_all([Artifact(f"bench/{name}", BEFORE, bodies)], registry=self.testbed.registry.address)

        async def work() -> None:
            await self._create(name)
            await until_ready([name], collection=self.cluster.at(self._at(PATTERNS)), seconds=DONE_WITHIN)

        return await self._row(f"one of {count}", self._raw(bodies), work, objects=count, patterns=1)

    async def bare(self, made: dict[str, Any]) -> Figures:
        """What a client that decides nothing needs for the same: each pattern's objects, and its writes.

        ``made`` is a pattern as the operator left it: its metadata and its status are written once each, as they are.
        """
        await asyncio.to_thread(self.testbed.operator.stop)
        metadata = {name: made["metadata"][name] for name in ("annotations", "finalizers")}
        written = orjson.dumps([{"metadata": metadata}, {"status": made["status"]}])

        async def one(number: int) -> None:
            name = name_of(number)
            ahead, after = orjson.loads(written.replace(name_of(0).encode(), name.encode()))
            url = f"{self._at(PATTERNS)}/{name}"
            await self._create(name)
            await self.cluster.send("PATCH", url, ahead, content_type=MERGE)
            for body in small(number):
                await self.cluster.apply(path(body, namespace="bench"), body)
            await self.cluster.send("PATCH", f"{url}/status", after, content_type=MERGE)

        bodies = [body for number in range(self.patterns) for body in small(number)]
        work = partial(gather, one, range(self.patterns))
        return await self._row("new, by a bare client", self._raw(bodies), work, objects=len(bodies))

    async def _row(
        self,
        row: str,
        raw: Callable[[], Awaitable[None]],
        work: Callable[[], Awaitable[None]],
        *,
        objects: int,
        patterns: int | None = None,
        since: Reading | None = None,
    ) -> Figures:
        """The raw requests first, then the operator's work, each by the clock and by the meters."""
        patterns = patterns or self.patterns
        self.say(f"{row}: {objects} objects, raw")
        before, raw_begun = self.meters.begin(), time.perf_counter()
        await raw()
        raw_seconds, raw_cpu = time.perf_counter() - raw_begun, self.meters.server_cpu(before)
        self.say(f"{row}: {patterns} patterns")
        begun, started = since or self.meters.begin(), time.perf_counter()
        await work()
        seconds = time.perf_counter() - started
        return {
            "row": row,
            "patterns": patterns,
            "objects": objects,
            "raw_seconds": round(raw_seconds, 2),
            "seconds": round(seconds, 2),
            "ratio": round(seconds / raw_seconds, 2),
            "raw_server_cpu_seconds": round(raw_cpu, 2),
            **self.meters.since(begun, patterns=patterns),
        }

    def _raw(self, bodies: Any) -> Callable[[], Awaitable[None]]:
        """Apply these, by nothing but requests."""

        async def work() -> None:
            await gather(lambda body: self.cluster.apply(path(body, namespace="raw"), body), bodies)

        return work

    async def _push(self) -> None:
        numbers, tags = range(self.patterns), (BEFORE, AFTER)
        artifacts = (Artifact(f"bench/{name_of(n)}", tag, small(n, tag=tag)) for n in numbers for tag in tags)
        await push_all(artifacts, registry=self.testbed.registry.address)

    async def _create_small(self, number: int) -> None:
        await self._create(name_of(number))

    async def _create(self, name: str, *, dry_run: str = "") -> None:
        source = {
            "url": f"oci://{self.testbed.registry.address}/bench/{name}",
            "ref": {"tag": BEFORE},
            "insecure": True,
        }
        kind = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "DesignPattern"}
        body = {**kind, "metadata": {"name": name}, "spec": {"source": source}}
        await self.cluster.send("POST", self._at(PATTERNS) + dry_run, body)

    async def _warm_up(self) -> None:
        """Let the API server get over the CRD: it holds the first writes of a new kind for two seconds."""
        await self._create(name_of(0), dry_run="?dryRun=All")

    async def _all_ready(self) -> None:
        names = [name_of(number) for number in range(self.patterns)]
        collection = self.cluster.at(self._at(PATTERNS))
        await until_ready(names, collection=collection, seconds=DONE_WITHIN)
        await ensure_ready(names, collection=collection)  # else the figures are of something else

    async def _drift(self, numbers: range) -> None:
        """Change one object of each of these patterns, and wait until all of them are as they were."""
        changed: set[str] = set()
        waiting = {name_of(number) for number in numbers}

        def restored(event: dict[str, Any] | None) -> bool:
            if event is not None and event["type"] == "MODIFIED":
                name, data = event["object"]["metadata"]["name"], event["object"]["data"]
                if data["number"] == "changed":
                    changed.add(name)
                elif name in changed:
                    waiting.discard(name)
            return not waiting

        url = self._at(CONFIGMAPS)
        _, version = await self.cluster.at(url).list()

        async def follow() -> None:
            async for event in self.cluster.at(url).watch(version):
                if restored(event):
                    return
            raise WatchLost(f"the watch of {url} ended before {len(waiting)} objects were as they had been")

        async def one(number: int) -> None:
            body = {"data": {"number": "changed"}}
            await self.cluster.send("PATCH", f"{url}/{name_of(number)}", body, content_type=MERGE)

        async with asyncio.timeout(DONE_WITHIN):
            await asyncio.gather(follow(), gather(one, numbers))

    async def _all_had_their_run(self) -> None:
        while await self._metric("reconcile_duration_seconds_count") < self.patterns:  # noqa: ASYNC110 - no watch of it
            await asyncio.sleep(POLL)
        while await self._metric("queue_overdue"):  # noqa: ASYNC110 - as above
            await asyncio.sleep(POLL)

    async def _metric(self, name: str) -> float:
        async with self.cluster.http.get(self.testbed.operator.metrics) as response:
            lines = (await response.text()).splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(f"pattern_operator_{name}"))

    @staticmethod
    def _at(url: str) -> str:
        return url.format("bench")
