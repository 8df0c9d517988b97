"""Judges the certificate of a signature: a chain to whom is trusted, at each time that is proven, and whom it names."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.authority import CertificateAuthority, KeylessAuthority
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.fulcio import identities_of, issuer_of
from pattern_operator.verify.outcome import CertificateSigner
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.sct import wrong_sct
from pattern_operator.verify.trusted_root import Authority
from pattern_operator.verify.x509.certificate import Certificate
from pattern_operator.verify.x509.chain import Chain, find_chain
from pattern_operator.verify.x509.purpose import Purpose

_NO_TIME = "has no time that is proven: neither a log entry nor a timestamp says when it was made"


def judge_identity(
    certificates: Sequence[Certificate], *, times: Sequence[datetime], authority: KeylessAuthority
) -> CertificateSigner | Rejection:
    """Decide whether the certificate of a keyless signature names one of the identities of ``authority``.

    The chain must be valid at each of ``times``, and there must be one: the certificate lived for minutes.
    """
    if not times:
        return Rejection(_NO_TIME)
    leaf = certificates[0]
    root = authority.trusted_root
    for time in times:
        chain = _chain_to_instance(certificates, root.certificate_authorities, at=time)
        if isinstance(chain, Rejection):
            return chain
        if wrong := wrong_sct(leaf, issuer=chain[1], logs=root.ct_logs) if authority.sct_required else None:
            return Rejection(wrong)
    try:
        subjects, issuer = identities_of(leaf), issuer_of(leaf)
    except InvalidDocument as error:
        return Rejection(str(error))
    return _named(leaf, subjects, issuer, authority)


def judge_own_certificate(
    certificates: Sequence[Certificate],
    *,
    times: Sequence[datetime],
    authority: CertificateAuthority,
    now: datetime,
) -> CertificateSigner | Rejection:
    """Decide whether the certificate of a CA of one's own names whom ``authority`` means.

    The chain must be valid at each of ``times`` or, where none is proven, ``now``.
    """
    leaf = certificates[0]
    chain: Chain | Rejection = Rejection(_NO_TIME)
    for time in times or (now,):
        chain = find_chain(
            leaf,
            roots=authority.roots,
            intermediates=[*authority.intermediates, *certificates[1:]],
            at=time,
            purpose=Purpose.CODE_SIGNING_UNLESS_OTHERWISE_STATED,
        )
        if isinstance(chain, Rejection):
            return chain
    if isinstance(chain, Rejection):
        return chain
    return _meant(leaf, root=chain[-1], authority=authority)


def _chain_to_instance(
    certificates: Sequence[Certificate], authorities: Sequence[Authority], *, at: datetime
) -> Chain | Rejection:
    """Find a chain to the root of one authority that was to be believed at the time."""
    leaf, brought = certificates[0], certificates[1:]
    rejection = Rejection(f"has a certificate of {at.isoformat()}, when no certificate authority was to be believed")
    for authority in authorities:
        if not authority.valid.contains(at):
            continue
        *between, root = authority.certificates
        chain = find_chain(leaf, roots=[root], intermediates=[*between, *brought], at=at, purpose=Purpose.CODE_SIGNING)
        if not isinstance(chain, Rejection):
            return chain
        rejection = chain
    return rejection


def _named(
    leaf: Certificate, subjects: Sequence[str], issuer: str, authority: KeylessAuthority
) -> CertificateSigner | Rejection:
    for identity in authority.identities:
        if not identity.issuer.matches(issuer):
            continue
        for subject in subjects:
            if identity.subject.matches(subject):
                return CertificateSigner(subject, issuer, leaf.fingerprint, leaf.key_fingerprint)
    shown = quoted(subjects[0]) if subjects else "nobody"
    return Rejection(f"is by {shown}, as {quoted(issuer)} says, who is not one of the identities that may sign")


def _meant(leaf: Certificate, *, root: Certificate, authority: CertificateAuthority) -> CertificateSigner | Rejection:
    """Find the names that are meant; of each kind that is given, one must be there."""
    stated = leaf.alternative_names
    names = list(stated.value) if stated is not None else []
    found: list[str] = []
    for form, wanted in (
        (x509.RFC822Name, authority.emails),
        (x509.DNSName, authority.dns_names),
        (x509.UniformResourceIdentifier, authority.uris),
    ):
        if not wanted:
            continue
        named = [name.value for name in names if isinstance(name, form) and name.value in wanted]
        if not named:
            return Rejection(f"has the certificate {leaf}, which does not name {quoted(wanted[0])}")
        found.append(named[0])
    if not found:
        return Rejection("cannot be accepted: the authority does not say whom its certificates must name")
    return CertificateSigner(found[0], root.subject.rfc4514_string(), leaf.fingerprint, leaf.key_fingerprint)
