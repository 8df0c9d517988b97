"""The path from a certificate to a root that is given: found, and judged at a time, by RFC 5280 section 6.

Judged are the signatures and names from one certificate to the next, validity periods (of the root too), basic
constraints with path lengths, key usages, extended key usages (of authorities too), name constraints, critical
extensions, and the strength of keys and hashes. Every policy is accepted, and a certificate that demands one is
refused as one with a critical extension that is not understood. Revocation is judged elsewhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from pattern_operator.limits import MAX_CERTIFICATES, MAX_CHAIN, MAX_ISSUER_CHECKS
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.x509 import name_constraints
from pattern_operator.verify.x509.certificate import Certificate
from pattern_operator.verify.x509.purpose import Purpose, unfit_authority, unfit_leaf, usage_of

Chain = tuple[Certificate, ...]  # from the leaf to its root


def find_chain(
    leaf: Certificate,
    *,
    roots: Sequence[Certificate],
    intermediates: Sequence[Certificate],
    at: datetime,
    purpose: Purpose,
) -> Chain | Rejection:
    """Find a path from ``leaf`` to one of ``roots`` in which everything is valid ``at`` a time.

    Only ``roots`` are trusted, whether or not they are self-signed; ``intermediates`` may come from anywhere. A leaf is
    never its own root. The work is bounded: at most ``MAX_ISSUER_CHECKS`` signatures are checked.

    Returns:
        The path, or why there is none: of the first one that leads to a root, where there is one.
    """
    if wrong := unfit_leaf(leaf, purpose):
        return Rejection(f"has the certificate {leaf}, which {wrong}")
    if len(intermediates) > MAX_CERTIFICATES:
        return Rejection(f"has more than {MAX_CERTIFICATES} certificates")
    search = _Search(tuple(roots), tuple(dict.fromkeys(intermediates)))
    rejection: Rejection | None = None
    for path in search.paths((leaf,)):
        wrong = invalidity(path, usage=usage_of(purpose)) or outside_validity(path, at)
        if wrong is None:
            return path
        rejection = rejection or Rejection(f"has a certificate chain in which {wrong}")
    if rejection is not None:
        return rejection
    if search.exhausted:
        return Rejection("has so many certificates of the same names that no path to a root was found")
    issuer = quoted(leaf.issuer.rfc4514_string())
    return Rejection(f"has the certificate {leaf}, issued by {issuer}, which does not lead to a trusted root")


def invalidity(path: Chain, *, usage: x509.ObjectIdentifier) -> str | None:
    """What is wrong with a path whose signatures hold, apart from time and from what its leaf must be; else None.

    ``path`` goes from the leaf to the root. Of the root, the signature is not judged: it is trusted for itself.
    """
    below = 0  # authorities below, those that are self-issued not counted (RFC 5280 section 4.2.1.9)
    for place, certificate in enumerate(path):
        wrong = _weakness(certificate)
        if place < len(path) - 1:
            wrong = wrong or certificate.signature_weakness
        if place:
            wrong = wrong or unfit_issuer(certificate, below=below) or unfit_authority(certificate, usage)
        if wrong is not None:
            return f"{certificate} {wrong}"
        below += bool(place) and not certificate.is_self_issued
    return name_constraints.violation(path)


def outside_validity(path: Chain, at: datetime) -> str | None:
    """Which certificate is not valid ``at`` a time; None when all are."""
    for certificate in path:
        if at < certificate.not_before:
            return f"{certificate} is valid from {_time(certificate.not_before)} on, and not at {_time(at)}"
        if at > certificate.not_after:
            return f"{certificate} expired at {_time(certificate.not_after)}, before {_time(at)}"
    return None


def unfit_issuer(authority: Certificate, *, below: int) -> str | None:
    """Why a certificate may not have issued another one, with ``below`` authorities between it and the leaf."""
    if not authority.is_authority or authority.basic_constraints is None:
        return "may not issue certificates"
    length = authority.basic_constraints.value.path_length
    if length is not None and below > length:
        return f"may have at most {length} authorities below it, and has {below}"
    if authority.key_usage is not None and not authority.key_usage.value.key_cert_sign:
        return "has a key usage without keyCertSign"
    return None


def _weakness(certificate: Certificate) -> str | None:
    if certificate.unknown_critical:
        return f"has a critical extension {certificate.unknown_critical[0]} that is not understood"
    return None if certificate.key_weakness is None else f"has a key that {certificate.key_weakness}"


@dataclass(slots=True)
class _Search:
    """Looks for paths depth first, trusted roots before other certificates; counts the signatures it checks."""

    roots: tuple[Certificate, ...]
    intermediates: tuple[Certificate, ...]
    checks: int = 0

    @property
    def exhausted(self) -> bool:
        return self.checks >= MAX_ISSUER_CHECKS

    def paths(self, path: Chain) -> Iterator[Chain]:
        """Every path to a root that begins with ``path``, as far as the bounds go. As deep as ``MAX_CHAIN``."""
        if len(path) == MAX_CHAIN:
            return
        for root in self.roots:
            if root not in path and self._issued(path[-1], root):
                yield (*path, root)
        for issuer in self.intermediates:
            if issuer not in path and issuer not in self.roots and self._issued(path[-1], issuer):
                yield from self.paths((*path, issuer))

    def _issued(self, certificate: Certificate, issuer: Certificate) -> bool:
        if self.exhausted or certificate.issuer.public_bytes() != issuer.subject.public_bytes():
            return False
        self.checks += 1
        return certificate.is_issued_by(issuer)


def _time(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
