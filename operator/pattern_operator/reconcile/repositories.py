"""What the steps ask registries, and the Secrets and ConfigMaps of a spec: the logins, keys, manifests and layers.

It implements the ports of the steps that come before apply; it decides nothing and remembers nothing of a pattern.
"""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from pattern_operator import __version__
from pattern_operator.api.capabilities import Capabilities
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Reference, Repository, Revision
from pattern_operator.api.report import Rendering
from pattern_operator.api.signing import SignCommands
from pattern_operator.api.spec import Source
from pattern_operator.api.verification import VerificationPolicy, VerificationResult
from pattern_operator.conditions.answer import Conditions
from pattern_operator.conditions.budget import ConditionBudget
from pattern_operator.conditions.process import ConditionProcesses
from pattern_operator.errors import PatternError, Stalled, Transient, Untrusted
from pattern_operator.executors import Executors, run_in
from pattern_operator.kube import ApiError
from pattern_operator.kube.capabilities import ServerCapabilities
from pattern_operator.kube.wellknown import SECRET
from pattern_operator.reconcile import desired as spec
from pattern_operator.reconcile.config_sources import ConfigSources
from pattern_operator.reconcile.desired import DesiredState, scheme_of
from pattern_operator.reconcile.pattern_store import PatternKey, key_of
from pattern_operator.reconcile.policies import Policies
from pattern_operator.reconcile.registry_login import DOCKER_CONFIG, Login, SecretVersion, login_of, secret_version_of
from pattern_operator.reconcile.revocation import OFFLINE, RevocationSource
from pattern_operator.reconcile.values_from import parameters_of
from pattern_operator.reconcile.verdicts import Verdicts
from pattern_operator.sandbox import Plan, Sandbox
from pattern_operator.sandbox.build import Layers
from pattern_operator.source import (
    Cache,
    ConnectionWaits,
    Credentials,
    FetchedSignatures,
    Network,
    PullRecords,
    PullSecretReader,
    RepositoryClient,
    ResolvedManifest,
    TokenCache,
    fetch_manifest,
    fetch_signatures,
    open_layers,
    resolve_or_hold,
)
from pattern_operator.source.held_version import Resolution
from pattern_operator.telemetry import SecretValues
from pattern_operator.verify import NO_ANSWERS, revocation_checks, undecided, verify
from pattern_operator.verify.x509.revocation import RevocationAnswer


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


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a look-up: a revision, or why there is none, and how many tags were listed for it."""

    answer: Resolution | PatternError
    listed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositories:
    """Asks in the name of a pattern: with the Secret that its spec names, in the threads of its namespace."""

    registries: Registries
    config_sources: ConfigSources
    policies: Policies
    verdicts: Verdicts
    sandbox: Sandbox
    executors: Executors
    capabilities: ServerCapabilities | None = None  # of the cluster; without, charts are rendered for none
    conditions: Conditions = field(default_factory=ConditionProcesses)
    revocation: RevocationSource = OFFLINE  # for TrustPolicies
    own_revocation: RevocationSource = OFFLINE  # for what patterns ask for themselves
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    secrets: SecretValues = field(default_factory=SecretValues)  # what is masked where texts go out

    def secret_version(self, pattern: DesignPattern) -> SecretVersion:
        """What is known of the Secret of the login without reading it."""
        return secret_version_of(pattern, config_sources=self.config_sources)

    def forget(self, key: PatternKey) -> None:
        """A pattern is gone: what only it used is forgotten."""
        self.config_sources.forget(key)
        self.verdicts.forget(key)
        self.secrets.forget(str(key))

    def note_verdict(
        self, pattern: DesignPattern, policy: VerificationPolicy, *, met: Collection[str], unmet: Collection[str]
    ) -> None:
        """An artifact of a pattern was judged: what the status of each TrustPolicy counts."""
        self.verdicts.note(key_of(pattern), policy, met=met, unmet=unmet)

    async def login(self, pattern: DesignPattern) -> Login:
        """The login that a registry would be asked with now; raises as ``login_of``."""
        return await login_of(pattern, config_sources=self.config_sources)

    async def look_up(
        self, pattern: DesignPattern, reference: Reference, *, running: Revision | None, waits: ConnectionWaits
    ) -> Found:
        """The revision that ``reference`` leads to, where ``running`` came from the same repository.

        Raises:
            Stalled, Transient: the credentials cannot be read.
        """
        registry = await self._open(pattern, reference.repository, waits=waits)
        try:
            return Found(await resolve_or_hold(reference, registry=registry, running=running), registry.listed)
        except PatternError as error:
            return Found(error, registry.listed)

    async def policy(self, pattern: DesignPattern, repository: Repository) -> VerificationPolicy:
        """What must be proven of artifacts of ``repository``, with keys and roots; raises as ``Policies.of``."""
        return await self.policies.of(pattern, repository)

    async def parameters(self, pattern: DesignPattern, *, account: str | None) -> bytes:
        """What the pattern is rendered with, read in the name of ``account``; raises as ``parameters_of``.

        What of it is from Secrets is masked from then on, wherever the pattern is spoken of.
        """
        cpu = self.executors.of(pattern.metadata.namespace).cpu
        found = await parameters_of(pattern, account=account, sources=self.config_sources, cpu=cpu)
        self.secrets.remember(str(key_of(pattern)), found.secrets)
        return found.text

    async def manifest(
        self, pattern: DesignPattern, desired: DesiredState, *, waits: ConnectionWaits
    ) -> ResolvedManifest:
        """What the artifact says of itself, from the cache where it is there, checked either way; none of its layers.

        Raises:
            Stalled: there is no such artifact, it is not one of ours, or the registry does not show it to us.
            Transient: the registry could not be asked.
        """
        revision, status = desired.revision, pattern.status
        is_there = status.digest == str(revision.digest) or status.applying_revision == str(revision)
        return await fetch_manifest(
            Reference(desired.repository, tag=revision.tag or None, digest=revision.digest),
            revision,
            registry=await self._open(pattern, desired.repository, waits=waits),
            cache=self.registries.cache,
            layer=spec.layer(desired.layer),
            running=revision.digest if is_there else None,
        )

    async def signatures(
        self, pattern: DesignPattern, desired: DesiredState, *, waits: ConnectionWaits
    ) -> FetchedSignatures:
        """Everything in the repository that claims to sign the digest; raises Transient where it could not be asked."""
        registry = await self._open(pattern, desired.repository, waits=waits)
        return await fetch_signatures(desired.revision.digest, registry=registry, predicates=desired.policy.predicates)

    async def check(
        self, pattern: DesignPattern, desired: DesiredState, found: FetchedSignatures
    ) -> VerificationResult:
        """Whether the signatures meet the policy.

        Raises:
            Stalled: they do not.
            Transient: they do not, and it is not known of a certificate whether it is revoked, or of a condition
                whether it holds.
        """
        digest, now = desired.revision.digest, self.now()
        commands = SignCommands.of(desired.repository, digest, insecure=pattern.spec.source.insecure)
        check = partial(
            verify,
            digest,
            found.signatures,
            policy=desired.policy,
            repository=desired.repository,
            now=now,
            commands=commands,
            conditions=ConditionBudget(self.conditions),
            target=found.target,
        )
        if not desired.policy.requires_signatures:  # nothing is to be computed, and to wait for a thread takes longer
            return check()
        namespace = pattern.metadata.namespace
        executors, answers = self.executors.of(namespace), NO_ANSWERS
        cpu = executors.conditions if desired.policy.has_conditions else executors.cpu
        if found.target is not None:
            asked = partial(revocation_checks, found.signatures, target=found.target, now=now)
            of_cluster = await run_in(cpu, asked, policy=desired.policy.of_cluster)
            own = [each for each in await run_in(cpu, asked, policy=desired.policy.own) if each not in of_cluster]
            told = {
                **await self.revocation.answers(of_cluster, tenant=namespace),
                **await self.own_revocation.answers(own, tenant=namespace),
            }
            answers = {each: told.get(each, RevocationAnswer()) for each in (*of_cluster, *own)}
        try:
            return await run_in(cpu, partial(check, answers=answers))
        except Untrusted as refusal:
            raise await run_in(cpu, partial(undecided, refusal, answers, now=now)) from refusal

    @asynccontextmanager
    async def layers(
        self, pattern: DesignPattern, desired: DesiredState, artifact: ResolvedManifest, *, waits: ConnectionWaits
    ) -> AsyncIterator[Layers]:
        """The chosen layers, each open for reading during the block; raises as ``source.open_layers``."""
        registry = await self._open(pattern, desired.repository, waits=waits)
        async with open_layers(artifact, registry=registry, cache=self.registries.cache) as layers:
            yield layers

    def built(self, pattern: DesignPattern, plan: Plan, layers: Layers) -> AbstractAsyncContextManager[Rendering]:
        """The rendering during the block; raises as ``Sandbox.rendered``."""
        cluster = None if self.capabilities is None else partial(_capabilities, self.capabilities)
        metadata = pattern.metadata
        return self.sandbox.rendered(
            plan,
            layers,
            tenant=metadata.namespace,
            installation=f"{metadata.uid}/{metadata.generation}",
            cluster=cluster,
        )

    async def _open(
        self, pattern: DesignPattern, repository: Repository, *, waits: ConnectionWaits
    ) -> RepositoryClient:
        return self.registries.open(
            repository,
            credentials=await self._credentials(pattern, repository),
            source=pattern.spec.source,
            tenant=pattern.metadata.namespace,
            waits=waits,
        )

    async def _credentials(self, pattern: DesignPattern, repository: Repository) -> Credentials | None:
        """The credentials for ``repository``, where the spec names a Secret.

        Raises:
            Stalled: the Secret is missing, or holds no docker config.
            Transient: it could not be read.
        """
        ref = pattern.spec.source.secret_ref
        if ref is None:
            return None
        namespace = pattern.metadata.namespace
        data = await self.config_sources.read(SECRET, namespace=namespace, name=ref.name, reader=key_of(pattern))
        where = f"Secret {namespace}/{ref.name}"
        if DOCKER_CONFIG not in data:
            raise Stalled(
                reason=Reason.SECRET_INVALID,
                message=f"{where} has no entry {DOCKER_CONFIG}: create it with"
                f" `kubectl create secret docker-registry {ref.name} -n {namespace} --docker-server=... `.",
            )
        scheme = scheme_of(pattern.spec.source)
        configs = self.registries.configs
        return await configs.read(
            data[DOCKER_CONFIG], where=where, repository=repository, scheme=scheme, tenant=namespace
        )


async def _capabilities(server: ServerCapabilities) -> Capabilities:
    try:
        return await server.read()
    except ApiError as error:
        raise Transient(
            reason=Reason.API_SERVER_UNAVAILABLE,
            message="the API server did not say which kinds it has, which a chart may ask for; it is retried.",
        ) from error
