# mariadb-operator#226 in a kustomization: "The content of a component is in no message" (docs/render.md)
from lib import *
d = tree({"kustomization.yaml": "resources: [m.yaml]\nimages: [{name: nginx, newTag: '1'}]\n", "m.yaml": "apiVersion: acme.io/v1\nkind: Foo\nmetadata: {name: f}\nspec: {containers: [{image: {name: x, pullPassword: hunter2secret}}]}\n"})
c, g, e = render(d); print(c, e)
c2, o2, e2 = run("kustomize", "build", d); print("kustomize:", c2, e2)
verdict("hunter2secret" not in e)
