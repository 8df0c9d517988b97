# helm#9436,#4638: a package made by hand holds files that its .helmignore names; helm does not filter packages
from lib import *
import tarfile, io
files = chart({"a.yaml": cm("  keep: {{ .Files.Get \"x.txt\" | quote }}\n  dot: {{ .Files.Get \".hidden\" | quote }}\n  ign: {{ .Files.Get \"ign.txt\" | quote }}\n  globs: {{ range $p, $_ := .Files.Glob \"**\" }}{{ $p }},{{ end }}\n  bin: {{ .Files.Get \"b.bin\" | b64enc | quote }}\n  sec: {{ (.Files.Glob \"*.txt\").AsConfig | quote }}\n"), "ignored.yaml": cm("  a: b\n", "ignored")}, "", {".helmignore": "ign.txt\ntemplates/ignored.yaml\n# c\n/only-root\n*.swp\n", "x.txt": "X\r\n", ".hidden": "H", "ign.txt": "I", "b.bin": bytes(range(256)), "a.swp": "s", "charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 0.1.0\n", "charts/s/.helmignore": "templates/no.yaml\n", "charts/s/templates/no.yaml": cm("  a: b\n", "sub-ignored"), "charts/s/templates/yes.yaml": cm("  a: b\n", "sub-yes"), "charts/_skip/Chart.yaml": "apiVersion: v2\nname: skip\nversion: 0.1.0\n", "charts/_skip/templates/a.yaml": cm("  a: b\n", "skip"), "charts/.dot/Chart.yaml": "x: ["}, deps="dependencies:\n- {name: s, version: 0.1.0}\n")
def tgz(fs, top):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode="w:gz") as t:
        for n, c in fs.items():
            c = c.encode() if isinstance(c, str) else c; i = tarfile.TarInfo(f"{top}/{n}"); i.size = len(c); t.addfile(i, io.BytesIO(c))
    return b.getvalue()
sub = {"Chart.yaml": "apiVersion: v2\nname: p\nversion: 0.2.0\n", ".helmignore": "templates/no.yaml\n", "templates/no.yaml": cm("  a: b\n", "p-ignored"), "templates/yes.yaml": cm("  a: b\n", "p-yes")}
files["charts/p-0.2.0.tgz"] = tgz(sub, "p")
files["Chart.yaml"] += "- {name: p, version: 0.2.0}\n"
d = tree(files); t = tree({"c-0.1.0.tgz": tgz(files, "c")})
bad = []
for what, src, h in ("folder", d, d), ("package", t / "c-0.1.0.tgz", t / "c-0.1.0.tgz"):
    c, g, e = render(src); c2, w, e2, _ = helm("release-name", h)
    G = {i["metadata"]["name"]: i["data"] for i in g or []}; W = {i["metadata"]["name"]: i["data"] for i in w or []}
    print(what, c, e, c2, e2, sorted(G), sorted(W))
    if G != W or bool(c) != bool(c2): bad.append((what, {k: (G.get(k), W.get(k)) for k in {*G, *W} if G.get(k) != W.get(k)}))
verdict(not bad, *bad)
