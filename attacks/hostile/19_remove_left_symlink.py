"""What is left of runs is removed at the start: a link called pattern-operator-run-<dead pid>-x in the temporary folder (1777:
any user of the machine may make one) leads os.walk and chmod into somebody else's folders: all of them become 0700."""
from common import *
import tempfile, pathlib, shutil
from pattern_operator.sandbox.programs import workspace
base = pathlib.Path(tempfile.mkdtemp(prefix="att-left-")); tempfile.tempdir = str(base / "tmp"); (base / "tmp").mkdir()
victim = base / "victim"; (victim / "www" / "html").mkdir(parents=True)
for each in (victim, victim / "www", victim / "www/html"): each.chmod(0o755)
(base / "tmp" / "pattern-operator-run-4194303-x").symlink_to(victim)
workspace.remove_left()
modes = {str(p.relative_to(base)): oct(p.stat().st_mode & 0o777) for p in (victim, victim / "www", victim / "www/html")}
print(modes); bad = any(m != "0o755" for m in modes.values()); shutil.rmtree(base)
verdict(bad, "the modes of folders outside were changed through the link")
