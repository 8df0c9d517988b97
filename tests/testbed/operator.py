"""The operator from the working tree, beside a cluster: as its own ServiceAccount, never as admin."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.testbed import process
from tests.testbed.http import answers
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.kubectl import Kubectl
from tests.testbed.paths import BIN, ROOT
from tests.testbed.process import Process

PROGRAM = Path(sys.executable).with_name("pattern-operator")
NAMESPACE = "pattern-operator-system"
ACCOUNT = "pattern-operator"
DEFAULT = ROOT / "manifests" / "default"
RESTRICTED = ROOT / "manifests" / "restricted"
CRDS = ROOT / "crds"
READY = 60.0
PLACES = ("--cache-dir", "--metrics-bind")  # of the pod; beside a cluster they lie elsewhere


@dataclass(slots=True)
class Operator:
    """A running operator; ``address`` (host:port) serves /metrics, /healthz and /readyz."""

    process: Process
    kubeconfig: Kubeconfig
    address: str

    @property
    def metrics(self) -> str:
        """The URL of the metrics."""
        return f"http://{self.address}/metrics"

    @property
    def ready(self) -> bool:
        """Whether it says it is."""
        return answers(f"http://{self.address}/readyz")

    def wait_ready(self) -> None:
        """Wait until it is ready.

        Raises:
            ProcessEnded: it ended first, or the time is up; the message holds the end of its log.
        """
        self.process.wait_until(lambda: self.ready, seconds=READY)

    def stop(self) -> None:
        """Ask it to end, as a kubelet does (SIGTERM), and wait until it has."""
        self.process.stop()

    def kill(self) -> None:
        """End it in the middle of whatever it does (SIGKILL)."""
        self.process.kill()

    def restart(self) -> None:
        """Stop it if it runs, start it again with the same cache, and wait until it is ready."""
        self.process.stop()
        self.process = self.process.again()
        self.wait_ready()


def install(manifests: Path, *, kubectl: Kubectl, crds: Path = CRDS) -> None:
    """Apply ``crds``, then the rights of ``manifests`` and all else but the Deployment: the operator runs beside.

    Raises:
        KubectlFailed: the manifests do not build, or the API server refuses one.
    """
    objects: list[dict[str, Any]] = list(yaml.safe_load_all(kubectl("kustomize", crds)))
    if manifests != crds:
        objects += yaml.safe_load_all(kubectl("kustomize", manifests))
    kubectl.apply(*(each for each in objects if each["kind"] != "Deployment"))
    kubectl.established(*(each["metadata"]["name"] for each in objects if each["kind"] == "CustomResourceDefinition"))


def flags_of(manifests: Path, *, kubectl: Kubectl) -> tuple[str, ...]:
    """The flags that the Deployment in ``manifests`` gives the operator, but for those that say where it is."""
    objects: list[dict[str, Any]] = list(yaml.safe_load_all(kubectl("kustomize", manifests)))
    deployed = [each for each in objects if each["kind"] == "Deployment"]
    words = [word for each in deployed for word in each["spec"]["template"]["spec"]["containers"][0]["args"]]
    return tuple(word for word in words if word.startswith("--") and not word.startswith(PLACES))


def admitting_unsigned(manifests: Path, *, kubectl: Kubectl) -> tuple[str, ...]:
    """As ``flags_of``, without ``--unsigned``: what most tests apply is not signed."""
    return tuple(word for word in flags_of(manifests, kubectl=kubectl) if not word.startswith("--unsigned"))


def account(directory: Path, *, kubectl: Kubectl) -> Kubeconfig:
    """Write a kubeconfig with a token of the operator's own ServiceAccount (TokenRequest)."""
    token = kubectl("create", "token", ACCOUNT, "--namespace", NAMESPACE, "--duration=24h").strip()
    admin = kubectl.kubeconfig
    user = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
    return Kubeconfig(directory / "operator.kubeconfig", admin.server, admin.ca, token, user).write()


def start(directory: Path, *, kubeconfig: Kubeconfig, flags: tuple[str, ...] = (), program: Path = PROGRAM) -> Operator:
    """Start the operator, with ``flags`` after its usual ones, and wait until it is ready.

    Raises:
        ProcessEnded: it does not start; the message holds the end of its log.
    """
    address = f"127.0.0.1:{process.free_port()}"
    command: list[str | Path] = [program, "run", "--kubeconfig", kubeconfig.path]
    command += ["--cache-dir", directory / "cache", "--metrics-bind", address]
    command += ["--helm", BIN / "helm", "--kustomize", BIN / "kustomize", *flags]
    operator = Operator(process.start("operator", command, directory=directory), kubeconfig, address)
    operator.wait_ready()
    return operator
