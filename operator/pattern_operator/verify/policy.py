"""Decides whether a digest meets everything that is required of it: a fold over policies, authorities and signatures.

Every policy must be met, the TrustPolicies that match and the pattern's own. One that cannot be used is met by nothing.
A policy that only warns is judged alike, and its refusal is a warning of the result.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from pattern_operator.api.artifact import Descriptor, Signature
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.api.signing import SignCommands
from pattern_operator.api.verification import (
    PolicyMode,
    PolicySource,
    Requirement,
    Unsigned,
    UnusablePolicy,
    VerificationPolicy,
    VerificationResult,
)
from pattern_operator.conditions.answer import Conditions
from pattern_operator.errors import PoliciesUnmet, Stalled, Undecided, Unjudgeable, Untrusted
from pattern_operator.limits import MAX_SIGNATURES
from pattern_operator.verify import refusal, repositories
from pattern_operator.verify.attestation import NO_CONDITIONS, judged_once
from pattern_operator.verify.authority import Authority
from pattern_operator.verify.counted_signatures import verified_by, warnings_of
from pattern_operator.verify.formats import read_signature
from pattern_operator.verify.judgement import Judgement, Reading, judge
from pattern_operator.verify.refusal import Finding, Refusal
from pattern_operator.verify.revocation import NO_ANSWERS, Answers, with_answers
from pattern_operator.verify.subject import Subject
from pattern_operator.verify.usable import usable

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_OTHERS_SHOWN: Final = 3  # of policies that are not met, beside the one that the message is about


def verify(
    digest: Digest,
    signatures: Sequence[Signature],
    *,
    policy: VerificationPolicy,
    repository: Repository | None = None,
    now: datetime,
    commands: SignCommands | None = None,
    conditions: Conditions = NO_CONDITIONS,
    target: Descriptor | None = None,
    answers: Answers = NO_ANSWERS,
) -> VerificationResult:
    """Decide whether ``digest`` meets each requirement of ``policy``.

    One valid signature of an authority is enough; invalid ones beside it are ignored. A threshold counts authorities of
    which each has a key, identity or certificate of its own. ``repository`` is where the artifact was found; that
    signatures name it is required only where a policy says so. ``commands`` sign the artifact, for messages.
    ``conditions`` judges those on attestations, each once; without it, a policy that has one cannot be used.
    ``target`` is its descriptor, which the Notary Project signs, and ``answers`` what was fetched for
    ``revocation_checks``.

    The work grows with signatures times authorities, some 0.1 ms each for keys: call it off the event loop.

    Returns:
        The result, with one entry for each authority that has a valid signature. ``required`` is false, and nothing is
        checked, where the policy requires nothing and admits what nobody signed.

    Raises:
        Stalled: KEY_INVALID or INVALID_SPEC: the pattern's own policy is invalid. NO_TRUST_POLICY: nothing is required,
            or only by policies that warn, and nothing unsigned is admitted.
        Unjudgeable: POLICY_INVALID: a TrustPolicy that enforces cannot be used. TOO_MANY_SIGNATURES: none was judged.
        Undecided: OPERATOR_BUSY: whether a policy that enforces is met is not known, because a condition could not be
            judged now.
        Transient: OPERATOR_BUSY: it is not known whether the conditions of a policy compile.
        Untrusted: a policy that enforces is not met: SIGNATURE_MISSING, SIGNATURE_INVALID (nothing there is a
            signature), SIGNATURE_OF_ANOTHER_ARTIFACT (a valid signature by a trusted signer, copied here),
            SIGNATURE_TOO_OLD or SIGNATURE_UNTRUSTED. The message names the authorities and why each signature is
            refused, up to a limit.
    """
    if not policy.requirements:
        if policy.unsigned is Unsigned.DENY:
            raise _not_covered(digest, repository)
        return VerificationResult(required=False)
    authorities = _load(policy, answers, conditions=conditions)
    if too_many := _too_many(digest, signatures):
        return _result([_unjudged(each.source, too_many) for each in policy.requirements], policy=policy)
    conditions = judged_once(conditions)
    commands = commands or SignCommands(f"{repository or 'REPOSITORY'}@{digest}")
    # In an order of their own: a registry lists them in any, and messages must not change by that.
    ordered = sorted(signatures, key=lambda each: (each.where, each.format))
    readings = [Reading(each, read_signature(each)) for each in ordered]
    subject = Subject(digest, descriptor=target)
    judged = frozenset(each.digest for each in signatures)
    return _result(
        [
            _verdict(
                requirement,
                loaded,
                readings,
                subject=subject,
                repository=repository,
                now=now,
                commands=commands,
                conditions=conditions,
            )
            for requirement, loaded in authorities
        ],
        policy=policy,
        judged=judged,
    )


def _result(
    verdicts: Sequence[Judgement | Refusal], *, policy: VerificationPolicy, judged: frozenset[str] = frozenset()
) -> VerificationResult:
    """The result where every policy that enforces is met; raises PoliciesUnmet where one is not.

    Where nothing unsigned is admitted, policies that only warn require nothing: what they alone cover is refused.
    """
    refusals = [each for each in verdicts if isinstance(each, Refusal)]
    met = [each for each in verdicts if isinstance(each, Judgement)]
    if enforced := [each for each in refusals if each.source.mode is PolicyMode.ENFORCE]:
        raise _unmet(enforced, refusals=refusals, met=met, judged=judged)
    unmet = _names(each for each in refusals if each.finding is not Finding.UNDECIDED)
    if policy.unsigned is Unsigned.DENY and not policy.enforces:
        message = (
            f"the policies that cover it only warn ({', '.join(_sources(policy))}), spec.verify names no authority, and"
            " this operator applies nothing of which no signature is required (--unsigned=Deny): add"
            " spec.verify.authorities, or let an administrator set mode: Enforce."
        )
        raise Unjudgeable(reason=Reason.NO_TRUST_POLICY, message=message, met=_met(met), unmet=unmet)
    return VerificationResult(
        required=True,
        verified_by=verified_by(met),
        met=_met(met),
        unmet=unmet,
        undecided=_names(each for each in refusals if each.finding is Finding.UNDECIDED),
        warnings=(*(each.message for each in refusals), *warnings_of(met)),
        until=min(_ends(met), default=None),
    )


Loaded = tuple[Requirement | UnusablePolicy, list[Authority]]


def _load(policy: VerificationPolicy, answers: Answers, *, conditions: Conditions) -> list[Loaded]:
    """Read every key and root: one that cannot be used is an error even where others would do: it was meant to count.

    A policy that cannot be used is one that is not met, and the others are judged all the same.
    """
    found: list[Loaded] = []
    for requirement in policy.requirements:
        try:
            authorities = usable(requirement, conditions=conditions)
            found.append((requirement, [with_answers(each, answers) for each in authorities]))
        except Stalled as error:
            unusable = UnusablePolicy(source=requirement.source, reason=error.reason, message=error.message)
            found.append((unusable, []))
    return found


def _too_many(digest: Digest, signatures: Sequence[Signature]) -> str:
    """Why no signature is judged; empty where there are not too many."""
    counted = sum(bool(signature.payload) and not signature.attestation for signature in signatures)
    if counted <= MAX_SIGNATURES:
        return ""
    return (
        f"{digest} has {counted} signatures, and at most {MAX_SIGNATURES} are tried: remove those that are not needed"
        " from the registry."
    )


def _unjudged(source: PolicySource, why: str) -> Refusal:
    """A refusal that is not a verdict on any signature."""
    message = f"{source} is not met: {why}" if source.name else why
    return Refusal(source, Reason.TOO_MANY_SIGNATURES, message, Finding.UNJUDGEABLE)


def _verdict(
    requirement: Requirement | UnusablePolicy,
    authorities: list[Authority],
    readings: Sequence[Reading],
    *,
    subject: Subject,
    repository: Repository | None,
    now: datetime,
    commands: SignCommands,
    conditions: Conditions,
) -> Judgement | Refusal:
    digest = subject.digest
    if isinstance(requirement, UnusablePolicy):
        return refusal.unusable(requirement)
    if not readings:
        return refusal.unsigned(digest, authorities, requirement=requirement, commands=commands)
    try:
        named = repositories.to_be_named(requirement.repository, repository)
    except Stalled as error:
        unusable = UnusablePolicy(source=requirement.source, reason=error.reason, message=error.message)
        return refusal.unusable(unusable)
    subject = replace(subject, repositories=named)
    judgement = judge(requirement, authorities, readings, subject=subject, now=now, conditions=conditions)
    is_met = len(judgement.signed) >= requirement.threshold
    is_late = requirement.max_age is not None and (judgement.newest is None or _until(judgement) <= now)
    if judgement.unjudged and (not is_met or is_late):
        return refusal.unjudged(digest, judgement)
    if not is_met:
        return refusal.not_met(digest, judgement, commands=commands)
    if is_late:
        return refusal.too_old(digest, judgement, commands=commands)
    return judgement


def _ends(met: Sequence[Judgement]) -> Iterator[datetime]:
    """When what was found has to be found again: a signature is too old, or it is asked again who was revoked."""
    yield from (_until(each) for each in met if each.requirement.max_age is not None)
    for judgement in met:
        yield from (each.verified.until for each in judgement.counted if each.verified.until is not None)


def _until(judgement: Judgement) -> datetime:
    """When the newest signature is too old."""
    newest, most = judgement.newest, judgement.requirement.max_age
    assert newest is not None  # noqa: S101 - a policy with maxAge is met by a time that is proven alone
    assert most is not None  # noqa: S101 - asked of those that have one
    try:
        return newest + most
    except OverflowError:
        return _NEVER


def _unmet(
    enforced: Sequence[Refusal], *, refusals: Sequence[Refusal], met: Sequence[Judgement], judged: frozenset[str]
) -> PoliciesUnmet:
    """A verdict where there is one, whatever else is not known; then a policy to correct; last what may pass."""
    first, *others = sorted(enforced, key=lambda each: each.finding.value)
    more = [str(each.source) for each in others[:_OTHERS_SHOWN]]
    more += [f"{len(others) - _OTHERS_SHOWN} more"] if len(others) > _OTHERS_SHOWN else []
    beside = f" Not met either: {', '.join(more)}." if more else ""
    message, passed = f"{first.message}{beside}", _met(met)
    unmet = _names(each for each in refusals if each.finding is not Finding.UNDECIDED)
    if first.finding is Finding.UNDECIDED:
        return Undecided(reason=first.reason, message=message, met=passed, unmet=unmet)
    if first.finding is Finding.UNJUDGEABLE:
        return Unjudgeable(reason=first.reason, message=message, met=passed, unmet=unmet)
    prune = any(each.finding is Finding.VERDICT and each.source.prune for each in enforced)
    return Untrusted(
        reason=first.reason,
        message=message,
        met=passed,
        unmet=unmet,
        prune=prune,
        fact=f"{first.fact}{beside}",
        judged=judged,
    )


def _sources(policy: VerificationPolicy) -> Sequence[str]:
    names = [str(each.source) for each in policy.requirements]
    rest = len(names) - _OTHERS_SHOWN
    return [*names[:_OTHERS_SHOWN], f"{rest} more"] if rest > 0 else names


def _met(judgements: Iterable[Judgement]) -> tuple[str, ...]:
    return tuple(each.requirement.source.name for each in judgements if each.requirement.source.name)


def _names(refusals: Iterable[Refusal]) -> tuple[str, ...]:
    return tuple(each.source.name for each in refusals if each.source.name)


def _not_covered(digest: Digest, repository: Repository | None) -> Stalled:
    return Stalled(
        reason=Reason.NO_TRUST_POLICY,
        message=f"no TrustPolicy covers {repository.url if repository is not None else digest}, spec.verify names no"
        " authority, and this operator applies nothing of which no signature is required (--unsigned=Deny): add"
        " spec.verify.authorities, or let an administrator add a TrustPolicy.",
    )
