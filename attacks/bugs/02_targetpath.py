# fluxcd/helm-controller#281, flux2#2330 (index into a list of earlier values), #298 (quoting), #300 (lists), helm/helm#2693 (leading zero), #3155/#2357 (hash tags)
from lib import *
from pattern_operator.reconcile.values_from import merged, Value
from pattern_operator.errors import Stalled
def m(vals,inline=None):
    try: return json.loads(merged([Value(f"v{i}",c.encode(),t) for i,(c,t) in enumerate(vals)],inline))
    except Stalled as e: return "STALLED "+e.message
base="confd:\n  file.yaml:\n    instances:\n    - kafka: x:9092\n      mon: true\n    - kafka: z\n"
r=m([(base,None),("u",r"confd.file\.yaml.instances[0].user"),("p",r"confd.file\.yaml.instances[0].pw")])
print(r); check(r["confd"]["file.yaml"]["instances"]==[{"kafka":"x:9092","mon":True,"user":"u","pw":"p"},{"kafka":"z"}],"#281/#2330: index merges into the list of an earlier entry")
r=m([("u",r"a.l[0].user")],json.dumps({"a":{"l":[{"k":1}]}})); print("parameters over index:",r)
import re
for t in ["True","TRUE","false","NULL","~","yes","on","5432","05432","0","-0","-7","+7","1e6","0474915","9765483","1_000","0x1F","1.5","9223372036854775807","9223372036854775808","-9223372036854775808","'5432'",'"true"',"'a\"","''",'"','\'',"'it''s'",'"a\\nb"'," 5"," true","true\n","5432\n","'5432'\n","[1,2]","{}","{a,b}","a,b=c","","2024-01-01","\u0665","١٢"]:
    v=m([(t,"x")])
    # helm --set reading of the same (without metacharacters)
    print(repr(t),"->",repr(v["x"]) if isinstance(v,dict) and "x" in v else v)
end()
