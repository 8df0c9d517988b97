# helm/helm#12195, #1707: large ints. Parameters given in CR (JSON ints) and -f must equal helm -f.
from lib import *
t = {"a.yaml": cm("""  a: {{ .Values.a | quote }}
  b: {{ .Values.b | quote }}
  c: {{ .Values.c | quote }}
  d: {{ .Values.d | quote }}
  e: {{ .Values.e | int64 | quote }}
  f: {{ .Values.f | quote }}
  g: {{ .Values.g | quote }}
  h: {{ toYaml .Values | quote }}
""")}
d = tree(chart(t))
v = tree({"v.yaml": "a: 1000000\nb: 999999\nc: 12345678901234567890\nd: 1e5\ne: 9007199254740993\nf: 0777\ng: 1_000\nh: 5872e12\ni: 1.0\nj: 20161216\nk: '1e3'\nl: 0x1F\nm: 0o17\nn: 12:30:45\no: 2024-01-01\np: yes\nq: ~\nr: 25921e05\ns: .5\nt: -0\nu: 1e400\n"})
c1, got, e1 = render(d, "-f", v/"v.yaml"); c2, want, e2, _ = helm("release-name", d, "-f", v/"v.yaml")
if c1 or c2: verdict(bool(c1)==bool(c2), c1, e1, c2, e2)
g, w = got[0]["data"], want[0]["data"]
verdict(g == w, "\n".join(f"{k}: got {g[k]!r} helm {w[k]!r}" for k in w if g[k] != w[k]))
