"""replaced_field walks back to the same place for each `.HelmVersion` of a chain after `)`: quadratic; patternctl has no limits around it."""
import sys, time
from pattern_operator.render.helm import _by_another_helm
took = []
for n in (1000, 2000, 4000):
    text = b"{{ if false }}{{ (dict)" + b".HelmVersion" * n + b" }}{{ end }}"
    t = time.process_time(); _by_another_helm(text); took.append(time.process_time() - t); print(f"{len(text) // 1024} KiB: {took[-1]:.2f} s")
print(f"1 MiB: about {took[-1] * (2**20 / (4000 * 12)) ** 2 / 60:.0f} minutes")
sys.exit(1 if took[2] > 3 * took[1] > 0.1 else 0)
