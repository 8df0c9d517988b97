# A/#2796-like RepeatedResourceWarning; H: two templates make the same object; cluster-scoped kinds of a CRD of the chart with a namespace
from lib import *
same = cm("  a: b\n", "x"); c, g, e = render(tree(chart({"a.yaml": same, "b.yaml": same}))); print(c, e, len(g or []))
c2, g2, e2 = render(tree(chart({"a.yaml": same, "b.yaml": cm("  a: c\n", "x")}))); print(c2, e2)
verdict(c == 0 and len(g) == 1 and c2 != 0 and "a.yaml" in e2 and "b.yaml" in e2)
