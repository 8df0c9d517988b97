# helm-controller#1317, fluxcd/pkg#1218 (targetPath), helm#1707: settings_of beside the values that are meant; Chart.yaml with numbers (helm#5929)
from lib import *
import yaml
from pattern_operator.render.helm.values import settings_of
from pattern_operator.reconcile.values_from import merged,Value
T='apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {j: {{ .Values | toJson | quote }}, v: {{ .Chart.AppVersion | quote }}, w: {{ .Chart.Version | quote }}}\n'
d=tree({"Chart.yaml":CHART,"values.yaml":"d: {k: 1}\n","templates/a.yaml":T})
for key in ["a=b","a,b","a.b","a[0]","a\\b","a{b}"," a","é","-x","a\nb","a\tb","a b","'a'",'"a"',"0","null","a]","#a","a:b","$a","a}b","\\","a\\","\\.","ends."," "]:
    for path,val in (((key,),{key:1000710000}),((key,"z"),{key:{"z":1000710000}}),(("l",0,key),{"l":[{key:1000710000}]})):
        s=settings_of(json.dumps(val).encode(),[path])
        if not s: print("left to the file:",repr(path)); continue
        f=d/"vals.json"; f.write_text(json.dumps(val))
        h=sh(HELM,"template","x",d,"-f",f,*[x for y in s for x in ("--set",y)])
        try: got=json.loads(next(iter(yaml.safe_load_all(h.stdout)))["data"]["j"])
        except Exception as e: got=h.stderr[:150]
        want={**val,"d":{"k":1}}
        if got!=want: check(False,f"{path!r} {s} helm has {got}")
for y in ("appVersion: 1.10\nversion: 0.1.0\n","appVersion: 2024-01-01\nversion: 0.1.0\n","appVersion: 1e3\nversion: 0.1.0\n","appVersion: 0755\nversion: 0.1.0\n","version: 1\n","version: 1.10\n","version: v1.0.0\nappVersion: yes\n","version: 1.0\nkubeVersion: 1.2\n"):
    c=tree({"Chart.yaml":"apiVersion: v2\nname: c\n"+y,"values.yaml":"","templates/a.yaml":T}); h=sh(HELM,"template","x",c); r=run(c)
    g=lambda o:(lambda x:(x.get("items",[x])[0]["data"]["v"],x.get("items",[x])[0]["data"]["w"]))(next(iter(yaml.safe_load_all(o))))
    a=g(h.stdout) if not h.returncode else "ERR "+h.stderr[:120]; b=g(r.stdout) if not r.returncode else "ERR "+r.stderr[:200]
    check(a==b or (a[:3]==b[:3]=="ERR"),f"{y!r} helm {a} ctl {b}")
end()
