"""Whether a certificate is revoked, from what its issuer answered: OCSP (RFC 6960) or a CRL (RFC 5280 section 5).

Nothing is fetched here. ``revocation_checks`` says where to ask, ``judge`` what an answer means; what was not
answered, or is not signed, fresh and for just this certificate, is unknown. A revoked certificate is revoked for
everything, also for what it signed before: when a key was lost is not known to those who revoke it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from pattern_operator.limits import MAX_CERTIFICATES, MAX_CRL, MAX_OCSP_RESPONSE, MAX_REVOCATION_URLS
from pattern_operator.verify.key import Algorithm, Scheme, verify_as
from pattern_operator.verify.x509.certificate import (
    UNREADABLE,
    WHOLE_BYTES,
    Certificate,
    InvalidCertificate,
    read_certificate,
)

_SKEW: Final = timedelta(minutes=5)  # of the clock of who answers
_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


@dataclass(frozen=True, slots=True)
class RevocationCheck:
    """A certificate, who issued it, and the http URLs where this one says whether it is revoked."""

    certificate: Certificate
    issuer: Certificate
    ocsp: tuple[str, ...]
    crls: tuple[str, ...]

    def ocsp_request(self) -> bytes:
        """The DER of an OCSP request for the certificate (RFC 6960 section 4.1), without a nonce: it can be cached."""
        builder = ocsp.OCSPRequestBuilder()
        builder = builder.add_certificate(self.certificate.parsed, self.issuer.parsed, hashes.SHA256())
        return builder.build().public_bytes(Encoding.DER)


@dataclass(frozen=True, slots=True)
class RevocationAnswer:
    """What was fetched for a check: an OCSP response, and CRLs by their URL. Nothing of it is believed."""

    ocsp: bytes | None = field(default=None, repr=False)
    crls: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class NotRevoked:
    """The certificate is not revoked; ``until`` is when the answer is to be asked for again."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Revoked:
    """The certificate was revoked ``at`` a time; ``until`` as of ``NotRevoked``."""

    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody said, so that it could be believed, whether the certificate is revoked; ``why`` is a clause."""

    why: str


Status = NotRevoked | Revoked | Unknown


def revocation_checks(chain: Sequence[Certificate]) -> tuple[RevocationCheck, ...]:
    """What to ask of the certificates of a path, but the root, that say where; others cannot be revoked."""
    checks = (_check(certificate, issuer) for certificate, issuer in pairwise(chain))
    return tuple(check for check in checks if check.ocsp or check.crls)


def judge(check: RevocationCheck, answer: RevocationAnswer, *, now: datetime) -> Status:
    """Decide by the OCSP response where there is one that can be believed, else by the first such CRL."""
    why = "has not been asked for"
    if answer.ocsp is not None:
        status = _judge_ocsp(check, answer.ocsp, now=now)
        if not isinstance(status, Unknown):
            return status
        why = status.why
    for url, content in answer.crls.items():
        status = _judge_crl(check, content, url=url, now=now)
        if not isinstance(status, Unknown):
            return status
        why = status.why
    return Unknown(why)


def _check(certificate: Certificate, issuer: Certificate) -> RevocationCheck:
    extensions = certificate.parsed.extensions
    responders, lists = list[str](), list[str]()
    for extension in extensions:
        match extension.value:
            case x509.AuthorityInformationAccess() as access:
                responders += [
                    url
                    for each in access
                    if each.access_method == AuthorityInformationAccessOID.OCSP
                    for url in _urls([each.access_location])
                ]
            case x509.CRLDistributionPoints() as points:
                lists += [url for point in points for url in _urls(point.full_name or [])]
    return RevocationCheck(
        certificate, issuer, tuple(responders[:MAX_REVOCATION_URLS]), tuple(lists[:MAX_REVOCATION_URLS])
    )


def _urls(names: Sequence[x509.GeneralName]) -> Iterator[str]:
    """Http alone: what is fetched is signed, and asking by https would ask for the revocation of another certificate
    (RFC 5280 section 8)."""
    for name in names:
        if isinstance(name, x509.UniformResourceIdentifier) and name.value.lower().startswith("http://"):
            yield name.value


def _is_current(this: datetime, until: datetime, *, now: datetime) -> bool:
    return this <= until and this <= now + _SKEW and until >= now - _SKEW


# --- OCSP -----------------------------------------------------------------------------------------------------------


def _judge_ocsp(check: RevocationCheck, content: bytes, *, now: datetime) -> Status:
    if len(content) > MAX_OCSP_RESPONSE:
        return Unknown(f"was answered with more than {MAX_OCSP_RESPONSE} bytes of OCSP")
    try:
        response = ocsp.load_der_ocsp_response(content)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Unknown(f"was answered by OCSP with {response.response_status.name}")
        if WHOLE_BYTES + response.signature not in content:
            return Unknown("was answered with what is not an OCSP response")
        return _judge_responses(check, response, now=now)
    except UNREADABLE:
        return Unknown("was answered with what is not an OCSP response")


def _judge_responses(check: RevocationCheck, response: ocsp.OCSPResponse, *, now: datetime) -> Status:
    singles = [each for each in response.responses if _is_about(check, each)]
    if len(singles) != 1:
        return Unknown("was answered by OCSP for another certificate")
    if any(extension.critical for extension in [*response.extensions, *response.single_extensions]):
        return Unknown("was answered by OCSP with a critical extension that is not understood")
    responder = _responder(check, response, now=now)
    if responder is None or not _is_signed(response, responder):
        return Unknown("was answered by OCSP with a signature that is not of its issuer")
    single = singles[0]
    until = single.next_update_utc
    if until is None or not _is_current(single.this_update_utc, until, now=now):
        return Unknown("was answered by OCSP with what is out of date")
    match single.certificate_status:
        case ocsp.OCSPCertStatus.GOOD:
            return NotRevoked(until)
        case ocsp.OCSPCertStatus.REVOKED:
            return Revoked(single.revocation_time_utc or single.this_update_utc, until)
        case _:
            return Unknown("is not known to the OCSP responder of its issuer")


def _is_about(check: RevocationCheck, single: ocsp.OCSPSingleResponse) -> bool:
    """CertID (RFC 6960 section 4.1.1): hashes of the issuer's name and key. SHA-1 is fine: nothing rests on it."""
    if not isinstance(single.hash_algorithm, (hashes.SHA1, *_HASHES)):
        return False
    name = single.hash_algorithm.name
    issuer = check.issuer
    return (
        single.serial_number == check.certificate.parsed.serial_number
        and single.issuer_name_hash == hashlib.new(name, issuer.subject.public_bytes()).digest()
        and single.issuer_key_hash == hashlib.new(name, _key_bits(issuer)).digest()
    )


