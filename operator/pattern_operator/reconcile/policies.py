"""What must be verified of a pattern: its own authorities, with keys and roots read from Secrets and ConfigMaps."""

from dataclasses import dataclass
from datetime import timedelta

from pattern_operator.api.authority_material import KEY, Entry, Needed, NoSource, needed, trusted_authority
from pattern_operator.api.authority_spec import Authority, Requirements
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.duration import parse_duration
from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import (
    OWN_POLICY,
    PolicySource,
    Requirement,
    TrustedAuthority,
    VerificationPolicy,
)
from pattern_operator.errors import Stalled
from pattern_operator.kube.wellknown import CONFIG_MAP, SECRET
from pattern_operator.limits import MAX_PUBLIC_KEY, MAX_TRUST_MATERIAL
from pattern_operator.reconcile.config_sources import ConfigSources
from pattern_operator.reconcile.pattern_store import PatternKey, key_of


@dataclass(frozen=True, slots=True)
class Policies:
    """Reads what must be verified of a pattern."""

    config_sources: ConfigSources

    async def of(self, pattern: DesignPattern) -> VerificationPolicy:
        """Everything that must be proven of its artifact.

        Raises:
            Stalled: a Secret or ConfigMap of the pattern's own authorities is missing, or has no such entry.
            Transient: it could not be read.
        """
        if pattern.spec.verify is None:
            return VerificationPolicy()
        namespace, reader = pattern.metadata.namespace, key_of(pattern)
        own = await self._requirement(pattern.spec.verify, OWN_POLICY, namespace=namespace, reader=reader)
        return VerificationPolicy((own,))

    async def _requirement(
        self, spec: Requirements, source: PolicySource, *, namespace: str, reader: PatternKey
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

    async def _authority(self, spec: Authority, *, namespace: str, reader: PatternKey, field: str) -> TrustedAuthority:
        contents: dict[str, bytes] = {}
        try:
            for each in needed(spec):
                contents[each.field] = await self._content(each, namespace=namespace, reader=reader, field=field)
        except NoSource as error:
            raise Stalled(reason=Reason.INVALID_SPEC, message=f"{field}.{error}") from error
        return trusted_authority(spec, contents)

    async def _content(self, needed: Needed, *, namespace: str, reader: PatternKey, field: str) -> bytes:
        # What is too long is refused by its length, and remembered with the pattern: so no more of it is taken.
        most = (MAX_PUBLIC_KEY if needed.field == KEY else MAX_TRUST_MATERIAL) + 1
        if isinstance(needed.source, Entry):
            found = await self._entry(needed, needed.source, namespace=namespace, reader=reader, field=field)
            return found[:most]
        return needed.source.encode()[:most]

    async def _entry(self, needed: Needed, entry: Entry, *, namespace: str, reader: PatternKey, field: str) -> bytes:
        resource = SECRET if entry.is_secret else CONFIG_MAP
        data = await self.config_sources.read(resource, namespace=namespace, name=entry.name, reader=reader)
        if entry.key not in data:
            what = "the public key" if needed.field == KEY else "it"
            raise Stalled(
                reason=Reason.SECRET_INVALID,
                message=f"{resource.kind} {namespace}/{entry.name} has no entry {entry.key}: add {what} under that"
                f" name, or correct {field}.{needed.field}.",
            )
        return data[entry.key]


def _max_age(spec: Requirements, *, field: str) -> timedelta | None:
    if spec.max_age is None:
        return None
    try:
        return parse_duration(spec.max_age)
    except ValueError as error:
        raise Stalled(reason=Reason.INVALID_SPEC, message=f"{field}.maxAge: {error}") from error
