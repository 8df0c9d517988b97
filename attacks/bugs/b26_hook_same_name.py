# helm-www#2071 / helm 4: the same object as hook and as ordinary one (or as two hooks): post-rendering reaches both
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
h = lambda hook, v: f'apiVersion: v1\nkind: Secret\nmetadata:\n  name: same\n  annotations: {{"helm.sh/hook": "{hook}"}}\nstringData: {{v: "{v}"}}\n'
two = chart({"a.yaml": h("pre-install", 1), "b.yaml": h("pre-delete", 2)})
ch = chart({"a.yaml": h("pre-install", 1), "b.yaml": h("pre-delete", 2), "c.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: same}\nstringData: {v: '3'}\n"})
bad = []
for chn, ch in (("two hooks", two), ("two hooks and an object", ch)):
 for label, o in {"prefix": dict(name_prefix="p-"), "common": dict(common_metadata=CommonMetadata(labels=(("t","x"),))), "patch": dict(patches=(Patch(patch='[{"op":"add","path":"/metadata/labels","value":{"t":"x"}}]', target=PatchTarget(kind="Secret")),))}.items():
    label = chn + ", " + label
    try: r = api(ch, **o)
    except Exception as e: print(label, getattr(e, "message", repr(e))); bad.append(label); continue
    all_ = [("hook", k.object.key.name, k.object.body["metadata"].get("labels"), k.object.body["stringData"]) for k in r.hooks] + [("object", x.key.name, x.body["metadata"].get("labels"), x.body["stringData"]) for x in r.objects]
    print(label, all_)
    if len({(a[1], str(a[2])) for a in all_}) > 1: bad.append(label)
verdict(not bad, bad)
