"""Patches of pattern.yaml (the author's) or texts of spec.render that end in a defect of the operator: uncaught ValueError
or IndexError, or BrokenAnswer. The operator calls it INTERNAL_ERROR ('please report it') and retries for ever."""
from common import *
import json
from pattern_operator.errors import PatternError
from pattern_operator.render.options import CommonMetadata, Patch, PatchTarget
from pattern_operator.sandbox import wire
DEP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {x: \"\\u200b\"}\n"
HOOK = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: seed, annotations: {helm.sh/hook: pre-install}}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}\n"
P = lambda kind, ops: dict(patches=(Patch(patch=json.dumps(ops), target=PatchTarget(kind=kind)),))
chart = {"Chart.yaml": CHART, "templates/h.yaml": HOOK, "templates/c.yaml": DEP}
tries = {
 "a patch writes pattern-operator.io/matched-x": ({"a.yaml": DEP}, P("ConfigMap", [{"op": "add", "path": "/pattern-operator.io~1matched-x", "value": True}])),
 "commonMetadata has the text carried-text-9.": ({"a.yaml": DEP}, dict(common_metadata=CommonMetadata(annotations=(("a", "carried-text-9."),)))),
 "a patch takes helm.sh/hook off a hook, to have it applied as an object": (chart, P("Job", [{"op": "remove", "path": "/metadata/annotations/helm.sh~1hook"}])),
 "a patch names an event that helm does not know": (chart, P("Job", [{"op": "replace", "path": "/metadata/annotations/helm.sh~1hook", "value": "never"}])),
 "name without text": (chart, P("Job", [{"op": "replace", "path": "/metadata/name", "value": 5}])),
 "namespace without text": (chart, P("Job", [{"op": "replace", "path": "/metadata/namespace", "value": 5}])),
 "annotations to list": (chart, P("Job", [{"op": "replace", "path": "/metadata/annotations", "value": ["x"]}])),
 "position": ({"a.yaml": DEP}, P("ConfigMap", [{"op": "replace", "path": "/pattern-operator.io~1position", "value": True}])),
}
defects = []
for name, (d, opts) in tries.items():
    try:
        r = rendered(d, **opts)
        answer = wire.encode_rendering(r)
        wire.decode_answer(answer[4:])
        said = "well: " + str([h.object.body["metadata"] for h in r.hooks])[:150]
    except PatternError as e:
        said = "told: " + e.message[:150]
    except Exception as e:
        said = f"DEFECT {type(e).__name__}: {e}"; defects.append(name)
    print(f"{name}: {said}")
verdict(bool(defects), f"{len(defects)} of them end as internal errors")
