"""Reads a timestamp token strictly: CMS signed data (RFC 5652) of one signer around a TSTInfo (RFC 3161).

Nothing is believed here. What a signer states of the signature is signed too: the content type, the digest of the
content, and which certificate is the signer's (RFC 5816).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes

from pattern_operator.limits import MAX_CERTIFICATES, MAX_TIMESTAMP
from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.key import Algorithm
from pattern_operator.verify.timestamp.algorithms import (
    SHA256,
    hash_of,
    read_signature_algorithm,
    signature_algorithm_of,
)
from pattern_operator.verify.timestamp.structures import (
    AlgorithmIdentifier,
    AlgorithmProtection,
    Attribute,
    CertificateId,
    ContentInfo,
    IssuerAndSerial,
    PssAlgorithm,
    PssAlgorithmProtection,
    Response,
    SignedData,
    SignerInfo,
    SigningCertificate,
    TimestampInfo,
)
from pattern_operator.verify.x509.certificate import Certificate, InvalidCertificate, read_certificate

_Structure = TypeVar("_Structure")

_SIGNED_DATA: Final = x509.ObjectIdentifier("1.2.840.113549.1.7.2")
_TST_INFO: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.4")
_SIGNING_TIME: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.5")
_ALGORITHM_PROTECTION: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.52")
_SIGNING_CERTIFICATE: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.47")

_GENERALIZED_TIME_TAG: Final = b"\x18"
_GENERALIZED_TIME: Final = re.compile(rb"([0-9]{14})(?:\.([0-9]{0,30}[1-9]))?Z")  # no zero at the end (X.690, 11.7)
_SIGNED_DATA_VERSION: Final = 3  # RFC 5652 section 5.1: of content that is not plain data
_SIGNER_VERSION: Final = 1  # RFC 5652 section 5.3: of a signer named by issuer and serial
_INFO_VERSION: Final = 1  # RFC 3161 section 2.4.2
_GRANTED: Final = 0  # RFC 3161 section 2.4.2; 1 is "with modifications", which nobody here asked for


class Encoding(Enum):
    """What the bytes of a timestamp are."""

    TOKEN = auto()  # a CMS ContentInfo
    RESPONSE = auto()  # a TimeStampResp, which has such a token


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was read: ``signature`` is over ``signed``, which states the ``message_digest`` of ``content``.

    ``certificate_id`` is what the signer states of its own certificate, ``certificate_hash`` by which hash.
    ``further`` are the hashes of others that it may be verified with. ``certificates`` are those that the token brings.
    """

    info: TimestampInfo
    time: datetime
    content: bytes = field(repr=False)
    signer: IssuerAndSerial
    digest: hashes.HashAlgorithm
    algorithm: Algorithm
    signature: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    message_digest: bytes = field(repr=False)
    certificate_id: CertificateId
    certificate_hash: hashes.HashAlgorithm
    further: tuple[tuple[hashes.HashAlgorithm, bytes], ...]
    signing_time: datetime | None
    certificates: tuple[Certificate, ...] = field(repr=False)


def read_token(content: bytes, *, encoding: Encoding) -> Token:
    """Read a token.

    Raises:
        InvalidDocument: it is not DER, or not just what is demanded of one; the message is a clause that says why.
    """
    if len(content) > MAX_TIMESTAMP:
        raise InvalidDocument(f"has more than {MAX_TIMESTAMP} bytes")
    info = _granted(content) if encoding is Encoding.RESPONSE else _decode(ContentInfo, content, name="CMS signed data")
    if info.content_type != _SIGNED_DATA:
        raise InvalidDocument("is not CMS signed data")
    return _read(info.content)


def _granted(content: bytes) -> ContentInfo:
    response = _decode(Response, content, name="a timestamp response")
    if response.status.status != _GRANTED or response.status.failure is not None:
        raise InvalidDocument("is a response that does not grant a timestamp")
    return response.token


def _read(data: SignedData) -> Token:
    content = data.encapsulated.content
    if data.version != _SIGNED_DATA_VERSION or data.encapsulated.content_type != _TST_INFO or content is None:
        raise InvalidDocument("is not CMS signed data around a timestamp")
    signers = data.signers.as_list()
    if len(signers) != 1 or signers[0].version != _SIGNER_VERSION:
        raise InvalidDocument("does not have exactly one signer, of version 1")
    signer = signers[0]
    digest = hash_of(signer.digest_algorithm, name="digest algorithm")
    listed = [each.algorithm for each in data.digest_algorithms.as_list()]
    if listed.count(signer.digest_algorithm.algorithm) != 1:
        raise InvalidDocument("does not list the digest algorithm of its signer, once")
    identifier = _signature_algorithm(signer)
    attributes = _attributes(signer)
    if _decode_attribute(attributes, _CONTENT_TYPE, x509.ObjectIdentifier, name="content type") != _TST_INFO:
        raise InvalidDocument("states another content type than a timestamp")
    _check_algorithm_protection(attributes, signer.digest_algorithm, identifier)
    certificate_id, *further = _certificate_ids(attributes)
    info = _info(content)
    return Token(
        info=info,
        time=_time(info.time),
        content=content,
        signer=signer.signer,
        digest=digest,
        algorithm=signature_algorithm_of(identifier, digest),
        signature=signer.signature,
        signed=asn1.encode_der(signer.signed_attributes),  # as a SET, not as [0] (RFC 5652 section 5.4)
        message_digest=_decode_attribute(attributes, _MESSAGE_DIGEST, bytes, name="message digest"),
        certificate_id=certificate_id,
        certificate_hash=_hash_of(certificate_id),
        further=tuple((_hash_of(each), each.hash) for each in further),
        signing_time=_signing_time(attributes),
        certificates=_certificates(data),
    )


