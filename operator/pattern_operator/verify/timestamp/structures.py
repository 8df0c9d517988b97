"""The ASN.1 of timestamps: CMS SignedData (RFC 5652), TSTInfo and TimeStampResp (RFC 3161), ESSCertIDv2 (RFC 5035).

Read by cryptography's declarative ASN.1, which takes DER alone: lengths, tags and values that can be written in two
ways, elements after the end, and sets out of order are refused, and nothing is built but what is named here. So what
is encoded again is what was read. asn1crypto is not used: it takes BER, reads lazily, so that errors come anywhere
later, and has had no release since 2022.
"""

from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1


@asn1.sequence
class AlgorithmIdentifier:
    """RFC 5280 section 4.1.1.2; of the algorithms that are accepted none but PSS has other parameters than NULL."""

    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class PssHash:
    """The hash of ``PssParameters``; RFC 4055 section 2.1 lets its parameters be absent or NULL."""

    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class PssMask:
    """The mask generation of ``PssParameters``: MGF1, whose parameter is its hash."""

    algorithm: x509.ObjectIdentifier
    parameters: PssHash


@asn1.sequence
class PssParameters:
    """RSASSA-PSS-params (RFC 4055 section 3.1). The defaults are SHA-1, so that nothing may be left out."""

    hash: Annotated[PssHash, asn1.Explicit(0)]
    mask: Annotated[PssMask, asn1.Explicit(1)]
    salt_length: Annotated[int, asn1.Explicit(2)]


@asn1.sequence
class PssAlgorithm:
    """The algorithm identifier of RSASSA-PSS (RFC 4055 section 3.1)."""

    algorithm: x509.ObjectIdentifier
    parameters: PssParameters


@asn1.sequence
class EncapsulatedContent:
    """EncapsulatedContentInfo, RFC 5652 section 5.2."""

    content_type: x509.ObjectIdentifier
    content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class Attribute:
    """Attribute, RFC 5652 section 5.3."""

    type: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class IssuerAndSerial:
    """IssuerAndSerialNumber, RFC 5652 section 10.2.4."""

    issuer: x509.Name
    serial: int


@asn1.sequence
class SignerInfo:
    """SignerInfo of version 1, RFC 5652 section 5.3: its signer is named by issuer and serial."""

    version: int
    signer: IssuerAndSerial
    digest_algorithm: AlgorithmIdentifier
    signed_attributes: Annotated[asn1.SetOf[Attribute] | None, asn1.Implicit(0)]
    signature_algorithm: asn1.TLV  # an AlgorithmIdentifier or a PssAlgorithm
    signature: bytes
    unsigned_attributes: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class SignedData:
    """SignedData, RFC 5652 section 5.1. Certificates are a list: GlobalSign's are out of order for a set of DER."""

    version: int
    digest_algorithms: asn1.SetOf[AlgorithmIdentifier]
    encapsulated: EncapsulatedContent
    certificates: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]
    revocations: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]
    signers: asn1.SetOf[SignerInfo]


@asn1.sequence
class ContentInfo:
    """ContentInfo, RFC 5652 section 3, of signed data."""

    content_type: x509.ObjectIdentifier
    content: Annotated[SignedData, asn1.Explicit(0)]


@asn1.sequence
class Status:
    """PKIStatusInfo, RFC 3161 section 2.4.2."""

    status: int
    text: list[str] | None
    failure: asn1.BitString | None


@asn1.sequence
class Response:
    """TimeStampResp, RFC 3161 section 2.4.2, where a token was granted."""

    status: Status
    token: ContentInfo


@asn1.sequence
class MessageImprint:
    """MessageImprint, RFC 3161 section 2.4.1: the digest of what was stamped."""

    algorithm: AlgorithmIdentifier
    digest: bytes


@asn1.sequence
class Accuracy:
    """Accuracy, RFC 3161 section 2.4.2."""

    seconds: int | None
    milliseconds: Annotated[int | None, asn1.Implicit(0)]
    microseconds: Annotated[int | None, asn1.Implicit(1)]


@asn1.sequence
class Extension:
    """Extension, RFC 5280 section 4.1."""

    id: x509.ObjectIdentifier
    critical: Annotated[bool, asn1.Default(value=False)]
    value: bytes


@asn1.sequence
class TimestampInfo:
    """TSTInfo, RFC 3161 section 2.4.2: what the TSA states. ``tsa`` is a hint that is not looked at.

    ``time`` is a GeneralizedTime with a fraction of any length, of which cryptography takes six digits.
    """

    version: int
    policy: x509.ObjectIdentifier
    imprint: MessageImprint
    serial: int
    time: asn1.TLV
    accuracy: Accuracy | None
    ordering: Annotated[bool, asn1.Default(value=False)]
    nonce: int | None
    tsa: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]
    extensions: Annotated[list[Extension] | None, asn1.Implicit(1)]


@asn1.sequence
class IssuerSerial:
    """IssuerSerial, RFC 5035 section 5, whose one general name is a directory name (its tag is 4, and explicit)."""

    issuer: list[Annotated[x509.Name, asn1.Explicit(4)]]
    serial: int


@asn1.sequence
class CertificateId:
    """ESSCertIDv2, RFC 5035 section 4: the hash of a certificate, by SHA-256 where no other is named."""

    algorithm: AlgorithmIdentifier | None
    hash: bytes
    issuer_serial: IssuerSerial | None


@asn1.sequence
class SigningCertificate:
    """SigningCertificateV2, RFC 5035 section 3."""

    certificates: list[CertificateId]
    policies: list[asn1.TLV] | None


@asn1.sequence
class AlgorithmProtection:
    """CMSAlgorithmProtection, RFC 6211 section 2: the algorithms of the signer, signed too."""

    digest_algorithm: AlgorithmIdentifier
    signature_algorithm: Annotated[AlgorithmIdentifier, asn1.Implicit(1)]


@asn1.sequence
class PssAlgorithmProtection:
    """CMSAlgorithmProtection of a signer that uses RSASSA-PSS."""

    digest_algorithm: AlgorithmIdentifier
    signature_algorithm: Annotated[PssAlgorithm, asn1.Implicit(1)]
