"""Decides whether the demanded authorities vouch for a digest: a fold over signatures and keys, and its one message."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from pattern_operator.api.artifact import Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.api.signing import SIGN
from pattern_operator.api.verdict import Demand, Verdict, Vouch
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_SIGNATURES
from pattern_operator.verify import bundle, cosign, mismatch
from pattern_operator.verify.claim import Claim, Refusal, Unreadable
from pattern_operator.verify.key import PublicKey, load, verify_signature

# The message has room for these in MAX_STATUS_MESSAGE, with the words around them.
_NAMES_SHOWN: Final = 400  # characters
_REFUSALS_SHOWN: Final = 1_000
_NAME_SHOWN: Final = 100  # of one name, place or refusal
_REFUSAL_SHOWN: Final = 240


class Format(Protocol):
    """What a module for one signature format has."""

    def read(self, signature: Signature) -> Claim | Refusal:
        """Take the signature apart, believing nothing."""

    def judge(self, claim: Claim, *, digest: Digest, repository: Repository | None) -> Refusal | None:
        """Say why a claim, whose signature is good, does not vouch for the digest; None when it does."""


_FORMATS: Final[Mapping[SignatureFormat, Format]] = {
    SignatureFormat.COSIGN: cosign,
    SignatureFormat.BUNDLE: bundle,
}


@dataclass(frozen=True, slots=True)
class _Signer:
    """A demanded authority whose key was read. Authorities with the same key are one signer, under the first name."""

    name: str
    key: PublicKey

    def __str__(self) -> str:
        return f"{_shortened(self.name, _NAME_SHOWN)} (key {self.key.fingerprint})"


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What became of one signature: whom it vouches for, or why for nobody."""

    signature: Signature
    outcome: _Signer | Refusal


def verify(
    digest: Digest, signatures: Sequence[Signature], *, demand: Demand, repository: Repository | None = None
) -> Verdict:
    """Decide whether enough of the demanded authorities vouch for ``digest``.

    An authority vouches with one good signature; a bad one beside it does no harm. ``demand.threshold`` counts
    different keys. ``repository`` is given only where the signature must have been made for it: signatures move with
    an artifact to its mirrors, and bundles name no repository at all.

    The work grows with signatures times keys, some 0.1 ms each, and with the size of the bundles: call it off the
    event loop.

    Returns:
        The verdict, with one vouch for each authority that has a good signature; ``demanded`` is false and nothing was
        looked at when the demand names no authority.

    Raises:
        Stalled: KEY_INVALID or INVALID_SPEC: the demand itself cannot be followed. SIGNATURE_MISSING,
            TOO_MANY_SIGNATURES, SIGNATURE_INVALID (nothing there is a signature), SIGNATURE_OF_ANOTHER_ARTIFACT (a
            good signature by a demanded key, copied here) or SIGNATURE_UNTRUSTED: nobody, or not enough of them,
            vouches. The message names each authority and what each signature is refused for, as far as there is room.
    """
    if not demand.authorities:
        return Verdict(demanded=False)
    signers = _signers(demand)
    _refuse_number(digest, signatures, signers=signers)
    judgements = [
        _Judgement(signature, _judge(signature, digest=digest, signers=signers, repository=repository))
        for signature in signatures
    ]
    vouches = _vouches(judgements)
    if len(vouches) < demand.threshold:
        raise _refused(digest, judgements, signers=signers, vouches=vouches, threshold=demand.threshold)
    return Verdict(demanded=True, vouches=tuple(vouches.values()))


def _signers(demand: Demand) -> list[_Signer]:
    """Read every key: one that cannot be used is an error even where others would do, for someone meant it to count."""
    by_key: dict[PublicKey, _Signer] = {}
    for authority in demand.authorities:
        key = load(authority.key, name=authority.name)
        by_key.setdefault(key, _Signer(authority.name, key))
    if not 1 <= demand.threshold <= len(by_key):
        raise Stalled(
            reason=Reason.INVALID_SPEC,
            message=f"{demand.threshold} authorities are to vouch, and {len(by_key)} different keys are named: "
            f"set the threshold to a number from 1 to {len(by_key)}, or add authorities with keys of their own.",
        )
    return list(by_key.values())


