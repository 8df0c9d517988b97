"""A chart whose object is a DesignPattern called {{ .Release.Name }}-x of the same artifact: ContainsItself compares names only, so
the pattern holds itself for ever, two copies a generation: a fork bomb of DesignPatterns out of one apply."""
from common import *
import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from pattern_operator.reconcile.steps.gate import gate
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.api.reference import Revision
from tests.reconcile.world import World
t = """{{- range list "x" "y" }}
---
apiVersion: pattern-operator.io/v1alpha1
kind: DesignPattern
metadata: {name: {{ $.Release.Name }}-{{ . }}}
spec: {source: {url: "oci://reg.example/self", ref: {tag: latest}}}
{{- end }}
"""
GEN, name = [], "p"
for _ in range(6):
    r = rendered({"Chart.yaml": CHART, "templates/p.yaml": t}, release=name, default_namespace="team")
    GEN.append((name, r)); name = r.objects[0].key.name
async def main():
    world = World(); world.push("stable", "one", "a"); await world.settle()
    pattern = world.pattern; revision = world.state.objects.desired.revision
    pool = ThreadPoolExecutor(1); line, made = [], 1
    class Port:
        def check(self, *_): pass
        def ancestors(self, _): return frozenset(PatternKey("team", n) for n in line)
        def cpu(self, _): return pool
    for depth, (name, r) in enumerate(GEN):
        line.append(name)   # the pattern itself, and all that applied it
        await gate(pattern, revision, r, port=Port())       # raises ContainsItself where it holds an ancestor
        print("generation", depth, name[-24:], "->", [o.key.name[-24:] for o in r.objects]); made *= 2
    world.close()
    verdict(True, f"no generation is refused; {made} patterns in the last one, of one artifact that applies itself")
try: asyncio.run(main())
except Exception as e:
    if isinstance(e, SystemExit): raise
    print(type(e).__name__, e); sys.exit(0)
