"""Which TrustPolicies the artifact of each pattern that was judged last meets: what their status counts.

A verdict is by a policy as it was then, with its keys and roots: another generation or another key is another policy,
of which nothing is known until it is judged. All of it can be lost any time.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final

from pattern_operator.api.trust_policy import PatternCounts
from pattern_operator.api.verification import Requirement, UnusablePolicy, VerificationPolicy
from pattern_operator.reconcile.pattern_store import PatternKey

MAX_FAILING_NAMED: Final = 10  # patterns in the status of a policy: enough to begin with


TrustPolicyRequirement = Requirement | UnusablePolicy


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policies require that an artifact meets, and those that it does not."""

    met: tuple[TrustPolicyRequirement, ...] = ()
    unmet: tuple[TrustPolicyRequirement, ...] = ()


class Verdicts:
    """``on_change`` is called when a pattern has another verdict."""

    def __init__(self, *, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._verdicts: dict[PatternKey, Verdict] = {}

    def note(
        self, key: PatternKey, policy: VerificationPolicy, *, met: Collection[str], unmet: Collection[str]
    ) -> None:
        """An artifact of a pattern was judged by ``policy``; ``met`` and ``unmet`` are names of TrustPolicies."""
        verdict = Verdict(
            met=tuple(each for each in policy.requirements if each.source.name in met),
            unmet=tuple(each for each in policy.requirements if each.source.name in unmet),
        )
        if self._verdicts.get(key, Verdict()) != verdict:
            self._verdicts[key] = verdict
            self._on_change()

    def forget(self, key: PatternKey) -> None:
        """A pattern is gone."""
        if self._verdicts.pop(key, None) is not None:
            self._on_change()

    def count(self, policy: TrustPolicyRequirement | None, covered: Iterable[PatternKey]) -> PatternCounts:
        """How many of the patterns that a policy covers pass it, and do not; of the others it is not known yet."""
        found = [self._verdicts.get(key, Verdict()) for key in covered]
        return PatternCounts(
            covered=len(found),
            passing=sum(policy in each.met for each in found),
            failing=sum(policy in each.unmet for each in found),
        )

    def failing(self, policy: TrustPolicyRequirement | None, covered: Iterable[PatternKey]) -> tuple[PatternKey, ...]:
        """The first of the patterns that a policy covers and that do not pass it, by namespace and name."""
        found = (key for key in covered if policy in self._verdicts.get(key, Verdict()).unmet)
        return tuple(nsmallest(MAX_FAILING_NAMED, found, key=lambda each: (each.namespace, each.name)))
