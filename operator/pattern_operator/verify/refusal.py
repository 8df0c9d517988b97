"""The messages of signatures that do not meet a policy: the fact, why each signature was refused, and the next step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.api.signing import SignCommands
from pattern_operator.api.verification import PolicySource, Requirement, UnusablePolicy
from pattern_operator.verify.advice import to_pass
from pattern_operator.verify.authority import Authority
from pattern_operator.verify.encoding import shortened
from pattern_operator.verify.judgement import Judgement, Refused
from pattern_operator.verify.parsed_signature import MalformedSignature

# The message has room for these in MAX_STATUS_MESSAGE, with the words around them.
_NAMES_SHOWN: Final = 400  # characters
_REJECTIONS_SHOWN: Final = 800
_REJECTION_SHOWN: Final = 240


class Finding(Enum):
    """What a refusal is worth; what proves more comes first."""

    VERDICT = 1  # signatures were judged
    UNJUDGEABLE = 2  # nothing can be said of signatures until somebody corrects the policy, or removes some
    UNDECIDED = 3  # it is not known whether it is met: trying again helps


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a policy is not known to be met: the reason for programs, and the message for people.

    ``fact`` is the message of a verdict without the next step.
    """

    source: PolicySource
    reason: Reason
    message: str
    finding: Finding
    fact: str = ""


def unsigned(
    digest: Digest, authorities: Sequence[Authority], *, requirement: Requirement, commands: SignCommands
) -> Refusal:
    """There is no signature at all."""
    source = requirement.source
    required = f"required by {source}" if source.name else "required"
    fact = f"{digest} has no signature, and one by {names(authorities)} is {required}"
    step = to_pass(authorities, requirement.repository, commands=commands)
    other = "or point source.ref at an artifact that is signed"
    return _verdict(source, Reason.SIGNATURE_MISSING, f"{fact}:", f"{step}; {other}.")


def not_met(digest: Digest, judgement: Judgement, *, commands: SignCommands) -> Refusal:
    """Not enough of the authorities have signed."""
    source, threshold = judgement.requirement.source, judgement.requirement.threshold
    reason, next_step = _reason(judgement, commands=commands)
    counted = f" ({len(judgement.signed)} of {threshold} required signatures)" if threshold > 1 else ""
    because = _listed(_words(judgement.refused), separator="; ", room=_REJECTIONS_SHOWN)
    told = f": {because}" if because else ""
    policy = f"{source} is not met: " if source.name else ""
    fact = f"{policy}{digest} is not signed by {names(judgement.missing)}{_also(judgement)}{counted}{told}."
    return _verdict(source, reason, fact, next_step)


def too_old(digest: Digest, judgement: Judgement, *, commands: SignCommands) -> Refusal:
    """Enough have signed, and none of them lately, as far as that can be proven."""
    requirement, newest = judgement.requirement, judgement.newest
    signed = f"was signed on {newest:%Y-%m-%d}" if newest is not None else "has no signature whose time is proven"
    signers = list({each.authority.name: each.authority for each in judgement.counted}.values())
    next_step = (
        f"{to_pass(signers, requirement.repository, commands=commands)}."
        if newest is not None
        else "let signers use a transparency log or a timestamp authority, and require it of the authority."
    )
    policy = f"{requirement.source} is not met: " if requirement.source.name else ""
    fact = f"{policy}{digest} {signed}, and maxAge is {_age(requirement.max_age)}:"
    return _verdict(requirement.source, Reason.SIGNATURE_TOO_OLD, fact, next_step)


def unusable(policy: UnusablePolicy) -> Refusal:
    """Nothing meets the policy: who has the pattern learns that it is the policy, and its own status has the reason."""
    named = f"{policy.source} cannot be used, so that nothing meets it: " if policy.source.name else ""
    message = f"{named}{policy.message}"
    reason = Reason.POLICY_INVALID if policy.source.name else policy.reason
    return Refusal(policy.source, reason, message, Finding.UNJUDGEABLE)


