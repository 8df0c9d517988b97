"""Who may write status writes status.hooks: event = 'x' (the CRD takes any text) is an uncaught ValueError in every run: the
pattern is never applied again. completed = -1 (any number) runs the hooks in a wrong order: the last one first."""
from common import *
import asyncio, msgspec, logging
from tests.reconcile.world import World
from tests.reconcile.world_hooks import hook
logging.disable(logging.CRITICAL)
HOOKS = (hook("first", "pre-install"), hook("second", "pre-install", weight=1), hook("third", "pre-install", weight=2))
def forge(world, **forged):
    status = msgspec.structs.replace(world.status, hooks=msgspec.structs.replace(world.status.hooks, **forged))
    world.pattern = msgspec.structs.replace(world.pattern, status=status)
    world.request("now"); world._watched()
async def main():
    bad = []
    world = World(); world.push("stable", "one", "a", hooks=HOOKS)
    world.hooks.at_once = None
    await world.settle()
    world.restart()
    forge(world, event="x")
    try:
        await world.settle(600)
        print("event=x:", world.ready, [c.message[:150] for c in world.status.conditions if c.type == "Ready"], "holds:", dict(world.live))
        if world.ready[1] == "InternalError": bad.append("event")
    except Exception as e:
        print("event=x:", type(e).__name__, e); bad.append("event")
    world.close()
    world = World(); world.push("stable", "one", "a", hooks=HOOKS)
    world.hooks.at_once = None
    await world.settle()
    world.hooks.vanishes("first")
    forge(world, completed=-1, phase="Pending", hook="", uid="")
    world.hooks.at_once = world.hooks.at_once
    from tests.reconcile.world_hooks import WELL
    world.hooks.at_once = WELL
    try: await world.settle(60)
    except Exception as e: print(type(e).__name__, e)
    print("completed=-1, made in this order:", world.hooks.made)
    if world.hooks.made[1:2] == ["third"]: bad.append("completed")
    world.close()
    verdict(bool(bad), str(bad))
asyncio.run(main())
