"""The same by position against the live list: where another manager's env entry stands first in the live object (a webhook
that prepends), the value of *that* entry is put into the generated one."""
from common import *
from pattern_operator.api.generated import GeneratedFields
from pattern_operator.api.object import Object
from pattern_operator.apply.generated_fields import with_live_values
def dep(env): return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "team"}, "spec": {"template": {"spec": {"containers": [{"name": "web", "env": env}]}}}}
o = Object.of(dep([{"name": "PASSWORD", "value": "new-random"}]))
live = dep([{"name": "INJECTED_TOKEN", "value": "of-the-webhook"}, {"name": "PASSWORD", "value": "old-random"}])
(kept,) = with_live_values((o,), (GeneratedFields(o.key, (("spec", "template", "spec", "containers", 0, "env", 0, "value"),)),), {o.key: live})
env = kept.body["spec"]["template"]["spec"]["containers"][0]["env"]
print(env)
verdict(env[0]["value"] != "old-random", "PASSWORD is sent with the value of another variable")
