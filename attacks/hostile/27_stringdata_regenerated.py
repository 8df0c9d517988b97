"""A Secret with more than 64 made-up entries in stringData: the paths are widened to `stringData` as a whole, which no live Secret
has: nothing is kept, and every password changes at the next apply (a restart, a drift), although the row says that it is kept."""
from common import *
import base64
from pattern_operator.apply.generated_fields import with_live_values
template = "apiVersion: v1\nkind: Secret\nmetadata: {name: users}\nstringData:\n{{- range $i := until 65 }}\n  user{{ $i }}: {{ randAlphaNum 12 | quote }}\n{{- end }}\n"
d = {"Chart.yaml": CHART, "templates/s.yaml": template}
first, second = rendered(d), rendered(d)
print("generated:", first.generated[0].paths, "|", first.components[0].message)
body = first.objects[0].body
live = {**{k: v for k, v in body.items() if k != "stringData"}, "data": {k: base64.b64encode(v.encode()).decode() for k, v in body["stringData"].items()}}
(kept,) = with_live_values(second.objects, second.generated, {second.objects[0].key: live})
changed = sum(kept.body["stringData"][k] != v for k, v in body["stringData"].items())
print(changed, "of 65 passwords are replaced")
verdict(changed > 0, "generated values are not kept")
