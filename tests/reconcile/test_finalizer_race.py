"""Whoever takes our finalizer away, at whatever moment: it is put back."""

import random
from typing import Any

import pytest

from pattern_operator.api.names import FINALIZER
from pattern_operator.reconcile import PatternKey, PatternStore
from pattern_operator.reconcile.pattern_store import lacks_finalizer

KEY = PatternKey("team", "web")


class Cluster:
    """One DesignPattern, a watch of it that may be behind, and runs as the operator has them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.patterns = PatternStore()
        self.version = 1
        self.finalizers = [FINALIZER]
        self.events: list[dict[str, Any]] = []
        self.woken = False
        self.patterns.upsert(self.body())

    def body(self) -> dict[str, Any]:
        entries = [{"id": "team_a__ConfigMap", "v": "v1"}]
        metadata = {"name": "web", "namespace": "team", "uid": "u-1", "generation": 1}
        metadata |= {"resourceVersion": str(self.version), "finalizers": list(self.finalizers)}
        spec = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1"}}}
        return {"metadata": metadata, "spec": spec, "status": {"inventory": {"count": 1, "entries": entries}}}

    def change(self, finalizers: list[str]) -> dict[str, Any]:
        self.version += 1
        self.finalizers = finalizers
        self.events.append(self.body())
        return self.body()

    def tell(self) -> None:
        """One event of the watch."""
        if self.events and self.patterns.upsert(self.events.pop(0)) is not None:
            self.woken = True

    def write_status(self) -> None:
        """The answer to a write of ours may be the first to show what somebody else did."""
        if self.patterns.upsert(self.change(self.finalizers)) is not None:
            self.woken = True

    def run(self) -> None:
        if not self.woken:
            return
        self.woken = False
        pattern = self.patterns.get(KEY)
        if pattern is None or not lacks_finalizer(pattern):
            return
        if pattern.metadata.resource_version != str(self.version):
            self.woken = True  # 409: it is retried
        else:
            self.patterns.upsert(self.change([FINALIZER]))


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_a_finalizer_that_is_taken_away_at_whatever_moment_is_put_back(start: int):
    for seed in range(start, start + 20):
        cluster = Cluster(seed)
        for _ in range(30):
            match cluster.chance.randrange(4):
                case 0:
                    cluster.tell()
                case 1:
                    cluster.run()
                case 2:
                    cluster.write_status()
                case 3:
                    cluster.change([])
        cluster.change([])
        for _ in range(100):  # nobody touches it any more: the watch catches up, and runs end
            cluster.tell()
            cluster.run()

        assert cluster.finalizers == [FINALIZER], seed
