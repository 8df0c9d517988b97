"""Judges signatures by one requirement: which of its authorities have signed, and why other signatures do not count."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from pattern_operator.api.artifact import SIGNATURE_PREDICATE, Signature
from pattern_operator.api.verification import Requirement, TrustedAuthority
from pattern_operator.conditions.answer import Conditions
from pattern_operator.verify.attestation import Unjudged, why_unmet
from pattern_operator.verify.authority import AttestationPolicy, Authority
from pattern_operator.verify.distinct import Mark, assign, marks, persons
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.formats import ReadSignature
from pattern_operator.verify.load_authority import load_authority
from pattern_operator.verify.outcome import Outcome, UnauthenticatedSigner, Verified
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.subject import Subject

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_SKEW: Final = timedelta(minutes=5)  # of the clock of who states a time; one that has not come yet proves nothing


@dataclass(frozen=True, slots=True)
class Reading:
    """A signature, and what it was read into."""

    signature: Signature
    read: ReadSignature | Rejection


@dataclass(frozen=True, slots=True)
class Counted:
    """A signature that holds for an authority."""

    authority: Authority
    signature: Signature
    verified: Verified

    @property
    def signed_at(self) -> datetime | None:
        """When it is proven to have been made: the earliest time, as a later one can be had for an old signature."""
        return min(self.verified.signed_at, default=None)


@dataclass(frozen=True, slots=True)
class Refused:
    """A signature that does not hold: for one authority, or because it cannot be read for none."""

    signature: Signature
    rejection: Rejection
    authority: Authority | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found by one requirement.

    ``signed`` are the authorities that have signed, each with the signatures that prove it, all by one signer, which no
    other authority has. ``missing`` are the others.
    """

    requirement: Requirement
    signed: tuple[tuple[Counted, ...], ...]
    missing: tuple[Authority, ...]
    refused: tuple[Refused, ...]

    @property
    def counted(self) -> Iterable[Counted]:
        """Every signature that counts."""
        return (each for proofs in self.signed for each in proofs)

    @property
    def unjudged(self) -> Sequence[Unjudged]:
        """What may be an attestation that is asked for, and is not known to be."""
        return [each.rejection for each in self.refused if isinstance(each.rejection, Unjudged)]

    @property
    def newest(self) -> datetime | None:
        """When the newest of the signatures that count is proven to have been made."""
        return max((each.signed_at for each in self.counted if each.signed_at is not None), default=None)


def judge(
    requirement: Requirement,
    authorities: Sequence[Authority],
    readings: Iterable[Reading],
    *,
    subject: Subject,
    now: datetime,
    conditions: Conditions,
) -> Judgement:
    """Find the authorities that have signed ``subject``; ``conditions`` judges those on attestations."""
    holding: list[Counted] = []
    refused: list[Refused] = []
    for reading in readings:
        if isinstance(reading.read, Rejection):
            refused.append(Refused(reading.signature, reading.read))
            continue
        found = _counted(reading, reading.read, authorities, subject=subject, now=now, conditions=conditions)
        holding += [each for each in found if isinstance(each, Counted)]
        refused += [each for each in found if isinstance(each, Refused)]
    who = persons(each.verified.signer for each in holding)
    proofs = [
        _proofs(
            authority,
            _newest_first(each for each in holding if each.authority is authority),
            who=who,
            conditions=conditions,
        )
        for authority in authorities
    ]
    refused += _incomplete(authorities, holding, proofs, conditions=conditions)
    assigned = assign([tuple(each) for each in proofs])
    return Judgement(
        requirement=requirement,
        signed=tuple(proofs[index][signer] for index, signer in sorted(assigned.items())),
        missing=tuple(each for index, each in enumerate(authorities) if index not in assigned),
        refused=tuple(refused),
    )


def _newest_first(counted: Iterable[Counted]) -> Sequence[Counted]:
    """Those whose time is proven first: clients add to the end of a list, and a renewed signature has to count."""
    return sorted(counted, key=lambda each: each.signed_at or _NEVER, reverse=True)


def _incomplete(
    authorities: Sequence[Authority],
    holding: Sequence[Counted],
    proofs: Sequence[Mapping[int, tuple[Counted, ...]]],
    *,
    conditions: Conditions,
) -> Iterable[Refused]:
    """Of authorities that have made some of the attestations that they must, which are missing."""
    for authority, proof in zip(authorities, proofs, strict=True):
        held = [each for each in holding if each.authority is authority]
        if proof or not held:
            continue
        lacking = {
            each.name: rejection
            for each in authority.attestations
            if (rejection := _unmet_by_all(each, held, conditions=conditions)) is not None
        }
        missing = f"the attestation {', '.join(map(quoted, lacking))}" if lacking else "all attestations by one signer"
        unjudged = next((each for each in lacking.values() if isinstance(each, Unjudged)), Rejection(""))
        why = f"is by {authority}, of which {missing} is required too"
        yield Refused(held[0].signature, replace(unjudged, why=why, key_is_right=True), authority)


