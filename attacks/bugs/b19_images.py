# kustomize#4884 etc.: images with digest+tag, registry port, no tag, newName only, digest in spec.render.images
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
imgs = ["nginx", "nginx:1.2", "nginx@sha256:" + "a"*64, "nginx:1.2@sha256:" + "a"*64, "localhost:5000/nginx:1.2", "localhost:5000/nginx", "docker.io/library/nginx:1", "registry.k8s.io/nginx", "nginx-extra:1", "my/nginx:2"]
m = json.dumps({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":f"c{i}","image":x} for i,x in enumerate(imgs)], "initContainers":[{"name":"i","image":"nginx"}], "ephemeralContainers":[{"name":"e","image":"nginx"}], "volumes":[{"name":"v","image":{"reference":"nginx:1"}}]}})
out = {}
for label, im in {"tag": Image(name="nginx", new_tag="9"), "digest": Image(name="nginx", digest="sha256:"+"b"*64), "name": Image(name="nginx", new_name="x.io/n"), "port": Image(name="localhost:5000/nginx", new_tag="9"), "tag+digest": Image(name="nginx", new_tag="9", digest="sha256:"+"b"*64)}.items():
    try:
        r = api({"m.yaml": m}, images=(im,)); s = r.objects[0].body["spec"]
        out[label] = [c["image"].replace("a"*64,"A").replace("b"*64,"B") for k in ("containers","initContainers","ephemeralContainers") for c in s[k]] + [s["volumes"][0]["image"]["reference"]]
    except Exception as e: out[label] = getattr(e, "message", e)
    print(label, out[label])
ok = out["tag"] == ["nginx:9","nginx:9","nginx:9","nginx:9","localhost:5000/nginx:1.2","localhost:5000/nginx","docker.io/library/nginx:1","registry.k8s.io/nginx","nginx-extra:1","my/nginx:2","nginx:9","nginx","nginx:9"]
verdict(ok)
