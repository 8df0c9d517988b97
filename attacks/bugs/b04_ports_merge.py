# kustomize#3513,#2767,#3426,#4752: a label patch (or any) drops or renames ports of equal number
from lib import *
d = tree({"m.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
      - name: c
        image: x
        ports:
        - {containerPort: 8301, name: tcp, protocol: TCP}
        - {containerPort: 8301, name: udp, protocol: UDP}
        - {containerPort: 8600, name: dns, protocol: TCP}
        - {containerPort: 8600, name: dnsu, protocol: UDP}
        - {containerPort: 9000, name: a}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {a: b}
  ports:
  - {port: 53, name: t, protocol: TCP}
  - {port: 53, name: u, protocol: UDP}
  - {port: 80, name: h}
  - {port: 80, name: h3, protocol: UDP}
"""})
p = tree({"d.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {t: l}}\n", "s.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {t: l}}\n",
 "p.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ports:\n  - {port: 53, name: u, protocol: UDP, targetPort: 5353}\n"})
c0, base, e0 = render(d); c, got, e = render(d, "--patch", p/"d.yaml", "--patch", p/"s.yaml", "--patch", p/"p.yaml")
if c: verdict(False, c, e)
B = find(base,"Deployment")["spec"]["template"]["spec"]["containers"][0]["ports"]; G = find(got,"Deployment")["spec"]["template"]["spec"]["containers"][0]["ports"]
S = find(base,"Service")["spec"]["ports"]; T = find(got,"Service")["spec"]["ports"]
key = lambda l: sorted(json.dumps(x, sort_keys=True) for x in l)
want = [dict(x, targetPort=5353) if x["name"]=="u" else x for x in S]
verdict(key(B)==key(G) and key(want)==key(T), "deployment", B==G, G, "service", T)
