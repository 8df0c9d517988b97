# kubernetes#34146, kcl#2013, cdk8s#348/#325: yes/on/y, octal, sexagesimal, dates as values of plain manifests, as kubectl applies them
from lib import *
vals = ["yes", "on", "y", "off", "n", "No", "TRUE", "True", "0644", "0o17", "1_000", "12:30", "2024-01-01", "1e3", ".5", "0x1f", "~", "25921e05", "08", "+1", "0b11", "1.0", "-.inf"]
d = tree({"m.yaml": "apiVersion: acme.io/v1\nkind: Foo\nmetadata: {name: f}\nspec:\n" + "".join(f"  k{i}: {v}\n" for i, v in enumerate(vals) if v != "-.inf")})
c, g, e = render(d); print(c, e); got = g[0]["spec"]
f = chart({"a.yaml": "apiVersion: acme.io/v1\nkind: Foo\nmetadata: {name: f}\nspec:\n  o: {{ `" + "".join(f"\n    k{i}: {v}" for i, v in enumerate(vals) if v != "-.inf") + "` | fromYaml | toJson }}\n"})
h = helm("r", tree(f)); print(h[0], h[2])
import re
j = json.loads(re.search(r"o: (\{.*\})", h[3])[1])
diff = {vals[int(k[1:])]: (got.get(k), j.get(k)) for k in {*got, *j} if got.get(k) != j.get(k) or type(got.get(k)) is not type(j.get(k))}
print("as sigs.k8s.io/yaml in helm reads it:", {vals[int(k[1:])]: v for k, v in j.items()})
verdict(not diff, diff)
