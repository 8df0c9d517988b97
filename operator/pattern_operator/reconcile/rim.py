"""The effects that the steps are given: registries, cluster, time. Everything else in a run is a value."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pattern_operator import __version__
from pattern_operator.api.reference import Repository
from pattern_operator.api.spec import Source
from pattern_operator.apply import Applier, Deleter, DryRun, ManagedObjects, Protected, Transfers
from pattern_operator.executors import Executors
from pattern_operator.kube import Discovery
from pattern_operator.reconcile.awaiting import Awaited
from pattern_operator.reconcile.patterns import Patterns
from pattern_operator.reconcile.referents import Referents
from pattern_operator.reconcile.tenancy import Tenancy
from pattern_operator.reconcile.wanted import scheme_of
from pattern_operator.sandbox import Sandbox
from pattern_operator.source import (
    Cache,
    ConnectionWaits,
    Credentials,
    Network,
    PullRecords,
    PullSecretReader,
    RepositoryClient,
    TokenCache,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """Opens clients of registries: one network, and one memory each of tokens, readers and content, for all."""

    network: Network
    configs: PullSecretReader
    tokens: TokenCache
    pull_records: PullRecords
    cache: Cache
    executors: Executors

    def open(
        self,
        repository: Repository,
        *,
        credentials: Credentials | None,
        source: Source,
        tenant: str,
        waits: ConnectionWaits,
    ) -> RepositoryClient:
        """A client of one repository for a pattern of the namespace ``tenant``, which speaks to it as ``source`` says.

        ``waits`` belong to the run.
        """
        return RepositoryClient(
            repository,
            network=self.network,
            credentials=credentials,
            scheme=scheme_of(source),
            token_service=source.token_service,
            tokens=self.tokens,
            pull_records=self.pull_records,
            user_agent=f"pattern-operator/{__version__}",
            executors=self.executors.of(tenant),
            tenant=tenant,
            waits=waits,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rim:
    """What the steps may touch. ``clock`` is monotonic, in seconds."""

    patterns: Patterns
    registries: Registries
    referents: Referents
    discovery: Discovery
    applier: Applier
    deleter: Deleter
    dry_run: DryRun
    managed_objects: ManagedObjects
    awaited: Awaited
    executors: Executors
    sandbox: Sandbox
    tenancy: Tenancy
    protected: Protected
    clock: Callable[[], float]
    transfers: Transfers = field(default_factory=Transfers)
