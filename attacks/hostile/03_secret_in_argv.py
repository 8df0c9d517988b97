"""A value of a Secret with targetPath that is a whole number stands on helm's command line, which every process may read."""
import asyncio, glob, sys, json, os
from pathlib import Path
from pattern_operator.api.artifact import File
from pattern_operator.executors import Executors
from pattern_operator.render.helm import render_chart
from pattern_operator.render.options import Options
from pattern_operator.sandbox.programs import ProgramPaths, Programs
PIN = 48151623421
files = [File("Chart.yaml", b"apiVersion: v2\nname: c\nversion: 1.0.0\n"),
         File("templates/a.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '{{ range $i := until 300000 }}{{ end }}'}\n")]
# as reconcile/desired.py makes them of valuesFrom: [{kind: Secret, name: s, valuesKey: pin, targetPath: db.pin}]
options = Options(format="Helm", parameters=json.dumps({"db": {"pin": PIN}}).encode(), holds_secrets=True, whole_numbers=(("db", "pin"),))
async def main():
    seen = set()
    async def look(stop):
        while not stop.is_set():
            for p in glob.glob("/proc/[0-9]*/cmdline"):
                try: words = open(p, "rb").read()
                except OSError: continue
                if str(PIN).encode() in words:
                    seen.add(oct(os.stat(p).st_mode & 0o777) + " " + str([w for w in words.decode(errors="replace").split("\0") if str(PIN) in w]))
            await asyncio.sleep(0.01)
    with Executors.open() as ex:
        helm = Path(".testbed/bin/helm").resolve()
        programs = Programs(ProgramPaths(helm=helm))
        stop = asyncio.Event(); t = asyncio.ensure_future(look(stop))
        steps = render_chart(files, ".", options=options); run = next(steps)
        print("settings:", run.settings)
        out = await programs.run(run, disk=ex.disk)
        stop.set(); await t
        print("helm ended with", out.exit_code, out.stderr[:200]); print("seen in /proc:", seen)
    return 1 if seen else 0
sys.exit(asyncio.run(main()))
