"""Two namespaces with expressions that are dear to compile hold both threads of all health checks: no bound on a job, no rest."""
import asyncio, resource, sys, time
from pattern_operator.health_checks.processes import CheckProcesses
from pattern_operator.executors import Executors
from pattern_operator.api.health_check import HealthCheck
N = int(sys.argv[1]) if len(sys.argv) > 1 else 12   # a pattern may have 2 x 16 checks of 3 expressions: 96
def dear(who, n): return [f"optional.of(a{i}{who})" + ".optMap(x, x)" * 15 + ".orValue(true)" for i in range(n)]
def cpu():
    r = resource.getrusage(resource.RUSAGE_CHILDREN); return r.ru_utime + r.ru_stime
async def main():
    with Executors.open() as ex:
        p = CheckProcesses(ex)
        good = HealthCheck(api_version="v1", kind="ConfigMap", current="data.a == 'b'")
        t = time.monotonic(); print("victim alone:", await p.judge("victim", good, b'{"data":{"a":"b"}}'), "%.2f s" % (time.monotonic() - t))
        t = time.monotonic()
        evil = [asyncio.ensure_future(p.errors(f"evil-{w}", dear(w, N))) for w in "xy"]
        await asyncio.sleep(1)
        b = time.monotonic(); said = await p.judge("victim", good, b'{"data":{"a":"b"}}'); waited = time.monotonic() - b
        print("victim beside:", said, "waited %.1f s" % waited)
        out = await asyncio.gather(*evil, return_exceptions=True)
        print("jobs of %d expressions: %.1f s, cpu %.1f s; each said %s" % (N, time.monotonic() - t, cpu(), [str(o)[:160] for o in out][:1]))
        print("rests:", {k: round(v.rests_until - asyncio.get_running_loop().time(), 1) for k, v in p._turns.items()} or "none")
        print("96 expressions of 245 characters in 32 KiB: about %.0f s" % (waited / (N + 1) * 97))
        p.close()
        return waited
sys.exit(1 if asyncio.run(main()) > 25 else 0)   # 20 s is what one job may take
