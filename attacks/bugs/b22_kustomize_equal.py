# kustomize#4233, #2230, #1599, #4015, #4752, #5674...: what `kustomize build` prints is what is rendered (strings, numbers, order of nothing lost)
from lib import *
files = {"overlays/prod/kustomization.yaml": """apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: prod
namePrefix: p-
resources: [../../base]
components: [../../comp]
labels: [{pairs: {env: prod}, includeSelectors: true, includeTemplates: true}]
commonAnnotations: {x: "yes", z: "1e3"}
configMapGenerator:
- name: lit
  literals: ["TEST=this is a 'test'", 'Q="quoted"', "E=a=b=c", "N=0123", "B=true", "M=  x "]
  files: [f.bin, renamed.txt=sub dir/ü.txt]
  envs: [e.env]
  options: {labels: {a: b}}
secretGenerator: [{name: sec, literals: [p=hunter2], type: Opaque, options: {disableNameSuffixHash: true}}]
patches:
- path: p.yaml
- target: {kind: Deployment, name: w.*}
  patch: |
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: "1e3"}
    - {op: add, path: /metadata/annotations/x~1y, value: "on"}
replacements:
- source: {kind: ConfigMap, name: lit, fieldPath: metadata.name}
  targets: [{select: {kind: Deployment}, fieldPaths: [spec.template.metadata.annotations.cm], options: {create: true}}]
images: [{name: nginx, newTag: "1.27"}]
replicas: [{name: web, count: 4}]
sortOptions: {order: legacy}
buildMetadata: [originAnnotations]
""", "overlays/prod/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: c, env: [{name: A, value: '012'}, {name: B, $patch: delete}], resources: {limits: {cpu: 1}}}]}}}\n",
 "overlays/prod/f.bin": bytes(range(256)), "overlays/prod/sub dir/ü.txt": "a\r\nb  \n\n", "overlays/prod/e.env": "\ufeff# c\nX=1\nY = 2\nZ=\n",
 "base/kustomization.yml": "resources: [m.yaml, crb.yaml]\n", "comp/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [r.yaml]\n", "comp/r.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {y: 'y', 'on': 'off', 'null': '~', a: |\n   x\n\n   y\n }\n".replace("a: |\n   x\n\n   y\n ", 'a: "x\\n\\ny\\n"'),
 "base/m.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, annotations: {a: '1'}}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: nginx, args: [a, 0o17, 1_000, '0x1f'], env: [{name: B, value: 'x'}], envFrom: [{configMapRef: {name: lit}}, {secretRef: {name: sec}}], ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]}]}}}\n".replace("0o17, 1_000,", ""),
 "base/crb.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: crb}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cr}\nsubjects: [{kind: ServiceAccount, name: default, namespace: other}, {kind: ServiceAccount, name: sa, namespace: argo}]\n---\n{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ServiceAccount, metadata: {name: sa}}]}\n"}
d = tree(files); c, g, e = render(d, "--path", "overlays/prod"); c2, out, e2 = run("kustomize", "build", d/"overlays/prod")
print(c, e, c2, e2)
if c2: print("kustomize itself fails"); verdict(c != 0)
class L(yaml.CSafeLoader): pass
# JSON from kustomize: read its output by the project's own reader is no check; use kubectl-like via python yaml without bool/date resolvers
import re
L.yaml_implicit_resolvers = {k: [(t, r) for t, r in v if t not in ("tag:yaml.org,2002:timestamp","tag:yaml.org,2002:bool")] for k, v in yaml.CSafeLoader.yaml_implicit_resolvers.items()}
L.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
w = [x for x in yaml.load_all(out, L) if x]
K = lambda l: {(o["kind"], o["metadata"]["name"]): o for o in l}
G, W = K(g), K(w)
bad = {k: (G.get(k), W.get(k)) for k in {*G, *W} if G.get(k) != W.get(k)}
for k, v in bad.items(): print(k, "\n  got ", v[0], "\n  want", v[1])
verdict(not bad)
