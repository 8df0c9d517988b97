"""patternctl render checks the schema of an artifact's pattern.yaml in its own process, without a limit: 30 anyOf that each name
the next one twice take 2^30 steps in C, and Ctrl-C is not heard. (In the operator a worker ends it after 10 s.)"""
from common import *
import json, signal, subprocess, tempfile, time, pathlib
d = pathlib.Path(tempfile.mkdtemp(prefix="att-"))
schema = {"$defs": {**{f"a{i}": {"anyOf": [{"$ref": f"#/$defs/a{i+1}"}] * 2} for i in range(30)}, "a30": {"type": "string"}}, "properties": {"x": {"$ref": "#/$defs/a0", "default": 1}}}
(d / "pattern.yaml").write_text(json.dumps({"apiVersion": "pattern-operator.io/v1alpha1", "kind": "Pattern", "parameters": {"schema": schema}}))
(d / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
p = subprocess.Popen([sys.executable, "-m", "pattern_operator.cli", "render", str(d)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": ROOT + "/operator"},
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
try: p.wait(15); hung = False
except subprocess.TimeoutExpired: hung = True
p.send_signal(signal.SIGINT); deaf = False
try: p.wait(4)
except subprocess.TimeoutExpired: deaf = True
p.kill(); p.wait()
print("after 15 s:", "still running" if hung else p.stderr.read()[:300], "| 4 s after Ctrl-C:", "still running" if deaf else "ended")
verdict(hung and deaf, "the terminal hangs on an artifact of 2 KiB, and Ctrl-C does not end it")
