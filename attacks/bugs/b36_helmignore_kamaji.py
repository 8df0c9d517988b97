# cozystack/cozystack#4389 (kamaji): .helmignore `hack` of the parent, the subchart reads hack/*_spec.yaml by .Files.Get: CRDs with an empty spec
from lib import *
schema = "openAPIV3Schema: {type: object, properties: {spec: {type: object}}}\n"
sub = tree({"kamaji-crds/Chart.yaml": "apiVersion: v2\nname: kamaji-crds\nversion: 0.2.0\n", "kamaji-crds/hack/foo_spec.yaml": "group: acme.io\nscope: Namespaced\nnames: {kind: Foo, plural: foos}\nversions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]\n", "kamaji-crds/templates/crd.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.acme.io}\nspec:\n{{ .Files.Get \"hack/foo_spec.yaml\" | indent 2 }}\n"})
d = tree(chart({"a.yaml": cm("  a: b\n")}, "", {".helmignore": ".git/\nhack\n"}, name="kamaji", deps="dependencies:\n- {name: kamaji-crds, version: 0.2.0, repository: \"https://x.invalid\"}\n")); (d / "charts").mkdir()
run("helm", "package", sub / "kamaji-crds", "-d", d / "charts"); o = tree({}); run("helm", "package", d, "-d", o)
pkg = o / "kamaji-0.1.0.tgz"; c, g, e = render(pkg); c2, w, e2, _ = helm("r", pkg)
crd = lambda l: next((i.get("spec") for i in l or [] if i["kind"] == "CustomResourceDefinition"), "none")
print("project:", c, e, crd(g)); print("helm   :", c2, crd(w))
verdict(crd(g) == crd(w))
