# helm#13413 (skip + lint), #31803/#10392/#10398 (subchart's schema, global), helm#7273 (required without defaults), helmfile#1725
from lib import *
CM='apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {v: {{ .Values.v | default "none" | quote }}}\n'
sub={"charts/sub/Chart.yaml":"apiVersion: v2\nname: sub\nversion: 0.1.0\n","charts/sub/values.yaml":"v: 1\n","charts/sub/templates/a.yaml":CM%"s","charts/sub/values.schema.json":json.dumps({"type":"object","additionalProperties":False,"properties":{"v":{"type":"integer"}}})}
d=tree({"Chart.yaml":CHART,"values.yaml":"v: x\nglobal: {a: 1}\n","templates/a.yaml":CM%"c",**sub})
t0=__import__("time").time()
r=run(d); show(r,600); h=sh(HELM,"template",d); print("helm",h.returncode,h.stderr[:300])
check((r.returncode!=0)==(h.returncode!=0),"#10392 as helm does")
r=run(d,"--skip-schema-validation"); check(r.returncode==0 and "name: s" in r.stdout,"#10398/#31803 subchart skipped too"); show(r,300)
dp=tree({"dp.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: w, namespace: team}\nspec:\n  source: {url: oci://r.example/x, ref: {tag: 1.0.0}}\n  render: {skipSchemaValidation: true}\n"})
r=run(d,"--pattern",dp/"dp.yaml"); check(r.returncode==0,"DesignPattern skipSchemaValidation in --pattern"); show(r,200)
# patternctl lint of a chart and of what it makes
r=run(d,verb="lint"); show(r,600)
# skip on manifests with pattern.yaml: must still check its own parameters
m=tree({"pattern.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nmetadata: {name: x}\n","a.yaml":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"})
r=run(m,"--skip-schema-validation"); show(r,500)
# schema broken (invalid JSON; unsupported $schema; http ref)
for s in ['{','{"$schema":"http://json-schema.org/draft-99/schema#"}','{"properties":{"v":{"$ref":"https://raw.example/x.json"}}}','{"properties":{"v":{"$ref":"file:///etc/passwd"}}}','{"type":"object","required":["zzz"]}']:
    e=tree({"Chart.yaml":CHART,"values.yaml":"v: x\n","templates/a.yaml":CM%"c","values.schema.json":s})
    a=run(e); b=run(e,"--skip-schema-validation"); print(repr(s)[:60],a.returncode,a.stderr[:420].strip(),"| skip:",b.returncode,b.stderr[:200].strip())
    if s!='{': check(b.returncode==0,"skip passes "+s[:40])
print(__import__("time").time()-t0); end()
