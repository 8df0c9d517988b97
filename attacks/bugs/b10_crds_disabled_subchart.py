# fluxcd/helm-controller#938, helm#8508: CRDs of a disabled subchart
from lib import *
crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: %s.acme.io}\nspec: {group: acme.io, scope: Namespaced, names: {kind: Foo, plural: %s}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n"
f = chart({"a.yaml": cm("  a: b\n")}, "s: {enabled: false}\n", {"charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 0.1.0\n", "charts/s/crds/c.yaml": crd % ("foos","foos"), "crds/README.md": "# no yaml: {{\n", "crds/sub/x.yaml": "# only a comment\n---\n" + crd % ("bars","bars") + "---\n" + crd % ("bazs", "bazs"), "crds/k.yaml.bak": "x: ["}, deps="dependencies:\n- {name: s, version: 0.1.0, condition: s.enabled}\n")
d = tree(f); bad = []
for extra, want in ((), {"bars.acme.io","bazs.acme.io"}), (("--set","s.enabled=true"), {"bars.acme.io","bazs.acme.io","foos.acme.io"}):
    c, g, e = render(d, *extra)
    got = {i["metadata"]["name"] for i in g or [] if i["kind"]=="CustomResourceDefinition"}
    if got != want: bad.append((extra, c, e, got))
verdict(not bad, bad)
