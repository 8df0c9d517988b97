"""What a worker process cannot do, asked of the kernel."""

import json
import subprocess
import sys

PROGRAM = """
import ctypes, fcntl, json, mmap, os, resource, socket, subprocess, sys
from pattern_operator.confine import confine

def refused(work):
    try:
        work()
    except ValueError:  # what the module resource makes of EPERM
        return "PermissionError"
    except (PermissionError, MemoryError) as error:
        return type(error).__name__
    except Exception as error:
        return f"another error: {error!r}"
    return "allowed"

def large():
    return bytearray(200 * 1024 * 1024)

ours, parent = socket.socketpair(), os.getppid()
confined = confine(memory=64 * 1024 * 1024, cpu_seconds=5)
tries = {
    "confined": str(confined),
    "open": refused(lambda: open("/etc/passwd")),
    "write": refused(lambda: open("/tmp/x", "w")),
    "list": refused(lambda: os.listdir("/")),
    "connect": refused(lambda: socket.create_connection(("127.0.0.1", 1), timeout=1)),
    "unix": refused(lambda: socket.socket(socket.AF_UNIX)),
    "pair": refused(socket.socketpair),
    "fork": refused(os.fork),
    "exec": refused(lambda: os.execv("/bin/true", ["true"])),
    "kill": refused(lambda: os.kill(parent, 0)),
    "own": refused(lambda: fcntl.fcntl(ours[0], fcntl.F_SETOWN, parent)),
    "own by ioctl": refused(lambda: fcntl.ioctl(ours[0], 0x8901, parent.to_bytes(4, "little"))),
    "signal": refused(lambda: fcntl.fcntl(ours[0], 10, 9)),
    "terminal": refused(lambda: fcntl.ioctl(ours[0], 0x5412, b"x")),
    "unlimit": refused(lambda: resource.setrlimit(resource.RLIMIT_CPU, (1, 1))),
    "chdir": refused(lambda: os.chdir("/")),
    "memory": refused(large),
    "shared memory": refused(lambda: mmap.mmap(-1, 200 * 1024 * 1024)),
}
ours[0].setblocking(False)
ours[0].setblocking(True)
fcntl.fcntl(os.dup(1), fcntl.F_SETFD, fcntl.FD_CLOEXEC)
ours[0].send(b"x")
tries["answer"] = ours[1].recv(1).decode()
os.write(1, json.dumps(tries).encode())
"""


def test_a_confined_process_computes_and_answers_and_can_do_nothing_else():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=False, timeout=60)

    tries = json.loads(run.stdout or run.stderr.decode())
    assert tries.pop("confined") == "True"
    assert tries.pop("answer") == "x"
    assert tries.pop("memory") == "MemoryError"
    assert tries.pop("shared memory") in ("MemoryError", "another error: OSError(12, 'Cannot allocate memory')")
    assert set(tries.values()) == {"PermissionError"}, tries


def test_a_confined_process_that_computes_too_long_is_ended():
    program = "from pattern_operator.confine import confine\nconfine(memory=2**27, cpu_seconds=1)\nwhile True: pass\n"

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == -24  # SIGXCPU
