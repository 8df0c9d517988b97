"""A Secret of valuesFrom is rotated while the operator is down; the chart salts it (htpasswd): the OLD hash is kept, then for good."""
import asyncio, sys
sys.path.insert(0, ".")
from types import SimpleNamespace as NS
from pattern_operator.api.generated import GeneratedFields
from pattern_operator.api.object import Object
from pattern_operator.api.report import Rendering
from pattern_operator.reconcile import generated
o = Object.of({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "auth", "namespace": "t"}, "stringData": {"auth": "u:$hash-of-NEW"}})
import base64
live = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "auth", "namespace": "t"}, "data": {"auth": base64.b64encode(b"u:$hash-of-OLD").decode()}}
r = Rendering(objects=(o,), format="Helm", components=(), generated=(GeneratedFields(o.key, (("stringData", "auth"),)),))
class Port:
    async def read_live(self, _p, objects, take): return {each.key: take(each, live) for each in objects}
from tests.reconcile.pattern import REVISION, pattern
from pattern_operator.api.status import Status
from pattern_operator.reconcile.spec_digest import spec_digest
p = pattern(); p = pattern(status=Status(revision=str(REVISION), last_applied_state=f"{spec_digest(p.spec)}-x+y"))
async def main():
    # after a restart: state.objects is neither Running nor Applying; the parameters are the NEW ones
    out = await generated.with_kept_values(p, NS(revision=REVISION, parameters=b'{"pw":"NEW"}'), r, objects=None, port=Port())
    print(out.objects[0].body["stringData"]); return 1 if "OLD" in str(out.objects[0].body) else 0
sys.exit(asyncio.run(main()))
