# fluxcd/helm-controller#1163, helm#7891: patches do not reach hooks
from lib import *
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.options import *
h = 'apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: mig\n  annotations: {"helm.sh/hook": "pre-install, pre-upgrade", "helm.sh/hook-weight": "-5", "helm.sh/hook-delete-policy": "hook-succeeded, before-hook-creation"}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "busybox:1"}]}}}\n'
r = api(chart({"h.yaml": h, "c.yaml": cm("  a: b\n")}), patches=(Patch(patch='[{"op":"add","path":"/spec/template/spec/nodeSelector","value":{"a":"b"}}]', target=PatchTarget(kind="Job")),), images=(Image(name="busybox", new_tag="2"),), common_metadata=CommonMetadata(labels=(("t","x"),)))
k = r.hooks[0]; b = k.object.body
print(k.events, k.weight, k.delete_policies, b)
s = b["spec"]["template"]["spec"]
verdict(s.get("nodeSelector")=={"a":"b"} and s["containers"][0]["image"]=="busybox:2" and b["metadata"]["labels"]=={"t":"x"} and k.weight==-5 and len(k.events)==2 and len(k.delete_policies)==2)
