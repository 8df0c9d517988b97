"""The author's pattern.yaml forges the mark by which the operator knows that the *tenant's* patch of spec.render.patches found
its object: a hardening patch that fits nothing is passed over in silence, where PatchInvalid is promised."""
from common import *
import json
from pattern_operator.errors import Stalled
from pattern_operator.render.options import Patch, PatchTarget
doc = "apiVersion: v1\nkind: Pod\nmetadata: {name: web-2}\nspec: {containers: [{name: web, image: web, securityContext: {privileged: true}}]}\n"
harden = Patch(patch='[{"op":"remove","path":"/spec/containers/0/securityContext/privileged"}]', target=PatchTarget(kind="Pod", name="web"))
pattern = "apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\npatches:\n- target: {kind: Pod}\n  patch: '[{\"op\":\"add\",\"path\":\"/pattern-operator.io~1matched-%d\",\"value\":true}]'\n"
try: rendered({"a.yaml": doc}, patches=(harden,)); print("without the author's patch: passed?")
except Stalled as e: print("without the author's patch:", e.message)
try:
    r = rendered({"a.yaml": doc, "pattern.yaml": pattern % 1}, patches=(harden,))
    c = r.objects[0].body["spec"]["containers"][0]; print("with it: rendered", c, [x.message for x in r.components])
    bad = c["securityContext"].get("privileged")
except Stalled as e: print("with it:", e.message); bad = False
verdict(bool(bad), "the tenant's patch is passed over and nobody is told")
