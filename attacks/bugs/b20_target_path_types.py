# k3s helm-controller#25, fluxcd/helm-controller#298, #1317, fluxcd/pkg#1218: type and metacharacters of valuesFrom.targetPath
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.parameters import TargetPath
v = {}
for path, value in {"a.b": "x,y={1}[0]\\n", "on": "false", "n": "3", r"annotations.example\.com/team": "t", "hosts[1].name": "h", "l": "line1\nline2\n"}.items(): v = TargetPath.parse(path).place(v, value)
print(v)
doc = open(ROOT + "/docs/migrating.md").read()
line = next(l for l in doc.splitlines() if "spec.valuesFrom" in l); print("migrating.md:", line)
# with Flux `false` of a ConfigMap is a boolean; here it is a text, which a template takes for true
r = api(chart({"a.yaml": "{{ if .Values.ingress.enabled }}" + cm("  a: b\n") + "{{ end }}"}, "ingress: {enabled: true}\n"), parameters=json.dumps(TargetPath.parse("ingress.enabled").place({}, "false")).encode())
print("objects with ingress.enabled from targetPath `false`:", len(r.objects))
verdict(len(r.objects) == 0 or "text" in line, "Flux's targetPath types the value (strvals); here `false` is true, and the page for those who come from Flux says: the same fields")
