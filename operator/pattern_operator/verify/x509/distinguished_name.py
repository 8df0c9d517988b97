"""Subjects as people write them in a policy (RFC 4514), and whether a certificate has all that is written there.

As in Notary policies (trust-store-trust-policy.md, "Trusted Identities Constraints"): attributes are compared by name
and value, exactly; none may stand twice, and no two may stand in one relative name, because it would not be known which
is meant.
"""

import re
from collections.abc import Mapping
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from pattern_operator.limits import MAX_DISTINGUISHED_NAME
from pattern_operator.verify.encoding import quoted

_KNOWN: Final[Mapping[str, x509.ObjectIdentifier]] = {  # RFC 4514 section 3, and RFC 4519 for the last two
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "POSTALCODE": NameOID.POSTAL_CODE,
}
_NAMES: Final = {oid: name for name, oid in _KNOWN.items()}
_ALIASES: Final = {"S": "ST"}  # as Windows shows it
_ATTRIBUTE: Final = re.compile(r" *([A-Za-z]{1,16}) *= *((?:[^\\,+\"<>;]|\\[0-9A-Fa-f]{2}|\\.)*+)(,|$)")
_ESCAPED: Final = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)")


class InvalidName(ValueError):
    """A text is not a distinguished name that can be compared; the message is a clause that says why."""


def read_name(text: str) -> Mapping[str, str]:
    """Read ``C=US, ST=WA, O=Notary`` into its attributes, by the names in capitals.

    Raises:
        InvalidName: it is not one, has an attribute twice or one that is not known, or several in one relative name.
    """
    if len(text) > MAX_DISTINGUISHED_NAME:
        raise InvalidName(f"has more than {MAX_DISTINGUISHED_NAME} letters")
    found: dict[str, str] = {}
    place = 0
    while True:
        attribute = _ATTRIBUTE.match(text, place)
        if attribute is None:
            raise InvalidName("is not a list of attributes such as C=US, ST=WA, O=Notary")
        kind = attribute[1].upper()
        name, value = _ALIASES.get(kind, kind), _unescaped(attribute[2])
        if name not in _KNOWN:
            raise InvalidName(f"has an attribute {quoted(attribute[1])} that is not compared")
        if name in found or not value:
            raise InvalidName(f"has the attribute {name} twice, or without a value")
        found[name] = value
        place = attribute.end()
        if not attribute[3]:
            return found


def attributes_of(subject: x509.Name) -> Mapping[str, str] | None:
    """The attributes of a subject that can be compared; None where it cannot be said which value one has."""
    found: dict[str, str] = {}
    for relative in subject.rdns:
        if len(relative) > 1:
            return None
        for attribute in relative:
            name = _NAMES.get(attribute.oid)
            if name in found or (name is not None and not isinstance(attribute.value, str)):
                return None
            if name is not None:
                found[name] = str(attribute.value)
    return found


def _unescaped(value: str) -> str:
    if value.startswith("#"):
        raise InvalidName("has a value in hexadecimal, which is not compared")
    end = len(value.rstrip(" "))
    escapes = len(value[:end]) - len(value[:end].rstrip("\\"))
    kept = value[: end + escapes % 2]  # a space after an odd number of backslashes is escaped
    return _ESCAPED.sub(_letter, kept)


def _letter(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return escape[2]
    try:
        return bytes.fromhex(escape[1].replace("\\", "")).decode()
    except UnicodeDecodeError as error:
        raise InvalidName("has an escape that is not UTF-8") from error
