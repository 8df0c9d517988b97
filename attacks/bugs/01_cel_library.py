# fluxcd cheatsheet expressions, devantler-tech/platform#2985 (has(status)), argo-cd#29055 (nil status), kustomize-controller#1737/#1402, Rollout string observedGeneration
from lib import *
from pattern_operator.health_checks import language as L
import json
def j(check,obj): 
    a=L.judge(check,json.dumps(obj).encode()); return a.state,a.field,str(a.obstacle),a.name
def why(e): return L.why_unusable(e)
m={"name":"x","generation":2,"namespace":"ns","labels":{"a.b/c":"d"}}
print("--compile")
for e in ["has(status)","status != null","metadata.namespace == 'ns'","status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')",
 "status.conditions.exists(e, e.type == 'Ready' && e.status == 'True' && e.observedGeneration == metadata.generation)",
 "metadata.generation != status.observedGeneration","status.x.format == 'a'","'%s'.format([status.x]) == 'a'","status.x.charAt(0) == 'a'","status.x.indexOf('a') == 0","status.l.join(',') == 'a,b'",
 "status.x.trim() == 'a'","status.x.substring(1) == 'a'","status.x.lastIndexOf('a')==1","status.x.reverse()=='a'","strings.quote(status.x)=='a'","status.x.upperAscii()=='A'",
 "status.l.first().hasValue()","optional.of(1).hasValue()","status[?'a'].orValue('x')=='x'","status.?conditions.optMap(c, c.exists(e, e.type=='Ready')).orValue(false)",
 "timestamp(status.t) > timestamp('2024-01-01T00:00:00Z')","duration(status.d) < duration('1h')","status.t.getFullYear()==2024","self.status.phase == 'x'","object.status.phase=='x'","type(status.x)==string",
 "status.x is string", ".status.conditions[?(@.type==\"Established\")].status==\"True\"","status.readyReplicas","true","1 == 1.0","status.a == status.b ? true : false","status.x.matches('^a+$')","status.`foo-bar` == 1",
 "sets.contains(status.l,['a'])","math.greatest(1,2)==2","size(status.l) > 0","status.l.size() > 0","dyn(status.x) == 1","int(status.x) > 1","string(status.x)=='1'","has(status.x) || has(status.y)","{'a':1}.all(k, k=='a')","[1,'a'].size()==2","cel.bind(x, status.a, x)","status.in == 1","items.all(i, i.x)","type == 'Opaque'","reason == 'x'","action == 'x'","size == 1","string == 'x'","map == {}", "spec.replicas == status.availableReplicas","involvedObject.name=='x'","data.foo=='x'","webhooks.size()>0","duration=='x'","bytes=='x'","list=='x'","double==1.0","dyn=='x'","null_type==1","optional_type==1","matches=='x'","provisioner=='x'","default=='x'","timestamp=='x'","endsWith=='x'","has=='x'","all=='x'","optional=='x'","strings=='x'","base64=='x'","google=='x'","value=='x'","function=='x'"]:
    w=why(e); print(f"{e!r:80} {w}")
print("--judge")
for c,o in [
 ({"current":"status.phase == 'Running'"},{"metadata":m}),
 ({"current":"true"},{"metadata":m,"status":{"observedGeneration":-1}}),
 ({"current":"true"},{"metadata":m,"status":{"observedGeneration":"2"}}),
 ({"current":"true"},{"metadata":m,"status":{"observedGeneration":"1"}}),
 ({"current":"true"},{"metadata":m,"status":{"observedGeneration":1.0}}),
 ({"current":"true"},{"metadata":m,"status":{"observedGeneration":0}}),
 ({"current":"true"},{"metadata":m,"status":{"observedGeneration":None}}),
 ({"current":"status.ready == status.want"},{"metadata":m,"status":{"ready":1,"want":1.0}}),
 ({"current":"status.p == 100"},{"metadata":m,"status":{"p":100.0}}),
 ({"current":"status.p == 100"},{"metadata":m,"status":{"p":"100"}}),
 ({"current":"status.p >= 99.5"},{"metadata":m,"status":{"p":100}}),
 ({"current":"spec.replicas == status.readyReplicas"},{"metadata":m,"spec":{"replicas":0},"status":{}}),
 ({"current":"metadata.namespace == 'ns' && metadata.labels['a.b/c']=='d'"},{"metadata":m}),
 ({"failed":"status.conditions.filter(e, e.type == 'Synced').all(e, e.status == 'False')","current":"status.conditions.filter(e, e.type == 'Synced').all(e, e.status == 'True')"},{"metadata":m,"status":{"conditions":[]}}),
 ({"inProgress":"status.phase == 'Creating'","failed":"status.phase=='Failed'","current":"true"},{"metadata":m}),
 ({"inProgress":"has(data.foo.bar)","current":"true"},{"metadata":m,"data":{"foo":"s"}}),
 ({"inProgress":"!has(status.conditions)","current":"true"},{"metadata":m}),
 ({"current":"status == null"},{"metadata":m}),
 ({"current":"status != null"},{"metadata":m,"status":None}),
 ({"current":"has(status.a) && status.a.b == 1"},{"metadata":m,"status":{"a":None}}),
 ({"current":"status.conditions.exists(c, c.reason == 'x' || c.type == 'R')"},{"metadata":m,"status":{"conditions":[{"type":"R"}]}}),
 ({"current":"status.conditions.all(c, c.x == 1 || true)"},{"metadata":m,"status":{"conditions":[{"type":"R"}]}}),
 ({"current":"status.?conditions.orValue([]).exists(e, e.type == 'Ready' && e.status == 'True')"},{"metadata":m}),
 ({"current":"status.big == 9223372036854775807"},{"metadata":m,"status":{"big":9223372036854775807}}),
 ({"current":"status.big > 1"},{"metadata":m,"status":{"big":18446744073709551615}}),
 ({"current":"status.t < timestamp('2999-01-01T00:00:00Z')"},{"metadata":m,"status":{"t":"2024-01-01T00:00:00Z"}}),
 ({"current":"status.x.matches('(?i)ready')"},{"metadata":m,"status":{"x":"READY"}}),
 ({"current":"status.em == '\\U0001F600'"},{"metadata":m,"status":{"em":"\U0001F600"}}),
 ({"current":"status.l.join(',') == 'a,b'"},{"metadata":m,"status":{"l":["a","b"]}}),
 ({"current":"size('äö') == 2"},{"metadata":m}),
 ({"current":"status.conditions[?0].status.orValue('') == 'True'"},{"metadata":m,"status":{"conditions":[{"type":"R","status":"True"}]}}),
 ({"current":"'%s'.format([status.x]) == 'a'"},{"metadata":m,"status":{"x":"a"}}),
 ({"current":"status.conditions.filter(c, c.type=='Ready')[0].status=='True'"},{"metadata":m,"status":{"conditions":[]}}),
 ({"current":"status.nodes.all(n, status.nodes[n].phase == 'Up')"},{"metadata":m,"status":{"nodes":{"a":{"phase":"Up"},"b":{"phase":"Up"}}}}),
 ({"current":"'a' in status.nodes"},{"metadata":m,"status":{"nodes":{"a":1}}}),
 ({"current":"spec == status.applied"},{"metadata":m,"spec":{"a":[1,2.5,{"b":None}]},"status":{"applied":{"a":[1,2.5,{"b":None}]}}}),
 ]:
    try: print(c,o.get("status"),"->",*j(c,o))
    except Exception as e: print("EXC",c,repr(e)[:200])
