# the same over a registry: `helm push`, `helm template oci://`, `patternctl render oci://`; and versions with + (helm#10250, #10166, fleet#5410)
from lib import *
import time
def served():
    d = tempfile.mkdtemp(); p = subprocess.Popen([f"{ROOT}/.testbed/bin/registry", "-dir", d, "-address-file", d + "/addr"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        if os.path.exists(d + "/addr") and open(d + "/addr").read().strip(): break
        time.sleep(0.1)
    return p, open(d + "/addr").read().strip()
if __name__ == "__main__":
    sub = tree({"p/Chart.yaml": "apiVersion: v2\nname: p\nversion: 0.2.0\n", "p/crds/c.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.acme.io}\nspec: {group: acme.io, scope: Namespaced, names: {kind: Foo, plural: foos}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n", "p/templates/tests/t.yaml": cm("  a: b\n", "in-tests")})
    d = tree(chart({"a.yaml": cm("  v: {{ .Chart.Version | quote }}\n")}, "", {".helmignore": "tests/\ncrds/\n"}, deps="dependencies:\n- {name: p, version: 0.2.0, repository: \"https://x.invalid\"}\n"))
    (d / "charts").mkdir(); run("helm", "package", sub / "p", "-d", d / "charts")
    o = tree({}); run("helm", "package", d, "-d", o, "--version", "1.2.3+up1.0.2")
    p, addr = served()
    try:
        print(run("helm", "push", o / "c-1.2.3+up1.0.2.tgz", f"oci://{addr}/charts", "--plain-http"))
        c2, w, e2, _ = helm("r", f"oci://{addr}/charts/c", "--version", "1.2.3+up1.0.2", "--plain-http", "--include-crds")
        bad = []
        for ref in (f"oci://{addr}/charts/c:1.2.3+up1.0.2", f"oci://{addr}/charts/c:1.2.3_up1.0.2"):
            c, g, e = render(ref, "--insecure")
            G = {i["metadata"]["name"]: i.get("data") for i in g or []}; W = {i["metadata"]["name"]: i.get("data") for i in w or []}
            print(ref, c, e, G, "helm:", c2, e2, W)
            if G != W: bad.append(ref)
    finally: p.terminate(); p.wait()
    verdict(not bad, bad)
