"""The real queue (32 workers, real lanes) and the real CheckProcesses: patterns of two namespaces whose checks are dear to
compile hold every worker for registries while they wait for one another; a stranger's pattern is not begun, and its run has no end in sight."""
import asyncio, sys, time
from pattern_operator.executors import Executors
from pattern_operator.fair_queue import Lane
from pattern_operator.health_checks.processes import CheckProcesses
from pattern_operator.reconcile.lanes import ASKING, HOST_SHARE, NAMESPACE_SHARE
from pattern_operator.reconcile.queue import Queue
N = int(sys.argv[1]) if len(sys.argv) > 1 else 7      # of 96 that spec and pattern.yaml may have together
def lanes(key):                                       # as lanes_of, each pattern with a registry; hosts differ
    ns, name = key; host = f"r{int(name) % 3}.example" if ns != "victim" else "v.example"
    return Lane(("namespace", ns), NAMESPACE_SHARE), Lane(("runs", ns, host), HOST_SHARE), ("host", host), ASKING
def dear(ns, name): return [f"optional.of(a{name}_{i}{ns[-1]})" + ".optMap(x, x)" * 15 + ".orValue(true)" for i in range(N)]
async def main():
    with Executors.open() as ex:
        p = CheckProcesses(ex); loop = asyncio.get_running_loop(); q = Queue(clock=loop.time, lanes=lanes)
        begun = asyncio.Event(); evil_done = 0
        async def run(key):
            nonlocal evil_done
            if key[0] == "victim": begun.set(); return None
            try: await p.errors(key[0], dear(*key)); evil_done += 1
            except Exception as e: print("evil:", repr(e)[:160])
            return None
        work = asyncio.ensure_future(q.work(run, concurrency=32))
        for i in range(40):
            for ns in ("evil-x", "evil-y"): q.add((ns, str(i)))
        await asyncio.sleep(1); held = len(q.running_lanes); q.add(("victim", "0")); t = time.monotonic()
        try: await asyncio.wait_for(begun.wait(), 150); how = "begun after"
        except TimeoutError: how = "NOT begun after"
        waited = time.monotonic() - t
        print(f"{held} of 32 workers held; victim {how} {waited:.0f} s, when {evil_done} of 80 hostile runs had ended; expressions a pattern: {N}; with 96: {waited / (N + 3) * 99:.0f} s")
        work.cancel(); p.close()
        return 1 if waited > 25 else 0
code = asyncio.run(main()); sys.stdout.flush()
import os; os._exit(code)
