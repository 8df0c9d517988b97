"""A `kind: List` that is annotated as a hook (helm takes the whole document for one): the list is taken apart before hooks are looked
for, and its annotation is lost: a cleanup Job of pre-delete is applied as an ordinary object, and runs at the installation."""
from common import *
import subprocess, tempfile, pathlib
t = """apiVersion: v1
kind: List
metadata: {name: cleanup, annotations: {helm.sh/hook: pre-delete}}
items:
- apiVersion: batch/v1
  kind: Job
  metadata: {name: drop-all-data}
  spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: psql, args: [DROP, DATABASE]}]}}}
"""
c = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
d = pathlib.Path(tempfile.mkdtemp(prefix="att-")); (d / "templates").mkdir()
(d / "Chart.yaml").write_text(CHART); (d / "templates/l.yaml").write_text(t); (d / "templates/c.yaml").write_text(c)
out = subprocess.run([HELM, "template", "--no-hooks", "web", str(d)], capture_output=True, text=True, env={"HOME": str(d)}).stdout
print("helm template --no-hooks (what helm applies as objects) has the Job:", "drop-all-data" in out)
r = rendered({"Chart.yaml": CHART, "templates/l.yaml": t, "templates/c.yaml": c})
print("operator: objects", [o.key.display_name for o in r.objects], "hooks", [h.object.key.display_name for h in r.hooks])
verdict("drop-all-data" not in out and any(o.key.name == "drop-all-data" for o in r.objects), "the pre-delete Job runs when the chart is installed")
