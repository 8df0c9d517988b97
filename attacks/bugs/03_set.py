# helm/helm#1707 #13023 #13254 #2693 #3155 #2357 #9162: the real helm beside patternctl render, --set / --set-json / --values of whole numbers
from lib import *
T='''apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data:
  a: {{ .Values.a | quote }}
  t: {{ typeOf .Values.a | quote }}
  j: {{ .Values | toJson | quote }}
  yy: {{ toYaml .Values | quote }}
  l: {{ range .Values.l }}{{ . }}-{{ typeOf . }} {{ end }}x
  p: {{ printf "%v" .Values.a | quote }}
  s: {{ .Values.sub | toJson | quote }}
'''
S='''apiVersion: v1
kind: ConfigMap
metadata: {name: s}
data:
  j: {{ .Values | toJson | quote }}
  a: {{ .Values.m | quote }}
  g: {{ .Values.global | toJson | quote }}
'''
d=tree({"Chart.yaml":CHART,"values.yaml":"a: 1\nl: [1,2000000]\nsub: {m: 3000000}\n","templates/a.yaml":T,"charts/sub/Chart.yaml":"apiVersion: v2\nname: sub\nversion: 0.1.0\n","charts/sub/values.yaml":"n: 4\nbig: 5000000\n","charts/sub/templates/a.yaml":S,
 "v1.yaml":"a: 7000000\nl: [1000000, {x: 9007199254740993}]\nglobal: {g: 12345678}\n"})
import yaml
def cms(out):
    r={}
    for o in yaml.safe_load_all(out):
        for i in (o or {}).get("items",[o] if o else []): r[i["metadata"]["name"]]=i["data"]
    return r
for args in [["--set","a=1000710000"],["--set","a=9007199254740993"],["--set","a=0474915"],["--set","a=1e6"],["--set","a=9223372036854775808"],["--set-string","a=1000710000"],["--set-json","a=1000710000"],["--set-json",'{"a":1000710000,"l":[3000000]}'],
 ["--set","l={1000000,2,true,null,x}"],["--set","l[0]=1000000"],["--set","l[1]=1000000"],["--set","sub.m=1000710000"],["--set","global.g=1000710000"],["--values","v1.yaml"],["--values","v1.yaml","--set","a=8000000"],["--values","v1.yaml","--set","l[0]=8000000"],["--values","v1.yaml","--set","l[1].z=8000000"],["--values","v1.yaml","--set","global.h=8000000"],
 ["--set","a=8000000","--set-string","a=9"],["--set-string","a=9","--set","a=8000000"],["--set-json","a=5000000","--set","a=6000000"],["--set","a=6000000","--set-json","a=5000000"],["--set","a=null"],["--set","sub.big=null"],["--set","sub=null"],["--set","l=null"],["--set","a="],["--set","x\\.y=1000000"],["--set","a=1000000,sub.m=1000001"],["--set","a=-1000000"],["--set","a=+1000000"],["--set","a=1_000_000"],["--set","a.b=1000000"],["--set","sub.m.x=1000000"],["--set-file","a=v1.yaml"],["--set","a=true","--set","l[3]=1000000"],["--set","l[0].k=1000000"]]:
    h=sh(HELM,"template","release-name",d,*args,cwd=d); p=run(d,*args,cwd=d)
    if h.returncode or p.returncode:
        check((h.returncode!=0)==(p.returncode!=0),f"{args}: helm rc {h.returncode} {h.stderr[:160]!r} / patternctl rc {p.returncode} {p.stderr[:200]!r}"); continue
    try: a,b=cms(h.stdout),cms(p.stdout)
    except Exception as e: print("EXC",args,repr(e)[:200]); continue
    check(a==b,f"{args}"); 
    if a!=b:
        for n in a:
            for k in a[n]:
                if a[n][k]!=b.get(n,{}).get(k): print("     ",n,k,"helm",a[n][k],"\n            ctl",b.get(n,{}).get(k))
end()
