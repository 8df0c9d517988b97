# kustomize#1599, #4301, #136, #4015: subjects in other namespaces must stay, those of the pattern follow; webhooks, APIService, conversion too
from lib import *
t = """apiVersion: v1
kind: ServiceAccount
metadata: {name: sa, namespace: orig}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: rb, namespace: orig}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: default, namespace: monitoring}, {kind: ServiceAccount, name: sa, namespace: orig}, {kind: ServiceAccount, name: default, namespace: orig}, {kind: User, name: u, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: v1
kind: Service
metadata: {name: svc, namespace: orig}
spec: {ports: [{port: 1}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: vw, annotations: {cert-manager.io/inject-ca-from: orig/cert}}
webhooks: [{name: a.b.c, clientConfig: {service: {name: svc, namespace: orig}}, admissionReviewVersions: [v1], sideEffects: None}, {name: b.b.c, clientConfig: {service: {name: elsewhere, namespace: kube-system}}, admissionReviewVersions: [v1], sideEffects: None}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.acme.io}
spec: {group: acme.io, version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: {name: svc, namespace: orig}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: foos.acme.io}
spec: {group: acme.io, scope: Namespaced, names: {kind: Foo, plural: foos}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}], conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1], clientConfig: {service: {name: svc, namespace: orig}}}}}
"""
bad = []
for what, files in ("chart", chart({"a.yaml": t})), ("kustomization", {"kustomization.yaml": "resources: [m.yaml]\n", "m.yaml": t}), ("manifests", {"m.yaml": t}):
    c, g, e = render(tree(files), "--target-namespace", "new"); print(what, c, e)
    s = find(g, "RoleBinding")["subjects"]; w = find(g, "ValidatingWebhookConfiguration")["webhooks"]; a = find(g, "APIService")["spec"]["service"]; crd = find(g, "CustomResourceDefinition")["spec"]["conversion"]["webhook"]["clientConfig"]["service"]
    got = ([x.get("namespace") for x in s], [x["clientConfig"]["service"]["namespace"] for x in w], a["namespace"], crd["namespace"]); print("  ", got)
    if got != (["monitoring", "new", "orig", None], ["new", "kube-system"], "new", "new") and got != (["monitoring", "new", "new", None], ["new", "kube-system"], "new", "new"): bad.append((what, got))
verdict(not bad, bad)
