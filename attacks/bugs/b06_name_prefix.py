# kustomize#5674,#1727,#1122,#3130: references left behind by namePrefix (silently broken)
from lib import *
m = """apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: pol}
spec: {matchConstraints: {resourceRules: []}, validations: []}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: bind}
spec: {policyName: pol, validationActions: [Deny]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: mwc}
webhooks:
- {name: a.b.c, clientConfig: {service: {name: svc, namespace: default}}, admissionReviewVersions: [v1], sideEffects: None}
---
apiVersion: v1
kind: Service
metadata: {name: svc, namespace: default}
spec: {ports: [{port: 1}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: ss, namespace: default}
spec:
  serviceName: svc
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      serviceAccountName: sa
      priorityClassName: pc
      runtimeClassName: rc
      imagePullSecrets: [{name: sec}]
      containers: [{name: c, image: x, envFrom: [{configMapRef: {name: cm}}], env: [{name: A, valueFrom: {secretKeyRef: {name: sec, key: k}}}]}]
      volumes: [{name: v, persistentVolumeClaim: {claimName: pvc}}, {name: w, projected: {sources: [{configMap: {name: cm}}, {secret: {name: sec}}]}}, {name: cs, csi: {driver: x, nodePublishSecretRef: {name: sec}}}]
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: cm, namespace: default}, data: {a: b}}
---
{apiVersion: v1, kind: Secret, metadata: {name: sec, namespace: default}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: sa, namespace: default}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: pvc, namespace: default}, spec: {storageClassName: sc, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: sc}, provisioner: x}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: pc}, value: 1}
---
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: rc}, handler: x}
---
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: ic}, spec: {controller: a/b}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: ing, namespace: default}, spec: {ingressClassName: ic, defaultBackend: {service: {name: svc, port: {number: 1}}}, tls: [{secretName: sec}]}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: hpa, namespace: default}, spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: ss}}}
---
{apiVersion: autoscaling.k8s.io/v1, kind: VerticalPodAutoscaler, metadata: {name: vpa, namespace: default}, spec: {targetRef: {apiVersion: apps/v1, kind: StatefulSet, name: ss}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: cr}, rules: []}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: crb}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cr}, subjects: [{kind: ServiceAccount, name: sa, namespace: default}]}
---
{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.acme.io}, spec: {group: acme.io, version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: {name: svc, namespace: default}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: team}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: foos.acme.io}, spec: {group: acme.io, scope: Namespaced, names: {kind: Foo, plural: foos}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}], conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {service: {name: svc, namespace: default}}}}}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: cj, namespace: default}, spec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {serviceAccountName: sa, restartPolicy: Never, containers: [{name: c, image: x, envFrom: [{secretRef: {name: sec}}]}]}}}}}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: hr, namespace: default}, spec: {rules: [{backendRefs: [{name: svc, port: 1}]}]}}
"""
p = tree({"pattern.yaml":"", "m.yaml": m})
import os
sys.path.insert(0, ROOT + "/operator")
from pattern_operator.render.options import *
r = api({"m.yaml": m}, name_prefix="p-")
names = {(x.key.kind, x.key.name) for x in r.objects}
print(sorted(names))
left = []
def walk(v, path):
    if isinstance(v, dict):
        for k, c in v.items(): walk(c, path + (k,))
    elif isinstance(v, list):
        for i, c in enumerate(v): walk(c, path + (i,))
    elif isinstance(v, str) and v in {"svc","pol","sec","cm","sa","pvc","sc","pc","rc","ic","cr","ss"}: left.append((o.key.kind, ".".join(map(str, path)), v))
for o in r.objects: walk(o.body, ())
print("rows:", [(c.kind, c.message) for c in r.components if "refer" in c.message])
# what the real kustomize leaves behind
d = tree({"kustomization.yaml": "namePrefix: p-\nresources: [m.yaml]\n", "m.yaml": m}); c, out, e = run("kustomize", "build", d)
verdict(not left, "left behind:", *left, sep="\n") if False else (print("left behind by the project:", *left, sep="\n  "))
real = []
for o in [x for x in yaml.load_all(out, yaml.CSafeLoader)]:
    class K: kind = o["kind"]
    acc, save = [], left
    def walk2(v, path):
        if isinstance(v, dict):
            for k, cc in v.items(): walk2(cc, path + (k,))
        elif isinstance(v, list):
            for i, cc in enumerate(v): walk2(cc, path + (i,))
        elif isinstance(v, str) and v in {"svc","pol","sec","cm","sa","pvc","sc","pc","rc","ic","cr","ss"}: real.append((o["kind"], ".".join(map(str, path)), v))
    walk2(o, ())
print("left behind by kustomize build:", *real, sep="\n  ")
verdict(not left)
