"""The messages of signatures that do not meet a policy: the fact, why each signature was refused, and the next step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest
from pattern_operator.api.verification import PolicySource, UnusablePolicy
from pattern_operator.verify.authority import Authority
from pattern_operator.verify.encoding import shortened
from pattern_operator.verify.judgement import Judgement, Refused
from pattern_operator.verify.parsed_signature import MalformedSignature, Rejection

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
    """Why a policy is not known to be met: the reason for programs, and the message for people."""

    source: PolicySource
    reason: Reason
    message: str
    finding: Finding


def unsigned(digest: Digest, authorities: Sequence[Authority], *, source: PolicySource, command: str) -> Refusal:
    """There is no signature at all."""
    required = f"required by {source}" if source.name else "required"
    message = (
        f"{digest} has no signature, and one by {names(authorities)} is {required}: "
        f"sign it with `{command}`, or point source.ref at an artifact that is signed."
    )
    return Refusal(source, Reason.SIGNATURE_MISSING, message, Finding.VERDICT)


def not_met(digest: Digest, judgement: Judgement, *, command: str) -> Refusal:
    """Not enough of the authorities have signed."""
    source, threshold = judgement.requirement.source, judgement.requirement.threshold
    rejections = [each.rejection for each in judgement.refused]
    reason, next_step = _reason(rejections, judgement=judgement, command=command)
    counted = f" ({len(judgement.signed)} of {threshold} required signatures)" if threshold > 1 else ""
    because = _listed(_words(judgement.refused), separator="; ", room=_REJECTIONS_SHOWN)
    told = f": {because}" if because else ""
    policy = f"{source} is not met: " if source.name else ""
    message = f"{policy}{digest} is not signed by {names(judgement.missing)}{counted}{told}. {next_step}"
    return Refusal(source, reason, message, Finding.VERDICT)


def too_old(digest: Digest, judgement: Judgement, *, command: str) -> Refusal:
    """Enough have signed, and none of them lately, as far as that can be proven."""
    source, newest = judgement.requirement.source, judgement.newest
    signed = f"was signed on {newest:%Y-%m-%d}" if newest is not None else "has no signature whose time is proven"
    next_step = (
        f"sign it again with `{command}`"
        if newest is not None
        else "let signers use a transparency log or a timestamp authority, and require it of the authority"
    )
    policy = f"{source} is not met: " if source.name else ""
    message = f"{policy}{digest} {signed}, and maxAge is {judgement.requirement.max_age}: {next_step}."
    return Refusal(source, Reason.SIGNATURE_TOO_OLD, message, Finding.VERDICT)


def unusable(policy: UnusablePolicy) -> Refusal:
    """Nothing meets the policy: who has the pattern learns that it is the policy, and its own status has the reason."""
    message = f"{policy.source} cannot be used, so that nothing meets it: {policy.message}"
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


def names(authorities: Iterable[Authority]) -> str:
    """The authorities, as far as there is room; each set of keys once, under the name that comes first."""
    shown: list[str] = []
    seen: set[object] = set()
    for each in authorities:
        if each.trusted not in seen:
            seen.add(each.trusted)
            shown.append(str(each))
    return _listed(shown, separator=", ", room=_NAMES_SHOWN)


def _reason(rejections: Sequence[Rejection], *, judgement: Judgement, command: str) -> tuple[Reason, str]:
    """Choose what tells most: a copied signature, then nothing that is one, then the wrong signers."""
    if any(rejection.about_another and rejection.key_is_right for rejection in rejections):
        return (
            Reason.SIGNATURE_OF_ANOTHER_ARTIFACT,
            "The signature was copied from another artifact: sign this one, or point source.ref at the signed one.",
        )
    if not judgement.signed and all(isinstance(rejection, MalformedSignature) for rejection in rejections):
        return Reason.SIGNATURE_INVALID, f"Sign the artifact again with `{command}`."
    if any(rejection.key_is_right for rejection in rejections):
        return (
            Reason.SIGNATURE_UNTRUSTED,
            f"The key is right and what it signed is not: sign this artifact again with `{command}`.",
        )
    source = judgement.requirement.source
    correct = f"the {source}" if source.name else "spec.verify.authorities"
    return Reason.SIGNATURE_UNTRUSTED, f"Let them sign it with `{command}`, or correct {correct}."


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
