"""Counts how many authorities have a signer of their own: two that one key or identity stands for are not two.

Signers who share a key, or a name, are one: a certificate may have several names, and a key may be used bare, too.

A maximum bipartite matching of authorities and signers, by augmenting paths (Kuhn). There are at most 16 authorities
and 64 signatures.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from pattern_operator.verify.outcome import CertificateSigner, KeySigner, NotationSigner, Signer, UnauthenticatedSigner

S = TypeVar("S", bound=Hashable)


Mark = tuple[str, ...]


def marks(signer: Signer) -> frozenset[Mark]:
    """What a signer is known by: a key, and whom a certificate names, whichever certificate that is."""
    match signer:
        case KeySigner(fingerprint):
            return frozenset({("key", fingerprint)})
        case CertificateSigner(identity, issuer, _, key):
            return frozenset({("certificate", identity, issuer), ("key", key)})
        case NotationSigner(subject, _, key):
            return frozenset({("notation", subject), ("key", key)})
        case UnauthenticatedSigner(subject):
            return frozenset({("nobody", subject)})


def persons(signers: Iterable[Signer]) -> Mapping[Mark, int]:
    """Who is who: marks that belong to one signer, directly or by others between, have one number."""
    found: dict[Mark, int] = {}
    for number, signer in enumerate(signers):
        mine = marks(signer)
        same = {found[each] for each in mine if each in found}
        found |= {each: number for each, held in found.items() if held in same}
        found |= dict.fromkeys(mine, number)
    return found


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
