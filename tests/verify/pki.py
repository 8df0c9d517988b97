"""A certificate authority of our own: any certificate, right or wrong in just one way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pattern_operator.verify.x509.certificate import Certificate, read_certificate

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
ATTRIBUTES = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "C": NameOID.COUNTRY_NAME,
    "E": NameOID.EMAIL_ADDRESS,
}
USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
CA = (x509.BasicConstraints(ca=True, path_length=None), True)


@cache
def rsa_key(bits: int, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def name(text: str) -> x509.Name:
    """``CN=a,O=b`` as a name, in the order of the certificate."""
    pairs = [part.partition("=") for part in text.split(",")]
    return x509.Name([x509.NameAttribute(ATTRIBUTES[kind], value) for kind, _, value in pairs])


def key_usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{each: each in names for each in USAGES})


def extended(*usages: str) -> x509.ExtendedKeyUsage:
    known = {
        "codeSigning": ExtendedKeyUsageOID.CODE_SIGNING,
        "timeStamping": ExtendedKeyUsageOID.TIME_STAMPING,
        "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
        "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
        "emailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
        "OCSPSigning": ExtendedKeyUsageOID.OCSP_SIGNING,
        "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    }
    return x509.ExtendedKeyUsage([known.get(each) or x509.ObjectIdentifier(each) for each in usages])


@dataclass(frozen=True, eq=False)
class Identity:
    """A certificate with its private key."""

    certificate: Certificate
    key: Any = field(repr=False)

    @property
    def pem(self) -> bytes:
        return self.certificate.parsed.public_bytes(Encoding.PEM)

    def issue(self, subject: str, **options: Any) -> "Identity":
        """A certificate that this one issued."""
        return make(subject, issuer=self, **options)


def make(
    subject: str,
    *,
    issuer: Identity | None = None,
    issuer_name: str | None = None,
    key: Any = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    not_before: datetime = NOW - YEAR,
    not_after: datetime = NOW + YEAR,
    digest: Any = None,
    serial: int | None = None,
) -> Identity:
    """A certificate, self-signed without ``issuer``; ``extensions`` with whether they are critical."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    named = name(issuer_name) if issuer_name else issuer.certificate.subject if issuer else name(subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(named)
        .public_key(own.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signing = issuer.key if issuer else own
    algorithm = None if type(signing).__name__.startswith("Ed") else digest or hashes.SHA256()
    made = builder.sign(signing, algorithm)
    return Identity(read_certificate(made.public_bytes(Encoding.DER)), own)


def root(subject: str = "CN=Root,O=Test", **options: Any) -> Identity:
    """A root that may issue anything."""
    return make(subject, **{"extensions": [CA, (key_usage("key_cert_sign", "crl_sign"), True)], **options})


def intermediate(above: Identity, subject: str = "CN=Intermediate,O=Test", **options: Any) -> Identity:
    return above.issue(subject, **{"extensions": [CA, (key_usage("key_cert_sign"), True)], **options})


CODE_SIGNING = [(key_usage("digital_signature"), True), (extended("codeSigning"), False)]
TIME_STAMPING = [(key_usage("digital_signature"), True), (extended("timeStamping"), True)]
