"""Whether a signed statement is the attestation that is asked for: the exact type of its predicate, then a condition.

A condition is CEL, which is evaluated in another process (``conditions``), so who verifies hands the evaluator in.
"""

from collections.abc import Callable

from pattern_operator.verify.authority import AttestationPolicy
from pattern_operator.verify.encoding import quoted
from pattern_operator.verify.outcome import Statement

Evaluate = Callable[[str, bytes], str | None]
"""Why an expression is not true of a predicate, as a clause; None where it is. It must be total."""


def no_conditions(_expression: str, _predicate: bytes) -> str:
    """Evaluates nothing: for who verifies without a policy that has conditions. Such a policy is not met."""
    return "is not judged: conditions are not evaluated here"


def why_unmet(policy: AttestationPolicy, statement: Statement, *, evaluate: Evaluate) -> str | None:
    """Why ``statement`` is not what ``policy`` asks for, as a clause; None where it is."""
    if statement.predicate_type != policy.predicate_type:
        return f"states {quoted(statement.predicate_type)} and not {policy.predicate_type}"
    if policy.condition is None:
        return None
    why = evaluate(policy.condition, statement.predicate)
    return None if why is None else f"states what the condition of {quoted(policy.name)} is not true of: it {why}"
