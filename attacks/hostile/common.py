"""Shared by the proofs: paths, and a way to render with the real programs."""
import os, sys
ROOT = "CLONE"
os.chdir(ROOT)
sys.path[:0] = [ROOT, ROOT + "/operator"]
HELM, KUSTOMIZE = ROOT + "/.testbed/bin/helm", ROOT + "/.testbed/bin/kustomize"
for _p in (HELM, KUSTOMIZE):
    if os.path.isdir(_p):
        pass
from pattern_operator.api.artifact import File
from pattern_operator.render import Options, render
def F(**files):
    return [File(k, v if isinstance(v, bytes) else v.encode()) for k, v in files.items()]
def files(d):
    return [File(k, v if isinstance(v, bytes) else v.encode()) for k, v in d.items()]
def rendered(d, **options):
    from pattern_operator.cli.programs import driven
    return driven(render(files(d), options=Options(**options)), helm=HELM, kustomize=KUSTOMIZE)
CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
def verdict(bad, text):
    print(("FAULT SHOWN: " if bad else "no fault: ") + text)
    sys.exit(1 if bad else 0)
