"""A CRD in the chart's crds/ folder with `helm.sh/hook: crd-install` (charts that were to work with Helm 2 and 3 have it, such
as prometheus-operator): Helm installs everything in crds/ whatever its annotations. Here it is left out."""
from common import *
crd = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com, annotations: {"helm.sh/hook": crd-install}}
spec: {group: example.com, scope: Namespaced, names: {kind: Widget, plural: widgets}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}
"""
r = rendered({"Chart.yaml": CHART, "crds/w.yaml": crd, "templates/w.yaml": "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"})
print([o.key.display_name for o in r.objects]); print([(str(c.outcome), c.reason, c.message) for c in r.components if c.message])
crd2 = crd.replace("crd-install", "post-delete,pre-install")
r2 = rendered({"Chart.yaml": CHART, "crds/w.yaml": crd2, "templates/w.yaml": "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"})
print("with another event:", [o.key.display_name for o in r2.objects], "hooks:", [h.object.key.display_name for h in r2.hooks])
verdict(not any(o.key.kind == "CustomResourceDefinition" for o in r.objects), "the CRD is missing, and the pattern waits for its kind for ever; the report says that 'Helm leaves it out'")
