"""What has to be asked of the issuers of certificates before a policy can be judged, and where the answers go.

Verification is pure: who judges asks what is to be asked (``revocation_checks``), fetches it, and hands the answers in.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from pattern_operator.api.artifact import Descriptor, Signature, SignatureFormat
from pattern_operator.api.reason import Reason
from pattern_operator.api.verification import Requirement, VerificationPolicy
from pattern_operator.errors import PatternError, Stalled, Undecided, Untrusted
from pattern_operator.verify import notation
from pattern_operator.verify.authority import Authority
from pattern_operator.verify.load_authority import load_authority
from pattern_operator.verify.notation import NotationAuthority, RevocationMode
from pattern_operator.verify.parsed_signature import Rejection
from pattern_operator.verify.x509.revocation import RevocationAnswer, RevocationCheck, Unknown, judge

Answers = Mapping[RevocationCheck, RevocationAnswer]
NO_ANSWERS: Final[Answers] = {}


def revocation_checks(
    signatures: Sequence[Signature], *, policy: VerificationPolicy, target: Descriptor | None, now: datetime
) -> tuple[RevocationCheck, ...]:
    """What to ask of the certificates of signatures that hold but for it, each once.

    An authority that cannot be read asks nothing: ``verify`` says what is wrong with it.
    """
    if target is None:
        return ()
    found: dict[RevocationCheck, None] = {}
    for authority in _asking(policy):
        for signature in signatures:
            if signature.format is not SignatureFormat.NOTATION:
                continue
            envelope = notation.read_envelope(signature.payload, media_type=signature.media_type)
            if not isinstance(envelope, Rejection):
                found.update(dict.fromkeys(notation.revocation_checks(envelope, target, authority, now)))
    return tuple(found)


def undecided(refusal: Untrusted, answers: Answers, *, now: datetime) -> PatternError:
    """The error for a refusal: where it is not known whether a certificate is revoked, it may be that alone."""
    if not any(isinstance(judge(check, answer, now=now), Unknown) for check, answer in answers.items()):
        return refusal
    return Undecided(reason=Reason.REVOCATION_UNKNOWN, message=f"{refusal.fact} It is asked again.", met=refusal.met)


def with_answers(authority: Authority, answers: Answers) -> Authority:
    """The authority, with what was fetched for it."""
    return replace(authority, answers=answers) if isinstance(authority, NotationAuthority) else authority


def _asking(policy: VerificationPolicy) -> Iterator[NotationAuthority]:
    for requirement in policy.requirements:
        if not isinstance(requirement, Requirement):
            continue
        for trusted in requirement.authorities:
            if trusted.spec.notation is None:
                continue
            with suppress(Stalled):
                authority = load_authority(trusted)
                if isinstance(authority, NotationAuthority) and authority.revocation is RevocationMode.CHECK:
                    yield authority
