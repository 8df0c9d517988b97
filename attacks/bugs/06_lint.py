# kubeconform#341/#304 (unknown top-level), strimzi#5997/kubeconform CRD without metadata, CRDs-catalog#45 (preserve-unknown at spec), #247 kube-linter#82/#746/#179/#465 (services), #249, helm#8142/#1990 (missing selector)
from lib import *
def lint(files,*a):
    r=run(tree(files),"-o","json",*a,verb="lint"); 
    try: return r.returncode,[(f.get("severity"),f.get("rule"),f.get("message")) for f in json.loads(r.stdout).get("findings",[])],r.stderr[:200]
    except Exception as e: return r.returncode,r.stdout[:300],r.stderr[:300]
def crd(schema,kind="Kafka",extra=""): return f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: kafkas.k.io}}\nspec:\n  group: k.io\n  names: {{kind: {kind}, plural: kafkas, singular: kafka, listKind: KafkaList}}\n  scope: Namespaced\n  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {schema}}}}}]\n"
DEP="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n%s"
SPEC="spec:\n  selector: {matchLabels: {app: w}}\n  template: {metadata: {labels: {app: w}}, spec: {containers: [{name: w, image: nginx}]}}\n"
cases={
 "kubeconform#341 specDOESNOTEXIST":({"a.yaml":DEP%SPEC.replace("spec:\n","specDOESNOTEXIST:\n",1)},True),
 "kubeconform#304 unknown field of a CR":({"c.yaml":crd("{type: object, properties: {spec: {type: object, properties: {a: {type: string}}}}}"),"k.yaml":"apiVersion: k.io/v1\nkind: Kafka\nmetadata: {name: k}\nspec: {a: x, b: z}\n"},True),
 "strimzi#5997 unknown top-level of a CR":({"c.yaml":crd("{type: object, properties: {spec: {type: object, properties: {a: {type: string}}}}}"),"k.yaml":"apiVersion: k.io/v1\nkind: Kafka\nmetadata: {name: k}\nspec: {a: x}\nfoobar: {}\n"},True),
 "CR right, schema without metadata":({"c.yaml":crd("{type: object, properties: {spec: {type: object, properties: {a: {type: string}}}}}"),"k.yaml":"apiVersion: k.io/v1\nkind: Kafka\nmetadata: {name: k, labels: {x: w}}\nspec: {a: x}\n"},False),
 "CRDs-catalog#45 preserve unknown":({"c.yaml":crd("{type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}}}"),"k.yaml":"apiVersion: k.io/v1\nkind: Kafka\nmetadata: {name: k}\nspec: {a: x, zzz: {q: 1}}\n"},False),
 "  same, declared field wrong type":({"c.yaml":crd("{type: object, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}}}"),"k.yaml":"apiVersion: k.io/v1\nkind: Kafka\nmetadata: {name: k}\nspec: {a: 1}\n"},True),
 "CR version not in CRD":({"c.yaml":crd("{type: object}"),"k.yaml":"apiVersion: k.io/v1beta2\nkind: Kafka\nmetadata: {name: k}\n"},True),
 "helm#8142 no selector":({"a.yaml":DEP%"spec:\n  template: {metadata: {labels: {app: w}}, spec: {containers: [{name: w, image: nginx}]}}\n"},None),
 "kube-linter#746 service+endpoints":({"a.yaml":"apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{name: h, port: 443, targetPort: 443}]}\n---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: s}\nsubsets: [{addresses: [{ip: 10.1.2.3}], ports: [{name: h, port: 443}]}]\n"},False),
 "kube-linter#82/#465 services":({"a.yaml":DEP%SPEC+"---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {statefulset.kubernetes.io/pod-name: w-0}, ports: [{port: 80}]}\n"},False),
 "kube-linter#249 dnsPolicy {{ }}":({"a.yaml":DEP%SPEC.replace("spec: {containers","spec: {dnsPolicy: {{ }}, containers")},True),
 "kustomization's patch as manifest? List":({"a.yaml":"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n  data: {a: 1}\n"},None),
 "int-or-string quantity null in CR default":({"c.yaml":crd("{type: object, properties: {spec: {type: object, required: [r], properties: {r: {type: integer, default: 3}, m: {x-kubernetes-int-or-string: true}}}}}"),"k.yaml":"apiVersion: k.io/v1\nkind: Kafka\nmetadata: {name: k}\nspec: {m: 5m}\n"},False),
 "CEL/oneOf in CRD not judged as error":({"c.yaml":crd("{type: object, properties: {spec: {type: object, oneOf: [{required: [a]}, {required: [b]}], properties: {a: {type: string}, b: {type: string}}}}}"),"k.yaml":"apiVersion: k.io/v1\nkind: Kafka\nmetadata: {name: k}\nspec: {a: x}\n"},False),
 "  oneOf broken":({"c.yaml":crd("{type: object, properties: {spec: {type: object, oneOf: [{required: [a]}, {required: [b]}], properties: {a: {type: string}, b: {type: string}}}}}"),"k.yaml":"apiVersion: k.io/v1\nkind: Kafka\nmetadata: {name: k}\nspec: {a: x, b: z}\n"},None),
 "enum and pattern and minimum":({"c.yaml":crd("{type: object, properties: {spec: {type: object, properties: {a: {type: string, enum: [x, 'y']}, n: {type: integer, minimum: 3}, p: {type: string, pattern: '^a+$'}}}}}"),"k.yaml":"apiVersion: k.io/v1\nkind: Kafka\nmetadata: {name: k}\nspec: {a: q, n: 1, p: b}\n"},True),
 "date-like and number-like labels":({"a.yaml":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {v: 1.20, d: 2024-01-01, b: yes}, annotations: {n: 0755}}\ndata: {x: y}\n"},True),
 "Flux healthChecks in DesignPattern slip":({"a.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: a}\nspec:\n  source: {url: oci://r.example/a, ref: {tag: 1.0.0}}\n  apply: {healthChecks: [{apiVersion: a.io/v1, kind: A, current: 'has(status)'}]}\n  dependsOn: [{name: a}]\n"},True),
 "healthCheckExprs (Flux name) in pattern.yaml":({"pattern.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nhealthCheckExprs: [{apiVersion: a.io/v1, kind: A, current: 'true'}]\n","a.yaml":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"},True),
 "pattern.yaml: check that cannot compile":({"pattern.yaml":"healthChecks: [{apiVersion: a.io/v1, kind: A, current: 'has(status)'}]\n","a.yaml":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"},True),
 "home-ops#2425: shell ${VAR} untouched":({"a.yaml":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {s: 'curl ${PLEX_TOKEN} ${X:-y}'}\n"},False),
}
for n,(f,err) in cases.items():
    rc,fi,se=lint(f); print("\n",n,rc,fi,se)
    if err is not None: check((rc==7)==err,n)
end()