def _info(content: bytes) -> TimestampInfo:
    info = _decode(TimestampInfo, content, name="a timestamp")
    if info.version != _INFO_VERSION:
        raise InvalidDocument("is a timestamp of an unknown version")
    if any(extension.critical for extension in info.extensions or ()):
        raise InvalidDocument("has a critical extension that is not understood")
    return info


def _time(value: asn1.TLV) -> datetime:
    """The time of a timestamp: DER as RFC 3161 section 2.4.2 has it; what is below a microsecond is dropped."""
    found = _GENERALIZED_TIME.fullmatch(bytes(value.data)) if value.tag_bytes == _GENERALIZED_TIME_TAG else None
    if found is None:
        raise InvalidDocument("has a time that is not a GeneralizedTime in DER")
    seconds, fraction = found.groups(default=b"")
    try:
        whole = datetime.strptime(f"{seconds.decode('ascii')}+0000", "%Y%m%d%H%M%S%z")
    except ValueError as error:
        raise InvalidDocument("has a time that is not one of the calendar") from error
    return whole.replace(microsecond=int(fraction[:6].ljust(6, b"0")))


def _certificates(data: SignedData) -> tuple[Certificate, ...]:
    found = data.certificates or []
    if len(found) > MAX_CERTIFICATES:
        raise InvalidDocument(f"has more than {MAX_CERTIFICATES} certificates")
    try:
        return tuple(read_certificate(asn1.encode_der(each)) for each in found)
    except InvalidCertificate as error:
        raise InvalidDocument(f"has a certificate that {error}") from error


def _attributes(signer: SignerInfo) -> Mapping[x509.ObjectIdentifier, asn1.TLV]:
    """The signed attributes, each of which is there once and has one value (RFC 5652 section 11)."""
    if signer.signed_attributes is None:
        raise InvalidDocument("has no signed attributes")
    listed: list[Attribute] = signer.signed_attributes.as_list()
    found: dict[x509.ObjectIdentifier, asn1.TLV] = {}
    for attribute in listed:
        values = attribute.values.as_list()
        if attribute.type in found or len(values) != 1:
            raise InvalidDocument("has a signed attribute twice, or without exactly one value")
        found[attribute.type] = values[0]
    return found


def _hash_of(stated: CertificateId) -> hashes.HashAlgorithm:
    return SHA256 if stated.algorithm is None else hash_of(stated.algorithm, name="signing certificate hash")


def _certificate_ids(attributes: Mapping[x509.ObjectIdentifier, asn1.TLV]) -> list[CertificateId]:
    """The certificates that are stated: first the signer's, then those of its chain (RFC 5035 section 3)."""
    stated = _decode_attribute(attributes, _SIGNING_CERTIFICATE, SigningCertificate, name="signing certificate (V2)")
    if not stated.certificates:
        raise InvalidDocument("states a signing certificate attribute without a certificate")
    if stated.policies is not None:
        raise InvalidDocument("states a signing certificate attribute with policies, which are not judged")
    found: list[CertificateId] = stated.certificates
    return found


def _signing_time(attributes: Mapping[x509.ObjectIdentifier, asn1.TLV]) -> datetime | None:
    """A time that may be stated beside that of the timestamp: UTCTime until 2049 (RFC 5652 section 11.3)."""
    value = attributes.get(_SIGNING_TIME)
    if value is None:
        return None
    try:
        utc: asn1.UTCTime = value.parse(asn1.UTCTime)
    except ValueError:
        return _parse(value, asn1.GeneralizedTime, name="signing time").as_datetime()
    return utc.as_datetime()


def _check_algorithm_protection(
    attributes: Mapping[x509.ObjectIdentifier, asn1.TLV],
    digest: AlgorithmIdentifier,
    signature: AlgorithmIdentifier | PssAlgorithm,
) -> None:
    """Refuse algorithms that are not those which are signed, where they are (RFC 6211 section 2)."""
    value = attributes.get(_ALGORITHM_PROTECTION)
    if value is None:
        return
    kind = PssAlgorithmProtection if isinstance(signature, PssAlgorithm) else AlgorithmProtection
    stated = _parse(value, kind, name="algorithm protection")
    if asn1.encode_der(stated) != asn1.encode_der(
        kind(digest_algorithm=digest, signature_algorithm=signature)  # type: ignore[arg-type] # one kind each
    ):
        raise InvalidDocument("states other algorithms than it has")


def _signature_algorithm(signer: SignerInfo) -> AlgorithmIdentifier | PssAlgorithm:
    try:
        return read_signature_algorithm(signer.signature_algorithm)
    except ValueError as error:
        raise InvalidDocument("has a signature algorithm that cannot be read") from error


def _decode_attribute(
    attributes: Mapping[x509.ObjectIdentifier, asn1.TLV],
    kind: x509.ObjectIdentifier,
    structure: type[_Structure],
    *,
    name: str,
) -> _Structure:
    if kind not in attributes:
        raise InvalidDocument(f"has no signed attribute {name}")
    return _parse(attributes[kind], structure, name=name)


def _parse(value: asn1.TLV, structure: type[_Structure], *, name: str) -> _Structure:
    try:
        parsed: _Structure = value.parse(structure)
    except ValueError as error:
        raise InvalidDocument(f"has a signed attribute {name} that is not valid") from error
    return parsed


def _decode(structure: type[_Structure], content: bytes, *, name: str) -> _Structure:
    try:
        return asn1.decode_der(structure, content)
    except ValueError as error:
        raise InvalidDocument(f"is not {name} in DER") from error
