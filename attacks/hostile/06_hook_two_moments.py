"""One Job that is a hook of both moments (helm.sh/hook: pre-install,post-install / pre-upgrade,post-upgrade): the record
keeps its run over both, so the second moment takes the finished Job of the first for its own and never runs it. Helm runs it twice."""
from common import *
import asyncio
from tests.reconcile.world import World
from tests.reconcile.world_hooks import hook
async def main():
    world = World()
    both = hook("check", "pre-install,post-install,pre-upgrade,post-upgrade")
    world.push("stable", "one", "a", hooks=(both,))
    await world.settle()
    first = list(world.hooks.made)
    world.push("stable", "two", "a", hooks=(both,))
    await world.settle(300.0)
    h = world.status.hooks
    print("made at the installation:", first, "(Helm: twice);", "with the upgrade:", world.hooks.made, "(Helm: four times)")
    print("status.hooks:", h.event, h.phase, "completed", h.completed)
    world.close()
    verdict(len(world.hooks.made) < 4, "post-install and post-upgrade are told as Succeeded and were never run")
asyncio.run(main())
