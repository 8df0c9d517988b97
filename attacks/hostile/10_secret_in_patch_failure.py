"""A value of a Secret (valuesFrom) that stands in any object but a Secret is quoted by kustomize when a patch of
pattern.yaml, by the author, treats it as a mapping: only values of `kind: Secret` and of patches are taken out."""
from common import *
from pattern_operator.errors import Stalled
import json
secret = "S3cr3t-of-the-tenant"
PATTERN = """apiVersion: pattern-operator.io/v1alpha1
kind: Pattern
parameters: {schema: {properties: {password: {type: string}}}}
patches:
- target: {kind: Deployment}
  patch: %r
"""
DOC = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {a: b}}
%s
  template: {metadata: {labels: {a: b}}, spec: {%s containers: [{name: web, image: i%s}]}}
"""
SMP = lambda spec: json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
NOP = '[{"op":"add","path":"/metadata/generation","value":1}]'
S = '"${password}"'
pod = lambda spec: SMP({"template": {"spec": spec}})
tries = {
 "affinity-smp-list": (DOC % ("", f"tolerations: {S},", ""), pod({"tolerations": [{"key": "x"}]}), {}),
 "vols-smp-list": (DOC % ("", f"volumes: {S},", ""), pod({"volumes": [{"name": "x"}]}), {}),
 "hostAliases": (DOC % ("", f"hostAliases: {S},", ""), pod({"hostAliases": [{"ip": "x"}]}), {}),
 "env-list": (DOC % ("", "", f", env: {S}"), pod({"containers": [{"name": "web", "env": [{"name": "x", "value": "y"}]}]}), {}),
 "envFrom": (DOC % ("", "", f", envFrom: {S}"), pod({"containers": [{"name": "web", "envFrom": [{"prefix": "x"}]}]}), {}),
 "resources": (DOC % ("", "", f", resources: {S}"), pod({"containers": [{"name": "web", "resources": {"limits": {"cpu": 1}}}]}), {}),
 "strategy": (DOC % (f"  strategy: {S}", "", ""), SMP({"strategy": {"type": "Recreate"}}), {}),
 "strategy-delete": (DOC % (f"  strategy: {S}", "", ""), SMP({"strategy": {"$patch": "replace", "type": "Recreate"}}), {}),
 "list-of-scalars": (DOC % ("", f"imagePullSecrets: [{S}],", ""), pod({"imagePullSecrets": [{"name": "x"}]}), {}),
 "vols-scalars": (DOC % ("", f"volumes: [{S}],", ""), pod({"volumes": [{"name": "x"}]}), {}),
 "prefix-configMap": (DOC % ("", f"volumes: [{{name: v, configMap: {S}}}],", ""), NOP, {"name_prefix": "p-"}),
 "prefix-envFrom": (DOC % ("", "", f", envFrom: [{S}]"), NOP, {"name_prefix": "p-"}),
 "prefix-valueFrom": (DOC % ("", "", f", env: [{{name: X, valueFrom: {S}}}]"), NOP, {"name_prefix": "p-"}),
 "noprefix-valueFrom": (DOC % ("", "", f", env: [{{name: X, valueFrom: {S}}}]"), NOP, {}),
 "json-index": (DOC % ("", f"imagePullSecrets: [{S}],", ""), '[{"op":"add","path":"/spec/template/spec/imagePullSecrets/0/x","value":1}]', {}),
 "json-copy-index": (DOC % (f"  strategy: {S}", "", ""), '[{"op":"copy","from":"/spec/strategy","path":"/metadata/labels/x/y"}]', {}),
 "move-to-containers": (DOC % (f"  strategy: {S}", "", ""), '[{"op":"copy","from":"/spec/strategy","path":"/spec/template/spec/containers"}]', {"images": ()}),
 "move-to-annotations": (DOC % (f"  strategy: {S}", "", ""), '[{"op":"copy","from":"/spec/strategy","path":"/metadata/annotations"}]', {}),
 "ann-common": (DOC % (f"  strategy: {S}", "", ""), '[{"op":"copy","from":"/spec/strategy","path":"/metadata/annotations"}]', {"common": True}),
}
from pattern_operator.render.options import CommonMetadata, Image
bad = False
for name, (doc, patch, opts) in tries.items():
    if opts.pop("common", None): opts = {"common_metadata": CommonMetadata(annotations=(("a", "b"),), labels=(("a", "b"),))}
    opts.pop("images", None)
    cm = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
    try:
        pat = PATTERN.replace("%r", json.dumps(patch))
        r = rendered({"pattern.yaml": pat, "a.yaml": doc + cm}, parameters=json.dumps({"password": secret}).encode(), **opts)
        said = "rendered " + str([(str(c.outcome), c.message) for c in r.components if c.message])
    except Stalled as e:
        said = f"{e.reason}: {e.message}"
    except Exception as e:
        said = f"DEFECT {type(e).__name__}: {e}"
    leak = secret in said
    bad |= leak
    print(("LEAK " if leak else "     ") + name + ": " + said[:300])
verdict(bad, "a message that goes into status holds the value of a Secret")
