# H/10412-like: errors of templates name template and line; nil pointer, required, fail, bad YAML, missing helper; no value of a parameter in them
from lib import *
bad = []
for label, (t, want) in {"nil pointer": ("a: {{ .Values.a.b.c }}", "a.yaml, line 1"), "required": ('x: 1\ny: {{ required "set it: secretword" .Values.zz }}', "a.yaml, line 2"), "fail": ('{{ fail (printf "bad %s" .Values.pw) }}', "a.yaml"), "include": ('{{ include "nope" . }}', "nope"), "yaml": (cm("  a: {{ .Values.pw }}: b: c\n"), "a.yaml"), "parse": ("{{ if }}", "a.yaml"), "tpl": ('{{ tpl .Values.t . }}', "a.yaml"), "b64dec": ('{{ .Values.pw | b64dec | fromJson }}{{ toYaml (fromJson .Values.pw) }}{{ index (list 1) .Values.n }}', "a.yaml")}.items():
    d = tree(chart({"a.yaml": t}, "t: '{{ .Values.pw.x }}'\n")); v = tree({"v.yaml": "pw: hunter2secret\nn: 77777\n"})
    c, g, e = render(d, "-f", v/"v.yaml"); print(label, c, e.strip())
    if "hunter2secret" in e or (c and want not in e): bad.append(label)
verdict(not bad, bad)
