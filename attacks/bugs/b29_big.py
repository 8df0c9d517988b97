# helm#30738, grafana helm-charts#209, open-webui#201: files over 5 MiB, charts over 1 MiB
from lib import *
f = chart({"a.yaml": "{{ range $i := until 40 }}\n---\n" + cm("  d: {{ $.Files.Get \"d.json\" | quote }}\n", "d{{ $i }}") + "{{ end }}"}, "", {"d.json": json.dumps({"p": "x" * 100_000}), "values.schema.json": json.dumps({"type": "object", "properties": {f"p{i}": {"description": "y" * 1000} for i in range(7000)}}), "README.md": "z" * 3_000_000})
import time; t = time.time(); c, g, e = render(tree(f)); print(c, e, len(g or []), time.time() - t)
verdict(c == 0 and len(g) == 40)
