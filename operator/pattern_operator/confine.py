"""Takes from this process what work on a stranger's bytes does not need: once, before the first of them is read.

Limits by setrlimit(2); files, sockets and processes by seccomp(2), a list of the system calls that Python needs to
compute, to read files that are open already and to answer on a socket that is connected already. Everything else is
refused with EPERM.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38  # linux/prctl.h
_SECCOMP_MODE_FILTER: Final = 2  # linux/seccomp.h
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h: LD | W | ABS, JMP | JEQ | K, RET | K
_NUMBER_AT, _ARCHITECTURE_AT, _COMMAND_AT = 0, 4, 24  # of struct seccomp_data; the low half of the second argument
_FILES: Final = 256  # open at once: those of the layers, and the socket


@dataclass(frozen=True, slots=True)
class _Calls:
    """The system calls that are allowed on one architecture (linux/audit.h, asm/unistd.h).

    ``fcntl`` and ``ioctl`` are judged by their command.
    """

    architecture: int
    numbers: tuple[int, ...]
    fcntl: int
    ioctl: int


# read, write, close, fstat, newfstatat (of an open file), lseek, pread64, readv, writev, poll or ppoll, dup; mmap,
# mprotect, munmap, mremap, madvise, brk; rt_sigaction, rt_sigprocmask, rt_sigreturn, sigaltstack; sendto, recvfrom,
# sendmsg, recvmsg; futex, sched_yield, nanosleep, clock_nanosleep, clock_gettime, getrusage, getpid, gettid,
# sched_getaffinity, getrandom, membarrier, rseq, set_robust_list; exit, exit_group
_CALLS: Final = {
    "x86_64": _Calls(
        0xC000003E,
        (
            *(0, 1, 3, 5, 262, 8, 17, 19, 20, 7, 271, 32),
            *(9, 10, 11, 25, 28, 12, 13, 14, 15, 131, 44, 45, 46, 47),
            *(202, 24, 35, 230, 228, 98, 39, 186, 204, 318, 324, 334, 273, 60, 231),
        ),
        fcntl=72,
        ioctl=16,
    ),
    "aarch64": _Calls(
        0xC00000B7,
        (
            *(63, 64, 57, 80, 79, 62, 67, 65, 66, 73, 23),
            *(222, 226, 215, 216, 233, 214, 134, 135, 139, 132, 206, 207, 211, 212),
            *(98, 124, 101, 115, 113, 165, 172, 178, 123, 278, 283, 293, 99, 93, 94),
        ),
        fcntl=25,
        ioctl=29,
    ),
}
# fcntl(2): DUPFD, GETFD, SETFD, GETFL, SETFL, DUPFD_CLOEXEC. By SETOWN and SETSIG the kernel would send any process of
# our user a signal, the operator, too. ioctl(2), where FIOSETOWN does the same: TCGETS, FIONBIO, FIONCLEX, FIOCLEX.
_FCNTL: Final = (0, 1, 2, 3, 4, 1030)
_IOCTL: Final = (0x5401, 0x5421, 0x5450, 0x5451)


def end_with(parent: int) -> bool:
    """Let the kernel end this process with ``parent``, which started it; False when that has ended already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return os.getppid() == parent


def confine(*, memory: int, cpu_seconds: int) -> bool:
    """Limit this process to ``memory`` bytes and ``cpu_seconds``, and take files, sockets and processes from it.

    Returns:
        Whether the kernel refuses these calls; False where it has no seccomp, or the processor is another. The limits
        hold in either case.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # nobody looks into it, and it leaves no core
    _be_first_to_go()
    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    # DATA counts what malloc takes; AS all else that is mapped, which only who has taken the process over would need.
    for which, limit in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_AS, used + memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        resource.setrlimit(which, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))  # SIGXCPU says why, SIGKILL would not
    return _filter_calls(libc)


def _be_first_to_go() -> None:
    """Let the kernel end this process, and not the operator, when memory is short."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    except OSError:  # a kernel or a container without it: the limits hold all the same
        return


def _filter_calls(libc: ctypes.CDLL) -> bool:
    calls = _CALLS.get(platform.machine())
    if calls is None:
        return False
    instructions = _filter(calls)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in instructions))
    program = struct.pack("HP", len(instructions), ctypes.addressof(code))  # struct sock_fprog
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    refused = libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(program), 0, 0)
    return bool(refused == 0)


def _filter(calls: _Calls) -> list[tuple[int, int, int, int]]:
    """The lines of the filter: what to do, how many to pass over if so, and if not, and the operand."""
    fcntl, ioctl = _of_command(_FCNTL), _of_command(_IOCTL)
    judged = [
        (_IF_EQUAL, 2, 0, calls.fcntl),
        (_IF_EQUAL, 1 + len(fcntl), 0, calls.ioctl),
        (_RETURN, 0, 0, _REFUSE),
        *((code, yes + len(ioctl) if yes else 0, no, operand) for code, yes, no, operand in fcntl),
        *ioctl,
    ]
    return [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, calls.architecture),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _NUMBER_AT),
        *(
            (_IF_EQUAL, len(calls.numbers) - position - 1 + len(judged), 0, number)
            for position, number in enumerate(calls.numbers)
        ),
        *judged,
        (_RETURN, 0, 0, _ALLOW),
    ]


def _of_command(commands: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Go past these lines for one of the ``commands``, else refuse."""
    tries = [(_IF_EQUAL, len(commands) - position, 0, each) for position, each in enumerate(commands)]
    return [(_LOAD, 0, 0, _COMMAND_AT), *tries, (_RETURN, 0, 0, _REFUSE)]
