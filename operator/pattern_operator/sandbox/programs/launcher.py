"""Confines its own process, and becomes the program that its arguments name. Run as a file of its own.

It imports next to nothing, as each run of a program starts it. What the kernel refuses the program then: every system
call but those that it needs to read and compute (seccomp(2)), files outside of what it was given (landlock(7)), more
memory, processor time and open files than its limits, and files of any length. Its first line on stderr says which of
it this kernel knows.
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

    _Architecture = tuple[int, tuple[int, ...], dict[str, int]]  # AUDIT_ARCH, calls allowed, calls that are judged
    _Line = tuple[str, int, str, str, int]

_PDEATHSIG, _DUMPABLE, _SECCOMP, _NO_NEW_PRIVS = 1, 4, 22, 38  # linux/prctl.h
_NEWUSER, _NEWNET = 0x10000000, 0x40000000  # linux/sched.h
_THREAD = 0x00010000
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026  # linux/seccomp.h: SECCOMP_RET_*
_LOAD, _EQUAL, _AT_LEAST, _HAS_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
_NR, _ARCH, _ARG0, _ARG0_HIGH, _ARG1 = 0, 4, 16, 20, 24  # struct seccomp_data, little-endian
_X32 = 0x40000000
_READ_FILE, _READ_DIR, _EXECUTE = 4, 8, 1  # linux/landlock.h: LANDLOCK_ACCESS_FS_*
_LANDLOCK = (444, 445, 446)  # create_ruleset, add_rule, restrict_self on every architecture
_FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many access rights each version of Landlock knows; later ones 16
_WITH_SCOPES, _NETWORK, _SCOPES = 6, 3, 3  # bind and connect of TCP; abstract sockets and signals of other processes
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")  # of a program that is linked dynamically
_FILES = 256

# Allowed by number (asm/unistd.h), as Go's runtime, the C library and reading need them; a name without a number on
# one machine is not there: read, write, open, close, stat, fstat, lstat, newfstatat, statx, poll, ppoll, select,
# pselect6, lseek, pread64, pwrite64, readv, writev, preadv, pwritev, preadv2, pwritev2; access, faccessat, faccessat2,
# openat, openat2, readlink, readlinkat, getcwd, chdir, fchdir, getdents, getdents64, fadvise64, fstatfs, pipe, pipe2,
# dup, dup2, dup3, sendfile, splice, copy_file_range; epoll_create, epoll_create1, epoll_ctl, epoll_wait, epoll_pwait,
# epoll_pwait2, eventfd, eventfd2; mmap, mprotect, munmap, mremap, mincore, madvise, brk, rt_sigaction, rt_sigprocmask,
# rt_sigreturn, rt_sigpending, rt_sigtimedwait, rt_sigsuspend, sigaltstack; futex, futex_waitv, sched_yield,
# sched_getaffinity, nanosleep, clock_nanosleep, clock_gettime, clock_getres, gettimeofday, time, getitimer, setitimer,
# timer_create, timer_settime, timer_gettime, timer_getoverrun, timer_delete; getpid, gettid, getppid, getpgrp,
# getpgid, getsid, getuid, geteuid, getgid, getegid, getgroups, getresuid, getresgid, getrlimit, getrusage, times,
# uname, sysinfo, getcpu, umask; arch_prctl, set_tid_address, set_robust_list, rseq, membarrier, getrandom,
# restart_syscall, wait4, waitid, exit, exit_group. What is judged by an argument stands beside it; all else is
# refused.
_CALLS: "dict[str, _Architecture]" = {
    "x86_64": (
        0xC000003E,
        (
            *(0, 1, 2, 3, 4, 5, 6, 262, 332, 7, 271, 23, 270, 8, 17, 18, 19, 20, 295, 296, 327, 328),
            *(21, 269, 439, 257, 437, 89, 267, 79, 80, 81, 78, 217, 221, 138, 22, 293, 32, 33, 292, 40, 275, 326),
            *(213, 291, 233, 232, 281, 441, 284, 290),
            *(9, 10, 11, 25, 27, 28, 12, 13, 14, 15, 127, 128, 130, 131),
            *(202, 449, 24, 204, 35, 230, 228, 229, 96, 201, 36, 38, 222, 223, 224, 225, 226),
            *(39, 186, 110, 111, 121, 124, 102, 107, 104, 108, 115, 118, 120, 97, 98, 100, 63, 99, 309, 95),
            *(158, 218, 273, 334, 324, 318, 219, 61, 247, 60, 231),
        ),
        {"execve": 59, "clone": 56, "prlimit64": 302, "kill": 62, "tgkill": 234, "fcntl": 72, "ioctl": 16},
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(63, 64, 57, 80, 79, 291, 73, 72, 62, 67, 68, 65, 66, 69, 70, 286, 287),
            *(48, 439, 56, 437, 78, 17, 49, 50, 61, 223, 44, 59, 23, 24, 71, 76, 285),
            *(20, 21, 22, 441, 19),
            *(222, 226, 215, 216, 232, 233, 214, 134, 135, 139, 136, 137, 133, 132),
            *(98, 449, 124, 123, 101, 115, 113, 114, 169, 102, 103, 107, 110, 108, 109, 111),
            *(172, 178, 173, 155, 156, 174, 175, 176, 177, 158, 148, 150, 163, 165, 153, 160, 179, 168, 166),
            *(96, 99, 293, 283, 278, 128, 260, 95, 93, 94),
        ),
        {"execve": 221, "clone": 220, "prlimit64": 261, "kill": 129, "tgkill": 131, "fcntl": 25, "ioctl": 29},
    ),
}
_LATER = 450  # calls that Linux had not when this list was made: who tries one has another way
# fcntl(2): DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK, SETLK, SETLKW, OFD_GETLK, OFD_SETLK, OFD_SETLKW, DUPFD_CLOEXEC,
# GETPIPE_SZ. By SETOWN and SETSIG the kernel would send any process of our user a signal. ioctl(2): TCGETS,
# TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
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
    handled = struct.pack("QQQ", (1 << _FS_RIGHTS.get(version, 16)) - 1, _NETWORK, _SCOPES)
    size = 24 if version >= _WITH_SCOPES else 8  # struct landlock_ruleset_attr
    ruleset = libc.syscall(_LANDLOCK[0], handled, ctypes.c_size_t(size), 0)
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
    """Allow the calls above alone; ``path`` is where the name of the program lies, the one that may be started."""
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
    architecture, allowed, judged = calls
    own, low, high = os.getpid(), path & 0xFFFFFFFF, path >> 32
    yield "", _LOAD, "", "", _ARCH
    yield "", _EQUAL, "", "refuse", architecture
    yield "", _LOAD, "", "", _NR
    yield "", _AT_LEAST, "refuse", "", _X32
    yield "", _AT_LEAST, "unknown", "", _LATER
    yield "", _EQUAL, "unknown", "", _CLONE3  # the C library, and Go, then use clone
    for number in allowed:
        yield "", _EQUAL, "allow", "", number
    yield "", _EQUAL, "thread", "", judged["clone"]
    yield "", _EQUAL, "start", "", judged["execve"]
    yield "", _EQUAL, "none", "", judged["prlimit64"]
    yield "", _EQUAL, "self", "", judged["kill"]
    yield "", _EQUAL, "self", "", judged["tgkill"]
    yield "", _EQUAL, "fcntl", "", judged["fcntl"]
    yield "", _EQUAL, "ioctl", "refuse", judged["ioctl"]
    yield "thread", _LOAD, "", "", _ARG0
    yield "", _HAS_BIT, "allow", "refuse", _THREAD
    yield "start", _LOAD, "", "", _ARG0
    yield "", _EQUAL, "", "refuse", low
    yield "", _LOAD, "", "", _ARG0_HIGH
    yield "", _EQUAL, "allow", "refuse", high
    yield "none", _LOAD, "", "", _ARG0
    yield "", _EQUAL, "allow", "refuse", 0
    yield "self", _LOAD, "", "", _ARG0
    yield "", _EQUAL, "allow", "refuse", own
    yield from _of_command("fcntl", _FCNTL)
    yield from _of_command("ioctl", _IOCTL)
    yield "unknown", _RETURN, "", "", _ENOSYS
    yield "refuse", _RETURN, "", "", _EPERM
    yield "allow", _RETURN, "", "", _ALLOW


def _of_command(label: str, commands: "tuple[int, ...]") -> "Iterator[_Line]":
    """Allow the commands of a call that has its command in its second argument, of which the kernel reads 32 bits."""
    yield label, _LOAD, "", "", _ARG1
    for command in commands:
        yield "", _EQUAL, "allow", "", command
    yield "", _RETURN, "", "", _EPERM


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
