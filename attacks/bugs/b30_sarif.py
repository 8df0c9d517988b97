# kics#4431, FortifyVulnerabilityExporter#25/#66, infersharp#51, codeql-action#39: startLine/startColumn >= 1, relative uris, for odd files
from lib import *
f = {"a b.yaml": "\r\n\r\napiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: x}\r\ndataa: {}\r\n", "t.yaml": "\ufeffapiVersion: v1\nkind: Pod\nmetadata: {name: é😀}\nspec: {containers: [{namee: x}]}\n", "empty.yaml": "", "j.json": '{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"portss":[]}}', "s/ü.yaml": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, x: 1}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, x: 2}\n", "broken.yaml": "a: [\n"}
bad = []
for drop in ((), ("broken.yaml",)):
    d = tree({k: v for k, v in f.items() if k not in drop}); c, out, e = run("patternctl", "lint", ".", "-o", "sarif", cwd=d); s = json.loads(out); print(c, e.strip())
    for r in s["runs"][0]["results"]:
        for l in r["locations"]:
            p = l["physicalLocation"]; reg = p.get("region", {}); print(r["level"], r["ruleId"], p["artifactLocation"]["uri"], reg, r["message"]["text"][:120])
            if reg.get("startLine", 1) < 1 or reg.get("startColumn", 1) < 1 or p["artifactLocation"]["uri"].startswith("/") or " " in p["artifactLocation"]["uri"]: bad.append(l)
            path = d / __import__("urllib.parse").parse.unquote(p["artifactLocation"]["uri"])
            if not path.is_file(): bad.append(("no such file", str(path)))
            elif reg and reg["startLine"] > len(path.read_bytes().splitlines()) + 1: bad.append(("line beyond", l))
        if not r["locations"]: bad.append(("no location: GitHub refuses results without one", r["ruleId"]))
    prints = [r["partialFingerprints"]["findingHash/v1"] for r in s["runs"][0]["results"]]
    if len(set(prints)) != len(prints): print("fingerprints that two findings share:", len(prints) - len(set(prints)))
verdict(not bad, *bad)
