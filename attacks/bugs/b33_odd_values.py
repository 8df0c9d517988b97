# go-yaml/yaml#279: texts of values that YAML readers trip over: DEL, NEL, U+2028, BOM, emoji, tabs, {{ }}, ${}, long, keys on/null/1; merge keys and anchors in -f: equal to helm
from lib import *
import base64
bad = []
t = chart({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  v: {{ .Values | toJson | b64enc | quote }}\n"}); d = tree(t)
vals = {"del": "a\u007fb", "nel": "a\u0085b", "ls": "a\u2028b", "bom": "\ufeffx", "emoji": "😀", "c1": "a\u009fb", "tab": "\t x", "tpl": "{{ .Values }}", "sub": "${x} $$", "ctl": "a\u0001b", "long": "x" * 70000, "on": 1, "null": 2, "1": 3, "": 4, "a.b": {"c.d": 1}, "nl": "a\n\nb\n", "crlf": "a\r\nb", "ffff": "\ufffe"}
q = lambda v: json.dumps(v) if not isinstance(v, str) else '"' + "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else "\\U%08x" % ord(c) for c in v) + '"'
y2 = "base: &b {x: 1, y: 2}\nm:\n  <<: *b\n  y: 3\nn: {y: 4, <<: *b}\nl: [*b, *b]\nt: !!str 5\non: yes\n'off': no\n? a\n: b\n1: x\n1.5: z\n"
from concurrent.futures import ThreadPoolExecutor
sys.path[:0] = [ROOT + "/operator"]
from pattern_operator.render.parameters import json_text
def one(item):
    k, v = item; y = y2 if k == "yaml" else f"{q(k)}: {q(v)}\n"
    f = tree({"v.yaml": y}); h = helm("release-name", d, "-f", f/"v.yaml"); W = json.loads(base64.b64decode(h[1][0]["data"]["v"])) if not h[0] else h[2]
    c, g, e = render(d, "-f", f/"v.yaml"); G = json.loads(base64.b64decode(g[0]["data"]["v"])) if not c else e
    out = [] if G == W else [("terminal", k, str(G)[:160])]
    if k != "yaml":   # the operator's own bytes (json_text), as tests of rendering hand them over
        try: r = api(t, parameters=json_text({k: v})); G = json.loads(base64.b64decode(r.objects[0].body["data"]["v"]))
        except Exception as ex: G = getattr(ex, "message", repr(ex))
        if G != W: out.append(("operator", k, str(G)[:160]))
    return out
with ThreadPoolExecutor(2) as pool: bad = [b for bs in pool.map(one, [*vals.items(), ("yaml", 0)]) for b in bs]
verdict(not bad, "\n".join(map(str, bad)))
