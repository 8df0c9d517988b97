# helm#31529, opensearch helm-charts#721, supabase#244: env names twice: told by render or lint before the server refuses it?
from lib import *
d = tree(chart({"d.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x, env: [{name: A, value: '1'}, {name: A, value: '2'}]}]}}}\n"}))
c, out, e = run("patternctl", "render", d); print("render:", c, e)
c2, o2, e2 = run("patternctl", "lint", "-", input=out); print("lint of it:", c2, o2, e2)
verdict(c != 0 or c2 == 7, "neither says it")
