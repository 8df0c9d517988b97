import json
from pattern_operator.api.artifact import File
from pattern_operator.render.helm import render_chart
from pattern_operator.render.options import Options
from pattern_operator.render.program import ProgramOutput
S="S3cr3t-of-tenant/=+x"; N="48151623421"
files=[File("Chart.yaml", b"apiVersion: v2\nname: c\nversion: 1.0.0\n"), File("templates/a.yaml", b"x: {{ .Capabilities.HelmVersion }}")]
def go(doc, second=None, third=None):
    o=Options(format="Helm", parameters=json.dumps({"a":S,"n":int(N)}).encode(), holds_secrets=True, whole_numbers=(("n",),))
    g=render_chart(files,".",options=o)
    outs=[doc,second or doc, third or doc]
    try:
        next(g)
        for d in outs+[doc]:
            g.send(ProgramOutput(exit_code=0, stdout=("---\n# Source: c/templates/a.yaml\n"+d).encode(), stderr=""))
    except StopIteration as e:
        r=e.value; return [(c.outcome.value if hasattr(c.outcome,'value') else c.outcome, c.reason, c.message, [x.message for x in c.repairs]) for c in r.components if c.message or c.repairs or c.reason], r.generated
    except Exception as e: return repr(e), getattr(e,'message','')
H="apiVersion: v1\nkind: %s\nmetadata: {name: x}\n"
D="apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x%s}\nspec:\n%s"
cases={
 "cm number":H%"ConfigMap"+"data: {a: %s}\n"%N,
 "cm data":H%"ConfigMap"+"data: '%s'\n"%S,
 "secret data":H%"Secret"+"data: {a: '%s'}\n"%S,
 "label":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {a: '%s'}}\n"%S,
 "label num":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, labels: {a: %s}}\n"%N,
 "annotation num":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {a: %s}}\n"%N,
 "wave":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {argocd.argoproj.io/sync-wave: '%s', pattern-operator.io/wave: '%s', helm.sh/hook-weight: '%s'}}\n"%(S,S,S),
 "hook":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {helm.sh/hook: '%s'}}\n"%S,
 "hook weight":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {helm.sh/hook: pre-install, helm.sh/hook-weight: '%s', helm.sh/hook-delete-policy: '%s'}}\n"%(S,S),
 "ns":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: '%s'}\n"%S,
 "kind":"apiVersion: '%s'\nkind: '%s'\nmetadata: {name: x}\n"%(S,S),
 "selector":D%("","  selector: {matchLabels: {a: '%s'}}\n  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}\n"%S),
 "dup env":D%("","  selector: {matchLabels: {a: b}}\n  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b, env: [{name: p, value: '%s'},{name: p, value: q}]}]}}\n"%S),
 "env num":D%("","  selector: {matchLabels: {a: b}}\n  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b, env: [{name: p, value: %s}]}]}}\n"%N),
 "ports":D%("","  selector: {matchLabels: {a: b}}\n  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b, ports: [{containerPort: %s},{containerPort: %s, name: x}]}]}}\n"%(N,N)),
 "dupkey":H%"ConfigMap"+"data: {a: b, a: '%s'}\n"%S,
 "dupkey2":H%"ConfigMap"+"data: {'%s': b, '%s': c}\n"%(S,S),
 "badyaml":H%"ConfigMap"+"data: {a: [%s\n"%S,
 "badtag":H%"ConfigMap"+"data: {a: !%s b}\n"%"S3cr3t-of-tenant",
 "anchor":H%"ConfigMap"+"data: {a: *S3cr3t-of-tenant }\n",
 "int":H%"ConfigMap"+"data: {a: !!int 'S3cr3t-of-tenant'}\n",
 "ts":H%"ConfigMap"+"data: {a: !!timestamp 'S3cr3t-of-tenant'}\n",
 "float":H%"ConfigMap"+"data: {a: !!float 'S3cr3t-of-tenant', b: !!bool 'S3cr3t-of-tenant', c: !!binary 'S3cr3t-of-tenant~~'}\n",
 "listitem":"apiVersion: v1\nkind: List\nitems: ['%s']\n"%S,
 "owner":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, ownerReferences: [{kind: '%s', name: '%s', apiVersion: v1, uid: a}]}\n"%(S,S),
 "diff":H%"ConfigMap"+"data: {'S3cr3t-of-tenant': b}\n",
 "text":S+"\n", "doc2":"'%s': 1\n"%S, "ref":H%"ConfigMap"+"data: {a: '$(#ref.%s)'}\n"%S,
 "service":H%"Service"+"spec: {ports: [{port: '%s', protocol: '%s'}], type: '%s'}\n"%(S,S,S),
 "job":"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: x}\nspec: {schedule: '%s'}\n"%S,
 "config":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {config.kubernetes.io/local-config: '%s', pattern-operator.io/reconcile: '%s', pattern-operator.io/adopt: '%s', pattern-operator.io/prune: '%s', kustomize.toolkit.fluxcd.io/reconcile: '%s', helm.sh/resource-policy: '%s'}}\n"%((S,)*6),
 "sops":H%"ConfigMap"+"data: {a: 'ENC[AES256_GCM,data:%s,type:str]'}\nsops: {mac: x}\n"%S,
}
for k,d in cases.items():
    r=go(d); t=str(r); flag="LEAK" if ("S3cr3t" in t or N in t) else ""
    print(flag,k,t[:330] if flag else t[:90])
r=go(H%"ConfigMap"+"data: {a: 'S3cr3t-of-tenant'}\n", H%"ConfigMap"+"data: {a: 'S3cr3t-of-tenant2'}\n", H%"ConfigMap"+"data: {a: 'S3cr3t-of-tenant3', b: c}\n"); print(r)
