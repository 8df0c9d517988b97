"""What was found that claims to sign an artifact, and what may hide more of it."""

from dataclasses import dataclass, replace
from typing import Final

from pattern_operator.api.artifact import Descriptor, Signature
from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Stalled, Transient, Untrusted

_NOT_PROVEN: Final = frozenset(
    {
        Reason.SIGNATURE_MISSING,
        Reason.SIGNATURE_UNTRUSTED,
        Reason.SIGNATURE_INVALID,
        Reason.SIGNATURE_OF_ANOTHER_ARTIFACT,
        Reason.SIGNATURE_TOO_OLD,
    }
)


@dataclass(frozen=True, slots=True)
class FetchedSignatures:
    """What claims to sign an artifact, and what hides more of it; without both, it is proven that there is nothing.

    ``passed_over`` referrers say that they are something else, and were not looked at, because there are many.
    ``target`` is the descriptor of the artifact, where something was found that signs it and not the digest alone.
    """

    signatures: tuple[Signature, ...] = ()
    failures: tuple[PatternError, ...] = ()
    passed_over: int = 0
    target: Descriptor | None = None

    def joined(self, others: "FetchedSignatures") -> "FetchedSignatures":
        """With those of ``others`` that are not here; itself where there is none."""
        more = tuple(each for each in others.signatures if each not in self.signatures)
        return (
            replace(self, signatures=(*self.signatures, *more), target=self.target or others.target) if more else self
        )

    def explain(self, refusal: Stalled) -> PatternError:
        """The error where ``verify`` refuses what was found: a failure to ask, if there was one, is never "unsigned".

        One that may pass comes first.
        """
        if refusal.reason not in _NOT_PROVEN:
            return refusal
        if not self.failures and self.passed_over:
            more = f"{self.passed_over} more of its referrers are called something else, and were not looked at."
            return refusal.saying(f"{refusal.message.rstrip('.')}. {more}")
        if not self.failures:
            return refusal
        failure = min(self.failures, key=lambda each: not isinstance(each, Transient))
        so_far = refusal.fact if isinstance(refusal, Untrusted) else refusal.message
        if refusal.reason is Reason.SIGNATURE_MISSING:
            so_far = "none of its signatures was seen."
        message = f"{failure.message} So far {so_far}"
        if isinstance(failure, Transient):
            return Transient(reason=failure.reason, message=message, retry_after=failure.retry_after)
        return Stalled(reason=failure.reason, message=message)
