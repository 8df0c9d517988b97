"""Who signed an artifact, where nobody has said yet whom to trust.

A keyless signature names a person or a program in its certificate, and who has identified them: that is verified, for
exactly these, by a Sigstore instance. Whether they are trusted is not said by that. Who owns a key or a certificate of
their own is not known without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pattern_operator.api.artifact import Signature
from pattern_operator.api.authority_material import trusted_authority
from pattern_operator.api.authority_spec import Authority, Identity, Keyless
from pattern_operator.api.material_spec import Material
from pattern_operator.api.reference import Digest
from pattern_operator.api.verification import Requirement, VerificationPolicy
from pattern_operator.catalog.untrusted_text import line
from pattern_operator.errors import PatternError
from pattern_operator.verify import Claim, claim_of, verify

MAX_SIGNERS: Final = 16  # signatures that are verified so, each by itself; one is usual, and some have three
_MAX_IDENTITY: Final = 1_024  # letters, as spec.verify takes them
_OF_A_KEY: Final = "a key made it: verify it with the public key"
_OF_A_CERTIFICATE: Final = "a certificate of its own authority made it: verify it with the roots that are trusted"


@dataclass(frozen=True, slots=True)
class Signer:
    """A signature, and whom it names. ``proven``: a Sigstore instance has proven that they signed this artifact.

    ``why`` is a clause that says why not; ``where`` names the signature. ``signed_at`` is when, where that is proven.
    """

    format: str
    where: str
    identity: str = ""
    issuer: str = ""
    hint: str = ""
    proven: bool = False
    why: str = ""
    signed_at: datetime | None = None
    log_index: int | None = None


def signers_of(
    digest: Digest, signatures: Sequence[Signature], *, now: datetime, trusted_root: bytes | None = None
) -> tuple[Signer, ...]:
    """Who signed ``digest``, an entry for each signature; attestations are none.

    ``trusted_root`` is the TrustedRoot of a Sigstore instance, None for the public one. Total; takes some ms for each
    signature, so call it off the event loop.
    """
    own = [each for each in signatures if not each.attestation]
    return tuple(
        _signer(digest, each, now=now, root=trusted_root, counted=number <= MAX_SIGNERS)
        for number, each in enumerate(own, start=1)
    )


def _signer(digest: Digest, signature: Signature, *, now: datetime, root: bytes | None, counted: bool) -> Signer:
    claim = claim_of(signature)
    if not isinstance(claim, Claim):
        return Signer(signature.format, signature.where, why=line(f"it {claim.why}"))
    named = Signer(signature.format, signature.where, line(claim.identity), line(claim.issuer), line(claim.hint))
    if not claim.is_keyless:
        return _unproven(named, _OF_A_CERTIFICATE if claim.identity else _OF_A_KEY)
    if not counted or len(claim.identity) > _MAX_IDENTITY or len(claim.issuer) > _MAX_IDENTITY:
        return _unproven(named, "it was not looked at: there are too many signatures, or its names are too long")
    try:
        result = verify(digest, [signature], policy=_policy(claim, root), now=now)
    except PatternError as error:
        return _unproven(named, line(error.message.replace(str(digest), "it")))
    (verified,) = result.verified_by
    return Signer(
        signature.format,
        signature.where,
        named.identity,
        named.issuer,
        proven=True,
        signed_at=verified.signed_at,
        log_index=verified.log_index,
    )


def _unproven(named: Signer, why: str) -> Signer:
    return Signer(named.format, named.where, named.identity, named.issuer, named.hint, why=why)


def _policy(claim: Claim, root: bytes | None) -> VerificationPolicy:
    """What requires exactly the identity that is claimed."""
    identity = Identity(issuer=claim.issuer, subject=claim.identity)
    keyless = Keyless(identities=(identity,), trusted_root=None if root is None else Material(data=""))
    content = {} if root is None else {"keyless.trustedRoot": root}
    authority = trusted_authority(Authority(name="the signer", keyless=keyless), content)
    return VerificationPolicy((Requirement(authorities=(authority,)),))
