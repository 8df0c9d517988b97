"""A pattern.yaml with aliases (a layer of < 64 KiB) is parsed in the operator's own process by build_if_small, before
_is_harmless sends it to a worker: with_defaults reads it as YAML there; and again at every reconciliation."""
from common import *
import asyncio, resource, time, gzip, io, tarfile
from concurrent.futures import ThreadPoolExecutor
body = "apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nparameters:\n  schema:\n    a: &a [" + ",".join(["{}"] * 990) + "]\n    b: [" + ",".join(["*a"] * 600) + "]\n"
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w:gz") as tar:
    for name, content in (("pattern.yaml", body), ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")):
        info = tarfile.TarInfo(name); info.size = len(content); tar.addfile(info, io.BytesIO(content.encode()))
layer = out.getvalue()
from pattern_operator.archive import Layer, LayerSelector
from pattern_operator.sandbox import Plan
from pattern_operator.sandbox.build import build_if_small, BuildRefused
from tests.hostile import LAYER
plan = Plan(context="reg.example/web@sha256:0a", types=(LAYER,), selector=LayerSelector(), options=Options())
def job():
    return build_if_small(plan, [(Layer(LAYER, "", len(layer)), io.BytesIO(layer))])
def rss(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, longest = rss(), 0.0
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
        await asyncio.sleep(.01); longest = 0
        t = time.process_time()
        try: print("answer of build_if_small (None: goes to a worker):", await asyncio.get_running_loop().run_in_executor(pool, job))
        except BuildRefused as e: print("refused in process", e)
        global used
        used = time.process_time() - t
    ended = True
    await task
asyncio.run(main())
print(f"layer {len(layer)} bytes; {used:.2f} s of the operator's processor, +{rss()-before:.0f} MiB in its process; loop held {longest*1000:.0f} ms")
verdict(used > 0.3 or rss() - before > 20 or longest > 0.1, "what a stranger wrote is expanded in the operator's process: 'some milliseconds and a MiB, whatever it holds'")
