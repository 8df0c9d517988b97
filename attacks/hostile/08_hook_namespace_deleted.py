"""A Namespace that is a hook is deleted before the next run (before-hook-creation, the default) with all that others put
into it. Ordinary Namespaces of a pattern are never deleted while others use them; of hooks only CRDs are spared."""
from common import *
import asyncio
from tests.apply.fake_cluster import WEB, FakeCluster
from pattern_operator.api.object import Object
from pattern_operator.apply.hooks import HookObjects
ns = Object.of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared", "annotations": {"helm.sh/hook": "pre-install,pre-upgrade"}}})
other = Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "of-another-team", "namespace": "shared"}})
async def main():
    async with FakeCluster().serve(WEB) as fake:
        hooks = HookObjects(fake.session, fake.discovery, managed_objects=fake.managed_objects)
        live = await hooks.create(ns, run="run-1", owner=WEB, impersonate=None)
        fake.put(other)
        fake.requests.clear()
        await hooks.delete(ns, uid=live.uid, impersonate=None)  # what HookRun._clear does at the next pre-upgrade
        print([(r.method, getattr(r, "path", "")) for r in fake.requests], "namespace still there:", fake.has(ns), "- ConfigMap of others in it:", fake.has(other))
        verdict(not fake.has(ns), "the Namespace is deleted without a look at what others have in it")
asyncio.run(main())
