# helm/helm#30587 + fluxcd: null in an earlier values file, then a later one sets / default removed
from lib import *
f = chart({"a.yaml": cm("  v: {{ toJson .Values | quote }}\n", "p")}, "a: {x: 1, y: 2}\nl: [1,2]\n")
d = tree(f); bad = []
for vs in [["a: null", "a: {z: 1}"], ["a: {x: null}", "b: 1"], ["a: {x: null}", "a: {x: 5}"], ["a: {z: 1}", "a: null"], ["l: [9]", "l: null"], ["l: {a: 1}"], ["a: 5"], ["a: {q: {r: 1}}", "a: {q: null}"],["a: {x: null}", "a: {y: null}"], ["a: {n: {x: 1}}", "a: {n: {x: null}}"]]:
    v = tree({f"v{i}.yaml": x for i, x in enumerate(vs)}); args = [a for i in range(len(vs)) for a in ("-f", v/f"v{i}.yaml")]
    c1, got, e1 = render(d, *args); c2, want, e2, _ = helm("release-name", d, *args)
    if bool(c1) != bool(c2): bad.append((vs, c1, e1, c2, e2)); continue
    if c1: continue
    g, w = json.loads(got[0]["data"]["v"]), json.loads(want[0]["data"]["v"])
    if g != w: bad.append((vs, "got", g, "helm", w))
for sets in [["a=null"], ["a.x=null"], ["a.z=1,a.x=null"], ["l[0]=5"], ["l[3]=5"], ["a.x=1e6"], ["a.x=0123"], ["a.x=1000000"], ["a.x={1,2}"], ["a.x=tru\\,e"], ["l=null"], ["a.x=007"], ["a.x=TRUE"], ["a.x=12345678901234567890"], ["a.x=1.5"],["a.x={}"],["a.x="],["a.x=[]"],["l={}"]]:
    args = [x for s in sets for x in ("--set", s)]
    c1, got, e1 = render(d, *args); c2, want, e2, _ = helm("release-name", d, *args)
    if bool(c1) != bool(c2): bad.append((sets, c1, e1, c2, e2)); continue
    if c1: continue
    g, w = json.loads(got[0]["data"]["v"]), json.loads(want[0]["data"]["v"])
    if g != w: bad.append((sets, "got", g, "helm", w))
verdict(not bad, "\n".join(map(str, bad)))
