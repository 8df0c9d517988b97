"""A design of < 64 KiB with $(#ref...) is 'harmless' (no anchors, few parts) and so is rendered in a thread of the operator itself,
where its references bring in a million values: seconds of its processor and 100s of MiB, priced as a small one; nor do the limits
of an object and of a rendering hold there (they are checked at a worker's answer only)."""
from common import *
import asyncio, io, json, resource, time
from concurrent.futures import ThreadPoolExecutor
from tests.hostile import LAYER, tar
from tests.looplag import longest_hold
from pattern_operator.archive import Layer, LayerSelector
from pattern_operator.sandbox import Plan
from pattern_operator.sandbox.build import build_if_small, BuildRefused
from pattern_operator.limits import MAX_OBJECT_VALUES, MAX_SMALL, MAX_SMALL_PARTS
def comp(i, conf): return {"id": f"c{i}", "displayName": f"n{i}", "component": {"kind": "Widget", "version": "example.com/v1"}, "model": {"name": "x"}, "configuration": conf}
big = comp(0, {"a": [0] * 980})
user = comp(1, {"b": ["$(#ref.components.0.configuration.a)"] * 900})
design = json.dumps({"schemaVersion": "designs.meshery.io/v1beta1", "name": "d", "id": "1", "components": [big, user]}, separators=(",", ":")).encode()
layer = tar({"design.json": design})
plan = Plan(context="reg.example/web@sha256:0a", types=(LAYER,), selector=LayerSelector(), options=Options())
parts = sum(design.count(m) for m in (b"\n", b"\r", b",", b"[", b"{"))
print("design", len(design), "bytes of", MAX_SMALL, "| parts", parts, "of", MAX_SMALL_PARTS)
def job():
    try: return build_if_small(plan, [(Layer(LAYER, "", len(layer)), io.BytesIO(layer))])
    except BuildRefused as e: return e.error.message
def rss(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, t = rss(), time.process_time()
r = job()
used, grown = time.process_time() - t, rss() - before
if isinstance(r, str) or r is None: print("answer:", r); values = 0
else:
    values = max((len(json.dumps(o.body)) for o in r.objects), default=0)
    print("rendered in process:", [o.key.display_name for o in r.objects], "largest object", values, "bytes of JSON", [(c.reason, c.message[:100]) for c in r.components if c.message])
print(f"{used:.1f} s of the processor, +{grown:.0f} MiB")
verdict(used > 0.3 or grown > 30 or values > 2 << 20, "what makes much of little is rendered in the operator's process")
