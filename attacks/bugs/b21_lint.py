# kubeconform#105,#310,#123, kubeval#43; int-or-string, quantities, octal modes, creationTimestamp null, CRDs with preserve-unknown, x-kubernetes-int-or-string, nullable
from lib import *
m = """apiVersion: apps/v1
kind: Deployment
metadata: {name: w, creationTimestamp: null}
spec:
  replicas: 2
  strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}
  selector: {matchLabels: {a: b}}
  template:
    metadata: {creationTimestamp: null, labels: {a: b}}
    spec:
      containers:
      - name: c
        image: x
        resources: {requests: {cpu: 1, memory: 1e9, ephemeral-storage: 1Gi}, limits: {cpu: 1.5, memory: 1073741824}}
        ports: [{containerPort: 80, name: http}]
        livenessProbe: {httpGet: {port: http, path: /}}
        readinessProbe: {tcpSocket: {port: 80}}
        env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}, {name: B, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 0}}}, {name: E, value: }]
        securityContext: null
      volumes: [{name: v, emptyDir: {sizeLimit: 1Gi}}, {name: e, emptyDir: }, {name: s, secret: {secretName: s, defaultMode: 0644}}]
      nodeSelector: {}
      topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: b}}}]
status: {}
---
apiVersion: v1
kind: Service
metadata: {name: w}
spec: {selector: {a: b}, ports: [{port: 80, name: h, targetPort: http}, {port: 81, targetPort: 81, name: x, protocol: UDP}], externalTrafficPolicy: , clusterIP: None}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: w}
spec: {minAvailable: 50%, selector: {matchLabels: {a: b}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: w}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: w}, metrics: [{type: Pods, pods: {metric: {name: q}, target: {type: AverageValue, averageValue: 10}}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: w}
spec: {podSelector: {}, ingress: [{ports: [{port: 80}, {port: http}, {port: 1000, endPort: 2000}], from: [{podSelector: {}}]}], policyTypes: [Ingress]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: w}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 5}}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: w}
spec: {limits: [{type: Container, default: {cpu: 0.5}, max: {cpu: "2"}, maxLimitRequestRatio: {cpu: 4}}]}
---
apiVersion: v1
kind: Secret
metadata: {name: w, annotations: {a: "1"}}
stringData: {a: b}
immutable: true
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: foos.acme.io, creationTimestamp: null, annotations: {controller-gen.kubebuilder.io/version: v0.11.3}}
spec:
  group: acme.io
  scope: Namespaced
  names: {kind: Foo, plural: foos, listKind: FooList, singular: foo}
  preserveUnknownFields: false
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            required: [port]
            properties:
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              mem: {x-kubernetes-int-or-string: true, pattern: '^([0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$', anyOf: [{type: integer}, {type: string}]}
              any: {x-kubernetes-preserve-unknown-fields: true}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
              tmpl: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
              nn: {type: string, nullable: true}
              o: {type: string}
              num: {type: number}
              big: {type: integer, format: int64}
              m: {type: object, additionalProperties: {type: string}}
              d: {type: string, default: x}
              def: {type: object, default: {}, properties: {a: {type: integer, default: 3}}}
              l: {type: array, items: {type: object, required: [name], properties: {name: {type: string}}}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name]}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
status: {acceptedNames: {kind: "", plural: ""}, conditions: [], storedVersions: []}
---
apiVersion: acme.io/v1
kind: Foo
metadata: {name: a}
spec: {port: http, mem: 1Gi, any: [1, {a: b}], free: {x: {yy: 1}}, tmpl: {apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {x: 1}}, nn: null, o: null, num: 3, big: 9223372036854775807, m: {}, d: null, def: null, l: [{name: a, }]}
---
apiVersion: acme.io/v1
kind: Foo
metadata: {name: b}
spec: {port: 80, mem: 5, any: null, num: 1.5}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: agg}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}
rules: []
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: cj}
spec: {schedule: "@daily", timeZone: Etc/UTC, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x, resources: }]}}}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: vw}
webhooks: [{name: a.b.c, clientConfig: {caBundle: "", service: {name: s, namespace: d, path: /x, port: 443}}, admissionReviewVersions: [v1], sideEffects: None, rules: [{apiGroups: [""], apiVersions: ["*"], operations: [CREATE], resources: [pods/status], scope: "*"}]}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: bin}
binaryData: {a: AAEC}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: fs}
spec: {priorityLevelConfiguration: {name: x}}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, image: x, lifecycle: {preStop: {sleep: {seconds: 5}}}, resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]}], initContainers: [{name: i, image: x, restartPolicy: Always}]}
"""
d = tree({"m.yaml": m})
c, out, e = run("patternctl", "lint", d, "-o", "json"); r = json.loads(out)
fs = r.get("findings", r)
errs = [f for f in fs if f["severity"] == "error"]
for f in fs: print(f["severity"], f.get("line"), f["rule"], f.get("name"), f["message"])
(d / "r").mkdir()
verdict(not errs, c, e)
