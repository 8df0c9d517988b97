"""Before each apply and each repair of drift, all live objects with made-up fields are read whole and held together: nothing bounds
their sum. A chart has 5,000 objects with one random annotation each (6 MiB rendered); who may write the live objects (the
tenant) puts 1 MiB into the data of each: GiB in the operator's process; its pod has 1664 MiB, for all tenants."""
from common import *
import asyncio, resource
from tests.apply.fake_cluster import WEB, FakeCluster
from pattern_operator.api.object import Object
N = int(sys.argv[1]) if len(sys.argv) > 1 else 100
def cm(i, **data): return Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{i}", "namespace": "team", "annotations": {"salt": "x"}}, "data": data})
def rss():
    with open("/proc/self/statm") as f: return int(f.read().split()[1]) * 4096 / 1048576
async def main():
    async with FakeCluster().serve(WEB) as fake:
        big = "x" * 1_000_000
        for i in range(N): fake.put(cm(i, big=big), owner=WEB.id)     # one text in the fake's memory, whatever N is
        before = rss()
        live = await fake.applier.live([cm(i) for i in range(N)], owner=WEB, impersonate=None)
        grown = rss() - before
        print(f"{len(live)} live objects of 1 MiB: +{grown:.0f} MiB held at once; for 5,000: about {grown/N*5000/1024:.1f} GiB")
        verdict(grown > 0.7 * N, "no bound on what is read of live objects")
asyncio.run(main())
