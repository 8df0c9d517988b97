"""Signed certificate timestamps (SCT): a certificate transparency log's word that it has the certificate.

Format: RFC 6962 sections 3.2 and 3.3, embedded in the certificate.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import NoneType
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.certificate_transparency import (
    LogEntryType,
    SignatureAlgorithm,
    SignedCertificateTimestamp,
    Version,
)

from pattern_operator.limits import MAX_SCTS
from pattern_operator.verify.key import verify_signature
from pattern_operator.verify.trusted_root import Log
from pattern_operator.verify.x509.certificate import Certificate

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KEYS: Final[dict[SignatureAlgorithm, type]] = {
    SignatureAlgorithm.ECDSA: ec.EllipticCurvePublicKey,
    SignatureAlgorithm.RSA: rsa.RSAPublicKey,
}
_CERTIFICATE_TIMESTAMP: Final = 0  # RFC 6962 section 3.2, ``SignatureType``


def wrong_sct(leaf: Certificate, *, issuer: Certificate, logs: Sequence[Log]) -> str | None:
    """Why no embedded SCT of one of ``logs`` proves that ``leaf`` is in it; None when one does.

    One of a log that is not known decides nothing; one of a known log that does not hold is never made good.
    """
    try:
        stated = leaf.parsed.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps)
    except x509.ExtensionNotFound:
        return "has a certificate without signed certificate timestamp"
    scts = list(stated.value)
    if len(scts) > MAX_SCTS:
        return f"has a certificate with more than {MAX_SCTS} signed certificate timestamps"
    known = [(sct, log) for sct in scts for log in logs if log.log_id == sct.log_id]
    if not known:
        return "has a certificate whose signed certificate timestamp is of a log that is not trusted"
    if not all(_holds(sct, leaf, issuer, log) for sct, log in known):
        return "has a certificate with a signed certificate timestamp that its log did not sign"
    return None


def _holds(sct: SignedCertificateTimestamp, leaf: Certificate, issuer: Certificate, log: Log) -> bool:
    if issuer.key is None or sct.entry_type is not LogEntryType.PRE_CERTIFICATE or sct.version is not Version.v1:
        return False
    try:
        algorithm, kind = sct.signature_hash_algorithm, _KEYS.get(sct.signature_algorithm, NoneType)
        time = sct.timestamp.replace(tzinfo=UTC)
        signed = leaf.parsed.tbs_precertificate_bytes
    except (ValueError, OverflowError, UnsupportedAlgorithm):  # also of a time after the year 9999
        return False
    if not isinstance(log.key.arithmetic, kind) or not isinstance(algorithm, hashes.SHA256):
        return False
    if not log.valid.contains(time):
        return False
    return verify_signature(log.key, sct.signature, _signed(sct, time, signed, issuer.key.spki_hash))


def _signed(sct: SignedCertificateTimestamp, time: datetime, certificate: bytes, issuer_key: bytes) -> bytes:
    """What the log signs: ``digitally-signed struct`` of RFC 6962 section 3.2, for a precertificate."""
    milliseconds = (time - _EPOCH) // timedelta(milliseconds=1)
    return b"".join(
        (
            struct.pack("!BBQH", 0, _CERTIFICATE_TIMESTAMP, milliseconds, 1),
            issuer_key,
            len(certificate).to_bytes(3, "big"),
            certificate,
            struct.pack("!H", len(sct.extension_bytes)),
            sct.extension_bytes,
        )
    )
