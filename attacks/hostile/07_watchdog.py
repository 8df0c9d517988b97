"""A run that asks whether health checks compile waits for the turn of its namespace without any end: evaluations that keep to every limit
(2 s of CPU, rest of four times that) of 200 patterns of ONE namespace put it 2,000 s back, and the watchdog then ends the work of all."""
import asyncio, sys
sys.path.insert(0, ".")
from tests.faketime import run
from pattern_operator.executors import Executors
from pattern_operator.health_checks import processes
from pattern_operator.health_checks.answer import Judged
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.watchdog import Watchdog, LONGEST_RUN
PATTERNS, SECONDS = 200, 2.0
check = HealthCheck(api_version="v1", kind="ConfigMap", current="[].all(x, x)")
async def main():
    loop = asyncio.get_running_loop()
    with Executors.open() as ex:
        p = processes.CheckProcesses(ex)
        async def in_virtual_time(_executor, work, namespace_or, *args):   # the job takes 2 s, as MAX_CHECK_CPU lets it
            await asyncio.sleep(SECONDS)
            if work == p._judge: p._turns["evil"].took += SECONDS; return Judged("Failed", "makes its process fail")
            return [None]
        processes.run_in = in_virtual_time
        async def pattern():                      # ManagedChecks._work: one object of a pattern after the other
            while True: await p.judge("evil", check, b"{}")
        evil = [asyncio.ensure_future(pattern()) for _ in range(PATTERNS)]
        await asyncio.sleep(1)
        dog = Watchdog(clock=loop.time, overdue=lambda: 0, watches=lambda: ())
        async def reconcile(_key): await p.errors("evil", ["a == 1"]); return None
        one = asyncio.ensure_future(dog.tracking(reconcile)("evil/p")); begun = loop.time(); said = ""
        while not one.done() and not (said := dog.check()): await asyncio.sleep(5)
        print(f"{PATTERNS} patterns, {SECONDS} s an evaluation: after {loop.time() - begun:.0f} s: {'the run ended' if one.done() else 'the run goes on'}; watchdog: {said!r}")
        for t in (*evil, one): t.cancel()
        await asyncio.gather(*evil, one, return_exceptions=True)
        if p._timer: p._timer.cancel()
        return 1 if said else 0
code = []
async def outer(): code.append(await main())
run(outer())
sys.exit(code[0])
