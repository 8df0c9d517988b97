"""Bodies that wait for their namespace's turn are in no budget: one of each pattern, 16 MiB is what all patterns may have waiting."""
import asyncio, resource, sys, time, gc
from types import SimpleNamespace as NS
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.object import ObjectKey
from pattern_operator.executors import Executors
from pattern_operator.health_checks.processes import CheckProcesses
from pattern_operator.limits import MAX_ALL_WAITING_OBJECTS, MIB
from pattern_operator.reconcile import object_judge
from pattern_operator.apply.managed.checks import ManagedChecks
from pattern_operator.apply.managed.managed_object import ObjectCheck
from pattern_operator.kube import Resource
PATTERNS = 150
R = Resource(group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True)
check = HealthCheck(api_version="v1", kind="ConfigMap", current="[1].all(x, data.a.size() > 0)")
def rss():
    for l in open("/proc/self/status"):
        if l.startswith("VmRSS"): return int(l.split()[1]) / 1024
n = 0
async def get(*_a, name, **_k):   # what the API server answers: one object of 1 MiB
    global n; n += 1
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "x" * (MIB - 300) + str(n)}}
object_judge.objects.get = get
class Patterns:
    def owned_by(self, owner): return owner
    def get(self, key): return NS(metadata=NS(namespace="evil"), status=NS(health_checks=(check,)), spec=NS(apply=NS(service_account_name=None)))
async def find(**_): return R
object_judge.account_of = lambda *a, **k: None
class Index:
    def __init__(self): self.all = {}
    def of(self, owner): return [m for m in self.all.values() if m.owner == owner]
    def get(self, key): return self.all.get(key)
    def owned(self, key, owner): return self.all.get(key)
class Tasks:
    def __init__(self): self.t = set()
    def create_task(self, c, name=None):
        t = asyncio.ensure_future(c); self.t.add(t); return t
async def main():
    with Executors.open() as ex:
        p = CheckProcesses(ex)
        judge = object_judge.ObjectJudge(p, patterns=Patterns(), session=None, discovery=NS(find=find), tenancy=None)
        # the namespace rests after one dear job, 60 s at most: an ordinary state of it
        p._turns["evil"] = __import__("pattern_operator.health_checks.processes", fromlist=["_Turn"])._Turn(rests_until=asyncio.get_running_loop().time() + 60)
        index, tasks = Index(), Tasks()
        checks = ManagedChecks(index, judge=judge, notifier=NS(health_state=lambda m: None, health_message=lambda m: None), tasks=tasks, errors=NS(record=lambda w, e: print(w, repr(e))))
        for i in range(PATTERNS):
            key = ObjectKey("", "ConfigMap", "evil", f"c{i}")
            index.all[key] = NS(key=key, owner=f"o{i}", check=ObjectCheck(check), present=True, health=NS(state=None, message=""), cause="")
        before = rss(); biggest = 0.0
        for m in index.all.values(): checks._wait(m, None)   # what a watch event of each does (``saw``)
        await asyncio.sleep(3)
        held = rss() - before
        print(f"{PATTERNS} patterns of one namespace, an object of 1 MiB each: read {n}, +{held:.0f} MiB held; _bytes says {checks._bytes}; the budget of all is {MAX_ALL_WAITING_OBJECTS // MIB} MiB")
        for t in tasks.t: t.cancel()
        await asyncio.gather(*tasks.t, return_exceptions=True); p.close(); checks.close()
        return 1 if held > 4 * MAX_ALL_WAITING_OBJECTS / MIB else 0
sys.exit(asyncio.run(main()))
