"""parameters_of parses all of valuesFrom as YAML, in the operator's process and with its processor, at *every* run of the pattern (a
settled one, too: pipeline._resolve -> _desired -> run.parameters): nothing remembers the result for unchanged Secrets."""
from common import *
import time
from pattern_operator.reconcile.values_from import Value, merged
content = b"a: [" + b",".join([b"{}"] * 300_000) + b"]\n"
v = [Value("ConfigMap team/c, key values.yaml", content)]
t = time.process_time(); merged(v, None); one = time.process_time() - t
t = time.process_time(); merged(v, None); two = time.process_time() - t
print(f"{len(content)} bytes: {one:.1f} s of the processor at the first run, {two:.1f} s at each later one")
verdict(two > 1, "a tenant's ConfigMap costs seconds of the operator's own interpreter at each run of each pattern that names it")
