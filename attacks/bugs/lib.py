"""Helpers: files in a temp dir, patternctl/helm/kustomize runs, and `verdict` (exit 1 = fault)."""
import json, os, subprocess, sys, tempfile, pathlib
import yaml
ROOT = "CLONE"
ENV = {**os.environ, "PATH": f"{ROOT}/.venv/bin:{ROOT}/.testbed/bin:{os.environ['PATH']}", "HELM_CACHE_HOME":"/tmp/att/bugs/.h","HELM_CONFIG_HOME":"/tmp/att/bugs/.h","HELM_DATA_HOME":"/tmp/att/bugs/.h"}
def tree(files):
    d = pathlib.Path(tempfile.mkdtemp(prefix="case-", dir="/tmp/att/bugs"))
    for name, content in files.items():
        p = d / name; p.parent.mkdir(parents=True, exist_ok=True)
        p.write_bytes(content if isinstance(content, bytes) else content.encode())
    return d
def run(*args, input=None, cwd=None):
    r = subprocess.run([str(a) for a in args], capture_output=True, env=ENV, input=input.encode() if isinstance(input,str) else input, cwd=cwd)
    return r.returncode, r.stdout.decode("utf-8","replace"), r.stderr.decode("utf-8","replace")
def render(*args, **kw):
    code, out, err = run("patternctl", "render", "-o", "json", *args, **kw)
    items = json.loads(out)["items"] if code in (0, 3) and out.strip() else None
    return code, items, err
def chart(templates, values="", more=None, name="c", deps=""):
    f = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n{deps}", "values.yaml": values}
    for k, v in templates.items(): f["templates/" + k] = v
    f.update(more or {}); return f
def cm(body, name="x"):
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\ndata:\n%s" % (name, body)
def verdict(ok, *said):
    print(*said); print("FINE" if ok else "FAULT"); sys.exit(0 if ok else 1)
def helm(*args, **kw):
    code, out, err = run("helm", "template", *args, **kw)
    return code, [d for d in yaml.load_all(out, yaml.CSafeLoader) if d] if code == 0 else None, err, out
def find(items, kind, name=None):
    return next((i for i in items or [] if i["kind"] == kind and (name is None or i["metadata"]["name"] == name)), None)
def api(files, **opts):
    """render() with Options, programs run by hand; files: dict path -> content. Returns Rendering."""
    sys.path[:0] = [ROOT + "/operator", ROOT]
    from pattern_operator.api.artifact import File
    from pattern_operator.render import render as R, Options
    from pattern_operator.render.program import drive, ProgramOutput, HelmTemplate
    def go(r):
        with tempfile.TemporaryDirectory() as d:
            for f in r.files:
                p = pathlib.Path(d, f.path); p.parent.mkdir(parents=True, exist_ok=True); p.write_bytes(f.content)
            if isinstance(r, HelmTemplate):
                v = pathlib.Path(d, ".values.json"); v.write_bytes(r.values)
                a = [f"{ROOT}/.testbed/bin/helm", "template", r.release, f"./{r.chart}", "-n", r.namespace, "--include-crds", "-f", str(v), "--kube-version", r.kube_version]
                for x in r.api_versions: a += ["-a", x]
            else: a = [f"{ROOT}/.testbed/bin/kustomize", "build", f"./{r.path}"]
            m = subprocess.run(a, cwd=d, env={"HOME": d}, capture_output=True)
        return ProgramOutput(exit_code=m.returncode, stdout=m.stdout, stderr=m.stderr.decode())
    fs = [File(p, c.encode() if isinstance(c, str) else c) for p, c in files.items()]
    return drive(R(fs, options=Options(**opts)), run=go)
