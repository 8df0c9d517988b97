"""Decides whether the required authorities signed a digest: a fold over signatures and keys, and its one message."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pattern_operator.api.artifact import Signature
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.api.signing import SIGN
from pattern_operator.api.verification import VerificationPolicy, VerificationResult, VerifiedSignature
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_SIGNATURES
from pattern_operator.verify import mismatch
from pattern_operator.verify.formats import FORMATS
from pattern_operator.verify.key import PublicKey, load, verify_signature
from pattern_operator.verify.parsed_signature import MalformedSignature, Rejection

# The message has room for these in MAX_STATUS_MESSAGE, with the words around them.
_NAMES_SHOWN: Final = 400  # characters
_REJECTIONS_SHOWN: Final = 800
_NAME_SHOWN: Final = 100  # of one name, place or rejection
_REJECTION_SHOWN: Final = 240


@dataclass(frozen=True, slots=True)
class _Signer:
    """A required authority whose key was read. Authorities with the same key are one signer, under the first name."""

    name: str
    key: PublicKey

    def __str__(self) -> str:
        return f"{_shortened(self.name, _NAME_SHOWN)} (key {self.key.fingerprint})"


@dataclass(frozen=True, slots=True)
class _Checked:
    """One signature: the signer that it is by, or why it is rejected."""

    signature: Signature
    outcome: _Signer | Rejection


def verify(
    digest: Digest,
    signatures: Sequence[Signature],
    *,
    policy: VerificationPolicy,
    repository: Repository | None = None,
    command: str = SIGN,
) -> VerificationResult:
    """Decide whether enough of the required authorities signed ``digest``.

    One valid signature of an authority is enough; invalid ones beside it are ignored. ``policy.threshold`` counts
    different keys. ``repository`` is given only where the signature must have been made for it: signatures move with
    an artifact to its mirrors, and bundles name no repository at all. ``command`` signs the artifact, for messages.

    The work grows with signatures times keys, some 0.1 ms each, and with the size of the bundles: call it off the
    event loop.

    Returns:
        The result, with one entry for each authority that has a valid signature. ``required`` is false, and nothing is
        checked, where the policy has no authority.

    Raises:
        Stalled: KEY_INVALID or INVALID_SPEC: the policy itself is invalid. SIGNATURE_MISSING,
            TOO_MANY_SIGNATURES, SIGNATURE_INVALID (nothing there is a signature), SIGNATURE_OF_ANOTHER_ARTIFACT (a
            valid signature by a required key, copied here) or SIGNATURE_UNTRUSTED: signed by none, or not enough,
            of the authorities. The message names the authorities and why each signature is rejected, up to a limit.
    """
    if not policy.authorities:
        return VerificationResult(required=False)
    signers = _signers(policy)
    _refuse_number(digest, signatures, signers=signers, command=command)
    checked = [
        _Checked(signature, _check(signature, digest=digest, signers=signers, repository=repository))
        for signature in signatures
    ]
    verified = _verified(checked)
    if len(verified) < policy.threshold:
        raise _rejected(
            digest, checked, signers=signers, verified=verified, threshold=policy.threshold, command=command
        )
    return VerificationResult(required=True, verified_by=tuple(verified.values()))


def _signers(policy: VerificationPolicy) -> list[_Signer]:
    """Read every key: one that cannot be used is an error even where others would do, because it was meant to count."""
    by_key: dict[PublicKey, _Signer] = {}
    for authority in policy.authorities:
        key = load(authority.key, name=authority.name)
        by_key.setdefault(key, _Signer(authority.name, key))
    if not 1 <= policy.threshold <= len(by_key):
        raise Stalled(
            reason=Reason.INVALID_SPEC,
            message=f"{policy.threshold} authorities are required to sign, and {len(by_key)} different keys are named: "
            f"set the threshold to a number from 1 to {len(by_key)}, or add authorities with keys of their own.",
        )
    return list(by_key.values())


def _refuse_number(digest: Digest, signatures: Sequence[Signature], *, signers: list[_Signer], command: str) -> None:
    if not signatures:
        raise Stalled(
            reason=Reason.SIGNATURE_MISSING,
            message=f"{digest} has no signature, and one by {_names(signers)} is required: "
            f"sign it with `{command}`, or point source.ref at an artifact that is signed.",
        )
    counted = sum(bool(signature.payload) and not signature.attestation for signature in signatures)
    if counted > MAX_SIGNATURES:
        raise Stalled(
            reason=Reason.TOO_MANY_SIGNATURES,
            message=f"{digest} has {counted} signatures, and at most {MAX_SIGNATURES} are tried: "
            "remove those that are not needed from the registry.",
        )


def _check(
    signature: Signature, *, digest: Digest, signers: list[_Signer], repository: Repository | None
) -> _Signer | Rejection:
    """Find the one signer that a signature is by. It counts for no second one: a key can be made to fit it."""
    form = FORMATS[signature.format]
    parsed = form.read(signature)
    if isinstance(parsed, Rejection):
        return parsed
    signer = next((it for it in signers if verify_signature(it.key, parsed.signature, parsed.message)), None)
    if signer is None:
        content = form.check_payload(parsed, digest=digest, repository=repository)
        return mismatch.explain(parsed, content=content, keys=[it.key for it in signers])
    if rejection := form.check_payload(parsed, digest=digest, repository=repository):
        return replace(rejection, why=f"is by {signer} and {rejection.why}", key_is_right=True)
    return signer


def _verified(checked: list[_Checked]) -> dict[PublicKey, VerifiedSignature]:
    """Take the first valid signature of each key."""
    found: dict[PublicKey, VerifiedSignature] = {}
    for each in checked:
        if isinstance(signer := each.outcome, _Signer):
            signature = each.signature
            found.setdefault(
                signer.key, VerifiedSignature(signer.name, format=str(signature.format), where=signature.where)
            )
    return found


def _rejected(
    digest: Digest,
    checked: list[_Checked],
    *,
    signers: list[_Signer],
    verified: Mapping[PublicKey, VerifiedSignature],
    threshold: int,
    command: str,
) -> Stalled:
    rejections = [(it.signature.where, it.outcome) for it in checked if isinstance(it.outcome, Rejection)]
    reason, next_step = _reason([rejection for _, rejection in rejections], verified=verified, command=command)
    missing = _names(signer for signer in signers if signer.key not in verified)
    counted = f" ({len(verified)} of {threshold} required signatures)" if threshold > 1 else ""
    because = _listed(
        (
            f"{_shortened(where, _NAME_SHOWN)} {_shortened(rejection.why, _REJECTION_SHOWN)}"
            for where, rejection in rejections
        ),
        separator="; ",
        room=_REJECTIONS_SHOWN,
    )
    told = f": {because}" if because else ""
    return Stalled(reason=reason, message=f"{digest} is not signed by {missing}{counted}{told}. {next_step}")


def _reason(
    rejections: Sequence[Rejection], *, verified: Mapping[PublicKey, VerifiedSignature], command: str
) -> tuple[Reason, str]:
    """Choose what tells most: a copied signature, then nothing that is one, then the wrong signers."""
    if any(rejection.about_another for rejection in rejections):
        return (
            Reason.SIGNATURE_OF_ANOTHER_ARTIFACT,
            "The signature was copied from another artifact: sign this one, or point source.ref at the signed one.",
        )
    if not verified and all(isinstance(rejection, MalformedSignature) for rejection in rejections):
        return Reason.SIGNATURE_INVALID, f"Sign the artifact again with `{command}`."
    if any(rejection.key_is_right for rejection in rejections):
        return (
            Reason.SIGNATURE_UNTRUSTED,
            f"The key is right and what it signed is not: sign this artifact again with `{command}`.",
        )
    return (
        Reason.SIGNATURE_UNTRUSTED,
        f"Let them sign it with `{command}`, or correct spec.verify.authorities.",
    )


def _names(signers: Iterable[_Signer]) -> str:
    return _listed((str(signer) for signer in signers), separator=", ", room=_NAMES_SHOWN)


def _listed(items: Iterable[str], *, separator: str, room: int) -> str:
    """Join as many items as there is room for, at least one, and count the rest."""
    shown: list[str] = []
    rest = 0
    for item in items:
        if shown and len(item) > room:
            rest += 1
            continue
        shown.append(item)
        room -= len(item) + len(separator)
    return separator.join([*shown, f"and {rest} more"] if rest else shown)


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
