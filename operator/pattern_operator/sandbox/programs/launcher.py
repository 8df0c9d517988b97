"""Confines its own process, and becomes the program that its arguments name. Run as a file of its own.

It imports next to nothing, as each run of a program starts it. What the kernel refuses the program then: sockets,
other programs and processes, files outside of what it was given (landlock(7)), more memory, processor time and open
files than its limits, and files of any length. Its first line on stderr says which of it this kernel knows.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys

TYPE_CHECKING = False  # typing takes 5 ms to load
if TYPE_CHECKING:
    from collections.abc import Iterator

    _Architecture = tuple[int, tuple[int, ...], dict[str, int]]  # AUDIT_ARCH, calls refused, calls that are judged
    _Line = tuple[str, int, str, str, int]

_PDEATHSIG, _DUMPABLE, _SECCOMP, _NO_NEW_PRIVS = 1, 4, 22, 38  # linux/prctl.h
_NEWUSER, _NEWNET = 0x10000000, 0x40000000  # linux/sched.h
_THREAD = 0x00010000
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026  # linux/seccomp.h: SECCOMP_RET_*
_LOAD, _EQUAL, _AT_LEAST, _HAS_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
_NR, _ARCH, _ARG0, _ARG0_HIGH = 0, 4, 16, 20  # struct seccomp_data, little-endian
_X32 = 0x40000000
_READ_FILE, _READ_DIR, _EXECUTE = 4, 8, 1  # linux/landlock.h: LANDLOCK_ACCESS_FS_*
_LANDLOCK = (444, 445, 446)  # create_ruleset, add_rule, restrict_self on every architecture
_FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many access rights each version of Landlock knows; later ones 16
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")  # of a program that is linked dynamically
_FILES = 256

# Refused by number (asm/unistd.h): socket, socketpair, connect, bind, listen, accept, accept4; execveat, fork, vfork,
# ptrace, process_vm_readv, process_vm_writev; mount, umount2, pivot_root, chroot, unshare, setns, open_tree,
# move_mount, fsopen; mount_setattr, bpf, userfaultfd, perf_event_open, io_uring_*, keyctl, add_key, request_key,
# kexec_load, init_module, finit_module, name_to_handle_at, open_by_handle_at, pidfd_open, pidfd_send_signal,
# pidfd_getfd, tkill, rt_sigqueueinfo, rt_tgsigqueueinfo, setpriority; memfd_create, shmget, shmat, msgget, semget,
# mq_open, mkdir(at), mknod(at), link(at), symlink(at). The rest is judged by its first argument.
_CALLS: "dict[str, _Architecture]" = {
    "x86_64": (
        0xC000003E,
        (
            *(41, 53, 42, 49, 50, 43, 288, 322, 57, 58, 101, 310, 311, 165, 166, 155, 161, 272, 308, 428, 429, 430),
            *(442, 321, 323, 298, 425, 426, 427, 250, 248, 249, 246, 175, 313, 303, 304, 434, 424, 438, 200, 129, 297),
            *(141, 319, 29, 30, 68, 64, 240, 83, 258, 133, 259, 86, 265, 88, 266),
        ),
        {"execve": 59, "clone": 56, "prlimit64": 302, "kill": 62, "tgkill": 234},
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(198, 199, 203, 200, 201, 202, 242, 281, 117, 270, 271, 40, 39, 41, 51, 97, 268, 428, 429, 430, 442),
            *(280, 282, 241, 425, 426, 427, 219, 217, 218, 104, 105, 273, 264, 265, 434, 424, 438, 130, 138, 240, 140),
            *(279, 194, 196, 186, 190, 180, 34, 33, 37, 36),
        ),
        {"execve": 221, "clone": 220, "prlimit64": 261, "kill": 129, "tgkill": 131},
    ),
}
_CLONE3 = 435


def main(arguments: list[str]) -> int:
    """``MEMORY CPU_SECONDS PARENT ROOT PROGRAM [NAME=VALUE]... -- WORD...``: confine this process and start PROGRAM."""
    memory, cpu_seconds, parent = (int(each) for each in arguments[:3])
    root, program = arguments[3:5]
    end = arguments.index("--")
    libc = ctypes.CDLL(None, use_errno=True)
    path = ctypes.create_string_buffer(os.fsencode(program))
    if sys.platform == "linux":
        libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            return 1
        libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
        _be_first_to_go()
    _limit(memory, cpu_seconds)
    done = _confine(libc, root, program, path) if sys.platform == "linux" else []
    os.write(2, ("confined by: " + " ".join(done) + "\n").encode())
    words, environment = [program, *arguments[end + 1 :]], arguments[5:end]
    libc.execve(path, _strings(words), _strings(environment))
    os.write(2, f"cannot be started: {os.strerror(ctypes.get_errno())}\n".encode())
    return 127


def _strings(words: list[str]) -> "ctypes.Array[ctypes.c_char_p]":
    return (ctypes.c_char_p * (len(words) + 1))(*(os.fsencode(word) for word in words), None)


def _be_first_to_go() -> None:
    """Let the kernel end this process, and not the operator, when memory is short."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123 - pathlib takes 10 ms to load
            file.write("1000")
    except OSError:  # a kernel or a container without it: the limits hold all the same
        return


