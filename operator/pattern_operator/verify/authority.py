"""Whom a signature is judged by: trust material as the core takes it, read once, and what must be proven besides."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from pattern_operator.verify.encoding import shortened
from pattern_operator.verify.key import PublicKey


@dataclass(frozen=True, slots=True)
class AttestationPolicy:
    """A statement that must be signed: the exact type of its predicate, and a CEL condition on it."""

    name: str
    predicate_type: str
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class KeyAuthority:
    """Public keys, any of which signs for the authority."""

    name: str
    keys: tuple[PublicKey, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    attestations: tuple[AttestationPolicy, ...] = ()

    @property
    def trusted(self) -> Hashable:
        """What is trusted: two authorities with the same are one signer."""
        return self.keys

    def __str__(self) -> str:
        return f"{shortened(self.name)} (key {', '.join(each.fingerprint for each in self.keys)})"


Authority = KeyAuthority
