"""What a certificate of Fulcio says of its holder: identities, and the OIDC issuer that they were proven to.

Formats: fulcio, docs/oid-info.md and docs/certificate-specification.md.
"""

from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1

from pattern_operator.strict_json import InvalidDocument
from pattern_operator.verify.x509.certificate import Certificate

_ISSUER: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")  # DER of a UTF8String
_ISSUER_V1: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")  # the raw bytes; deprecated, and written besides
_OTHER_NAME: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7")  # DER of a UTF8String: "name!domain"


def identities_of(certificate: Certificate) -> tuple[str, ...]:
    """The subject alternative names that are identities: URIs, e-mail addresses, and Fulcio's own kind of name.

    Raises:
        InvalidDocument: one of Fulcio's own kind is not a UTF8String.
    """
    stated = certificate.alternative_names
    names = stated.value if stated is not None else ()
    found: list[str] = []
    for name in names:
        match name:
            case x509.UniformResourceIdentifier() | x509.RFC822Name():
                found.append(name.value)
            case x509.OtherName() if name.type_id == _OTHER_NAME:
                found.append(_utf8_string(name.value))
            case _:
                pass
    return tuple(found)


def issuer_of(certificate: Certificate) -> str:
    """The OIDC issuer; empty where the certificate names none.

    Raises:
        InvalidDocument: it cannot be read, or the two extensions that name it do not name the same one.
    """
    current, former = _extension(certificate, _ISSUER), _extension(certificate, _ISSUER_V1)
    try:
        named = [
            *([_utf8_string(current)] if current is not None else []),
            *([former.decode("utf-8")] if former is not None else []),
        ]
    except UnicodeDecodeError as error:
        raise InvalidDocument("has a certificate whose OIDC issuer is not UTF-8") from error
    if len(set(named)) > 1:
        raise InvalidDocument("has a certificate that names two OIDC issuers")
    return named[0] if named else ""


def _extension(certificate: Certificate, oid: x509.ObjectIdentifier) -> bytes | None:
    try:
        found = certificate.parsed.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None
    return found.value if isinstance(found, x509.UnrecognizedExtension) else None


def _utf8_string(der: bytes) -> str:
    try:
        return asn1.decode_der(str, der)
    except ValueError as error:
        raise InvalidDocument("has a certificate with a name that is not a UTF8String") from error