def _key_bits(certificate: Certificate) -> bytes:
    """The subjectPublicKey without its wrapping, which is what hashes of keys are over in OCSP."""
    key = certificate.parsed.public_key()
    match key:
        case ec.EllipticCurvePublicKey():
            return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        case rsa.RSAPublicKey():
            return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
        case _:
            return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _responder(check: RevocationCheck, response: ocsp.OCSPResponse, *, now: datetime) -> Certificate | None:
    """Who signed: the issuer itself, or one whom it made its responder (RFC 6960 section 4.2.2.2)."""
    if _is_responder(check.issuer, response):
        return check.issuer
    for each in response.certificates[:MAX_CERTIFICATES]:
        try:
            delegate = read_certificate(each.public_bytes(Encoding.DER))
        except InvalidCertificate:
            continue
        if _is_responder(delegate, response) and _is_delegate(delegate, check.issuer, now=now):
            return delegate
    return None


def _is_responder(certificate: Certificate, response: ocsp.OCSPResponse) -> bool:
    if response.responder_name is not None:
        return response.responder_name.public_bytes() == certificate.subject.public_bytes()
    return response.responder_key_hash == hashlib.sha1(_key_bits(certificate), usedforsecurity=False).digest()


def _is_delegate(delegate: Certificate, issuer: Certificate, *, now: datetime) -> bool:
    usage = delegate.extended_key_usage
    return (
        usage is not None
        and ExtendedKeyUsageOID.OCSP_SIGNING in set(usage.value)
        and (delegate.key_usage is None or delegate.key_usage.value.digital_signature)
        and not delegate.unknown_critical
        and delegate.signature_weakness is None
        and delegate.is_valid_at(now)
        and delegate.is_issued_by(issuer)
    )


