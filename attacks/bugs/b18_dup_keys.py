# fluxcd/flux2#1522, #1556, helm-controller#286, harness#967: templates that render a key twice; helm takes the last
from lib import *
t = {"a.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: x\n  labels:\n    app.kubernetes.io/name: a\n    app.kubernetes.io/name: b\n"}
d = tree(chart(t)); c, g, e = render(d); print(c, e, g and g[0]["metadata"])
f = chart({"a.yaml": cm("  a: {{ .Values.x }}\n")}, "x: 1\nx: 2\n"); f["Chart.yaml"] += "description: a\ndescription: b\n"
d = tree(f); c2, g2, e2 = render(d); h = helm("r", d); print(c2, e2, g2 and g2[0]["data"], "helm:", h[0], h[2], h[1] and h[1][0]["data"])
v = tree({"v.yaml": "x: 3\nx: 4\n"}); c3, g3, e3 = render(tree(chart({"a.yaml": cm("  a: {{ .Values.x | quote }}\n")}, "x: 1\n")), "-f", v/"v.yaml"); print(c3, e3)
verdict(c == 0 and c2 == h[0], "rendered output:", c, "Chart.yaml/values.yaml:", c2, h[0])
