"""A parameter's value with $(#ref....) in it is looked at again as a reference of the design, although 'what was put in is not
looked at again': a Secret's value is changed, or quoted in status."""
from common import *
import json
from pattern_operator.errors import Stalled
design = {"schemaVersion": "designs.meshery.io/v1beta1", "name": "d", "id": "1", "components": [{"id": "c1", "displayName": "cm", "component": {"kind": "ConfigMap", "version": "v1"}, "model": {"name": "kubernetes"}, "configuration": {"metadata": {"name": "cm"}, "data": {"password": "${password}"}}}]}
pat = "apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nparameters: {schema: {properties: {password: {type: string}}}}\n"
bad = []
for value in ("x$(#ref.name)y", "$(#ref.hunter2-Secret)"):
    try:
        r = rendered({"pattern.yaml": pat, "design.json": json.dumps(design)}, parameters=json.dumps({"password": value}).encode())
        data = [o.body.get("data") for o in r.objects]; said = [c.message for c in r.components]
        print(repr(value), "->", data, said)
        if data and data[0]["password"] != value: bad.append("changed")
        if "hunter2-Secret" in str(said): bad.append("quoted")
    except Stalled as e:
        print(repr(value), "->", e.message); bad += ["quoted"] if "hunter2-Secret" in e.message else []
verdict(bool(bad), str(bad))
