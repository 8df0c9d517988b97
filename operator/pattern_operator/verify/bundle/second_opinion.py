"""Asks sigstore-python whether a keyless bundle holds, once our own checks found that it does: both have to agree.

Two verifiers by different hands do not have the same mistakes (docs/adr/0017). sigstore-python is given what was read
here, written again in full: it does not take zero values that are left out, and it reads some intervals as open. It is
not asked what it cannot judge (``judged``), nor where no time is left that it can, or the policy does not ask for a
signed certificate timestamp, as it always does; such a signature rests on our own checks.

It is imported where it is used: that takes 0.3 s of a core and 30 MiB, which only who asks for keyless pays for.
"""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from pattern_operator.verify.authority import KeylessAuthority
from pattern_operator.verify.bundle.document import Bundle, FileSignature
from pattern_operator.verify.bundle.judged import is_chain_judged, is_judged, judged_timestamps
from pattern_operator.verify.dsse import Envelope
from pattern_operator.verify.key import PublicKey
from pattern_operator.verify.outcome import CertificateSigner
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.sigstore.signer import Signed
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.transparency.log_entry import ParsedEntry
from pattern_operator.verify.trusted_root import Authority, Log, TrustedRoot

_INSTANT: Final = timedelta(microseconds=1)  # an interval that is closed at its end, as one that is open
_LAST: Final = datetime.max.replace(tzinfo=UTC)  # an interval until then has no end
_CURVES: Final = {
    ec.SECP256R1.name: "PKIX_ECDSA_P256_SHA_256",
    ec.SECP384R1.name: "PKIX_ECDSA_P384_SHA_384",
    ec.SECP521R1.name: "PKIX_ECDSA_P521_SHA_512",
}


def objection_of(bundle: Bundle, subject: Subject, signed: Signed, authority: KeylessAuthority) -> Rejection | None:
    """Why sigstore-python does not accept a ``bundle`` that holds by our own checks; None where it does.

    It checks all but what is said of ``subject`` in a statement, for the signer that was found, offline.
    """
    root, times = authority.trusted_root, signed.proof.times
    authorities = [each for each in root.certificate_authorities if all(each.valid.contains(time) for time in times)]
    timestamps = judged_timestamps(signed.proof.timestamps, root)
    timed = timestamps or any(each.promise is not None for each in bundle.entries)
    if not isinstance(signed.signer, CertificateSigner) or not timed or not authority.sct_required:
        return None
    if not is_judged(bundle, subject, signed.signer, root):
        return None
    if not is_chain_judged(bundle.certificates[0], authorities, times):
        return None
    document = _bundle(bundle, subject, timestamps)
    trusted = _trusted_root(root, authorities)
    digest = None if isinstance(bundle.content, Envelope) else subject.hash("sha256")
    return _ask(json.dumps(document).encode(), json.dumps(trusted).encode(), signer=signed.signer, digest=digest)


def _ask(document: bytes, root: bytes, *, signer: CertificateSigner, digest: bytes | None) -> Rejection | None:
    """Let sigstore-python verify a file that has the SHA-256 ``digest``, or without it an envelope."""
    from sigstore.hashes import Hashed
    from sigstore.models import Bundle as ForeignBundle
    from sigstore.models import TrustedRoot as ForeignRoot
    from sigstore.verify import Verifier
    from sigstore.verify.policy import AllOf, AnyOf, Identity, OIDCIssuer, OIDCIssuerV2
    from sigstore_models.common.v1 import HashAlgorithm
    from sigstore_models.trustroot.v1 import TrustedRoot as RootMessage

    try:
        verifier = Verifier(trusted_root=ForeignRoot(RootMessage.from_json(root)))
        bundle = ForeignBundle.from_json(document)
        issuer = AnyOf([OIDCIssuerV2(signer.issuer), OIDCIssuer(signer.issuer)])
        policy = AllOf([Identity(identity=signer.identity), issuer])
        if digest is None:
            verifier.verify_dsse(bundle, policy)
        else:
            verifier.verify_artifact(Hashed(algorithm=HashAlgorithm.SHA2_256, digest=digest), bundle, policy)
    except Exception as error:  # whatever it fails with, it did not agree
        return Rejection(f"is not confirmed by sigstore-python, the second verifier ({type(error).__name__})")
    return None


