"""'Parameters never leave memory' (SECURITY.md): they are written in clear to <tmp>/pattern-operator-run-*/values.yaml for each run of
helm (objects.yaml with Secrets for kustomize). patternctl that is ended by SIGHUP (a closed terminal) or SIGKILL leaves them there,
and no later patternctl removes them: remove_left is the operator's alone."""
from common import *
import pathlib, signal, subprocess, tempfile, time
tmp = pathlib.Path(tempfile.mkdtemp(prefix="att-")); d = tmp / "chart"; (d / "templates").mkdir(parents=True); (tmp / "t").mkdir()
(d / "Chart.yaml").write_text(CHART); (d / "templates/c.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n{{- range $i := until 20000000 }}{{ if eq $i 19999999 }}\n  k: v{{ end }}{{ end }}\n")
(tmp / "v.yaml").write_text("password: S3cr3t-in-clear\n")
env = {**os.environ, "PYTHONPATH": ROOT + "/operator", "TMPDIR": str(tmp / "t")}
cmd = [sys.executable, "-m", "pattern_operator.cli", "render", str(d), "--values", str(tmp / "v.yaml"), "--helm", HELM]
p = subprocess.Popen(cmd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
end = time.time() + 30
while time.time() < end and not list((tmp / "t").glob("*/values.yaml")): time.sleep(.02)
time.sleep(.1)
p.send_signal(signal.SIGHUP); p.wait()
subprocess.run([*cmd[:4], str(tmp / "nothing")], env=env, capture_output=True)
left = list((tmp / "t").glob("*/values.yaml"))
print("left:", [(str(x.relative_to(tmp)), x.read_text()) for x in left])
import shutil
for f, _, _ in os.walk(tmp): os.chmod(f, 0o700)
shutil.rmtree(tmp)
verdict(bool(left), "a Secret's value lies on the disk in clear, for good")
