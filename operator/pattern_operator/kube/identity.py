"""Who this operator is among others that want the same Lease, and where that Lease lies."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pattern_operator.kube.in_cluster import SERVICE_ACCOUNT

MAX_PID_DIGITS: Final = 10  # 2**22 is the most that Linux gives; a holder may write anything
NAMESPACE: Final = "pattern-operator-system"  # of manifests/base: where the Lease lies for an operator outside a pod


def identity(*, account: Path = SERVICE_ACCOUNT, environment: Mapping[str, str] = os.environ) -> str:
    """The name and UID of the pod, which a restarted container keeps; outside of pods the host and the process.

    The Deployment sets both by the downward API (``POD_NAME``, ``POD_UID``). The host's name alone would make two pods
    on the network of one node the same holder. Where the Deployment does not set them, a pod goes by its host's name.
    """
    pod, uid = environment.get("POD_NAME", ""), environment.get("POD_UID", "")
    if pod and uid:
        return f"{pod}_{uid}"
    host = socket.gethostname()
    return host if account.exists() else f"{host}_{os.getpid()}"


def holder_is_dead(holder: str) -> bool:
    """Whether ``holder`` is the identity of a process of this host that has ended."""
    host, _, pid = holder.rpartition("_")
    if host != socket.gethostname() or not pid.isdecimal() or len(pid) > MAX_PID_DIGITS:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):  # it is there, and somebody else's; or it is not a process id at all
        return False
    return _is_zombie(pid)


def _is_zombie(pid: str) -> bool:
    """Whether the process has ended and only its parent does not know yet (Linux, proc(5): ``stat``)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[:1] in (["Z"], ["X"])


def lease_namespace(*, account: Path = SERVICE_ACCOUNT) -> str:
    """The namespace of the pod; outside of pods that of the manifests."""
    file = account / "namespace"
    return file.read_text().strip() if file.exists() else NAMESPACE
