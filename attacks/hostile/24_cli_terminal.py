"""patternctl render: an artifact's pattern.yaml ends it with a Python traceback; -o json and --report - print C1 controls
(U+009B is CSI) and bidirectional overrides of the artifact raw to the terminal."""
from common import *
import json, subprocess, tempfile, pathlib
d = pathlib.Path(tempfile.mkdtemp(prefix="att-"))
env = {**os.environ, "PYTHONPATH": ROOT + "/operator"}
def cli(*words):
    return subprocess.run([sys.executable, "-m", "pattern_operator.cli", "render", str(d), "--kustomize", KUSTOMIZE, "--helm", HELM, *words], capture_output=True, env=env)
bad = []
(d / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: \"x\\x9b31m\\u202egnp\"}\n")
out = cli("-o", "json"); print("json:", [hex(ord(c)) for c in out.stdout.decode() if ord(c) in (0x9b, 0x202e)])
if "\x9b" in out.stdout.decode(): bad.append("C1 in JSON")
out = cli(); print("yaml:", [hex(ord(c)) for c in out.stdout.decode() if ord(c) in (0x9b, 0x202e)])
if "\u202e" in out.stdout.decode(): bad.append("bidi in YAML")
(d / "b\x9b31m.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n")
out = cli("--report", "-"); err = out.stderr.decode("utf-8", "replace"); print("report on stderr:", [hex(ord(c)) for c in err if ord(c) in (0x9b, 0x202e)], len(err))
if "\x9b" in err: bad.append("C1 on stderr")
(d / "b\x9b31m.yaml").unlink()
(d / "pattern.yaml").write_text("apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\npatches:\n- target: {kind: ConfigMap}\n  patch: '[{\"op\":\"add\",\"path\":\"/pattern-operator.io~1matched-x\",\"value\":true}]'\n")
out = cli(); print("rc", out.returncode, out.stderr.decode().splitlines()[0], "...", out.stderr.decode().splitlines()[-1])
if b"Traceback" in out.stderr: bad.append("traceback")
verdict(bool(bad), str(bad))
