"""What the certificate chain of a signer must be: signature-specification.md, "Certificate Requirements".

The chain stands in the envelope from the leaf to a self-signed root, in order and whole. Here it is judged for itself;
whom it leads to, and at which time it was valid, is judged in ``verify``.
"""

from collections.abc import Sequence
from typing import Final

from cryptography.x509.oid import ExtendedKeyUsageOID

from pattern_operator.verify.notation.envelope import algorithm_of
from pattern_operator.verify.x509.certificate import Certificate
from pattern_operator.verify.x509.chain import invalidity

_FORBIDDEN_USAGES: Final = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
_FORBIDDEN_PURPOSES: Final = frozenset(
    {
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
    }
)


def unfit_chain(chain: Sequence[Certificate]) -> str | None:
    """Why a chain cannot be that of a signer, as a clause; None where it can.

    A self-signed leaf may stand alone; it is then its own root.
    """
    leaf = chain[0]
    if wrong := _unfit_leaf(leaf):
        return f"has the certificate {leaf}, which {wrong}"
    for place, certificate in enumerate(chain):
        issuer = chain[min(place + 1, len(chain) - 1)]
        if not certificate.is_issued_by(issuer):
            return f"has a certificate chain in which {certificate} is not issued by {issuer}, which follows it"
        if certificate is not issuer and certificate.is_issued_by(certificate):
            return f"has a certificate chain in which {certificate} is self-signed and not the last"
        if certificate.signature_weakness is not None:
            return f"has a certificate chain in which {certificate} {certificate.signature_weakness}"
        if place and (wrong := _unfit_authority(certificate)):
            return f"has a certificate chain in which {certificate} {wrong}"
    if wrong := invalidity(tuple(chain), usage=ExtendedKeyUsageOID.CODE_SIGNING):
        return f"has a certificate chain in which {wrong}"
    return None


def _unfit_leaf(leaf: Certificate) -> str | None:
    if leaf.is_authority:
        return "may issue certificates, so it may not sign anything else"
    if leaf.key is None:
        return f"has a key that {leaf.key_weakness}"
    if algorithm_of(leaf.key) is None:
        return "has a key that signers may not have: RSA of 2048, 3072 or 4096 bits and P-256, P-384 and P-521 are used"
    if leaf.key_usage is None or not leaf.key_usage.critical:
        return "has no critical key usage"
    usage = leaf.key_usage.value
    if not usage.digital_signature or any(getattr(usage, name) for name in _FORBIDDEN_USAGES):
        return "has a key usage without digitalSignature, or with one that a signer may not have"
    if leaf.extended_key_usage is None:
        return None
    purposes = set(leaf.extended_key_usage.value)
    if ExtendedKeyUsageOID.CODE_SIGNING not in purposes or purposes & _FORBIDDEN_PURPOSES:
        return "has an extended key usage without codeSigning, or with one that a signer may not have"
    return None


def _unfit_authority(authority: Certificate) -> str | None:
    constraints, usage = authority.basic_constraints, authority.key_usage
    if constraints is None or not constraints.critical or not constraints.value.ca:
        return "has no critical basic constraints by which it may issue certificates"
    if usage is None or not usage.critical or not usage.value.key_cert_sign:
        return "has no critical key usage keyCertSign"
    return None
