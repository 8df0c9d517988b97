# fluxcd/kustomize-controller, kustomize docs: `annotations: {k: null}` in a strategic merge patch removes the annotation
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
m = {"m.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, annotations: {k: v, cert-manager.io/issuer: x, l: w}, labels: {x: a, y: b}}\nspec: {replicas: 1, paused: true, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}, annotations: {t: u}}, spec: {nodeSelector: {q: r}, containers: [{name: c, image: x}]}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b, c: d}\n"}
bad = []
for label, files in ("manifests", m), ("chart", chart({"m.yaml": m["m.yaml"]})):
  for what, ps in {"own target": (Patch(patch="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, annotations: {k: null, cert-manager.io/issuer: null}, labels: {x: null}}\nspec: {paused: null, template: {metadata: {annotations: {t: null}}, spec: {nodeSelector: {q: null}}}}"), Patch(patch="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: null}")),
    "target": (Patch(patch="metadata: {annotations: {k: null, cert-manager.io/issuer: null}, labels: {x: null}}\nspec: {paused: null, template: {metadata: {annotations: {t: null}}, spec: {nodeSelector: {q: null}}}}", target=PatchTarget(kind="Deployment")), Patch(patch="data: {a: null}", target=PatchTarget(kind="ConfigMap")))}.items():
    r = api(files, patches=ps); o = {x.key.kind: x.body for x in r.objects}; dep = o["Deployment"]
    got = (dep["metadata"].get("annotations"), dep["metadata"].get("labels"), dep["spec"].get("paused"), dep["spec"]["template"]["metadata"].get("annotations"), dep["spec"]["template"]["spec"].get("nodeSelector"), o["ConfigMap"].get("data"))
    print(label, what, got)
    if got != ({"l": "w"}, {"y": "b"}, None, None, None, {"c": "d"}) and got != ({"l": "w"}, {"y": "b"}, None, {}, {}, {"c": "d"}): bad.append((label, what))
verdict(not bad, bad)
