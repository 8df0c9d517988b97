# helm#10375, #3810: kubeVersion ">=1.25" and clusters v1.34.3-eks-ac2d5a0, v1.33.1-gke.1386000, v1.34.1+k3s1
from lib import *
f = chart({"a.yaml": cm("  a: {{ .Capabilities.KubeVersion.Version | quote }}\n  b: {{ .Capabilities.KubeVersion.Minor | quote }}\n  c: {{ semverCompare \">=1.25-0\" .Capabilities.KubeVersion.Version | quote }}\n  d: {{ .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1/PodMonitor\" | quote }}\n  e: {{ .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\" | quote }}\n")})
f["Chart.yaml"] += 'kubeVersion: ">=1.25.0"\n'
d = tree(f); bad = []
for v in "1.34.3-eks-ac2d5a0", "v1.33.1-gke.1386000", "v1.34.1+k3s1", "v1.37.0-alpha.1", "1.34":
    c, g, e = render(d, "--kube-version", v, "--api-versions", "monitoring.coreos.com/v1,monitoring.coreos.com/v1/PodMonitor"); print(v, c, g and g[0]["data"], e)
    c2, w, e2, _ = helm("release-name", d, "--kube-version", v); print("   helm template:", c2, e2)
    if c: bad.append(v)
verdict(not bad, bad)
