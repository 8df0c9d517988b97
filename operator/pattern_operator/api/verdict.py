"""What is demanded of a digest, and what verification says of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Authority:
    """Someone whose signature counts: a name for people, and the PEM of a public key."""

    name: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Demand:
    """The authorities of which ``threshold`` different ones must vouch. Without authorities nobody asked."""

    authorities: tuple[Authority, ...] = ()
    threshold: int = 1


@dataclass(frozen=True, slots=True)
class Vouch:
    """One authority's good signature: whose, in which format, and where it lies."""

    authority: str
    format: str
    where: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who vouches for a digest. ``demanded`` is false where nobody asked; then ``vouches`` is empty."""

    demanded: bool
    vouches: tuple[Vouch, ...] = ()
