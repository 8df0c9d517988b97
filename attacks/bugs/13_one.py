from lib import *
exec(open('BUGS/11_nulls.py').read().split("def cms")[0].split("import yaml")[1])
d=chart("sub: {sec: {user: 1}}\n",""); r=run(d,"--set","sub.sec.user=null"); print(r.returncode,r.stderr[:200],r.stdout[-200:])
for s in ('{"type":"objct"}','{"type": "object",}','{'):
    e=tree({"Chart.yaml":CHART,"values.yaml":"v: x\n","templates/a.yaml":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n","values.schema.json":s}); r=run(e); print(r.returncode,r.stderr[:400]); print("helm",sh(HELM,"template",e).stderr[:200])
    check("values.schema.json" in r.stderr,"the message names the file that is at fault")
end()
