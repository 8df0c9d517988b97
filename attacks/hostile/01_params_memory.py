"""valuesFrom: a few ConfigMaps below 1 MiB together take GiB in the operator's own process (no worker, no bound before json_text)."""
from common import *
import asyncio, resource, time
from concurrent.futures import ThreadPoolExecutor
N = int(sys.argv[1]) if len(sys.argv) > 1 else 6      # spec.render.valuesFrom allows 32
def bomb(i):
    # 30 KiB of YAML with 600,000 nodes
    return (f"a: &a [{','.join(['{}']*990)}]\n" f"k{i}: [{','.join(['*a']*600)}]\n").encode()
from pattern_operator.reconcile.values_from import Value, merged
import pattern_operator.reconcile.values_from as V
from pattern_operator.errors import Stalled
values = [Value(f"ConfigMap team/c{i}, key values.yaml", bomb(i)) for i in range(N)]
# aliases: 1000 per document; each document is a reader of its own
print("bytes together:", sum(len(v.content) for v in values), "of", V.MAX_PARAMETERS)
def rss(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = rss()
longest = 0.0
async def main():
    global longest
    ended = False
    async def tick():
        global longest
        while not ended:
            t, w = time.perf_counter(), time.process_time(); await asyncio.sleep(0.002)
            longest = max(longest, min(time.perf_counter() - t - 0.002, time.process_time() - w))
    task = asyncio.create_task(tick())
    with ThreadPoolExecutor(1) as pool:
        t = time.perf_counter()
        try:
            await asyncio.get_running_loop().run_in_executor(pool, merged, values, None)
            print("accepted")
        except Stalled as e:
            print("refused only after it was built:", e.message[:120])
        print(f"{time.perf_counter()-t:.1f} s")
    ended = True
    await task
asyncio.run(main())
grown = rss() - before
print(f"memory of the operator's process: +{grown:.0f} MiB for {N} ConfigMaps; for 32: about {grown/N*32:.0f} MiB (limit of the pod: 1664Mi)")
print(f"(as tests/looplag.py measures) event loop held for {longest*1000:.0f} ms at once")
verdict(grown > 100 or longest > 0.1, "parameters are built without a bound in the operator's process")
