"""Whether a signed statement is the attestation that is asked for: the exact type of its predicate, then a condition.

A condition is CEL, which is judged in another process (``conditions``), so who verifies hands in who does that.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from pattern_operator.conditions.answer import Answer, Conditions, DoesNotHold, Holds, NotNow, Unusable
from pattern_operator.verify.authority import AttestationPolicy
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.outcome import Statement
from pattern_operator.verify.parsed_signature import Rejection


class NoConditions:
    """For who verifies without a policy that has conditions: such a policy cannot be used."""

    def judge(self, _expression: str, _predicate: bytes) -> Answer:
        """Nothing is judged."""
        return Unusable("is not judged here")

    def errors(self, _expressions: Collection[str]) -> Mapping[str, str]:
        """Nothing is compiled."""
        return {}


NO_CONDITIONS: Final = NoConditions()


def judged_once(conditions: Conditions) -> Conditions:
    """The same, where each condition is judged once for each predicate."""
    return _Remembered(conditions)


class _Remembered:
    def __init__(self, conditions: Conditions) -> None:
        self.judge = cache(conditions.judge)
        self.errors = conditions.errors


@dataclass(frozen=True, slots=True)
class Unjudged(Rejection):
    """By an authority, and it is not known whether its condition holds: proves nothing against the artifact.

    ``may_pass``: trying again helps; else the condition itself has to be another.
    """

    may_pass: bool = False


def why_unmet(policy: AttestationPolicy, statement: Statement, *, conditions: Conditions) -> Rejection | None:
    """Why ``statement`` is not what ``policy`` asks for, or is not known to be; None where it is."""
    if statement.predicate_type != policy.predicate_type:
        why = f"states {quoted(statement.predicate_type)} and not {policy.predicate_type}"
        return Rejection(why, key_is_right=True)
    if policy.condition is None:
        return None
    condition = f"the condition of {quoted(policy.name)}"
    match conditions.judge(policy.condition, statement.predicate):
        case Holds():
            return None
        case DoesNotHold(why):
            return Rejection(f"states what {condition} is not true of: it {why}", key_is_right=True)
        case Unusable(why):
            return Unjudged(f"{condition} cannot be judged: it {why}", key_is_right=True)
        case NotNow(why):
            return Unjudged(f"{condition} was not judged: {why}", key_is_right=True, may_pass=True)
