# helm#6006, helm-controller (shortens): a release name longer than 53 characters; names of DesignPatterns may have 253
from lib import *
d = tree(chart({"a.yaml": cm("  a: b\n", "{{ .Release.Name | trunc 40 }}")})); bad = []
for n in ("a" * 53, "a" * 54, "shop.web", "team-platform-observability-kube-prometheus-stack-production-eu"):
    c, g, e = render(d, "--name", n); print(len(n), n, c, e)
    if c: bad.append(n)
doc = "".join(open(ROOT + f"/docs/{x}.md").read() for x in ("charts", "migrating", "designpattern"))
print("53 in the docs of charts, migrating, designpattern:", "53" in doc)
verdict(not bad or "53 characters" in doc, bad)
