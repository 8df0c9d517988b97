# (own) a chart with one object without a name: what is printed, and what is said
from lib import *
d = tree(chart({"a.yaml": cm("  a: b\n"), "b.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x-, annotations: {helm.sh/hook: pre-install}}\nspec: {template: {spec: {restartPolicy: Never, containers: []}}}\n"}))
c, out, e = run("patternctl", "render", d); print(c, repr(out), e)
verdict("what is printed lacks them" not in e or "name: x" in out, "says that something is printed")
