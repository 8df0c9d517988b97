"""What must be verified of a pattern, by itself and by TrustPolicies, with keys and roots of Secrets and ConfigMaps."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Protocol

from pattern_operator.api.authority_material import KEY, Entry, Needed, NoSource, needed, trusted_authority
from pattern_operator.api.authority_spec import Authority
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.duration import parse_duration
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.api.requirements_spec import Requirements
from pattern_operator.api.verification import (
    OWN_POLICY,
    PolicySource,
    Requirement,
    TrustedAuthority,
    Unsigned,
    UnusablePolicy,
    VerificationPolicy,
)
from pattern_operator.errors import Stalled
from pattern_operator.kube.wellknown import CONFIG_MAP, SECRET
from pattern_operator.limits import MAX_PUBLIC_KEY, MAX_TRUST_MATERIAL
from pattern_operator.reconcile.config_sources import ConfigSources, Reader
from pattern_operator.reconcile.pattern_store import key_of
from pattern_operator.reconcile.policy_store import KnownPolicy, PolicyKey


class CoveringPort(Protocol):
    """Which TrustPolicies hold for a pattern; see trust_policies.TrustPolicies."""

    async def covering(self, pattern: DesignPattern, repository: Repository) -> tuple[KnownPolicy, ...]: ...  # noqa: D102 - see the class


class Policies:
    """Reads what must be verified of a pattern. What a TrustPolicy requires is shared by all that it covers."""

    def __init__(
        self, config_sources: ConfigSources, trust: CoveringPort, *, namespace: str, unsigned: Unsigned
    ) -> None:
        """``namespace`` is the operator's own, which has the Secrets and ConfigMaps of TrustPolicies."""
        self._config_sources = config_sources
        self._trust = trust
        self._namespace = namespace
        self._unsigned = unsigned
        self._shared: dict[PolicyKey, Requirement | UnusablePolicy] = {}

    async def of(self, pattern: DesignPattern, repository: Repository) -> VerificationPolicy:
        """Everything that must be proven of its artifacts of ``repository``: by itself, and by each TrustPolicy.

        What cannot be used, be it of the pattern's own, is met by nothing, and takes nothing from the others.

        Raises:
            Transient: a Secret or ConfigMap could not be read, or it is not known which policies there are.
        """
        covering = await self._trust.covering(pattern, repository)
        requirements: list[Requirement | UnusablePolicy] = []
        if pattern.spec.verify is not None:
            namespace, reader = pattern.metadata.namespace, key_of(pattern)
            own = self._requirement(pattern.spec.verify, OWN_POLICY, namespace=namespace, reader=reader)
            requirements.append(await _usable_or_not(own, OWN_POLICY))
        requirements += [await self.requirement(each) for each in covering]
        return VerificationPolicy(tuple(requirements), self._unsigned)

    async def requirement(self, policy: KnownPolicy) -> Requirement | UnusablePolicy:
        """What a TrustPolicy requires, with its keys and roots; raises Transient where one could not be read."""
        found = await self._read(policy)
        known = self._shared.get(policy.key)
        if known == found:
            return known
        self._shared[policy.key] = found
        return found

    def forget(self, key: PolicyKey) -> None:
        """A TrustPolicy is gone: what only it used is forgotten."""
        self._shared.pop(key, None)
        self._config_sources.forget(key)

    async def _read(self, policy: KnownPolicy) -> Requirement | UnusablePolicy:
        source = policy.source
        if policy.spec is None:
            message = (
                f"it cannot be read ({policy.broken}): correct it, or let the operator have the version of its CRD."
            )
            return UnusablePolicy(source=source, reason=Reason.POLICY_INVALID, message=message)
        reading = self._requirement(policy.spec, source, namespace=self._namespace, reader=policy.key)
        return await _usable_or_not(reading, source)

    async def _requirement(
        self, spec: Requirements, source: PolicySource, *, namespace: str, reader: Reader
    ) -> Requirement:
        field = "spec.verify" if not source.name else "spec"
        authorities = [
            await self._authority(each, namespace=namespace, reader=reader, field=f"{field}.authorities[]")
            for each in spec.authorities
        ]
        return Requirement(
            source=source,
            authorities=tuple(authorities),
            threshold=spec.threshold,
            repository=spec.repository,
            max_age=_max_age(spec, field=field),
        )

    async def _authority(self, spec: Authority, *, namespace: str, reader: Reader, field: str) -> TrustedAuthority:
        contents: dict[str, bytes] = {}
        try:
            for each in needed(spec):
                contents[each.field] = await self._content(each, namespace=namespace, reader=reader, field=field)
        except NoSource as error:
            raise Stalled(reason=Reason.INVALID_SPEC, message=f"{field}.{error}") from error
        return trusted_authority(spec, contents)

    async def _content(self, needed: Needed, *, namespace: str, reader: Reader, field: str) -> bytes:
        # What is too long is refused by its length, and remembered with the pattern: so no more of it is taken.
        most = (MAX_PUBLIC_KEY if needed.field == KEY else MAX_TRUST_MATERIAL) + 1
        if isinstance(needed.source, Entry):
            found = await self._entry(needed, needed.source, namespace=namespace, reader=reader, field=field)
            return found[:most]
        return needed.source.encode()[:most]

    async def _entry(self, needed: Needed, entry: Entry, *, namespace: str, reader: Reader, field: str) -> bytes:
        resource = SECRET if entry.is_secret else CONFIG_MAP
        data = await self._config_sources.read(resource, namespace=namespace, name=entry.name, reader=reader)
        if entry.key not in data:
            what = "the public key" if needed.field == KEY else "it"
            raise Stalled(
                reason=Reason.SECRET_INVALID,
                message=f"{resource.kind} {namespace}/{entry.name} has no entry {entry.key}: add {what} under that"
                f" name, or correct {field}.{needed.field}.",
            )
        return data[entry.key]


async def _usable_or_not(reading: Awaitable[Requirement], source: PolicySource) -> Requirement | UnusablePolicy:
    try:
        return await reading
    except Stalled as error:
        return UnusablePolicy(source=source, reason=error.reason, message=error.message)


def _max_age(spec: Requirements, *, field: str) -> timedelta | None:
    if spec.max_age is None:
        return None
    try:
        return parse_duration(spec.max_age)
    except ValueError as error:
        raise Stalled(reason=Reason.INVALID_SPEC, message=f"{field}.maxAge: {error}") from error