def _unmet_by_all(policy: AttestationPolicy, held: Sequence[Counted], *, conditions: Conditions) -> Rejection | None:
    """Why none of what an authority signed is the attestation; not known where that is so of one."""
    found = [_unmet(policy, each.verified, conditions=conditions) for each in held]
    rejections = [each for each in found if each is not None]
    if len(rejections) < len(found):
        return None
    return next((each for each in rejections if isinstance(each, Unjudged)), rejections[0])


def load(authorities: Iterable[TrustedAuthority]) -> list[Authority]:
    """Read what each is trusted by; raises Stalled as ``load_authority``, also where the others would do."""
    return [load_authority(each) for each in authorities]


def _counted(
    reading: Reading,
    read: ReadSignature,
    authorities: Sequence[Authority],
    *,
    subject: Subject,
    now: datetime,
    conditions: Conditions,
) -> Sequence[Counted] | Sequence[Refused]:
    """For which authorities a signature holds, else why it does for none.

    It is by one signer alone: a second key can be made to fit it.
    """
    signature = reading.signature
    found: list[Counted] = []
    rejections: list[Refused] = []
    for authority in authorities:
        outcome = _checked(read.verify(subject, authority, now=now), authority, conditions=conditions)
        if isinstance(outcome, Rejection):
            rejections.append(Refused(signature, outcome, authority))
            continue
        outcome = replace(outcome, signed_at=tuple(time for time in outcome.signed_at if time - now <= _SKEW))
        if not found or marks(found[0].verified.signer) & marks(outcome.signer):
            found.append(Counted(authority, signature, outcome))
    return found or rejections


def _checked(outcome: Outcome, authority: Authority, *, conditions: Conditions) -> Outcome:
    """What every format is held to alike: somebody who is known, the annotations, and an approval or an attestation."""
    if isinstance(outcome, Rejection):
        return outcome
    if isinstance(outcome.signer, UnauthenticatedSigner):
        return Rejection(f"is by {quoted(outcome.signer.subject)}, which is only logged: nobody who is trusted says so")
    for name, value in authority.annotations.items():
        if outcome.annotations.get(name) != value:
            why = f"is by {authority} and does not have the annotation {quoted(name)} with the value {quoted(value)}"
            return Rejection(why, key_is_right=True)
    if authority.attestations:
        return _attesting(outcome, authority, conditions=conditions)
    kind = outcome.statement.predicate_type if outcome.statement is not None else SIGNATURE_PREDICATE
    if kind != SIGNATURE_PREDICATE:
        why = f"is by {authority} and states {quoted(kind)}, which is not an approval: {SIGNATURE_PREDICATE} is"
        return Rejection(why, key_is_right=True)
    return outcome


def _attesting(verified: Verified, authority: Authority, *, conditions: Conditions) -> Outcome:
    """What states one of the attestations that the authority must have made."""
    if verified.statement is None:
        return Rejection(f"is by {authority} and is a signature, not an attestation", key_is_right=True)
    statement = verified.statement
    of_the_type = [each for each in authority.attestations if each.predicate_type == statement.predicate_type]
    reasons = [why_unmet(each, statement, conditions=conditions) for each in of_the_type or authority.attestations]
    rejections = [each for each in reasons if each is not None]
    if len(rejections) < len(reasons):
        return verified
    told = next((each for each in rejections if isinstance(each, Unjudged)), rejections[0])
    return replace(told, why=f"is by {authority} and {told.why}")


def _proofs(
    authority: Authority, counted: Sequence[Counted], *, who: Mapping[Mark, int], conditions: Conditions
) -> Mapping[int, tuple[Counted, ...]]:
    """By signer, what proves that the authority signed: one signature, or one for each attestation, all by it.

    Of several the first of ``counted`` is taken, and so is the signer whose signature is first.
    """
    by_signer: dict[int, list[Counted]] = {}
    for each in counted:
        by_signer.setdefault(who[next(iter(marks(each.verified.signer)))], []).append(each)
    proofs = {signer: _proof(authority, each, conditions=conditions) for signer, each in by_signer.items()}
    return {signer: each for signer, each in proofs.items() if each}


def _proof(authority: Authority, counted: Sequence[Counted], *, conditions: Conditions) -> tuple[Counted, ...]:
    if not authority.attestations:
        return (counted[0],)
    proof: list[Counted] = []
    for policy in authority.attestations:
        found = next((each for each in counted if _meets(policy, each.verified, conditions=conditions)), None)
        if found is None:
            return ()
        if not any(each is found for each in proof):
            proof.append(found)
    return tuple(proof)


def _meets(policy: AttestationPolicy, verified: Verified, *, conditions: Conditions) -> bool:
    return _unmet(policy, verified, conditions=conditions) is None


def _unmet(policy: AttestationPolicy, verified: Verified, *, conditions: Conditions) -> Rejection | None:
    if verified.statement is None:
        return Rejection("is a signature, not an attestation", key_is_right=True)
    return why_unmet(policy, verified.statement, conditions=conditions)
