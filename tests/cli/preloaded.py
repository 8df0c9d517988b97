"""patternctl in processes that need not import it: each is forked from one that has, and does nothing else.

Half a second of a command is the import of what it needs; the tests run hundreds of them. A process made here is as
one of the console script: with its own streams, directory and environment, and it ends as the interpreter ends.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pattern_operator.cli
from pattern_operator.cli import completion

# What commands import when they run; kopf and what is the operator's alone is left out.
PACKAGES = ("api", "archive", "cli", "render", "sign", "source", "verify")


class Preloaded:
    """The process that is forked; it ends with the one that made it."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.preloaded", str(theirs.fileno())],
                cwd=Path(__file__).parents[2],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def run(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        streams: Sequence[int],
        seconds: float,
    ) -> int:
        """Run one command with these streams (in, out, error); its exit code, as ``subprocess`` has it.

        Raises:
            TimeoutExpired: it did not end in time, and was killed.
        """
        asked = {"arguments": list(arguments), "environment": dict(environment), "directory": str(directory)}
        one, other = socket.socketpair()
        with one:
            with other:
                socket.send_fds(self._ours, [b"\0"], [other.fileno(), *streams])
            one.sendall(json.dumps(asked).encode() + b"\n")
            answers = one.makefile("rb")
            pid = int(answers.readline())
            one.settimeout(seconds)
            try:
                return int(answers.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(["patternctl", *arguments], seconds) from None


def serve(asking: socket.socket) -> dict[str, Any]:
    """Fork for each request until nobody asks any more; returns the request in the process that is to answer it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    while True:
        message, fds, _, _ = socket.recv_fds(asking, 1, 4)
        if not message:
            os._exit(0)
        if not os.fork():
            asking.close()
            return _begin(fds)
        for each in fds:
            os.close(each)


def _begin(fds: Sequence[int]) -> dict[str, Any]:
    """Wait for the command in one process, and return its request in another, which has its streams."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    telling, *streams = fds
    with socket.socket(fileno=telling) as told:
        request: dict[str, Any] = json.loads(told.makefile("rb").readline())
        pid = os.fork()
        if pid:
            for each in streams:
                os.close(each)
            told.sendall(f"{pid}\n".encode())
            _, status = os.waitpid(pid, 0)
            with contextlib.suppress(OSError):  # who asked has killed it, and listens no longer
                told.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os._exit(0)
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    return request


def become(request: Mapping[str, Any]) -> None:
    """Take the directory, environment, words and streams of the request."""
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["patternctl", *request["arguments"]]
    for name, number, mode, errors in (
        ("stdin", 0, "r", "strict"),
        ("stdout", 1, "w", "strict"),
        ("stderr", 2, "w", "backslashreplace"),
    ):
        stream = open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115 - a number, and open for good
        if isinstance(stream, io.TextIOWrapper) and (name == "stderr" or stream.isatty()):
            stream.reconfigure(line_buffering=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    for module in pkgutil.walk_packages(pattern_operator.__path__, "pattern_operator."):
        if module.name.split(".")[1] in PACKAGES and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    # A person waits for names no longer than a moment; here, a busy machine would make it none.
    completion._NAMES_WITHIN = 30.0  # type: ignore[misc] # a constant, for all but those who test
    gc.freeze()  # else each that ends looks through all that was imported, and copies it by that
    become(serve(socket.socket(fileno=int(sys.argv[1]))))
    sys.exit(pattern_operator.cli.main())
