"""Kustomize's words about an artifact: values of Secrets that stand in generator `files`, in patches of Secrets, or in Secrets made
by `configMapGenerator`-like literals in bases that a check does not read, are in the message."""
from common import *
from pattern_operator.errors import Stalled
S = "hunter2-Secret-of-the-artifact"
tries = {
 "patch of a Secret (inline SMP)": {"kustomization.yaml": f"resources: [s.yaml]\npatches:\n- target: {{kind: Secret}}\n  patch: |\n    apiVersion: v1\n    kind: Secret\n    metadata: {{name: s}}\n    stringData: {{p: {{x: {S}}}}}\n", "s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: x}\n"},
 "json patch": {"kustomization.yaml": f"resources: [s.yaml]\npatches:\n- target: {{kind: Secret}}\n  patch: '[{{op: add, path: /stringData/a/b, value: {S}}}]'\n", "s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: x}\n"},
 "replacement": {"kustomization.yaml": "resources: [s.yaml]\nreplacements:\n- source: {kind: Secret, fieldPath: stringData.p}\n  targets: [{select: {kind: Secret}, fieldPaths: [stringData.p.x.y]}]\n", "s.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{p: {S}}}\n"},
 "replacement delimiter": {"kustomization.yaml": "resources: [s.yaml]\nreplacements:\n- source: {kind: Secret, fieldPath: stringData.p, options: {delimiter: '-', index: 9}}\n  targets: [{select: {kind: Secret}, fieldPaths: [stringData.q]}]\n", "s.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{p: {S}, q: x}}\n"},
 "envs without =": {"kustomization.yaml": "secretGenerator:\n- name: s\n  envs: [e]\n", "e": f"a b{S}=c\n"},
 "secretGenerator literal without =": {"kustomization.yaml": f"secretGenerator:\n- name: s\n  literals: ['{S}']\n"},
 "secretGenerator in U+017F": {"kustomization.yaml": f"\u017fecretGenerator:\n- name: s\n  literals: ['{S}']\n"},
 "list secret": {"kustomization.yaml": "resources: [s.yaml]\npatches:\n- target: {kind: Secret}\n  patch: |\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: s}\n    stringData: {p: {x: y}}\n", "s.yaml": f"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {{name: s}}\n  stringData: {{p: [{S}]}}\n"},
}
bad = []
for name, d in tries.items():
    try: rendered(d); print(name, "rendered")
    except Stalled as e:
        leak = S in e.message; bad += [name] if leak else []
        print("LEAK" if leak else "    ", name, "|", e.message[:260])
verdict(bool(bad), str(bad))
