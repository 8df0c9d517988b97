"""A timestamping authority of our own: any token, right or wrong in just one way."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from tests.verify import pki
from tests.verify.pki import NOW

from pattern_operator.verify.timestamp import structures as s

OID = x509.ObjectIdentifier
NULL = asn1.Null()
SHA1, SHA256, SHA384, SHA512 = (
    OID("1.3.14.3.2.26"),
    *(OID(f"2.16.840.1.101.3.4.2.{number}") for number in (1, 2, 3)),
)
NAMES = {SHA1: "sha1", SHA256: "sha256", SHA384: "sha384", SHA512: "sha512"}
TST_INFO = OID("1.2.840.113549.1.9.16.1.4")
SIGNED_DATA = OID("1.2.840.113549.1.7.2")
RSA, PSS = OID("1.2.840.113549.1.1.1"), OID("1.2.840.113549.1.1.10")
RSA_WITH = {SHA256: OID("1.2.840.113549.1.1.11"), SHA512: OID("1.2.840.113549.1.1.13")}
ECDSA_WITH = {
    SHA1: OID("1.2.840.10045.4.1"),
    **{each: OID(f"1.2.840.10045.4.3.{number}") for each, number in ((SHA256, 2), (SHA384, 3), (SHA512, 4))},
}
ED25519 = OID("1.3.101.112")
CONTENT_TYPE, DIGEST, TIME, CERTIFICATE, PROTECTION = (
    OID(f"1.2.840.113549.1.9.{number}") for number in ("3", "4", "5", "16.2.47", "52")
)


def algorithm(oid: OID, parameters: asn1.Null | None = None) -> s.AlgorithmIdentifier:
    return s.AlgorithmIdentifier(algorithm=oid, parameters=parameters)


def pss(digest: OID = SHA256, mask: OID | None = None, salt: int = 32, function: str = "1.2.840.113549.1.1.8") -> Any:
    def of(oid: OID) -> s.PssHash:
        return s.PssHash(algorithm=oid, parameters=NULL)

    masking = s.PssMask(algorithm=OID(function), parameters=of(mask or digest))
    return s.PssAlgorithm(algorithm=PSS, parameters=s.PssParameters(hash=of(digest), mask=masking, salt_length=salt))


@asn1.sequence
class _Wrapped:
    value: asn1.TLV


@cache
def _tlv(encoded: bytes) -> asn1.TLV:
    size = len(encoded)
    lengths = {128: bytes([size & 0xFF]), 256: bytes([0x81, size & 0xFF])}
    length = next((head for most, head in lengths.items() if size < most), b"\x82" + size.to_bytes(2, "big"))
    return asn1.decode_der(_Wrapped, b"\x30" + length + encoded).value


def tlv(value: Any) -> asn1.TLV:
    """A value, or its DER, as any element."""
    return _tlv(value if isinstance(value, bytes) else asn1.encode_der(value))


def octets(content: bytes) -> bytes:
    return asn1.encode_der(content)


@dataclass(frozen=True)
class Stamp:
    """What a token is made of; every field may be changed by the name of it."""

    message: bytes = b"a signature"
    time: datetime | bytes = NOW  # or its DER
    imprint_hash: OID = SHA256
    imprint: bytes | None = None
    imprint_parameters: asn1.Null | None = None
    info_version: int = 1
    serial: int = 7
    nonce: int | None = None
    accuracy: Any = field(default_factory=lambda: s.Accuracy(seconds=1, milliseconds=None, microseconds=None))
    extensions: Any = None
    digest: OID = SHA256
    listed_digests: tuple[OID, ...] | None = None
    signature_algorithm: Any = None
    attributes: dict[OID, Any] = field(default_factory=dict)  # a list of values; None: left out
    certificates: tuple[bytes, ...] | None = None
    certificate_hash: OID | None = None
    issuer_serial: Any = "right"
    content_type: OID = TST_INFO
    content: bytes | None = None
    data_version: int = 3
    signer_version: int = 1
    signers: int = 1
    named: pki.Identity | None = None
    protected: bool = False
    unsigned: Any = None
    revocations: Any = None


@dataclass(frozen=True)
class Tsa:
    """A TSA with its root."""

    root: pki.Identity
    identity: pki.Identity

    @classmethod
    def make(cls, key: Any = None, *, extensions: Any = pki.TIME_STAMPING, **options: Any) -> "Tsa":
        validity = {name: options[name] for name in ("not_before", "not_after") if name in options}
        root = pki.root("CN=TSA root,O=Test", **validity)
        return cls(root, root.issue("CN=TSA,O=Test", key=key, extensions=extensions, **options))

    def stamp(self, **options: Any) -> bytes:
        """A token, as CMS ContentInfo."""
        return asn1.encode_der(s.ContentInfo(content_type=SIGNED_DATA, content=self.signed_data(Stamp(**options))))

    def respond(self, status: int = 0, failure: Any = None, **options: Any) -> bytes:
        """A TimeStampResp."""
        token = s.ContentInfo(content_type=SIGNED_DATA, content=self.signed_data(Stamp(**options)))
        return asn1.encode_der(s.Response(status=s.Status(status=status, text=None, failure=failure), token=token))

    def signed_data(self, stamp: Stamp) -> s.SignedData:
        content = stamp.content if stamp.content is not None else asn1.encode_der(_info(stamp))
        certificates = (self.identity.certificate.der,) if stamp.certificates is None else stamp.certificates
        signers = [self._signer(stamp, content) for _ in range(stamp.signers)]
        return s.SignedData(
            version=stamp.data_version,
            digest_algorithms=asn1.SetOf(
                [
                    algorithm(each)
                    for each in (stamp.listed_digests if stamp.listed_digests is not None else (stamp.digest,))
                ]
            ),
            encapsulated=s.EncapsulatedContent(content_type=stamp.content_type, content=content),
            certificates=[tlv(each) for each in certificates],
            revocations=stamp.revocations,
            signers=asn1.SetOf(signers),
        )

    def _signer(self, stamp: Stamp, content: bytes) -> s.SignerInfo:
        chosen = stamp.signature_algorithm or algorithm(self._algorithm(stamp.digest))
        values = {**self._attributes(stamp, content), **stamp.attributes}
        if stamp.protected:
            kind: Any = s.PssAlgorithmProtection if isinstance(chosen, s.PssAlgorithm) else s.AlgorithmProtection
            values.setdefault(
                PROTECTION,
                [asn1.encode_der(kind(digest_algorithm=algorithm(stamp.digest), signature_algorithm=chosen))],
            )
        attributes = asn1.SetOf(
            [
                s.Attribute(type=kind, values=asn1.SetOf([tlv(each) for each in listed]))
                for kind, listed in values.items()
                if listed is not None
            ]
        )
        named = (stamp.named or self.identity).certificate
        return s.SignerInfo(
            version=stamp.signer_version,
            signer=s.IssuerAndSerial(issuer=named.issuer, serial=named.parsed.serial_number),
            digest_algorithm=algorithm(stamp.digest),
            signed_attributes=attributes,
            signature_algorithm=tlv(chosen),
            signature=self._sign(asn1.encode_der(attributes), stamp.digest, chosen),
            unsigned_attributes=stamp.unsigned,
        )

    def _attributes(self, stamp: Stamp, content: bytes) -> dict[OID, list[bytes]]:
        certificate = self.identity.certificate
        issuer_serial = stamp.issuer_serial
        if issuer_serial == "right":
            issuer_serial = s.IssuerSerial(issuer=[certificate.issuer], serial=certificate.parsed.serial_number)
        used = stamp.certificate_hash or SHA256
        identifier = s.CertificateId(
            algorithm=algorithm(used) if stamp.certificate_hash else None,
            hash=hashlib.new(NAMES[used], certificate.der).digest(),
            issuer_serial=issuer_serial,
        )
        return {
            CONTENT_TYPE: [asn1.encode_der(TST_INFO)],
            DIGEST: [octets(hashlib.new(NAMES[stamp.digest], content).digest())],
            CERTIFICATE: [asn1.encode_der(s.SigningCertificate(certificates=[identifier], policies=None))],
        }

    def _algorithm(self, digest: OID) -> OID:
        match self.identity.key:
            case ec.EllipticCurvePrivateKey():
                return ECDSA_WITH[digest]
            case ed25519.Ed25519PrivateKey():
                return ED25519
            case _:
                return RSA

    def _sign(self, message: bytes, digest: OID, chosen: Any) -> Any:
        known: dict[OID, Any] = {SHA1: hashes.SHA1, SHA256: hashes.SHA256, SHA384: hashes.SHA384, SHA512: hashes.SHA512}
        named = known[digest]()
        match self.identity.key:
            case ec.EllipticCurvePrivateKey() as key:
                return key.sign(message, ec.ECDSA(named))
            case rsa.RSAPrivateKey() as key if isinstance(chosen, s.PssAlgorithm):
                return key.sign(message, padding.PSS(padding.MGF1(named), named.digest_size), named)
            case rsa.RSAPrivateKey() as key:
                return key.sign(message, padding.PKCS1v15(), named)
            case key:
                return key.sign(message)


def _info(stamp: Stamp) -> s.TimestampInfo:
    digest = stamp.imprint
    if digest is None:
        digest = hashlib.new(NAMES[stamp.imprint_hash], stamp.message).digest()
    return s.TimestampInfo(
        version=stamp.info_version,
        policy=OID("1.2.3.4.1"),
        imprint=s.MessageImprint(algorithm=algorithm(stamp.imprint_hash, stamp.imprint_parameters), digest=digest),
        serial=stamp.serial,
        time=tlv(stamp.time if isinstance(stamp.time, bytes) else asn1.GeneralizedTime(stamp.time)),
        accuracy=stamp.accuracy,
        ordering=False,
        nonce=stamp.nonce,
        tsa=None,
        extensions=stamp.extensions,
    )
