# kustomize#5031, #4628, #2734, #2697, config-sync#1198: null, {} and [] of what is patched become "null" or vanish
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
dep = {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","creationTimestamp":None},"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"creationTimestamp":None,"labels":{"a":"b"},"annotations":{"n":None}},"spec":{"volumes":[{"name":"v","emptyDir":{}},{"name":"n","emptyDir":None}],"imagePullSecrets":[],"securityContext":{},"nodeSelector":None,"containers":[{"name":"c","image":"x","resources":{},"envFrom":[],"args":None}]}}}}
cr = {"apiVersion":"gloo.solo.io/v1","kind":"Settings","metadata":{"name":"s"},"spec":{"kubernetesArtifactSource":{},"a":None,"l":[],"d":{"e":None,"f":{}},"x":1}}
f = chart({"d.yaml": json.dumps(dep), "c.yaml": json.dumps(cr)})
base = {x.key.kind: x.body for x in api(f).objects}
r = api(f, patches=(Patch(patch="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {strategy: {type: Recreate, rollingUpdate: null}, template: {metadata: {labels: {t: u}}, spec: {containers: [{name: c, image: z}]}}}"), Patch(patch="apiVersion: gloo.solo.io/v1\nkind: Settings\nmetadata: {name: s}\nspec: {x: 2}")), common_metadata=CommonMetadata(annotations=(("q","r"),)))
got = {x.key.kind: x.body for x in r.objects}
import copy
want = copy.deepcopy(base); d = want["Deployment"]; d["spec"]["strategy"] = {"type":"Recreate"}; d["spec"]["template"]["metadata"]["labels"]["t"]="u"; d["spec"]["template"]["spec"]["containers"][0]["image"]="z"; want["Settings"]["spec"]["x"]=2
for o in want.values(): o["metadata"]["annotations"]={"q":"r"}
verdict(got == want, "\n".join(f"{k}\n  got  {got[k]}\n  want {want[k]}" for k in want if got[k]!=want[k]))
