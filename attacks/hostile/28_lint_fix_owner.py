"""patternctl lint --fix replaces the file by a new one: owner and group (root in a container with a mounted folder), extended attributes are lost."""
from common import *
import subprocess, tempfile, pathlib
d = pathlib.Path(tempfile.mkdtemp(prefix="att-"))
doc = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  uid: x\n"
for n in "ab": (d / f"{n}.yaml").write_text(doc % n); os.chown(d / f"{n}.yaml", 1000, 1000)
out = subprocess.run([sys.executable, "-m", "pattern_operator.cli", "lint", str(d), "--fix"], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ROOT + "/operator"})
st = (d / "a.yaml").stat()
print(out.stderr.strip(), "| owner now", st.st_uid, st.st_gid)
verdict(st.st_uid != 1000, "the owner of the file is another one now")
