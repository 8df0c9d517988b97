# goharbor/harbor-helm#2263, huly#321: lookup-or-random secrets, genCA; argo drift
from lib import *
t = {"s.yaml": """{{- $old := lookup "v1" "Secret" .Release.Namespace "pw" }}
{{- $ca := genCA "x" 365 }}
{{- $cert := genSignedCert "x" nil (list "x") 365 $ca }}
apiVersion: v1
kind: Secret
metadata: {name: pw}
data:
  pw: {{ (get (default dict $old.data) "pw") | default (randAlphaNum 16 | b64enc) }}
  crt: {{ $cert.Cert | b64enc }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: w}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}, annotations: {checksum/s: {{ include (print $.Template.BasePath "/t.yaml") . | sha256sum }}, rollme: {{ randAlphaNum 5 | quote }}, at: {{ now | date "2006-01-02" | quote }} }}
    spec: {containers: [{name: c, image: x}]}
""", "t.yaml": cm("  id: {{ uuidv4 }}\n", "t")}
d = tree(chart(t)); c, g, e = render(d, "--report", d/".."/"rep.json")
rep = json.load(open(d/".."/"rep.json")); rows = [(r["kind"], r["name"], r["reason"], r["message"]) for r in rep["components"]]
for r in rows: print(r)
det = {r[1] for r in rows if r[2] == "NotDeterministic"}
verdict(c == 0 and det == {"pw","w","t"} and any(r[2]=="UsesLookup" for r in rows), c, e)
