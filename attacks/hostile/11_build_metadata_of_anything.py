"""A chart that asks for .HelmVersion anywhere makes any field 'what helm writes of itself': drift there is not repaired, status.render.generated is silent."""
import sys, copy
from pathlib import Path
from pattern_operator.api.artifact import File
from pattern_operator.apply.generated_fields import with_live_values
from pattern_operator.cli.programs import driven
from pattern_operator.reconcile.status_record import _render_status
from pattern_operator.reconcile.apply_notes import made_anew
from pattern_operator.render import render
from pattern_operator.render.options import Options
B = Path(".testbed/bin").resolve()
files = [File("Chart.yaml", b"apiVersion: v2\nname: c\nversion: 1.0.0\n"), File("templates/a.yaml", b"""{{- $other := contains "another" .Capabilities.HelmVersion.Version }}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}
subjects:
- {kind: ServiceAccount, name: web}
{{- if $other }}
- {kind: ServiceAccount, name: b}
{{- end }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {podSelector: {}, policyTypes: [{{ $other | ternary "Egress" "Ingress" }}]}
""")]
r = driven(render(files, options=Options(format="Helm")), helm=str(B / "helm"), kustomize=str(B / "kustomize"))
print("generated:", [(g.key.kind, g.paths, g.build_metadata) for g in r.generated])
print("status.render.generated:", _render_status(r).generated, "| Applied, before anything drifts:", made_anew(r))
bad = 0
for o in r.objects:
    live = copy.deepcopy(o.body)
    if o.key.kind == "RoleBinding": live["subjects"].append({"kind": "User", "name": "mallory", "apiGroup": "rbac.authorization.k8s.io"})
    else: live["spec"]["policyTypes"] = ["Egress"]; live["spec"]["egress"] = [{}]
    (kept,) = with_live_values([o], r.generated, {o.key: live})
    now = kept.body.get("subjects") or kept.body["spec"]; was = o.body.get("subjects") or o.body["spec"]
    print(o.key.kind, "rendered", was, "-> a repair sends", now); bad += now != was
sys.exit(1 if bad and not _render_status(r).generated else 0)
