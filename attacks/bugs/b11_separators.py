# helm#12996,#12260,#10149: comment-only documents, "---" in block scalars, comments before the first, CRLF, BOM (helm#6081)
from lib import *
t = {"a.yaml": "# (C) someone\n{{- range $i := list 1 2 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: r{{ $i }}\ndata:\n  k: |\n    ---\n    # Source: c/templates/x.yaml\n    a: b\n    ...\n{{- end }}\n",
 "b.yaml": "---\n# only comment\n---\n" + cm("  a: b\n", "b") + "---\n#x\n", "c.yaml": ("---\n" + cm("  a: |\n    x\n    y\n", "crlf")).replace("\n", "\r\n"),
 "d.yaml": b"\xef\xbb\xbf" + cm("  a: b\n", "bom").encode(), "e.json": '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"js"},"data":{"a":"b"}}', "f.yaml": "--- # c\n" + cm("  a: b\n", "f"), "g.yaml": "\n\n", "NOTES.txt": "{{ .Values.x }}", "_h.tpl": "{{ fail \"no\" }}", "h.yaml": cm("  t: \"a\\tb\"\n  s: 'x '\n  f: >-\n    a\n    b\n\n    c\n  k: |+\n    a\n\n\n  u: \"\\u00e9\\U0001F600\"\n", "h"), "i.txt": cm("  a: b\n", "txt"), "sub/j.yml": cm("  a: b\n", "j"), "k.yaml": cm("  a: b\n", "k") + "---\n" + cm("  a: b\n", "k2") + "\n---"}
f = chart(t); f["values.yaml"] = b"\xef\xbb\xbfx: 1\r\ny: 2\r\n"; f["Chart.yaml"] = b"\xef\xbb\xbf" + f["Chart.yaml"].encode().replace(b"\n", b"\r\n")
d = tree(f); c, g, e = render(d); c2, w, e2, out = helm("release-name", d)
G = {i["metadata"]["name"]: i["data"] for i in g or []}; W = {i.get("metadata",{}).get("name"): i.get("data") for i in w or []}
verdict(c == c2 and G == W, c, e, c2, e2, {k: (G.get(k), W.get(k)) for k in {*G, *W} if G.get(k) != W.get(k)})
