"""Says what sigstore-python can judge, so that it is not asked the rest: of that its refusal would say nothing.

Its chains have the profile of certificates of web servers (CA/Browser Forum), which is not that of Fulcio's; its
timestamps are read by rfc3161-client, and verified as PKCS #7 by OpenSSL.
"""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from pattern_operator.verify.bundle.document import Bundle
from pattern_operator.verify.dsse import Envelope
from pattern_operator.verify.key import Scheme, verify_digest
from pattern_operator.verify.outcome import CertificateSigner
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.timestamp import Encoding as TimestampEncoding
from pattern_operator.verify.timestamp.signed_data import read_token
from pattern_operator.verify.trusted_root import Authority, TrustedRoot
from pattern_operator.verify.x509.certificate import Certificate

_Policies = tuple[ExtensionPolicy, ExtensionPolicy]  # of authorities, and of who signs
_KINDS: Final = frozenset({("hashedrekord", "0.0.1"), ("hashedrekord", "0.0.2"), ("dsse", "0.0.1")})


def is_judged(bundle: Bundle, subject: Subject, signer: CertificateSigner, root: TrustedRoot) -> bool:
    """Whether sigstore-python 4.5 can judge the bundle, apart from its chain and its timestamps.

    Not if it has no log entry with a checkpoint, or more than one; one of kind intoto, or with PEM of another form; a
    signature by another algorithm than ECDSA with SHA-256; not just one signed certificate timestamp; intermediates
    that the trusted root does not have; no OIDC issuer, or an identity of Fulcio's own kind (as "name!domain").
    """
    entry = bundle.entries[0] if len(bundle.entries) == 1 else None
    leaf = bundle.certificates[0].parsed
    names = bundle.certificates[0].alternative_names
    stated = [each.value for each in names.value if not isinstance(each, x509.OtherName)] if names is not None else []
    known = {each for ca in root.certificate_authorities for each in ca.certificates}
    return (
        entry is not None
        and entry.proof is not None
        and (entry.kind, entry.version) in _KINDS
        and (entry.version == "0.0.2" or base64.b64encode(leaf.public_bytes(Encoding.PEM)) in entry.body)
        and signer.issuer != ""
        and signer.identity in stated
        and all(each in known for each in bundle.certificates[1:])
        and _has_one_sct(leaf)
        and _is_signed_with_sha256(bundle, subject)
    )


def judged_timestamps(timestamps: Sequence[bytes], root: TrustedRoot) -> tuple[bytes, ...]:
    """Those of ``timestamps``, which hold, that it can judge.

    It takes the first certificate of a timestamp authority for the one that stamps, also where it is a CA. Its reader
    takes certificates in the order of DER alone, which some authorities do not keep, and PKCS #7 has no Ed25519.
    """
    if any(each.certificates[0].is_authority for each in root.timestamp_authorities):
        return ()
    return tuple(each for each in timestamps if _is_read(each))


def is_chain_judged(leaf: Certificate, authorities: Sequence[Authority], times: Sequence[datetime]) -> bool:
    """Whether it is no chain that only the profile of web servers keeps from being one.

    An authority whose basicConstraints are not critical, or that has no key usage, is as RFC 5280 lets it be; so are
    critical certificate policies. Whatever else is wrong with a chain is asked about.
    """
    store = [each.parsed for authority in authorities for each in authority.certificates]
    return all(
        _leads(leaf, store, time, profile=_of_web_servers) or not _leads(leaf, store, time, profile=_of_rfc_5280)
        for time in times
    )


def _leads(
    leaf: Certificate, store: Sequence[x509.Certificate], time: datetime, *, profile: Callable[[], _Policies]
) -> bool:
    """Whether cryptography finds a chain from ``leaf`` to one of ``store``."""
    authority, signer = profile()
    builder = PolicyBuilder().store(Store(list(store))).time(time)
    verifier = builder.extension_policies(ca_policy=authority, ee_policy=signer).build_client_verifier()
    try:
        verifier.verify(leaf.parsed, [])
    except (VerificationError, x509.UnsupportedGeneralNameType):
        return False
    return True


def _of_web_servers() -> _Policies:
    """As sigstore-python asks: see its ``Verifier._verify_chain_at_time``."""
    authority, signer = ExtensionPolicy.webpki_defaults_ca(), ExtensionPolicy.webpki_defaults_ee()
    return (
        authority.may_be_present(x509.ExtendedKeyUsage, Criticality.NON_CRITICAL, None),
        signer.may_be_present(x509.ExtendedKeyUsage, Criticality.NON_CRITICAL, None),
    )


def _of_rfc_5280() -> _Policies:
    signer = ExtensionPolicy.permit_all().may_be_present(x509.CertificatePolicies, Criticality.AGNOSTIC, None)
    return signer.require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None), signer


def _is_read(timestamp: bytes) -> bool:
    from rfc3161_client import decode_timestamp_response

    if read_token(timestamp, encoding=TimestampEncoding.RESPONSE).algorithm.scheme is Scheme.ED25519:
        return False
    try:
        decode_timestamp_response(timestamp)
    except ValueError:
        return False
    return True


def _has_one_sct(certificate: x509.Certificate) -> bool:
    try:
        stated = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps)
    except x509.ExtensionNotFound:
        return False
    return len(list(stated.value)) == 1


def _is_signed_with_sha256(bundle: Bundle, subject: Subject) -> bool:
    key = bundle.certificates[0].key
    content = bundle.content
    digest = Subject.of(content.encoding).hash("sha256") if isinstance(content, Envelope) else subject.hash("sha256")
    if key is None or digest is None or not isinstance(key.arithmetic, ec.EllipticCurvePublicKey):
        return False
    return verify_digest(key, content.signature, digest, "sha256")
