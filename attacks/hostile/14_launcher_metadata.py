"""A program under the launcher changes files that it was not given: chmod, chown, utimes and xattrs are neither in the
seccomp list nor known to Landlock; inotify watches any file."""
from common import *
import subprocess, tempfile, shutil, pathlib, stat
launcher = ROOT + "/operator/pattern_operator/sandbox/programs/launcher.py"
victim = pathlib.Path("/tmp/att/hostile/victim"); victim.write_text("secret of the operator"); victim.chmod(0o600)
root = tempfile.mkdtemp(prefix="att-")
def under(program, *words):
    return subprocess.run([sys.executable, "-I", "-S", "-B", launcher, str(256 << 20), "30", str(os.getpid()), root, shutil.which(program), "--", *words], capture_output=True, text=True, env={})
r = under("chmod", "0777", str(victim)); print(r.stderr.strip(), "->", oct(stat.S_IMODE(victim.stat().st_mode)))
t = under("touch", "-c", "-d", "2001-01-01", str(victim)); print("touch:", t.returncode, t.stderr.splitlines()[1:], victim.stat().st_mtime)
s = under("stat", "-c", "%n %s %u", "/root", "/etc/shadow"); print("stat of files outside:", s.stdout.split("\n"))
c = under("cat", str(victim)); print("cat (as it should be):", c.stderr.splitlines()[1:])
os.rmdir(root)
verdict(stat.S_IMODE(victim.stat().st_mode) == 0o777 or s.stdout.strip() != "", "the confined process changed mode and times of a file outside of its directory")
