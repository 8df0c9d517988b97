# kustomize#4033 etc.: numbers and number-like texts of other fields change when anything is patched
from lib import *
vals = '''{"a": 9007199254740993, "b": 1e21, "c": 0.1, "d": 1.0, "e": 9223372036854775807, "f": -0.0, "g": 1000000, "h": 1e-7, "i": "1e3", "j": "0o7", "k": "2024-01-01", "l": "on", "m": "1_000", "n": "0x1f", "o": "=", "p": "<<", "q": "~", "r": "null", "s": "", "t": " x ", "u": "a\\nb", "v": "a\\n\\n", "w": "\\ttab", "x": "12:30:45", "y": "y", "z": "- a", "A": "# c", "B": "a: b", "C": "\\u00e9\\u2028", "D": "x \\ny", "E": "!!int 3", "F": "@x", "G": "%x", "H": "25921e05", "I": ".inf", "J": 18446744073709551615, "K": [], "L": {}, "M": null, "N": [null, {}], "O": 12345678.9, "P": 100000000000000000000, "Q": "\\r\\n", "R": "a  \\n  b\\n", "S": 1e2, "T": "😀"}'''
d = tree({"m.yaml": '{"apiVersion":"acme.io/v1","kind":"Foo","metadata":{"name":"f"},"spec":%s}' % vals})
p = tree({"p.yaml": '- target: {kind: Foo}\n  patch: |\n    - {op: add, path: /spec/new, value: 1000000}\n    - {op: add, path: /spec/new2, value: "1000000"}\n    - {op: add, path: /spec/new3, value: 1e3}\n    - {op: add, path: /spec/new4, value: 0644}\n    - {op: add, path: /spec/new5, value: 9007199254740993}\n    - {op: add, path: /spec/new6, value: yes}\n    - {op: add, path: /spec/new7, value: "on"}\n'})
c0, b, e0 = run("patternctl","render","-o","json",d); c1, g, e1 = run("patternctl","render","-o","json",d,"--patch",p/"p.yaml")
print(e0, e1)
from decimal import Decimal
L = lambda s: json.loads(s, parse_float=lambda x: ("f", Decimal(x)), parse_int=lambda x: ("i", int(x)))["items"][0]["spec"]
b, g = L(b), L(g); new = {k: g.pop(k) for k in list(g) if k.startswith("new")}
print(new)
diff = {k: (b.get(k), g.get(k)) for k in {*b, *g} if b.get(k) != g.get(k)}
verdict(not diff, diff)
