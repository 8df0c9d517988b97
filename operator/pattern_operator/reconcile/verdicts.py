"""Which TrustPolicies the newest artifact of each pattern meets: what their status counts. It can be lost any time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final

from pattern_operator.api.trust_policy import PatternCounts
from pattern_operator.reconcile.pattern_store import PatternKey

MAX_FAILING_NAMED: Final = 10  # patterns in the status of a policy: enough to begin with


@dataclass(frozen=True, slots=True)
class Verdict:
    """The names of the policies that an artifact meets, and of those that it does not."""

    met: frozenset[str] = frozenset()
    unmet: frozenset[str] = frozenset()


class Verdicts:
    """``on_change`` is called when a pattern has another verdict."""

    def __init__(self, *, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._verdicts: dict[PatternKey, Verdict] = {}

    def note(self, key: PatternKey, *, met: Iterable[str], unmet: Iterable[str]) -> None:
        """An artifact of a pattern was judged."""
        verdict = Verdict(frozenset(met), frozenset(unmet))
        if self._verdicts.get(key, Verdict()) != verdict:
            self._verdicts[key] = verdict
            self._on_change()

    def forget(self, key: PatternKey) -> None:
        """A pattern is gone."""
        if self._verdicts.pop(key, None) is not None:
            self._on_change()

    def count(self, policy: str, covered: Iterable[PatternKey]) -> PatternCounts:
        """How many of the patterns that a policy covers pass it, and do not; of the others it is not known yet."""
        found = [self._verdicts.get(key, Verdict()) for key in covered]
        return PatternCounts(
            covered=len(found),
            passing=sum(policy in each.met for each in found),
            failing=sum(policy in each.unmet for each in found),
        )

    def failing(self, policy: str, covered: Iterable[PatternKey]) -> tuple[PatternKey, ...]:
        """The first of the patterns that a policy covers and that do not pass it, by namespace and name."""
        found = (key for key in covered if policy in self._verdicts.get(key, Verdict()).unmet)
        return tuple(nsmallest(MAX_FAILING_NAMED, found, key=lambda each: (each.namespace, each.name)))
