# kustomize#4752/#5049-like: strategic merge on CRs replaces lists; $patch: replace/merge/delete, $deleteFromPrimitiveList, null removes a field
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
m = {"m.yaml": json.dumps({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","finalizers":["a/b","c/d"],"annotations":{"k":"v","l":"w"}},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"x","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"args":["1","2"]},{"name":"side","image":"y"}],"volumes":[{"name":"v","emptyDir":{}}],"tolerations":[{"key":"a"}]}}}})}
sm = lambda body: Patch(patch="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n" + body)
out = {}
for k, p in {"null annotation": sm("").patch.replace("{name: d}", "{name: d, annotations: {k: null}}"), "delete container": "spec: {template: {spec: {containers: [{name: side, $patch: delete}]}}}", "replace env": "spec: {template: {spec: {containers: [{name: c, env: [{$patch: replace}, {name: Z, value: '9'}]}]}}}", "volume type": "spec: {template: {spec: {volumes: [{name: v, emptyDir: null, configMap: {name: q}}]}}}", "args": "spec: {template: {spec: {containers: [{name: c, args: ['3']}]}}}", "finalizers": "metadata2: 1", "retain": "spec: {template: {spec: {volumes: [{name: v, $retainKeys: [name, secret], secret: {secretName: s}}]}}}", "prim": "metadata: {name: d, $deleteFromPrimitiveList/finalizers: [a/b]}"}.items():
    text = p if p.startswith("apiVersion") else ("apiVersion: apps/v1\nkind: Deployment\n" + (p if p.startswith("metadata:") else "metadata: {name: d}\n" + p))
    d = tree({"kustomization.yaml": "resources: [m.yaml]\npatches: [{path: p.yaml}]\n", "m.yaml": m["m.yaml"], "p.yaml": text}); c, o, e = run("kustomize", "build", d)
    want = yaml.safe_load(o) if c == 0 else "refused"
    try: r = api(m, patches=(Patch(patch=text),)); got = r.objects[0].body; got["metadata"].pop("namespace", None)
    except Exception as ex: got = "refused"; print(k, getattr(ex, "message", ex))
    if got != want: out[k] = (got, want)
verdict(not out, *[f"{k}\n  got  {v[0]}\n  want {v[1]}\n" for k, v in out.items()])
