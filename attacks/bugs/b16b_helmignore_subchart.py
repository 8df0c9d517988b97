# helm#9436 + SaveArchive: `helm package` unpacks charts/*.tgz into folders; .helmignore of the parent is in the package.
# helm does not apply it to a package; here it is applied once more, now to the files of the subcharts.
from lib import *
sub = tree({"p/Chart.yaml": "apiVersion: v2\nname: p\nversion: 0.2.0\n", "p/dashboards/d.json": '{"title": 1}', "p/crds/c.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.acme.io}\nspec: {group: acme.io, scope: Namespaced, names: {kind: Foo, plural: foos}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n",
  "p/templates/a.yaml": cm("  d: {{ .Files.Get \"dashboards/d.json\" | quote }}\n", "p"), "p/templates/tests/t.yaml": cm("  a: b\n", "in-tests")})
d = tree(chart({"a.yaml": cm("  a: b\n")}, "", {".helmignore": "*.json\n*.md\ntests/\ncrds/\n"}, deps="dependencies:\n- {name: p, version: 0.2.0, repository: \"https://x.invalid\"}\n"))
(d / "charts").mkdir()
print(run("helm", "package", sub / "p", "-d", d / "charts")[1:])
o = tree({}); print(run("helm", "package", d, "-d", o)[1:])
pkg = o / "c-0.1.0.tgz"; print(run("tar", "tzf", pkg)[1])
bad = []
for what in (d, pkg):
    c, g, e = render(what); c2, w, e2, out = helm("release-name", what, "--include-crds")
    G = {i["metadata"]["name"]: i.get("data") for i in g or []}; W = {i["metadata"]["name"]: i.get("data") for i in w or []}
    if G != W: bad.append((what.name, "project", c, e, G, "helm", c2, e2, W))
verdict(not bad, "\n".join(map(str, bad)))
