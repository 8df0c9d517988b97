# helm/helm#9136,#12637,#12490,#30587,#10812: nulls in values for subcharts
from lib import *
sub = {"charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 0.1.0\n", "charts/s/values.yaml": "probe:\n  httpGet: {path: /}\n  delay: 5\nglobal: {g: 1}\nsomething1: my\n",
 "charts/s/templates/a.yaml": cm("  v: {{ toJson .Values | quote }}\n", "s")}
f = chart({"a.yaml": cm("  v: {{ toJson .Values | quote }}\n", "p")}, "own: {a: 1, b: 2}\nglobal: {g: 2}\ns:\n  something2:\n    something3: x\n", sub, deps="dependencies:\n- name: s\n  version: 0.1.0\n")
d = tree(f)
bad = []
for vals in ["s:\n  probe:\n    httpGet: null\n", "s: {something2: null}", "own: null", "own: {a: null}", "global: {g: null}", "s: null", "s: {probe: null, new: null}", "new: null\nn2: {x: null}", "s: {probe: {httpGet: null, tcpSocket: {port: 2}}}", "own: []", "own: {}"]:
    v = tree({"v.yaml": vals})
    c1, got, e1 = render(d, "-f", v/"v.yaml"); c2, want, e2, _ = helm("release-name", d, "-f", v/"v.yaml")
    if bool(c1) != bool(c2): bad.append((vals, c1, e1, c2, e2)); continue
    if c1: continue
    g = {i["metadata"]["name"]: json.loads(i["data"]["v"]) for i in got}; w = {i["metadata"]["name"]: json.loads(i["data"]["v"]) for i in want}
    if g != w: bad.append((vals, "got", g, "helm", w))
verdict(not bad, "\n".join(map(str, bad)))
