# same report (mariadb-operator#226): kustomize quotes the node; a parameter of a Secret (valuesFrom) stands in it
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
cr = 'apiVersion: acme.io/v1\nkind: Foo\nmetadata: {name: f}\nspec:\n  containers:\n  - image: {name: x, pullPassword: {{ .Values.db.password }} }\n'
bad = []
for label, o in {"images": dict(images=(Image(name="nginx", new_tag="1.27"),)), "namePrefix": dict(name_prefix="p-"),
   "patch": dict(patches=(Patch(patch='[{"op":"add","path":"/spec/containers/0/image/pullPassword/x","value":"b"}]', target=PatchTarget(kind="Foo")),)),
   "patch test": dict(patches=(Patch(patch='[{"op":"test","path":"/spec/containers/0/image/pullPassword","value":"b"}]', target=PatchTarget(kind="Foo")),)),
   "smp": dict(patches=(Patch(patch='{"spec":{"containers":[{"image":[1]}]}}', target=PatchTarget(kind="Foo")),))}.items():
    try: r = api(chart({"f.yaml": cr}), parameters=b'{"db":{"password":"hunter2secret"}}', **o); print(label, "rendered")
    except Exception as e:
        m = getattr(e, "message", repr(e)); print(label, ":", m)
        if "hunter2secret" in m: bad.append(label)
# references whose shape is not what kustomize expects
for label, body in {"volumes.secret": 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: a, secret: {secretName: {x: {{ .Values.db.password }} }}}], containers: []}\n',
   "labels": 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p, labels: {a: {x: {{ .Values.db.password }} } }}\n'}.items():
  for o in (dict(name_prefix="p-"), dict(common_metadata=CommonMetadata(labels=(("a","b"),)))):
    try: r = api(chart({"f.yaml": body, "s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"}), parameters=b'{"db":{"password":"hunter2secret"}}', **o); print(label, "rendered")
    except Exception as e:
        m = getattr(e, "message", repr(e)); print(label, list(o), ":", m)
        if "hunter2secret" in m: bad.append((label, list(o)))
verdict(not bad, bad)
