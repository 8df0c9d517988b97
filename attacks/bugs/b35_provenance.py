# argo-cd (OCI: "expected only a single oci layer"), source-controller: `helm push` adds a second layer for the .prov file
from lib import *
from b16c_helm_push import served
d = tree(chart({"a.yaml": cm("  a: b\n")})); o = tree({}); run("helm", "package", d, "-d", o); (o / "c-0.1.0.tgz.prov").write_text("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nname: c\n")
p, addr = served()
try:
    print(run("helm", "push", o / "c-0.1.0.tgz", f"oci://{addr}/charts", "--plain-http"))
    c, g, e = render(f"oci://{addr}/charts/c:0.1.0", "--insecure"); print(c, e, g and [x["metadata"]["name"] for x in g])
    # patternctl push of the folder, and of the package
    c2 = run("patternctl", "push", d, f"oci://{addr}/p/c:0.1.0", "--insecure"); c3 = run("patternctl", "push", o / "c-0.1.0.tgz", f"oci://{addr}/p/pkg:0.1.0", "--insecure")
    r2, r3 = render(f"oci://{addr}/p/c:0.1.0", "--insecure"), render(f"oci://{addr}/p/pkg:0.1.0", "--insecure"); print(c2, r2[0], r2[2], c3, r3[0], r3[2])
finally: p.terminate(); p.wait()
verdict(c == 0 and len(g) == 1 and r2[0] == 0 and r3[0] == 0)
