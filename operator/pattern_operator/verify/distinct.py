"""Counts how many authorities have a signer of their own: two that one key or identity stands for are not two.

A maximum bipartite matching of authorities and signers, by augmenting paths (Kuhn). There are at most 16 authorities
and 64 signatures.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from pattern_operator.verify.outcome import CertificateSigner, KeySigner, NotationSigner, Signer, UnauthenticatedSigner

S = TypeVar("S", bound=Hashable)


def who(signer: Signer) -> tuple[str, ...]:
    """What tells a signer from others: a key, or whom a certificate names, whichever certificate that is."""
    match signer:
        case KeySigner(fingerprint):
            return ("key", fingerprint)
        case CertificateSigner(identity, issuer, _):
            return ("certificate", identity, issuer)
        case NotationSigner(subject, _):
            return ("notation", subject)
        case UnauthenticatedSigner(subject):
            return ("nobody", subject)


def assign(signers: Sequence[Sequence[S]]) -> Mapping[int, S]:
    """A signer for each of as many authorities as can have one of their own.

    ``signers`` has those of each authority, the preferred first; the result is by its index there.
    """
    taken: dict[S, int] = {}

    def find(authority: int, tried: set[S]) -> bool:
        for signer in signers[authority]:
            if signer in tried:
                continue
            tried.add(signer)
            holder = taken.get(signer)
            if holder is None or find(holder, tried):
                taken[signer] = authority
                return True
        return False

    for authority in range(len(signers)):
        find(authority, set())
    return {authority: signer for signer, authority in sorted(taken.items(), key=lambda each: each[1])}