def _is_signed(response: ocsp.OCSPResponse, responder: Certificate) -> bool:
    key, digest = responder.key, response.signature_hash_algorithm
    if key is None or not (digest is None or isinstance(digest, _HASHES)):
        return False
    match key.arithmetic:
        case ec.EllipticCurvePublicKey():
            scheme = Scheme.ECDSA
        case rsa.RSAPublicKey():
            scheme = Scheme.RSA_PKCS1
        case _:
            scheme = Scheme.ED25519
    if (digest is None) != (scheme is Scheme.ED25519):
        return False
    algorithm = Algorithm(scheme, digest or hashes.SHA512())
    return verify_as(key, algorithm, response.signature, response.tbs_response_bytes)


# --- CRL ------------------------------------------------------------------------------------------------------------


def _judge_crl(check: RevocationCheck, content: bytes, *, url: str, now: datetime) -> Status:
    if len(content) > MAX_CRL:
        return Unknown(f"was answered with a CRL of more than {MAX_CRL} bytes")
    try:
        crl = x509.load_der_x509_crl(content)
        if not content.endswith(WHOLE_BYTES + crl.signature):
            return Unknown("was answered with what is not a CRL")
        return _judge_list(check, crl, url=url, now=now)
    except UNREADABLE:
        return Unknown("was answered with what is not a CRL")


def _judge_list(check: RevocationCheck, crl: x509.CertificateRevocationList, *, url: str, now: datetime) -> Status:
    if not _is_list_of(check.issuer, crl):
        return Unknown("was answered with a CRL that is not of its issuer")
    until = crl.next_update_utc
    if until is None or not _is_current(crl.last_update_utc, until, now=now):
        return Unknown("was answered with a CRL that is out of date")
    if not all(_covers(check, extension, url=url) for extension in crl.extensions if _limits(extension)):
        return Unknown("was answered with a CRL that is not for it, or that is not understood")
    entry = crl.get_revoked_certificate_by_serial_number(check.certificate.parsed.serial_number)
    if entry is None:
        return NotRevoked(until)
    if any(extension.critical for extension in entry.extensions):
        return Unknown("is in a CRL with a critical extension that is not understood")
    return Revoked(entry.revocation_date_utc, until)


def _is_list_of(issuer: Certificate, crl: x509.CertificateRevocationList) -> bool:
    digest = crl.signature_hash_algorithm
    if issuer.key is None or (issuer.key_usage is not None and not issuer.key_usage.value.crl_sign):
        return False
    if digest is not None and not isinstance(digest, _HASHES):
        return False
    named = crl.issuer.public_bytes() == issuer.subject.public_bytes()
    return named and crl.is_signature_valid(issuer.key.arithmetic)


def _limits(extension: x509.Extension[x509.ExtensionType]) -> bool:
    """Whether it may say that certificates are not in the CRL; these two must be critical, and are not always."""
    return extension.critical or isinstance(extension.value, x509.IssuingDistributionPoint | x509.DeltaCRLIndicator)


def _covers(check: RevocationCheck, extension: x509.Extension[x509.ExtensionType], *, url: str) -> bool:
    """Whether an extension of a CRL leaves the certificate in it: only the distribution point may
    (RFC 5280 section 5.2.5). A delta, an indirect one and one of some reasons do not tell enough."""
    point = extension.value
    if not isinstance(point, x509.IssuingDistributionPoint):
        return False
    if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs or point.relative_name:
        return False
    if point.full_name is not None and x509.UniformResourceIdentifier(url) not in point.full_name:
        return False
    authority = check.certificate.is_authority
    return not (point.only_contains_user_certs if authority else point.only_contains_ca_certs)
