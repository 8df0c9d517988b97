# kustomize (float64 of YAML->JSON): does a patch of ONE object, or commonMetadata, change 64-bit ints of OTHERS?
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
m = {"m.yaml": '{"apiVersion":"acme.io/v1","kind":"Foo","metadata":{"name":"f"},"spec":{"id": 9007199254740993, "max": 9223372036854775807}}\n---\n{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}\n'}
bad = []
for label, o in {"patch of ConfigMap c only (SMP)": dict(patches=(Patch(patch="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {a: b}}"),)),
  "json patch of ConfigMap c only": dict(patches=(Patch(patch='[{"op":"add","path":"/data","value":{"a":"b"}}]', target=PatchTarget(kind="ConfigMap")),)),
  "SMP on Foo": dict(patches=(Patch(patch="apiVersion: acme.io/v1\nkind: Foo\nmetadata: {name: f, labels: {a: b}}"),)),
  "json patch on Foo": dict(patches=(Patch(patch='[{"op":"add","path":"/spec/x","value":"b"}]', target=PatchTarget(kind="Foo")),)),
  "commonMetadata": dict(common_metadata=CommonMetadata(labels=(("a","b"),))), "namePrefix": dict(name_prefix="x-"), "images": dict(images=(Image(name="n", new_tag="1"),))}.items():
    r = api(m, **o); f = next(x for x in r.objects if x.key.kind == "Foo").body["spec"]
    if (f["id"], f["max"]) != (9007199254740993, 9223372036854775807): bad.append((label, f, [ (c.name, c.message) for c in r.components]))
verdict(not bad, "\n".join(map(str, bad)))
