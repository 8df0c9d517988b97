"""Generated fields are found before spec.render.patches are made, by position in lists; a patch that puts an entry first
moves them: the generated password is not kept any more, another field is."""
from common import *
from pattern_operator.render.options import Patch, PatchTarget
template = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
        env:
        - {name: PASSWORD, value: {{ randAlphaNum 12 | quote }}}
"""
patch = '[{"op":"add","path":"/spec/template/spec/containers/0/env/0","value":{"name":"TZ","value":"UTC"}}]'
d = {"Chart.yaml": CHART, "templates/d.yaml": template}
opts = dict(patches=(Patch(patch=patch, target=PatchTarget(kind="Deployment")),))
first, second = rendered(d, **opts), rendered(d, **opts)
print("generated:", first.generated[0].paths)
from pattern_operator.apply.generated_fields import with_live_values
live = first.objects[0].body                     # what the first apply made
(kept,) = with_live_values(second.objects, second.generated, {second.objects[0].key: live})
env = lambda b: {e["name"]: e["value"] for e in b["spec"]["template"]["spec"]["containers"][0]["env"]}
print("live:", env(live), "\nsent by the next apply:", env(kept.body))
verdict(env(live)["PASSWORD"] != env(kept.body)["PASSWORD"], "the password that runs is replaced by a new one at the next apply, although artifact and parameters are the same")
