"""What a row cost: requests by the API server's audit log, CPU and memory by the kernel's figures of the processes."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.testbed import audit, process

OPERATOR = "system:serviceaccount:pattern-operator-system:pattern-operator"
SERVERS = ("kube-apiserver", "etcd")  # where most of the time goes


@dataclass(frozen=True, slots=True)
class Reading:
    """The meters at one moment."""

    log: int  # bytes of the audit log
    operator: float  # CPU seconds
    servers: float  # CPU seconds


@dataclass(frozen=True, slots=True)
class Meters:
    """Reads the processes that were started in ``directory``; ``log`` is the audit log."""

    directory: Path
    log: Path

    def begin(self) -> Reading:
        """Read the meters, and begin to look for the most memory anew."""
        operator = self._pid("operator")
        if operator is not None:
            Path(f"/proc/{operator}/clear_refs").write_text("5")  # proc(5): sets VmHWM to what is in memory now
        return Reading(self.log.stat().st_size, self._cpu("operator"), self._cpu(*SERVERS))

    def since(self, begun: Reading, *, patterns: int) -> dict[str, Any]:
        """The figures from ``begun`` to now."""
        operator = self._pid("operator")
        requests = self.requests(begun)
        return {
            "requests_per_pattern": {verb: round(n / patterns, 2) for verb, n in sorted(requests.items())},
            "requests_per_pattern_total": round(sum(requests.values()) / patterns, 2),
            "operator_cpu_seconds": round(self._cpu("operator") - begun.operator, 2),
            "server_cpu_seconds": round(self.server_cpu(begun), 2),
            "operator_peak_mib": round(peak(operator), 1) if operator is not None else 0.0,
        }

    def server_cpu(self, begun: Reading) -> float:
        """CPU seconds of the API server and its store."""
        return self._cpu(*SERVERS) - begun.servers

    def operator_cpu(self, begun: Reading) -> float:
        """CPU seconds of the operator."""
        return self._cpu("operator") - begun.operator

    def requests(self, begun: Reading) -> Counter[str]:
        """The operator's requests by verb; its Lease is not counted."""
        found = audit.requests(self.log, after=begun.log)
        return Counter(each.verb for each in found if each.user == OPERATOR and not each.resource.startswith("leases"))

    def _pid(self, name: str) -> int | None:
        running = process.saved(self.directory).get(name)
        return running.pid if running is not None and running.alive else None

    def _cpu(self, *names: str) -> float:
        pids = [self._pid(name) for name in names]
        return sum(cpu(pid) for pid in pids if pid is not None)


def cpu(pid: int) -> float:
    """CPU seconds that a process has used (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(pid: int) -> float:
    """The most memory a process has had since ``Meters.begin``, in MiB (proc(5), status: VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
