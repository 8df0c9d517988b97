"""A chart with 65 generated Secret keys and one generated annotation (checksum/..): differences() widens to the whole
`metadata`; the live metadata (managedFields, uid, resourceVersion) then becomes the desired body: the API server refuses
each later apply, for good. Real helm makes the two renderings."""
from common import *
template = """apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}
  annotations:
    checksum/salt: {{ randAlphaNum 12 | quote }}
stringData:
{{- range $i := until 65 }}
  key{{ $i }}: {{ randAlphaNum 12 | quote }}
{{- end }}
"""
r = rendered({"Chart.yaml": CHART, "templates/s.yaml": template}, release="web")
print([g.paths for g in r.generated])
from pattern_operator.apply.generated_fields import with_live_values
from pattern_operator.apply.apply_body import apply_body
from pattern_operator.apply.ownership import Owner, add_owner_metadata
(obj,) = r.objects
live = {**obj.body, "metadata": {**obj.body["metadata"], "uid": "1234", "resourceVersion": "77", "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "pattern-operator", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}]}}
(again,) = with_live_values(r.objects, r.generated, {obj.key: live})
sent = apply_body(add_owner_metadata(again, owner=Owner("o", "team", "web")))
import json
meta = json.loads(sent)["metadata"]
print("what is sent by the second apply:", {k: meta[k] for k in ("uid", "resourceVersion", "managedFields") if k in meta})
verdict("managedFields" in meta, "the body of the second apply has metadata.managedFields, which every API server refuses ('metadata.managedFields must be nil')")
