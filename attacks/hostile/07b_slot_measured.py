"""With real processes: how long one evaluation of an accepted check keeps its namespace's turn (job and rest); each pattern has expressions of its own."""
import asyncio, sys, time
from pattern_operator.executors import Executors
from pattern_operator.health_checks.processes import CheckProcesses
from pattern_operator.api.health_check import HealthCheck
def e(i, w): return f"has(data.b{i}{w}) || a{i}{w}" + ".optFlatMap(x, x)" * 11 + ".orValue(true)" if w != "c" else f"has(data.a) || a{i}{w}" + ".optFlatMap(x, x)" * 11 + ".orValue(true)"
def check(i):
    return HealthCheck(api_version="v1", kind="ConfigMap", current=e(i, "c"), in_progress="has(data.zz) && (%s)" % e(i, "p"), failed="has(data.zz) && (%s)" % e(i, "f"))
async def main():
    with Executors.open() as ex:
        p = CheckProcesses(ex); c = check(0)
        print("accepted by the gate:", not await p.errors("evil", [t for _, t in c.expressions()]))
        t = time.monotonic(); at = []
        for i in range(1, 4): last = await p.judge("evil", check(i), b'{"data":{"a":"1"}}'); at.append(time.monotonic() - t); print(f"{at[-1]:.1f} s", last)
        slot = (at[-1] - at[0]) / (len(at) - 1)
        print(f"a turn takes {slot:.1f} s here: {1800 / slot:.0f} patterns of one namespace, an object each, are 1,800 s"); p.close()
        return 1 if slot > 3 else 0
sys.exit(asyncio.run(main()))
