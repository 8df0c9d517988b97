"""A cluster, a registry and an operator as one thing that is started, used and stopped."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.testbed import binaries, controlplane, nodes, operator, process, registry
from tests.testbed.authority import Authority
from tests.testbed.controlplane import ControlPlane
from tests.testbed.kubectl import Kubectl
from tests.testbed.operator import DEFAULT, Operator
from tests.testbed.registry import OPEN, Options, Registry


class NotStarted(RuntimeError):
    """A part of the testbed is used that was not started."""


@dataclass(slots=True)
class Testbed:
    """A cluster, to which a registry and an operator can be added; all state lies below ``directory``."""

    __test__ = False  # pytest is not to collect it, whatever its name

    directory: Path
    authority: Authority
    controlplane: ControlPlane
    kubectl: Kubectl
    _registry: Registry | None = field(default=None)
    _operator: Operator | None = field(default=None)

    @classmethod
    def start(cls, directory: Path, *, audit: bool = False) -> "Testbed":
        """Build what is missing, start the control plane and the nodes in the new ``directory`` (absolute).

        ``audit``: the API server writes the log that ``audit.requests`` reads.

        Raises:
            RuntimeError: something does not build or start; the message holds the end of its log.
        """
        binaries.build(binaries.OF_A_TESTBED)
        directory.mkdir(parents=True, exist_ok=True)
        authority = Authority.create(directory / "authority")
        try:
            cluster = controlplane.start(directory, authority=authority, audit=audit)
            kubectl = Kubectl(cluster.admin, directory / "kubectl")
            nodes.start(directory, admin=cluster.admin, kubectl=kubectl)
        except BaseException:
            stop(directory)
            raise
        return cls(directory, authority, cluster, kubectl)

    @property
    def registry(self) -> Registry:
        """The registry that was started last."""
        if self._registry is None:
            raise NotStarted("no registry was started here: call start_registry first")
        return self._registry

    @property
    def operator(self) -> Operator:
        """The operator."""
        if self._operator is None:
            raise NotStarted("no operator was started here: call start_operator first")
        return self._operator

    @property
    def operated(self) -> bool:
        """Whether an operator was started here, though it may have ended."""
        return self._operator is not None

    @property
    def operates(self) -> bool:
        """Whether an operator was started here, and runs."""
        return self._operator is not None and self._operator.process.alive

    def adopt(self, operator: Operator) -> None:
        """Take an operator that was started elsewhere."""
        self._operator = operator

    def use(self, registry: Registry) -> None:
        """Take a registry that was started elsewhere."""
        self._registry = registry

    def start_registry(self, *, name: str = "registry", options: Options = OPEN) -> Registry:
        """Start a registry; a second one needs another ``name``."""
        self._registry = registry.start(self.directory, name=name, options=options)
        return self._registry

    def start_operator(self, *, manifests: Path = DEFAULT, flags: tuple[str, ...] = ()) -> Operator:
        """Give the cluster the CRDs and the operator's rights as in ``manifests``, and start it with their flags."""
        operator.install(manifests, kubectl=self.kubectl)
        account = operator.account(self.directory, kubectl=self.kubectl)
        flags = (*operator.admitting_unsigned(manifests, kubectl=self.kubectl), *flags)
        self._operator = operator.start(self.directory, kubeconfig=account, flags=flags)
        return self._operator

    def start_operator_of(self, tree: Path) -> Operator:
        """As ``start_operator``, with the operator of another working tree, which has a .venv of its own."""
        manifests = tree / "manifests" / "default"
        operator.install(manifests, kubectl=self.kubectl, crds=tree / "crds")
        account = operator.account(self.directory, kubectl=self.kubectl)
        flags = operator.admitting_unsigned(manifests, kubectl=self.kubectl)
        program = tree / ".venv" / "bin" / "pattern-operator"
        self._operator = operator.start(self.directory, kubeconfig=account, flags=flags, program=program)
        return self._operator

    def stop(self) -> None:
        """End every process; the logs and the state stay in ``directory``."""
        stop(self.directory)


def stop(directory: Path) -> None:
    """End every process that was started in ``directory``, by this or an earlier command."""
    running = process.saved(directory)
    for name in [name for name in running if name not in controlplane.SERVERS]:
        running[name].stop()
    controlplane.stop(running)


def healthy(directory: Path) -> bool:
    """Tell whether the cluster and the registry that were started in ``directory`` still run and serve."""
    running = process.saved(directory)
    running.pop("operator", None)
    if not running or not all(each.alive for each in running.values()):
        return False
    return ControlPlane.load(directory).ready()


def own(directory: Path) -> None:
    """Make ``directory`` for testbeds that are to end with this process, even if it is killed: ``sweep`` sees to it."""
    directory.mkdir(parents=True)
    (directory / "owner").write_text(str(os.getpid()))


def sweep(parent: Path) -> None:
    """Remove the testbeds below ``parent`` whose owner has gone, and what still runs of them."""
    for owner in parent.glob("*/owner"):
        if not process.exists(int(owner.read_text())):
            for each in owner.parent.rglob("processes"):  # clusters of their own lie inside of others
                stop(each.parent)
            shutil.rmtree(owner.parent, ignore_errors=True)