def unjudged(digest: Digest, judgement: Judgement) -> Refusal:
    """Of what an authority attests it is not known whether a condition holds, and nothing else is enough."""
    source = judgement.requirement.source
    name = source if source.name else "what spec.verify requires"
    because = _listed(_words(judgement.refused), separator="; ", room=_REJECTIONS_SHOWN)
    if any(not each.may_pass for each in judgement.unjudged):
        reason = Reason.POLICY_INVALID if source.name else Reason.INVALID_SPEC
        message = (
            f"whether {digest} meets {name} cannot be judged: {because}. Correct the condition, or make it take less."
        )
        return Refusal(source, reason, message, Finding.UNJUDGEABLE)
    message = f"it is not known whether {digest} meets {name}: {because}. It is tried again."
    return Refusal(source, Reason.OPERATOR_BUSY, message, Finding.UNDECIDED)


def _verdict(source: PolicySource, reason: Reason, fact: str, next_step: str) -> Refusal:
    alone = f"{fact.removesuffix(':').removesuffix('.')}."
    return Refusal(source, reason, f"{fact} {next_step}", Finding.VERDICT, alone)


def _age(age: timedelta | None) -> str:
    """As ``maxAge`` is written: in days, hours, minutes and seconds."""
    seconds = int(age.total_seconds()) if age is not None else 0
    units = (("h", 3600), ("m", 60), ("s", 1))
    parts = [f"{seconds // size if unit == 'h' else seconds // size % 60}{unit}" for unit, size in units]
    return "".join(each for each in parts if not each.startswith("0")) or "0s"


def _also(judgement: Judgement) -> str:
    """Of those that are missing, which have the key of another that has signed: it counts once."""
    signed = {each.authority.trusted: each.authority for each in judgement.counted}
    same = [(each, signed[each.trusted]) for each in judgement.missing if each.trusted in signed]
    if not same:
        return ""
    missing, other = same[0]
    return f" (what {shortened(missing.name)} trusts counts once, for {shortened(other.name)})"


def names(authorities: Iterable[Authority]) -> str:
    """The authorities, as far as there is room; each set of keys once, under the name that comes first."""
    shown: list[str] = []
    seen: set[object] = set()
    for each in authorities:
        if each.trusted not in seen:
            seen.add(each.trusted)
            shown.append(str(each))
    return _listed(shown, separator=", ", room=_NAMES_SHOWN)


def _reason(judgement: Judgement, *, commands: SignCommands) -> tuple[Reason, str]:
    """Choose what tells most: a copied signature, then nothing that is one, then the wrong signers."""
    rejections, requirement = [each.rejection for each in judgement.refused], judgement.requirement

    def advice(authorities: Sequence[Authority]) -> str:
        return to_pass(authorities, requirement.repository, commands=commands)

    if any(rejection.about_another and rejection.key_is_right for rejection in rejections):
        return (
            Reason.SIGNATURE_OF_ANOTHER_ARTIFACT,
            "The signature was copied from another artifact: sign this one, or point source.ref at the signed one.",
        )
    correct = f"the {requirement.source}" if requirement.source.name else "spec.verify.authorities"
    if not judgement.signed and all(isinstance(rejection, MalformedSignature) for rejection in rejections):
        return Reason.SIGNATURE_INVALID, f"Nothing there can be read as a signature: {advice(judgement.missing)}."
    nearly = [
        each
        for each in judgement.missing
        if any(it.authority is each and it.rejection.key_is_right for it in judgement.refused)
    ]
    if nearly:
        why = f"The signer is right and what was signed is not: {advice(nearly)}; or correct {correct}."
        return Reason.SIGNATURE_UNTRUSTED, why
    return Reason.SIGNATURE_UNTRUSTED, f"Next: {advice(judgement.missing)}; or correct {correct}."


def _words(refused: Sequence[Refused]) -> Iterable[str]:
    """Why each signature was refused: once where it is for one reason, else for each authority."""
    by_signature: dict[int, list[Refused]] = {}
    for each in refused:
        by_signature.setdefault(id(each.signature), []).append(each)
    for of_one in by_signature.values():
        where = shortened(of_one[0].signature.where)
        telling = [it for it in of_one if it.rejection.key_is_right] or of_one
        reasons = {it.rejection.why: it for it in telling}
        if len(reasons) == 1:
            yield f"{where} {shortened(next(iter(reasons)), _REJECTION_SHOWN)}"
            continue
        of_each = (f"for {it.authority} {shortened(why, _REJECTION_SHOWN)}" for why, it in reasons.items())
        yield shortened(f"{where} {', '.join(of_each)}", _REJECTIONS_SHOWN)


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
