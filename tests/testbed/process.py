"""One server process of the testbed: started with a log file, found again by a later command, ended by its id."""

import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL = 0.02  # seconds between two looks at a condition that nothing can be watched for
GRACE = 5.0  # seconds between TERM and KILL


class ProcessEnded(RuntimeError):
    """A server of the testbed ended, or did not become ready; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Process:
    """A running server, known by its id and the moment it started (ids are used again)."""

    name: str
    pid: int
    started: str
    directory: Path
    command: tuple[str, ...]

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.directory / "logs" / f"{self.name}.log"

    @property
    def alive(self) -> bool:
        """Whether this very process still runs; one that ended before it was looked at has no start to know it by."""
        _reap(self.pid)
        return bool(self.started) and _identity(self.pid) == self.started

    def tail(self) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Poll ``ready`` until it is true.

        Raises:
            ProcessEnded: the process ended first, or the time is up.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive:
                raise ProcessEnded(f"{self.name} ended while starting; the end of {self.log}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ProcessEnded(f"{self.name} is not ready after {seconds} s; the end of {self.log}:\n{self.tail()}")
            time.sleep(POLL)

    def stop(self, *, grace: float = GRACE) -> None:
        """Ask the process to end, and kill it after ``grace`` seconds; nothing to do when it has ended."""
        self._send(signal.SIGTERM)
        if not self.wait(seconds=grace):
            self.kill()

    def kill(self) -> None:
        """End the process at once, with no chance to tidy up."""
        self._send(signal.SIGKILL)
        self.wait(seconds=GRACE)

    def wait(self, *, seconds: float) -> bool:
        """Wait for the end of the process; tell whether it came."""
        deadline = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        return True

    def again(self) -> "Process":
        """Start the same command once more, after it has ended; the log goes on."""
        return start(self.name, self.command, directory=self.directory)

    def _send(self, number: signal.Signals) -> None:
        if self.alive:
            os.kill(self.pid, number)

    def save(self) -> None:
        """Write down what a later command needs to find the process."""
        path = self.directory / "processes" / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"pid": self.pid, "started": self.started, "command": self.command}))

    @classmethod
    def load(cls, path: Path) -> "Process":
        """Read what ``save`` wrote."""
        saved = json.loads(path.read_text())
        return cls(
            name=path.stem,
            pid=saved["pid"],
            started=saved["started"],
            directory=path.parents[1],
            command=tuple(saved["command"]),
        )


def start(name: str, command: Sequence[str | Path], *, directory: Path) -> Process:
    """Start ``command`` in a session of its own, so that it outlives this command and no Ctrl-C reaches it.

    Its output goes to ``<directory>/logs/<name>.log``, its id to ``<directory>/processes/<name>.json``.
    """
    words = tuple(str(part) for part in command)
    log = directory / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as output:
        popen = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd=directory
        )
    popen.returncode = 0  # not Popen's to wait for: a Process is known by its id, and reaped by it
    process = Process(name, popen.pid, _identity(popen.pid), directory, words)
    process.save()
    return process


def saved(directory: Path) -> dict[str, Process]:
    """Find the processes that were started in ``directory``, by name; some may have ended."""
    found = sorted((directory / "processes").glob("*.json"))
    return {path.stem: Process.load(path) for path in found}


def exists(pid: int) -> bool:
    """Tell whether a process with this id runs."""
    return bool(_identity(pid))


def free_port() -> int:
    """Choose a port that nobody listens on.

    Below the range from which the kernel takes ports for outgoing connections, so that nobody takes it before the
    server does.
    """
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - spreads parallel test workers; no secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _reap(pid: int) -> None:
    """Take the exit status of a child that ended: until then it would look alive."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # a child of an earlier command


def _identity(pid: int) -> str:
    """Return the moment the process started, "" when there is none or it has ended."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            state, *fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        # proc(5): field 20, num_threads, and field 22, starttime. The first thread is a zombie before the last one has
        # ended, and until then the process holds its ports.
        ended = state in "ZX" and int(fields[16]) <= 1
        return "" if ended else fields[18]
    asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip()
