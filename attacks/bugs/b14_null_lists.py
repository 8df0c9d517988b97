# aws-ebs-csi#1629, kustomize#5554, #3391: null lists and scalar templates stop patches, images, namePrefix, commonMetadata
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
dep = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
  annotations:
  labels:
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}, annotations: }
    spec:
      initContainers:
      imagePullSecrets:
      volumes:
      nodeSelector:
      affinity:
      securityContext:
      containers:
      - name: c
        image: nginx
        envFrom:
        env:
        args:
        volumeMounts:
        resources:
        ports:
---
apiVersion: config.istio.io/v1alpha2
kind: Instance
metadata: {name: i}
spec: {template: authz, params: {key: 'a "b" | c'}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: rb}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects:
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r}
rules:
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: sa}
imagePullSecrets:
secrets:
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ing}
spec: {rules: , tls: }
---
apiVersion: v1
kind: Secret
metadata: {name: s}
data:
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cmx}
data: {a: }
"""
bad = []
opts = {"patch": dict(patches=(Patch(patch="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 3}"),)), "json": dict(patches=(Patch(patch='[{"op":"add","path":"/spec/replicas","value":3}]', target=PatchTarget(kind="Deployment")),)),
 "images": dict(images=(Image(name="nginx", new_tag="1"),)), "prefix": dict(name_prefix="p-"), "common": dict(common_metadata=CommonMetadata(labels=(("a","b"),), annotations=(("c","d"),))),
 "smp containers": dict(patches=(Patch(patch="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {initContainers: [{name: i, image: x}], volumes: [{name: v, emptyDir: {}}], containers: [{name: c, env: [{name: A, value: b}], envFrom: [{secretRef: {name: s}}]}]}}}"),))}
docs = dep.split("---\n")
for label, o in opts.items():
    try:
        r = api(chart({"a.yaml": dep}), **o); print(label, "ok", [c.message for c in r.components if c.outcome.name != "RENDERED"])
        if label == "smp containers": print(json.dumps(r.objects[[x.key.kind for x in r.objects].index("Deployment")].body["spec"]["template"]["spec"]))
    except Exception as e: bad.append(label); print(label, "FAILED", getattr(e, "message", e))
verdict(not bad, bad)
