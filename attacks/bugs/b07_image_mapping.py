# mariadb-operator#226 / kustomize: spec.render.images with a CR whose containers[].image is a mapping stops everything
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
m = """apiVersion: mariadb.mmontes.io/v1alpha1
kind: MariaDB
metadata: {name: db}
spec:
  initContainers:
  - image: {repository: mariadb, tag: "10.11.5"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: nginx}]}}
"""
try:
    r = api({"m.yaml": m}, images=(Image(name="nginx", new_tag="1.27"),))
    print([x.body["spec"] for x in r.objects])
    verdict(True)
except SystemExit: raise
except Exception as e: verdict(False, type(e).__name__, getattr(e, "message", e))
