"""What a run was measured on: the first row, without which the others mean nothing."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def machine(tree: Path, *, kubernetes: str) -> dict[str, Any]:
    """The row; ``tree`` is where the operator is from, ``kubernetes`` the version of the API server."""
    return {
        "row": "machine",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _git(tree, "describe", "--always", "--dirty", "--abbrev=10"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "kubernetes": kubernetes,
    }


def _git(tree: Path, *arguments: str) -> str:
    command = ("git", "-C", str(tree), *arguments)
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    return made.stdout.strip() or "unknown"
