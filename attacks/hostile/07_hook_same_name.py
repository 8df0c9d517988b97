"""Two hooks of one moment with one name (weights 0 and 1; before-hook-creation, the default): Helm deletes the first and
runs the second. Here the second is told as done, and never made."""
from common import *
import asyncio
from pattern_operator.api.object import Object
from pattern_operator.api.hook import Hook
from tests.reconcile.world import World
def job(weight, image):
    annotations = {"helm.sh/hook": "pre-install", "helm.sh/hook-weight": str(weight)}
    return Hook.of(Object.of({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate", "namespace": "team", "annotations": annotations},
                    "spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}))
async def main():
    world = World()
    world.push("stable", "one", "a", hooks=(job(0, "backup"), job(1, "migrate")))
    await world.settle()
    print("made:", world.hooks.made, "status:", world.status.hooks.phase, "Ready:", world.ready)
    n = len(world.hooks.made); world.close()
    verdict(n < 2, "the second hook is never run, and Ready is True")
asyncio.run(main())
