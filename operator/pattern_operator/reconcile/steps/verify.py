"""Verify: whether those who are trusted signed the digest. It needs the digest only, and no layer is read before it.

The manifest is read first, so that an artifact that is not there is said to be missing, and not to be unsigned. When a
policy changes, the signatures that were read for the last verdict are judged first: what they prove still holds, and
only where they do not prove enough the registry is asked for more. What the registry does not have any longer is judged
with what it has: that a signature is gone says nothing against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from pattern_operator.api.artifact import Signature
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.verification import VerificationResult
from pattern_operator.errors import Stalled, Untrusted
from pattern_operator.limits import KIB
from pattern_operator.reconcile.checked import Checked, SignedArtifact
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.source import ConnectionWaits, FetchedSignatures

WARNED_AGAIN: Final = timedelta(minutes=10)  # until signatures that a policy only warns of are looked for again
MAX_KEPT: Final = 16 * KIB  # of signatures that are remembered of a pattern: a bundle with proofs has 10 KiB


class SignaturesPort(Protocol):
    """Where signatures are read and checked."""

    async def signatures(  # noqa: D102 - see repositories.Repositories
        self, pattern: DesignPattern, desired: DesiredState, *, waits: ConnectionWaits
    ) -> FetchedSignatures: ...
    async def check(  # noqa: D102 - see the class
        self, pattern: DesignPattern, desired: DesiredState, found: FetchedSignatures
    ) -> VerificationResult: ...


@dataclass(frozen=True, slots=True)
class Verified:
    """Who signed the digest, and what is to be remembered of that."""

    result: VerificationResult
    checked: Checked


async def verify(
    pattern: DesignPattern,
    desired: DesiredState,
    known: Checked | None,
    *,
    login: str,
    now: datetime,
    port: SignaturesPort,
    waits: ConnectionWaits,
) -> Verified:
    """Who signed the digest of ``desired``; asked once for an artifact, a policy and a ``login`` (``known``).

    ``login`` is the digest of the credentials: nothing that was found with others counts.

    Raises:
        Stalled: not enough of those whose signatures are required; Untrusted where that is a verdict.
        Transient: the registry could not be asked, or a condition not be judged, which is not an answer.
    """
    if known is not None and known.result is not None and known.is_of(desired, login=login, now=now):
        return Verified(known.result, known)
    artifact = SignedArtifact(desired.repository, desired.revision.digest, login)
    held = known.held(artifact, desired.policy) if known is not None else None
    if held is not None:
        try:
            result = await port.check(pattern, desired, held)
        except Stalled:
            pass  # there may be other signatures by now
        else:
            if result.all_met:
                return Verified(result, Checked(artifact, desired.policy, result, held))
    found = FetchedSignatures()
    if desired.policy.requires_signatures:
        found = await port.signatures(pattern, desired, waits=waits)
    try:
        result = await port.check(pattern, desired, found)
    except Stalled as refusal:
        more = found.joined(known.of(artifact)) if known is not None and isinstance(refusal, Untrusted) else found
        if more is found:
            raise found.explain(refusal) from refusal
        found, result = more, await _check_again(pattern, desired, more, port=port)
    result = _looked_at_again(result, found, now=now)
    return Verified(result, Checked(artifact, desired.policy, result, _small(found, result)))


async def _check_again(
    pattern: DesignPattern, desired: DesiredState, found: FetchedSignatures, *, port: SignaturesPort
) -> VerificationResult:
    """Judge what the registry has with what it had: a signature that is gone from there proves what it did before."""
    try:
        return await port.check(pattern, desired, found)
    except Stalled as refusal:
        raise found.explain(refusal) from refusal


def asks_registry(desired: DesiredState, known: Checked | None, *, login: str, now: datetime) -> bool:
    """Whether ``verify`` may ask: not where no signature is required, nor where the verdict is known."""
    if not desired.policy.requires_signatures:
        return False
    return known is None or not known.is_of(desired, login=login, now=now)


def _looked_at_again(result: VerificationResult, found: FetchedSignatures, *, now: datetime) -> VerificationResult:
    """A result that only warns: somebody may sign later, and what could not be asked for may be there."""
    if result.all_met:
        return result
    until = now + WARNED_AGAIN if result.until is None else min(result.until, now + WARNED_AGAIN)
    failures = tuple(each.message for each in found.failures[:1])
    return replace(result, until=until, warnings=(*result.warnings, *failures))


def _small(found: FetchedSignatures, result: VerificationResult) -> FetchedSignatures | None:
    """What of it is remembered: all, where it is all there is and little, else those that count, where these are."""
    whole = not found.failures and not found.passed_over
    counted = tuple(each for each in found.signatures if each.digest in result.signatures)
    for kept in ((found.signatures,) if whole else ()) + (counted,):
        if kept and _size(kept) <= MAX_KEPT:
            return FetchedSignatures(kept, target=found.target)
    return None


def _size(signatures: Sequence[Signature]) -> int:
    return sum(
        len(each.payload) + sum(len(name) + len(value) for name, value in each.annotations.items())
        for each in signatures
    )
