"""Reads certificates, whatever the bytes are: what cannot be read, or is too weak, is known at once and not later.

Format: RFC 5280 section 4; PEM by RFC 7468. cryptography reads the extensions and the key of a certificate only when
they are asked for: here all that is judged later is read when the certificate is.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from pattern_operator.limits import MAX_CERTIFICATE, MAX_CERTIFICATES, MAX_RSA_BITS
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.key import PublicKey, UnusableKey, from_cryptography

_Value = TypeVar("_Value", bound=x509.ExtensionType)

_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{0,64})-----[^-]*-----END \1-----")
_STRONG: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512, hashes.SHA3_256, hashes.SHA3_384, hashes.SHA3_512)
_MAX_EXPONENT: Final = 256  # bits, FIPS 186-5 appendix A.1.1; the time of an RSA operation grows with them
# Before the bytes of a BIT STRING, how many bits at its end are unused (X.690 section 8.6.2). Of a signature none are;
# cryptography ignores the number, so that one signature would have several encodings.
WHOLE_BYTES: Final = b"\0"
# What cryptography raises for bytes that it does not read, at once or when a part is asked for.
UNREADABLE: Final = (
    *(ValueError, TypeError, OverflowError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.AttributeNotFound),
)
# Those whose meaning is judged here, or that limit nothing here. Of policies (RFC 5280 section 6.1.1) every one is
# accepted, so that naming some limits nothing; what demands one is not among them.
UNREADABLE_KEY: Final = "cannot be read"
_UNDERSTOOD: Final = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.SubjectAlternativeName.oid,
        x509.NameConstraints.oid,
        x509.CertificatePolicies.oid,
    }
)


class InvalidCertificate(ValueError):
    """The bytes are not a certificate that can be used; the message is a clause that says why."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was read; nothing in it is believed. Two are equal when their bytes are.

    An extension is None where it is absent; ``.critical`` and ``.value`` are its parts. ``weakness`` is why its key or
    the algorithm of its own signature may not be used, as a clause.
    """

    der: bytes = field(repr=False)
    parsed: x509.Certificate = field(compare=False, repr=False)
    subject: x509.Name = field(compare=False)
    issuer: x509.Name = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    key: PublicKey | None = field(compare=False, repr=False)
    key_weakness: str | None = field(compare=False)
    signature_weakness: str | None = field(compare=False)
    basic_constraints: x509.Extension[x509.BasicConstraints] | None = field(compare=False, repr=False)
    key_usage: x509.Extension[x509.KeyUsage] | None = field(compare=False, repr=False)
    extended_key_usage: x509.Extension[x509.ExtendedKeyUsage] | None = field(compare=False, repr=False)
    alternative_names: x509.Extension[x509.SubjectAlternativeName] | None = field(compare=False, repr=False)
    name_constraints: x509.Extension[x509.NameConstraints] | None = field(compare=False, repr=False)
    unknown_critical: tuple[str, ...] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return quoted(self.subject.rfc4514_string())

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the DER, in hex."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def key_fingerprint(self) -> str:
        """The SHA-256 of its SubjectPublicKeyInfo, in hex; that of the DER where its key is none that is used."""
        return self.key.spki_hash.hex() if self.key is not None else self.fingerprint

    @property
    def is_authority(self) -> bool:
        """Whether it says that it may issue certificates."""
        return self.basic_constraints is not None and self.basic_constraints.value.ca

    @property
    def is_self_issued(self) -> bool:
        """Whether it names itself as its issuer (RFC 5280 section 3.2); whether it is self-signed is not known."""
        return self.subject.public_bytes() == self.issuer.public_bytes()

    @property
    def is_oversized(self) -> bool:
        """Whether its key is so large that whoever chose it chooses how long an operation takes."""
        try:
            key = self.parsed.public_key()
        except UNREADABLE:
            return True
        return isinstance(key, rsa.RSAPublicKey) and (
            key.key_size > MAX_RSA_BITS or key.public_numbers().e.bit_length() > _MAX_EXPONENT
        )

    def is_issued_by(self, issuer: "Certificate") -> bool:
        """Whether ``issuer`` is named as the issuer, and its key made the signature."""
        if self.issuer.public_bytes() != issuer.subject.public_bytes() or issuer.is_oversized:
            return False
        try:
            self.parsed.verify_directly_issued_by(issuer.parsed)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    def is_valid_at(self, time: datetime) -> bool:
        """Whether ``time`` is in the validity period, whose ends belong to it (RFC 5280 section 4.1.2.5)."""
        return self.not_before <= time <= self.not_after


def read_certificate(der: bytes) -> Certificate:
    """Read one certificate.

    Raises:
        InvalidCertificate: the bytes are not one, or have an extension that cannot be read.
    """
    if len(der) > MAX_CERTIFICATE:
        raise InvalidCertificate(f"has more than {MAX_CERTIFICATE} bytes")
    try:
        parsed = x509.load_der_x509_certificate(der)
        return _read(der, parsed)
    except InvalidCertificate:
        raise
    except UNREADABLE as error:
        raise InvalidCertificate("is not a valid X.509 certificate") from error


def read_certificates(content: bytes) -> tuple[Certificate, ...]:
    """Read a file of certificates: one in DER, or as many as there are blocks of PEM; text between these is ignored.

    Raises:
        InvalidCertificate: it has none, more than ``MAX_CERTIFICATES``, one that is not valid, or a private key.
    """
    if b"-----BEGIN " not in content:
        return (read_certificate(content),)
    found: list[Certificate] = []
    for block in _blocks(content):
        if len(found) == MAX_CERTIFICATES:
            raise InvalidCertificate(f"has more than {MAX_CERTIFICATES} certificates")
        found.append(read_certificate(block))
    if not found:
        raise InvalidCertificate("has no certificate")
    return tuple(found)


def _blocks(content: bytes) -> Iterator[bytes]:
    """The DER of each block of PEM. A block of another kind is a mistake that would be silently ignored."""
    if content.count(b"-----BEGIN ") != content.count(b"-----END "):
        raise InvalidCertificate("has a PEM block without begin or end")
    blocks = list(_BLOCK.finditer(content))
    if len(blocks) != content.count(b"-----BEGIN "):
        raise InvalidCertificate("has a PEM block that is not valid")
    for block in blocks:
        if b"PRIVATE KEY" in block[1]:
            raise InvalidCertificate("is a private key, which must not be here: remove it, and treat it as disclosed")
        if block[1] != b"CERTIFICATE":
            raise InvalidCertificate("has a PEM block that is not a CERTIFICATE")
        try:
            parsed = x509.load_pem_x509_certificate(block[0])
        except UNREADABLE as error:
            raise InvalidCertificate("is not a valid X.509 certificate") from error
        yield parsed.public_bytes(Encoding.DER)


def _read(der: bytes, parsed: x509.Certificate) -> Certificate:
    if parsed.version is not x509.Version.v3:
        raise InvalidCertificate("is not an X.509 certificate of version 3")
    if not der.endswith(WHOLE_BYTES + parsed.signature):
        raise InvalidCertificate("has a signature that does not end with a whole byte")
    for name in (parsed.subject, parsed.issuer):  # what is made of them later is made once here
        name.public_bytes()
        name.rfc4514_string()
    extensions = parsed.extensions
    key, key_weakness = _key(parsed)
    return Certificate(
        der=der,
        parsed=parsed,
        subject=parsed.subject,
        issuer=parsed.issuer,
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        key=key,
        key_weakness=key_weakness,
        signature_weakness=_signature_weakness(parsed),
        basic_constraints=_extension(extensions, x509.BasicConstraints),
        key_usage=_extension(extensions, x509.KeyUsage),
        extended_key_usage=_extension(extensions, x509.ExtendedKeyUsage),
        alternative_names=_extension(extensions, x509.SubjectAlternativeName),
        name_constraints=_extension(extensions, x509.NameConstraints),
        unknown_critical=tuple(
            each.oid.dotted_string for each in extensions if each.critical and each.oid not in _UNDERSTOOD
        ),
    )


def _extension(extensions: x509.Extensions, kind: type[_Value]) -> x509.Extension[_Value] | None:
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _key(parsed: x509.Certificate) -> tuple[PublicKey | None, str | None]:
    try:
        return from_cryptography(parsed.public_key()), None
    except UnusableKey as error:
        return None, str(error)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None, UNREADABLE_KEY


def _signature_weakness(parsed: x509.Certificate) -> str | None:
    """Why the algorithm of the signature on the certificate may not be used; Ed25519 has no hash of its own."""
    try:
        algorithm = parsed.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "is signed with an algorithm that is not known"
    if algorithm is None:
        ed25519 = parsed.signature_algorithm_oid == x509.SignatureAlgorithmOID.ED25519
        return None if ed25519 else "is signed with an algorithm that is not used"
    return None if isinstance(algorithm, _STRONG) else f"is signed with {algorithm.name}, which is too weak"
