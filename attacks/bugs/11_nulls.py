# helm#32132, #12441, #31118, #12522 (nulls of a parent for a subchart), argocd-diff-preview#484 (Helm 4 nulls): beside the real helm
from lib import *
import yaml
T='apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {j: {{ .Values | toJson | quote }}}\n'
def chart(parent,dep): return tree({"Chart.yaml":CHART+dep,"values.yaml":parent,"templates/a.yaml":T%"c","charts/sub/Chart.yaml":"apiVersion: v2\nname: sub\nversion: 0.1.0\n","charts/sub/values.yaml":"sec: {user: 65534, group: 1000000}\nstrategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 10%}, type: RollingUpdate}\nenabled: true\n","charts/sub/templates/a.yaml":T%"s","v.yaml":"sub: {sec: {user: null}}\n","w.yaml":"sub: {strategy: {rollingUpdate: null, type: Recreate}, sec: null}\n"})
DEP="dependencies: [{name: sub, version: 0.1.0, condition: sub.enabled}]\n"
def cms(o): return {i["metadata"]["name"]:json.loads(i["data"]["j"]) for x in yaml.safe_load_all(o) for i in ((x or {}).get("items") or ([x] if x else []))}
for par in ("","sub: {sec: {user: null}, enabled: true}\n","sub: {strategy: {rollingUpdate: null, type: Recreate}}\n","sub: {sec: {user: 1}}\n"):
    for dep in (DEP,""):
        d=chart(par,dep)
        for a in ([],["-f","v.yaml"],["-f","w.yaml"],["--set","sub.sec.user=null"],["--set","sub.sec=null"],["--set-json",'sub={"sec":null}']):
            h=sh(HELM,"template","release-name",".",*a,cwd=d); p=run(d,*a,cwd=d)
            x,y=cms(h.stdout) if not h.returncode else h.stderr[:200],cms(p.stdout) if not p.returncode else p.stderr[:300]
            if x!=y: check(False,f"{par!r} {dep[:5]!r} {a}\n  helm {x}\n  ctl  {y}")
            else: print("ok",end=" ")
end()
