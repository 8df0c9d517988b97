# flux2#3913/#3388 (patches without effect): a patch for nothing is refused; also beside a deletion; a patch that changes nothing is fine
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
m = {"m.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: z}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: ab}}\n---\n{apiVersion: v1, kind: Secret, metadata: {name: s}}\n"}
def go(*ps, **o):
    try: r = api(m, patches=ps, **o); return "ok " + ",".join(sorted(x.key.name for x in r.objects))
    except Exception as e: return "refused: " + getattr(e, "message", repr(e))
D = lambda n, k="ConfigMap": Patch(patch=f"apiVersion: v1\nkind: {k}\nmetadata: {{name: {n}}}\n$patch: delete\n")
J = lambda **t: Patch(patch='[{"op":"add","path":"/metadata/labels","value":{"p":"q"}}]', target=PatchTarget(**t))
cases = {"typo": (go(J(kind="ConfigMap", name="typo")), False), "name is whole (a, not ab)": (go(J(kind="ConfigMap", name="a")), True), "no change": (go(Patch(patch="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: z}\n")), True),
 "delete typo": (go(D("typo")), False), "delete s and delete typo": (go(D("s", "Secret"), D("typo")), False), "patch a then delete a": (go(J(kind="ConfigMap", name="a"), D("a")), True), "with prefix, patch by old name": (go(J(kind="ConfigMap", name="a"), name_prefix="p-"), True),
 "wrong group": (go(J(kind="ConfigMap", group="apps")), False), "lower case kind": (go(J(kind="configmap")), False), "wrong apiVersion SMP": (go(Patch(patch="apiVersion: v2\nkind: ConfigMap\nmetadata: {name: a}\n")), False), "delete all": (go(J(kind="Secret"), Patch(patch="$patch: delete", target=PatchTarget(kind=".*"))), True)}
bad = []
for k, (got, ok) in cases.items():
    print(k, "->", got)
    if got.startswith("ok") != ok: bad.append(k)
verdict(not bad, bad)
