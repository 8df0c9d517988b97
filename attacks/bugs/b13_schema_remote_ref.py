# flipt helm-charts#291, NFD#2399, flate#551 (authelia), bjw-s: values.schema.json with $ref to https://
from lib import *
f = chart({"a.yaml": cm("  a: {{ .Values.x | quote }}\n")}, "x: 1\n", {"values.schema.json": '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"x":{"type":"integer"},"config":{"$ref":"https://charts.invalid.example/definitions.json"}}}'})
d = tree(f); c, g, e = render(d); print("patternctl:", c, e)
try: r = api(f); print("rendered")
except Exception as ex: print(getattr(ex, "reason", ""), getattr(ex, "message", ex))
verdict(c == 0 or ("schema" in e and "Correct the parameters" not in e and "--values" not in e and "not fetched" in e), "no way to render such a chart, and blame on the parameters")
