# helm#2821, #11338, #10781, #10116: alias, condition, tags, import-values, same chart as folder and package
from lib import *
sub = lambda n, v="0.1.0", more="": {f"charts/{n}/Chart.yaml": f"apiVersion: v2\nname: {n}\nversion: {v}\n{more}", f"charts/{n}/values.yaml": "exports: {e: {fromexp: 1}}\ndata: {deep: 2}\nredis: {enabled: true}\n", f"charts/{n}/templates/a.yaml": cm("  v: {{ .Values | toJson | quote }}\n", "{{ .Release.Name }}-{{ .Chart.Name }}")}
deps = "dependencies:\n- {name: app, version: 0.1.0}\n- {name: app, version: 0.1.0, alias: reduced, condition: reduced.enabled}\n- {name: tagged, version: 0.1.0, tags: [x, y]}\n- {name: imp, version: 0.1.0, import-values: [e, {child: data, parent: from}]}\n- {name: two, version: '>=0.1.0', condition: c1.enabled,c2.enabled}\n"
f = chart({"a.yaml": cm("  v: {{ .Values | toJson | quote }}\n", "top")}, "reduced: {enabled: true, redis: {enabled: false}}\ntags: {x: false, y: false}\nc2: {enabled: false}\n", {**sub("app"), **sub("tagged"), **sub("imp"), **sub("two")}, deps=deps)
d = tree(f); bad = []
for s in ((), ("--set", "reduced.enabled=false"), ("--set", "tags.y=true,c1.enabled=true"), ("--set", "tagged.x=1,from.deep=null")):
    c, g, e = render(d, *s); c2, w, e2, _ = helm("release-name", d, *s)
    G = {i["metadata"]["name"]: json.loads(i["data"]["v"]) for i in g or []}; W = {i["metadata"]["name"]: json.loads(i["data"]["v"]) for i in w or []}
    if c or c2 or G != W: bad.append((s, c, e, c2, e2, sorted(G), sorted(W)))
verdict(not bad, *bad)
