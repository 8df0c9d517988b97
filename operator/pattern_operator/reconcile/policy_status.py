"""The status of TrustPolicies: whether each can be used, and how many patterns it covers. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from pattern_operator.api.condition import Condition, ConditionType
from pattern_operator.api.reason import Reason
from pattern_operator.api.trust_policy import PatternCounts, TrustPolicyStatus
from pattern_operator.errors import PatternError, Transient
from pattern_operator.quote import cut
from pattern_operator.reconcile.conditions import rfc3339, shorten
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.reconcile.policy_store import KnownPolicy

_MAX_AUTHORITIES: Final = 256  # bytes of a column


def policy_status(
    policy: KnownPolicy,
    counts: PatternCounts,
    error: PatternError | None,
    *,
    failing: Iterable[PatternKey] = (),
    now: datetime,
) -> TrustPolicyStatus:
    """The status of ``policy``; ``error`` is why it cannot be used, or is not known to be usable.

    ``failing`` are the patterns that are named as failing.
    """
    status: Literal["True", "False", "Unknown"]
    if error is None:
        status, reason, message = "True", Reason.READY.value, "the policy can be used"
    else:
        status = "Unknown" if isinstance(error, Transient) else "False"
        reason, message = error.reason.value, shorten(f"nothing meets this policy: {error.message}")
    before = next((each for each in policy.status.conditions if each.type == ConditionType.READY), None)
    ready = Condition(
        type=ConditionType.READY.value,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=before.last_transition_time
        if before is not None and before.status == status
        else rfc3339(now),
        observed_generation=policy.generation,
    )
    return TrustPolicyStatus(
        observed_generation=policy.generation,
        conditions=(ready,),
        patterns=counts,
        failing_patterns=tuple(f"{each.namespace}/{each.name}" for each in failing),
        authorities=_authorities(policy),
    )


def _authorities(policy: KnownPolicy) -> str:
    if policy.spec is None:
        return ""
    names = ", ".join(each.name or "" for each in policy.spec.authorities)
    count = len(policy.spec.authorities)
    return cut(names if count == 1 else f"{policy.spec.threshold} of {names}", _MAX_AUTHORITIES)
