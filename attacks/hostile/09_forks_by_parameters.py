"""A chart that holds ten DesignPatterns of itself with a parameter that counts up is 'rendered otherwise' each time: depth is bounded by 8, number by nothing."""
import asyncio, sys
sys.path.insert(0, ".")
from tests.reconcile.pattern import REVISION, pattern
from tests.reconcile.steps.test_gate import Rules, an_object, rendering
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.steps.gate import gate
FAN = 10
def one(depth): return pattern(name=f"web-{depth}", spec={"render": {"parameters": {"n": depth}}})
async def main():
    total, at, line = 1, 1, ()
    for depth in range(20):
        held = rendering(*(an_object("DesignPattern", f"web-{depth + 1}-{i}", api="pattern-operator.io/v1alpha1") for i in range(FAN)))
        try: await gate(one(depth), REVISION, held, port=Rules(*line))
        except Stalled as e: print(f"depth {depth} refused: {e.message[:150]}"); break
        line = (one(depth), *line); at *= FAN; total += at
        print(f"depth {depth} may be applied: {at} more patterns")
    print(f"one DesignPattern of a tenant makes {total} with a fan of {FAN}; an artifact may have 5,000 objects")
    return 1 if total > 100_000 else 0
sys.exit(asyncio.run(main()))
