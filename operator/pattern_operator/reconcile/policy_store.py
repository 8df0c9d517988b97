"""The TrustPolicies as they are known, and which artifacts each covers. Pure.

One that cannot be read still covers what its ``match`` says, or everything where that cannot be read either: nothing
that it might have covered is let pass without it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec

from pattern_operator.api.fields import ObjectMeta
from pattern_operator.api.reference import Repository
from pattern_operator.api.trust_policy import (
    LabelSelector,
    Match,
    TrustPolicySpec,
    TrustPolicyStatus,
    decode,
    decode_match,
)
from pattern_operator.api.verification import PolicyMode, PolicySource
from pattern_operator.quote import one_line
from pattern_operator.verify.url_match import EVERYTHING, InvalidGlob, UrlGlob, selects

_WHY = 300  # bytes of why a policy cannot be read


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """The name of a TrustPolicy."""

    name: str

    def __str__(self) -> str:
        return f"TrustPolicy {self.name}"


@dataclass(frozen=True, slots=True)
class Covered:
    """One entry of ``match``."""

    url: UrlGlob
    namespaces: LabelSelector | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPolicy:
    """A TrustPolicy that there is. ``spec`` is None where it cannot be read, and ``broken`` says why."""

    key: PolicyKey
    uid: str
    generation: int
    match: tuple[Covered, ...]
    spec: TrustPolicySpec | None
    broken: str = ""
    status: TrustPolicyStatus = field(default_factory=TrustPolicyStatus)

    @classmethod
    def of(cls, body: dict[str, Any]) -> Self:
        """Read a TrustPolicy of any shape."""
        meta = ObjectMeta.of(body)
        key, uid, generation = PolicyKey(meta.name), meta.uid, meta.generation or 0
        try:
            policy = decode(body)
            match = _covered(policy.spec.match)
        except (msgspec.ValidationError, InvalidGlob) as error:
            why = one_line(str(error), _WHY)
            return cls(key=key, uid=uid, generation=generation, match=_read_match(body), spec=None, broken=why)
        return cls(key=key, uid=uid, generation=generation, match=match, spec=policy.spec, status=policy.status)

    @property
    def source(self) -> PolicySource:
        """How the requirement that it makes is called, and what it does when it is not met."""
        if self.spec is None:
            return PolicySource(name=self.key.name, version=self._version, allow_downgrade=False)
        return PolicySource(
            name=self.key.name,
            version=self._version,
            mode=PolicyMode(self.spec.mode),
            prune=self.spec.on_failure == "Prune",
            allow_downgrade=self.spec.allow_downgrade,
        )

    @property
    def _version(self) -> str:
        return f"{self.uid}/{self.generation}"

    @property
    def asks_for_labels(self) -> bool:
        """Whether the labels of namespaces decide what it covers."""
        return any(each.namespaces is not None for each in self.match)

    def covers(self, repository: Repository, labels: Mapping[str, str]) -> bool:
        """Whether it holds for artifacts of ``repository`` in a namespace with these labels."""
        return any(each.url.matches(repository) and selects(each.namespaces, labels) for each in self.match)


class PolicyStore:
    """The newest known state of every TrustPolicy."""

    def __init__(self) -> None:
        self._policies: dict[PolicyKey, KnownPolicy] = {}

    def __iter__(self) -> Iterator[KnownPolicy]:
        return iter(tuple(self._policies[key] for key in sorted(self._policies, key=lambda each: each.name)))

    def get(self, key: PolicyKey) -> KnownPolicy | None:
        """The policy, or None where there is none."""
        return self._policies.get(key)

    def take(self, policy: KnownPolicy) -> bool:
        """Take a policy in; whether anything else than its status changed."""
        before = self._policies.get(policy.key)
        self._policies[policy.key] = policy
        return before is None or (before.uid, before.generation, before.broken) != (
            policy.uid,
            policy.generation,
            policy.broken,
        )

    def forget(self, key: PolicyKey) -> KnownPolicy | None:
        """Drop a policy that is gone, and give back what was known of it."""
        return self._policies.pop(key, None)

    @property
    def globs(self) -> int:
        """Those of all policies together: what one look at all of them costs."""
        return sum(len(each.match) for each in self._policies.values())

    @property
    def asks_for_labels(self) -> bool:
        """Whether the labels of namespaces decide anything."""
        return any(each.asks_for_labels for each in self._policies.values())

    def covering(self, repository: Repository, labels: Mapping[str, str]) -> tuple[KnownPolicy, ...]:
        """The policies that hold for artifacts of ``repository``, by name."""
        found = [each for each in self._policies.values() if each.covers(repository, labels)]
        return tuple(sorted(found, key=lambda each: each.key.name))


def _covered(match: tuple[Match, ...]) -> tuple[Covered, ...]:
    return tuple(Covered(UrlGlob.parse(each.url), each.namespace_selector) for each in match)


def _read_match(body: dict[str, Any]) -> tuple[Covered, ...]:
    everything = (Covered(UrlGlob.parse(EVERYTHING), None),)
    try:
        match = decode_match(body)
        return everything if match is None else _covered(match)
    except InvalidGlob:
        return everything
