"""While a pre-upgrade Job (a migration) runs, the tag moves on: the next run deletes the *running* Job of the earlier run
(before-hook-creation, the default) in the middle and starts the next one. Helm refuses: another operation is in progress."""
from common import *
import asyncio
from tests.reconcile.world import World
from tests.reconcile.world_hooks import hook, job
async def main():
    world = World(); m = hook("migrate", "pre-upgrade")
    world.push("stable", "one", "a"); await world.settle()
    world.hooks.at_once = None
    world.push("stable", "two", "a", hooks=(m,)); await world.settle(300)
    print("two:", world.hooks.made, world.hooks.live[job("migrate")].outcome, world.ready)
    world.push("stable", "three", "a", hooks=(m,)); await world.settle(300)
    print("three:", "made", world.hooks.made, "deleted", world.hooks.deleted)
    bad = world.hooks.deleted == ["migrate"]; world.close()
    verdict(bad, "the migration of version two was killed by the push of version three")
asyncio.run(main())
