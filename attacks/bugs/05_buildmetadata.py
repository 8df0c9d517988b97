# fluxcd/kustomize-controller#1579/#1632, kyverno#2851, kube-arangodb#903, pulumi#1171, stakater/Reloader#587: buildMetadata, managed-by written by tools, determinism
from lib import *
D="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app.kubernetes.io/managed-by: %s}}\nspec:\n  selector: {matchLabels: {app: web%s}}\n  template: {metadata: {labels: {app: web%s}}, spec: {containers: [{name: w, image: nginx:1}]}}\n"
x=", app.kubernetes.io/managed-by: Helm"
files={"kustomization.yaml":"resources: [base, ../comp]\nnamePrefix: p-\nbuildMetadata: [managedByLabel, originAnnotations, transformerAnnotations]\nconfigMapGenerator: [{name: g, literals: [a=b]}]\nimages: [{name: nginx, newTag: '2'}]\n","base/kustomization.yaml":"resources: [d.yaml]\n","base/d.yaml":D%("mine","","")}
d=tree({**{"ov/"+k:v for k,v in files.items()},"comp/kustomization.yaml":"resources: [c.yaml]\n","comp/c.yaml":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"})
a=run(d,"--path","ov","--report","-"); print(a.returncode,a.stdout[:2600],a.stderr[:3000])
b=run(d,"--path","ov"); check(a.stdout==b.stdout,"same bytes twice")
k=sh(KUST,"build","--load-restrictor","LoadRestrictionsNone",d/"ov"); print("KUST",k.stdout[:1800])
check("/tmp" not in a.stdout,"no folder of the run in origin annotations")
# a chart with managed-by Helm in selectors: stays, and is no foreign ownership
p=tree({"p.yaml":"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: p-web}\nspec: {replicas: 3}\n"})
b2=run(d,"--path","ov","--patch",p/"p.yaml","--report","-"); print("PATCHED",b2.stdout[:2200],b2.stderr[-900:]);check("/tmp" not in b2.stdout,"no folder with a patch")
c=tree({"Chart.yaml":CHART+"appVersion: '1'\n","values.yaml":"","templates/a.yaml":(D%("{{ .Release.Service }}",x,x)).replace("name: web,","name: web, annotations: {meta.helm.sh/release-name: '{{ .Release.Name }}'},")})
r=run(c,"--report","-"); print(r.stdout[:900],r.stderr[:900])
end()