def _bundle(bundle: Bundle, subject: Subject, timestamps: Sequence[bytes]) -> dict[str, Any]:
    """Write the bundle again, as one of v0.3, with the timestamps that hold: others count for nothing."""
    material: dict[str, Any] = {
        "certificate": {"rawBytes": _base64(bundle.certificates[0].der)},
        "tlogEntries": [_entry(each) for each in bundle.entries],
    }
    if timestamps:
        stamps = [{"signedTimestamp": _base64(each)} for each in timestamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    document: dict[str, Any] = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": material,
    }
    match bundle.content:
        case Envelope(payload_type, payload, signature):
            document["dsseEnvelope"] = {
                "payload": _base64(payload),
                "payloadType": payload_type,
                "signatures": [{"sig": _base64(signature)}],
            }
        case FileSignature(signature):
            digest = {"algorithm": "SHA2_256", "digest": _base64(subject.hash("sha256") or b"")}
            document["messageSignature"] = {"messageDigest": digest, "signature": _base64(signature)}
    return document


def _entry(entry: ParsedEntry) -> dict[str, Any]:
    document: dict[str, Any] = {
        "logIndex": str(entry.index),
        "logId": {"keyId": _base64(entry.log_id)},
        "kindVersion": {"kind": entry.kind, "version": entry.version},
        "canonicalizedBody": _base64(entry.body),
    }
    if entry.promise is not None:
        document["integratedTime"] = str(entry.time)
        document["inclusionPromise"] = {"signedEntryTimestamp": _base64(entry.promise)}
    if entry.proof is not None:
        document["inclusionProof"] = {
            "logIndex": str(entry.proof.index),
            "treeSize": str(entry.proof.size),
            "rootHash": _base64(entry.proof.root),
            "hashes": [_base64(each) for each in entry.proof.path],
            "checkpoint": {"envelope": entry.proof.checkpoint},
        }
    return document


def _trusted_root(root: TrustedRoot, authorities: Sequence[Authority]) -> dict[str, Any]:
    """Write the trusted root again, with the certificate ``authorities`` that were to be believed at the times."""
    return {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [_log(each) for each in root.logs],
        "ctlogs": [_log(each) for each in root.ct_logs],
        "certificateAuthorities": [_authority(each) for each in authorities],
        "timestampAuthorities": [_authority(each) for each in root.timestamp_authorities],
    }


def _log(log: Log) -> dict[str, Any]:
    return {
        "baseUrl": f"https://{log.origin or 'log.invalid'}",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": _base64(log.key.spki),
            "keyDetails": _details(log.key),
            "validFor": {"start": log.valid.start.isoformat()},
        },
        "logId": {"keyId": _base64(log.log_id)},
    }


def _details(key: PublicKey) -> str:
    match key.arithmetic:
        case ec.EllipticCurvePublicKey() as point:
            return _CURVES[point.curve.name]
        case Ed25519PublicKey():
            return "PKIX_ED25519"
        case _:
            return "PKIX_RSA_PKCS1V15_4096_SHA256"  # it takes any size by this name


def _authority(authority: Authority) -> dict[str, Any]:
    valid = {"start": authority.valid.start.isoformat()}
    if authority.valid.end is not None and authority.valid.end < _LAST:
        valid["end"] = (authority.valid.end + _INSTANT).isoformat()
    return {
        "subject": {"organization": "", "commonName": ""},
        "uri": "",
        "certChain": {"certificates": [{"rawBytes": _base64(each.der)} for each in authority.certificates]},
        "validFor": valid,
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
