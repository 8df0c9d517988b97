# meshery#19840 (empty design), #12094 (CR of psmdb.percona.com, version: 8.0), #12292 (components without namespace), #6018 (gibberish), #10960
from lib import *
H="id: 00000000-0000-0000-0000-000000000000\nname: d\nschemaVersion: designs.meshery.io/v1beta1\nversion: 0.0.1\nrelationships: []\n"
def comp(kind,av,cfg,name="x",extra=""): return f"- id: 11111111-1111-1111-1111-1111111111{hash(name)%90+10}\n  schemaVersion: components.meshery.io/v1beta1\n  version: v1.0.0\n  displayName: {name}\n  component: {{kind: {kind}, version: {av}, schema: ''}}\n  configuration: {json.dumps(cfg)}\n  metadata: {{isAnnotation: false}}\n  model: {{name: kubernetes, model: {{version: v1.31.0}}, registrant: {{kind: github}}}}\n{extra}"
for n,t in {"empty components":H+"components: []\n","components null":H+"components: null\n","no components":H,
 "percona CR version 8.0":H+"components:\n"+comp("PerconaServerMySQL","psmdb.percona.com/v1",{"spec":{"version":8.0}},"db"),
 "deployment without namespace":H+"components:\n"+comp("ConfigMap","v1",{"data":{"a":"b"}},"cm"),
 "gibberish":"\x1f\x8b garbage", "gibberish b64":"bmFtZTogZAo=\n","json string of a design":json.dumps(H+"components: []\n"),
 "only annotations":H+"components:\n"+comp("Comment","",{},"c").replace("isAnnotation: false","isAnnotation: true"),
 "services null":"name: d\nservices: null\n","services {}":"name: d\nservices: {}\n"}.items():
    d=tree({"design.yml":t}); r=run(d); print("\n",n,"| render",r.returncode,r.stdout[:300].replace("\n","\n   "),"|",r.stderr[:260].strip()); l=run(d,verb="lint"); print("   lint",l.returncode,l.stdout[:260].strip(),l.stderr[:150])
end()
