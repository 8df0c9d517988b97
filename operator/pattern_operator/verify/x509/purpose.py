"""What a leaf certificate is used for, and what its extensions must say so that it may be."""

from enum import Enum, auto
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from pattern_operator.verify.x509.certificate import Certificate


class Purpose(Enum):
    """What the key of a leaf signs."""

    TIME_STAMPING = auto()  # RFC 3161 section 2.3: the extended key usage, alone and critical
    CODE_SIGNING = auto()  # the extended key usage must be there, as in what Fulcio issues
    CODE_SIGNING_UNLESS_OTHERWISE_STATED = auto()  # a CA of one's own: without any extended key usage too


_USAGE: Final = {
    Purpose.TIME_STAMPING: ExtendedKeyUsageOID.TIME_STAMPING,
    Purpose.CODE_SIGNING: ExtendedKeyUsageOID.CODE_SIGNING,
    Purpose.CODE_SIGNING_UNLESS_OTHERWISE_STATED: ExtendedKeyUsageOID.CODE_SIGNING,
}


def usage_of(purpose: Purpose) -> x509.ObjectIdentifier:
    """The extended key usage that belongs to a purpose."""
    return _USAGE[purpose]


def unfit_leaf(leaf: Certificate, purpose: Purpose) -> str | None:
    """Why the leaf may not be used so, as a clause; None when it may."""
    if leaf.is_authority:
        return "may issue certificates, so it may not sign anything else"
    usage = leaf.key_usage.value if leaf.key_usage is not None else None
    if usage is None and purpose is Purpose.CODE_SIGNING:
        return "has no key usage"
    non_repudiation = purpose is Purpose.TIME_STAMPING and usage is not None and usage.content_commitment
    if usage is not None and not (usage.digital_signature or non_repudiation):
        return "has a key usage without digitalSignature"
    return _unfit_extended_usage(leaf, purpose)


def unfit_authority(authority: Certificate, usage: x509.ObjectIdentifier) -> str | None:
    """Why the extended key usage of an authority excludes ``usage``; None when it does not.

    RFC 5280 gives it no meaning there; the CA/Browser Forum, and the verifiers of Go and OpenSSL, read it as a limit.
    """
    stated = authority.extended_key_usage
    if stated is None or {usage, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(stated.value):
        return None
    return f"may not issue certificates for {usage._name}"


def _unfit_extended_usage(leaf: Certificate, purpose: Purpose) -> str | None:
    stated, usage = leaf.extended_key_usage, usage_of(purpose)
    if stated is None:
        absent_is_fine = purpose is Purpose.CODE_SIGNING_UNLESS_OTHERWISE_STATED
        return None if absent_is_fine else f"has no extended key usage {usage._name}"
    if usage not in set(stated.value):
        return f"has an extended key usage without {usage._name}"
    if purpose is Purpose.TIME_STAMPING and (len(stated.value) != 1 or not stated.critical):
        return "has an extended key usage timeStamping that is not alone and critical"
    return None
