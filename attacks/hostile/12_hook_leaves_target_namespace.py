"""A patch in the author's pattern.yaml moves a hook out of spec.render.targetNamespace: patched hooks are not put through
keep_namespaces again, as patched objects are; and what is wrong with them is not refused."""
from common import *
import json
chart = {"Chart.yaml": CHART,
 "templates/h.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: seed, annotations: {helm.sh/hook: pre-install}}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}\n",
 "templates/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
 "pattern.yaml": "apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\npatches:\n- target: {name: seed|web}\n  patch: '[{\"op\":\"replace\",\"path\":\"/metadata/namespace\",\"value\":\"victim\"}]'\n"}
r = rendered(chart, target_namespace="tenant", default_namespace="tenant")
print("objects:", [o.key.display_name for o in r.objects], "hooks:", [h.object.key.display_name for h in r.hooks])
verdict(any(h.object.key.namespace != "tenant" for h in r.hooks), "the hook runs in namespace victim although targetNamespace is tenant ('the one that every namespaced object goes to')")