def _refuse_number(digest: Digest, signatures: Sequence[Signature], *, signers: list[_Signer]) -> None:
    if not signatures:
        raise Stalled(
            reason=Reason.SIGNATURE_MISSING,
            message=f"{digest} has no signature, and one by {_names(signers)} is demanded: "
            f"sign it with `{SIGN}`, or point source.ref at an artifact that is signed.",
        )
    counted = sum(bool(signature.payload) and not signature.attestation for signature in signatures)
    if counted > MAX_SIGNATURES:
        raise Stalled(
            reason=Reason.TOO_MANY_SIGNATURES,
            message=f"{digest} has {counted} signatures, and at most {MAX_SIGNATURES} are tried: "
            "remove those that are not needed from the registry.",
        )


def _judge(
    signature: Signature, *, digest: Digest, signers: list[_Signer], repository: Repository | None
) -> _Signer | Refusal:
    """Find the one signer that a signature is by. It counts for no second one: a key can be made to fit it."""
    form = _FORMATS[signature.format]
    claim = form.read(signature)
    if isinstance(claim, Refusal):
        return claim
    maker = next((it for it in signers if verify_signature(it.key, claim.signature, claim.message)), None)
    if maker is None:
        content = form.judge(claim, digest=digest, repository=repository)
        return mismatch.explain(claim, content=content, keys=[it.key for it in signers])
    if refusal := form.judge(claim, digest=digest, repository=repository):
        return replace(refusal, why=f"is by {maker} and {refusal.why}", key_is_right=True)
    return maker


def _vouches(judgements: list[_Judgement]) -> dict[PublicKey, Vouch]:
    """Take the first good signature of each key."""
    found: dict[PublicKey, Vouch] = {}
    for judgement in judgements:
        if isinstance(maker := judgement.outcome, _Signer):
            signature = judgement.signature
            found.setdefault(maker.key, Vouch(maker.name, format=str(signature.format), where=signature.where))
    return found


def _refused(
    digest: Digest,
    judgements: list[_Judgement],
    *,
    signers: list[_Signer],
    vouches: Mapping[PublicKey, Vouch],
    threshold: int,
) -> Stalled:
    refusals = [(it.signature.where, it.outcome) for it in judgements if isinstance(it.outcome, Refusal)]
    reason, next_step = _reason([refusal for _, refusal in refusals], vouches=vouches)
    missing = _names(signer for signer in signers if signer.key not in vouches)
    counted = f" ({len(vouches)} of {threshold} that are needed vouch)" if threshold > 1 else ""
    because = _listed(
        (f"{_shortened(where, _NAME_SHOWN)} {_shortened(refusal.why, _REFUSAL_SHOWN)}" for where, refusal in refusals),
        separator="; ",
        room=_REFUSALS_SHOWN,
    )
    told = f": {because}" if because else ""
    return Stalled(reason=reason, message=f"{digest} is not vouched for by {missing}{counted}{told}. {next_step}")


def _reason(refusals: Sequence[Refusal], *, vouches: Mapping[PublicKey, Vouch]) -> tuple[Reason, str]:
    """Choose what tells most: a copied signature, then nothing that is one, then the wrong signers."""
    if any(refusal.about_another for refusal in refusals):
        return (
            Reason.SIGNATURE_OF_ANOTHER_ARTIFACT,
            "The signature was copied from another artifact: sign this one, or point source.ref at the signed one.",
        )
    if not vouches and all(isinstance(refusal, Unreadable) for refusal in refusals):
        return Reason.SIGNATURE_INVALID, f"Sign the artifact again with `{SIGN}`."
    if any(refusal.key_is_right for refusal in refusals):
        return (
            Reason.SIGNATURE_UNTRUSTED,
            f"The key is right and what it signed is not: sign this artifact again with `{SIGN}`.",
        )
    return (
        Reason.SIGNATURE_UNTRUSTED,
        f"Let them sign it with `{SIGN}`, or correct spec.verify.authorities.",
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
