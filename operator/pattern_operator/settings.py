"""What the command line of the operator says."""

from dataclasses import dataclass, field
from pathlib import Path

from pattern_operator.api.verification import Unsigned
from pattern_operator.reconcile import Tenancy
from pattern_operator.sandbox import ProgramPaths, WorkerLimits
from pattern_operator.source import RegistryNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an administrator sets."""

    kubeconfig: Path | None
    context: str | None
    lease_namespace: str | None
    cache_directory: Path
    cache_size: int  # bytes
    metrics: tuple[str, int]  # host and port
    concurrency: int
    workers: WorkerLimits = field(default_factory=WorkerLimits)
    programs: ProgramPaths = field(default_factory=ProgramPaths)
    registry_network: RegistryNetwork = RegistryNetwork.ANY
    tenancy: Tenancy
    unsigned: Unsigned = Unsigned.ALLOW

    @property
    def flags(self) -> str:
        """The rules in force for all patterns, as the flags that set them."""
        return " ".join(
            (
                f"--concurrency={self.concurrency}",
                f"--registry-network={self.registry_network.value}",
                f"--require-service-account={str(self.tenancy.require_service_account).lower()}",
                f"--default-service-account={self.tenancy.default_service_account or '(none)'}",
                f"--no-cross-namespace={str(not self.tenancy.cross_namespace).lower()}",
                f"--unsigned={self.unsigned.value}",
            )
        )
