"""Verify: whether those who are trusted signed the digest. It needs the digest only, and no layer is read before it.

The manifest is read first, so that an artifact that is not there is said to be missing, and not to be unsigned.
"""

from dataclasses import dataclass
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.verification import VerificationResult
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.state import Checked
from pattern_operator.source import ConnectionWaits, FetchedSignatures


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
    port: SignaturesPort,
    waits: ConnectionWaits,
) -> Verified:
    """Who signed the digest of ``desired``; asked once for a digest and a policy (``known``).

    Raises:
        Stalled: not enough of those whose signatures are required.
        Transient: the registry could not be asked, which is not an answer.
    """
    digest, policy = desired.revision.digest, desired.policy
    if known is not None and _is_same(desired, known):
        return Verified(known.result, known)
    found = FetchedSignatures()
    if asks_registry(desired, known):
        found = await port.signatures(pattern, desired, waits=waits)
    try:
        result = await port.check(pattern, desired, found)
    except Stalled as refusal:
        raise found.explain(refusal) from refusal
    return Verified(result, Checked(digest, policy, result))


def asks_registry(desired: DesiredState, known: Checked | None) -> bool:
    """Whether ``verify`` has anything to ask: not where no signature is required, nor where it is known."""
    return desired.policy.requires_signatures and not (known is not None and _is_same(desired, known))


def _is_same(desired: DesiredState, known: Checked) -> bool:
    return (known.digest, known.policy) == (desired.revision.digest, desired.policy)
