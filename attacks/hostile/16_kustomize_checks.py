"""Kustomizations that kustomize reads otherwise than the checks: what would be fetched is not named and refused before the
program runs; bounds on bases (MOST_BUILT, cycles) do not hold either."""
from common import *
from pattern_operator.errors import Stalled
from pattern_operator.render.kustomize.checks import check
from pattern_operator.render.kustomize.tree import Tree
REMOTE = "https://github.com/evil/base"
cm = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
tries = {
 "field with U+017F (Go folds it to s)": {"kustomization.yaml": f"re\u017fources: ['{REMOTE}']\n", "cm.yaml": cm},
 "merge key: what is written wins for kustomize": {"kustomization.yaml": f"resources: ['{REMOTE}']\n<<: {{resources: [cm.yaml]}}\n", "cm.yaml": cm},
 "generator in a component of a plugin folder": {"kustomization.yaml": "resources: [cm.yaml]\ntransformers: [t]\n", "cm.yaml": cm, "t/kustomization.yaml": "resources: [../u]\n", "u/kustomization.yaml": "resources: [p.yaml]\n", "u/p.yaml": "apiVersion: someteam.example.com/v1\nkind: Evil\nmetadata: {name: x, annotations: {config.kubernetes.io/function: 'exec: {path: ./x}'}}\n"},
}
bad = []
for name, d in tries.items():
    try:
        check(Tree(files(d)), "."); passed = True
    except Stalled as e:
        passed = False; print(name, "| refused by the checks:", e.message[:140]); continue
    try:
        r = rendered(d); print(name, "| passed the checks and rendered", [o.key.display_name for o in r.objects])
    except Stalled as e:
        print(name, "| passed the checks; then", e.reason, e.message[:260]); bad += [name] if ('dial tcp' in e.message or 'git' in e.message or 'plugin' in e.message) else []
verdict(bool(bad), f"{len(bad)} ways past the checks to kustomize itself (which then tries to fetch or run it)")
