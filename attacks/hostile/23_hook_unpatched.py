"""Two hooks of one name at different moments (pre-install and pre-delete, as Helm allows): only the first is given to kustomize;
the tenant's images, patches and commonMetadata are not made on the second, which runs as the author wrote it."""
from common import *
from pattern_operator.render.options import CommonMetadata, Image, Patch, PatchTarget
job = """apiVersion: batch/v1
kind: Job
metadata: {name: task, annotations: {helm.sh/hook: %s}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "docker.io/evil:1", securityContext: {privileged: true}}]}}}
"""
r = rendered({"Chart.yaml": CHART, "templates/a.yaml": job % "pre-install", "templates/b.yaml": job % "pre-delete", "templates/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"},
   images=(Image(name="docker.io/evil", new_name="mirror.internal/scanned"),), common_metadata=CommonMetadata(labels=(("team", "a"),)),
   patches=(Patch(patch='[{"op":"remove","path":"/spec/template/spec/containers/0/securityContext"}]', target=PatchTarget(kind="Job")),))
found = {h.events[0].value: (h.object.body["metadata"].get("labels"), h.object.body["spec"]["template"]["spec"]["containers"][0]) for h in r.hooks}
for k, v in found.items(): print(k, v)
verdict(found["pre-delete"][1]["image"].startswith("docker.io/evil"), "the pre-delete hook keeps the author's image and privileged: true")
