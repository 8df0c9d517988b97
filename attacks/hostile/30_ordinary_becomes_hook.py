"""What was an ordinary object and is a hook in the next version (helm upgrade does that): the upgrade fails for ever, with the message
that it is 'an ordinary object of the pattern, too: rename one of the two', which it is not in that version."""
from common import *
import asyncio
from tests.reconcile.world import World
from pattern_operator.api.hook import Hook
from pattern_operator.api.object import Object
h = Hook.of(Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": "team", "annotations": {"helm.sh/hook": "pre-upgrade"}}}))
p = Hook.of(Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": "team", "annotations": {"helm.sh/hook": "post-upgrade"}}}))
async def main():
    bad = []
    for name, x in (("pre-upgrade", h), ("post-upgrade", p)):
        world = World()
        world.push("stable", "one", "a", "b"); await world.settle()
        world.push("stable", "two", "a", hooks=(x,)); await world.settle(900)
        print(name, world.ready, next(c.message for c in world.status.conditions if c.type == "Ready")[:220], dict(world.live))
        if world.ready[1] == "HookFailed": bad.append(name)
        world.close()
    verdict(bool(bad), f"{bad}: the upgrade is stuck")
asyncio.run(main())
