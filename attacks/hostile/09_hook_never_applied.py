"""An object that asks never to be applied (pattern-operator.io/ssa: Ignore and others) is made all the same where it is a
hook; patternctl render says that it is not."""
from common import *
import asyncio
from tests.apply.fake_cluster import WEB, FakeCluster
from pattern_operator.api.object import Object
from pattern_operator.apply.hooks import HookObjects
from pattern_operator.cli import never_applied
job = Object.of({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "seed", "namespace": "team", "annotations": {"helm.sh/hook": "pre-install", "pattern-operator.io/ssa": "Ignore", "kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}, "spec": {}})
async def main():
    async with FakeCluster().serve(WEB) as fake:
        hooks = HookObjects(fake.session, fake.discovery, managed_objects=fake.managed_objects)
        await hooks.create(job, run="run-1", owner=WEB, impersonate=None)
        print("patternctl:", list(never_applied.asked_for((job,)).values()))
        verdict(fake.has(job), "the operator made and ran it")
asyncio.run(main())