def _limit(memory: int, cpu_seconds: int) -> None:
    """Go reserves address space that it never uses, so RLIMIT_AS would stop it: DATA counts what it writes to."""
    for which, limit in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        resource.setrlimit(which, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))


def _confine(libc: ctypes.CDLL, root: str, program: str, path: "ctypes.Array[ctypes.c_char]") -> list[str]:
    """What the kernel did of it, by name."""
    done = []
    if libc.unshare(_NEWUSER | _NEWNET) == 0:
        done.append("network-namespace")
    if _confine_files(libc, root, program):
        done.append("landlock")
    if _filter_calls(libc, ctypes.addressof(path)):
        done.append("seccomp")
    return done


def _confine_files(libc: ctypes.CDLL, root: str, program: str) -> bool:
    """Let it read below ``root``, and start ``program``; nothing else of any file system."""
    version = libc.syscall(_LANDLOCK[0], None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = (1 << _FS_RIGHTS.get(version, 16)) - 1
    ruleset = libc.syscall(_LANDLOCK[0], struct.pack("Q", rights), ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    readable = [(root, _READ_FILE | _READ_DIR), (program, _READ_FILE | _EXECUTE), ("/dev/null", _READ_FILE)]
    readable += [(each, _READ_FILE | _READ_DIR | _EXECUTE) for each in _LIBRARIES if os.path.isdir(each)]  # noqa: PTH112
    for place, allowed in readable:
        descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", allowed, descriptor)  # struct landlock_path_beneath_attr
        if libc.syscall(_LANDLOCK[1], ruleset, 1, rule, 0) != 0:
            return False
        os.close(descriptor)
    confined = bool(libc.syscall(_LANDLOCK[2], ruleset, 0) == 0)
    os.close(ruleset)
    return confined


def _filter_calls(libc: ctypes.CDLL, path: int) -> bool:
    """Refuse the calls above; ``path`` is where the name of the program lies, the one that may be started."""
    calls = _CALLS.get(platform.machine()) if sys.byteorder == "little" else None
    if calls is None:
        return False
    code = _assembled(_filter(calls, path))
    buffer = ctypes.create_string_buffer(code)  # lives until the kernel has copied it
    program = struct.pack("HP", len(code) // 8, ctypes.addressof(buffer))
    refused = libc.prctl(_SECCOMP, 2, ctypes.c_char_p(program), 0, 0)
    return bool(refused == 0)


def _filter(calls: "_Architecture", path: int) -> "Iterator[_Line]":
    """Lines of (label, code, where to if so, where to if not, operand); no label is the next line."""
    architecture, refused, judged = calls
    own, low, high = os.getpid(), path & 0xFFFFFFFF, path >> 32
    yield "", _LOAD, "", "", _ARCH
    yield "", _EQUAL, "", "refuse", architecture
    yield "", _LOAD, "", "", _NR
    yield "", _AT_LEAST, "refuse", "", _X32
    for number in refused:
        yield "", _EQUAL, "refuse", "", number
    yield "", _EQUAL, "unknown", "", _CLONE3  # the C library, and Go, then use clone
    yield "", _EQUAL, "thread", "", judged["clone"]
    yield "", _EQUAL, "start", "", judged["execve"]
    yield "", _EQUAL, "none", "", judged["prlimit64"]
    yield "", _EQUAL, "self", "", judged["kill"]
    yield "", _EQUAL, "self", "", judged["tgkill"]
    yield "allow", _RETURN, "", "", _ALLOW
    yield "thread", _LOAD, "", "", _ARG0
    yield "", _HAS_BIT, "allow_2", "refuse", _THREAD
    yield "start", _LOAD, "", "", _ARG0
    yield "", _EQUAL, "", "refuse", low
    yield "", _LOAD, "", "", _ARG0_HIGH
    yield "", _EQUAL, "allow_2", "refuse", high
    yield "none", _LOAD, "", "", _ARG0
    yield "", _EQUAL, "allow_2", "refuse", 0
    yield "self", _LOAD, "", "", _ARG0
    yield "", _EQUAL, "allow_2", "refuse", own
    yield "allow_2", _RETURN, "", "", _ALLOW
    yield "unknown", _RETURN, "", "", _ENOSYS
    yield "refuse", _RETURN, "", "", _EPERM


def _assembled(instructions: "Iterator[_Line]") -> bytes:
    lines = list(instructions)
    places = {label: at for at, (label, *_) in enumerate(lines) if label}

    def jump(at: int, label: str) -> int:
        return places[label] - at - 1 if label else 0

    return b"".join(
        struct.pack("HBBI", code, jump(at, yes), jump(at, no), operand)
        for at, (_, code, yes, no, operand) in enumerate(lines)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
