"""Decides who made a signature, by one authority: a key, the identities of a trusted root, or a CA of one's own."""

from dataclasses import dataclass
from datetime import datetime

from pattern_operator.verify.authority import (
    Authority,
    CertificateAuthority,
    KeyAuthority,
    KeylessAuthority,
    LogPolicy,
    TimestampPolicy,
)
from pattern_operator.verify.key import PublicKey
from pattern_operator.verify.notation import NotationAuthority
from pattern_operator.verify.outcome import CertificateSigner, KeySigner
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.sigstore.certificate import judge_identity, judge_own_certificate
from pattern_operator.verify.sigstore.material import Material
from pattern_operator.verify.sigstore.proof import Proof, prove
from pattern_operator.verify.transparency.body import Verifier, VerifierKind


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that holds: by whom it is, and what proves it besides. What it says is not read yet."""

    signer: KeySigner | CertificateSigner
    proof: Proof


def verify_signer(material: Material, *, authority: Authority, now: datetime) -> Signed | Rejection:
    """Decide whether ``authority`` made the signature, with all the proofs that it asks for."""
    match authority:
        case KeyAuthority():
            return _by_key(material, authority, now)
        case KeylessAuthority():
            return _by_identity(material, authority, now)
        case CertificateAuthority():
            return _by_own_certificate(material, authority, now)
        case NotationAuthority():
            return Rejection("is not a signature of the Notary Project, which is asked for")


def _by_key(material: Material, authority: KeyAuthority, now: datetime) -> Signed | Rejection:
    key = next((each for each in authority.keys if material.is_signed_with(each)), None)
    if key is None:
        return Rejection("is not made with a key of this authority", fits_no_key=True)
    if material.certificates and material.certificates[0].key != key:
        return Rejection("has a certificate of another key than the one that made it", key_is_right=True)
    proof = prove(
        material,
        verifiers=(Verifier(VerifierKind.KEY, key.spki), *_certificate_of(material)),
        log=authority.log,
        timestamp=authority.timestamp,
        now=now,
    )
    if isinstance(proof, Rejection):
        return proof
    last = authority.valid_until
    if last is not None and any(time > last for time in proof.times or (now,)):
        return Rejection(f"is of a time after {last.isoformat()}, until which the key was valid", key_is_right=True)
    return Signed(KeySigner(key.spki_hash.hex()), proof)


def _by_identity(material: Material, authority: KeylessAuthority, now: datetime) -> Signed | Rejection:
    root = authority.trusted_root
    proof = _by_certificate(
        material,
        log=LogPolicy(root.logs, authority.log_required),
        timestamp=TimestampPolicy(root.timestamp_authorities, authority.timestamp_required),
        now=now,
    )
    if isinstance(proof, Rejection):
        return proof
    signer = judge_identity(material.certificates, times=proof.times, authority=authority)
    return signer if isinstance(signer, Rejection) else Signed(signer, proof)


def _by_own_certificate(material: Material, authority: CertificateAuthority, now: datetime) -> Signed | Rejection:
    proof = _by_certificate(material, log=authority.log, timestamp=authority.timestamp, now=now)
    if isinstance(proof, Rejection):
        return proof
    signer = judge_own_certificate(material.certificates, times=proof.times, authority=authority, now=now)
    return signer if isinstance(signer, Rejection) else Signed(signer, proof)


def _by_certificate(
    material: Material, *, log: LogPolicy | None, timestamp: TimestampPolicy | None, now: datetime
) -> Proof | Rejection:
    """Check the signature with the key of the certificate, which is not judged yet, and what proves it."""
    if not material.certificates:
        return Rejection("is made with a key and has no certificate")
    leaf = material.certificates[0]
    key: PublicKey | None = leaf.key
    if key is None:
        return Rejection(f"has a certificate with a key that {leaf.key_weakness}")
    if not material.is_signed_with(key):
        return Rejection("was changed: it does not fit the key of its certificate")
    return prove(material, verifiers=_certificate_of(material), log=log, timestamp=timestamp, now=now)


def _certificate_of(material: Material) -> tuple[Verifier, ...]:
    """The certificate that the signature brings, as a log entry names it."""
    return tuple(Verifier(VerifierKind.CERTIFICATE, leaf.der) for leaf in material.certificates[:1])
