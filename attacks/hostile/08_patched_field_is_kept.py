"""A field that the tenant's patch or image decides stays 'generated' where the author's chart makes it differ: a drift repair then keeps
whatever somebody wrote there, and sends it as the pattern's own, instead of what the tenant's spec.render says."""
import sys, copy, os
from pathlib import Path
from pattern_operator.api.artifact import File
from pattern_operator.apply.generated_fields import with_live_values
from pattern_operator.cli.programs import driven
from pattern_operator.render import render
from pattern_operator.render.options import Options, Patch, PatchTarget, Image
B = Path(".testbed/bin").resolve()
files = [File("Chart.yaml", b"apiVersion: v2\nname: c\nversion: 1.0.0\n"), File("templates/a.yaml", b"""apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
      - name: web
        image: "author.example/web:{{ randAlphaNum 8 | lower }}"
        securityContext: {runAsUser: {{ randInt 1 100000 }}, privileged: {{ eq (mod (now | unixEpoch | int) 2) 7 }}, runAsNonRoot: {{ eq (now | date "2006") "2001" }}}
""")]
tenant = Options(format="Helm", patches=(Patch(patch="""apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, securityContext: {runAsUser: 65532, runAsNonRoot: true}}]}}}
"""),), images=(Image(name="author.example/web", new_name="mirror.corp/web", digest="sha256:" + "a" * 64),))
r = driven(render(files, options=tenant), helm=str(B / "helm"), kustomize=str(B / "kustomize"))
web = next(o for o in r.objects if o.key.kind == "Deployment")
want = web.body["spec"]["template"]["spec"]["containers"][0]
print("asked for by the tenant:", want["image"][:40], want["securityContext"])
print("generated:", [g.paths for g in r.generated])
for c in r.components: print("row:", c.reason, c.message)
live = copy.deepcopy(web.body); it = live["spec"]["template"]["spec"]["containers"][0]     # somebody with `edit`, or the author's own workload
it["image"] = "evil.example/miner:1"; it["securityContext"] = {"runAsUser": 0, "runAsNonRoot": False, "privileged": False}
(kept,) = with_live_values([web], r.generated, {web.key: live})
got = kept.body["spec"]["template"]["spec"]["containers"][0]
print("what a drift repair sends:", got["image"], got["securityContext"])
sys.exit(1 if got["image"] != want["image"] or got["securityContext"] != want["securityContext"] else 0)
