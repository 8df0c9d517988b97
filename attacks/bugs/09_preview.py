# flux-local#338/#467/#869 (valuesFrom in a preview), argo-cd#3594/#6351/#8371, argocd-diff-preview#432 (api versions), flux2#2688 (without a cluster), helm-controller#784/#300
from lib import *
T='apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: {{ required "githubConfigSecret is required" .Values.tok | quote }}\n  n: {{ .Values.n | quote }}\n  sm: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" | quote }}\n  g: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" | quote }}\n  k: {{ .Capabilities.KubeVersion.Version | quote }}\n'
d=tree({"Chart.yaml":CHART,"values.yaml":"","templates/a.yaml":T})
DP="apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: w, namespace: team}\nspec:\n  source: {url: oci://r.example/x, ref: {tag: 1.0.0}}\n  render:\n    valuesFrom:\n    - {kind: ConfigMap, name: v}\n    - {kind: Secret, name: s, valuesKey: tok, targetPath: tok}\n    parameters: {x: 1}\n"
CM="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: v%s}\ndata: {values.yaml: 'n: 1000710000'}\n"
SE="apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: team}\n%s\n"
for n,files in {"all in one file":{"p.yaml":DP+"---\n"+CM%", namespace: team"+"---\n"+SE%"stringData: {tok: '123'}"},
 "base64 data":{"p.yaml":DP+"---\n"+CM%", namespace: team"+"---\n"+SE%"data: {tok: aGk=}"},
 "none of them":{"p.yaml":DP},
 "other namespace":{"p.yaml":DP+"---\n"+CM%", namespace: other"+"---\n"+SE%"stringData: {tok: x}"},
 "no namespace":{"p.yaml":DP+"---\n"+CM%""+"---\n"+SE%"stringData: {tok: x}"},
 "number in stringData":{"p.yaml":DP+"---\n"+CM%", namespace: team"+"---\n"+SE%"stringData: {tok: 123}"}}.items():
    p=tree(files); r=run(d,"--pattern",p/"p.yaml"); print("\n",n,r.returncode,r.stdout[-330:],"ERR",r.stderr[:420])
p=tree({"p.yaml":DP}); r=run(d,"--pattern",p/"p.yaml","--set","tok=abc"); print("\nmissing, --set:",r.returncode,r.stderr[:400])
r=run(d,"--set","tok=a","--kube-version","1.36","--api-versions","monitoring.coreos.com/v1/ServiceMonitor"); print(r.stdout[-260:],r.stderr[:200])
r=run(d,"--set","tok=a","--api-versions","monitoring.coreos.com/v1"); print(r.stdout[-260:],r.stderr[:200])
h=sh(HELM,"template","x",d,"--set","tok=a","--api-versions","monitoring.coreos.com/v1/ServiceMonitor"); print("helm",h.stdout[-200:])
end()
