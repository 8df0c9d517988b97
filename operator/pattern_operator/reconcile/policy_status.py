"""The status of TrustPolicies: whether each can be used, and how many patterns it covers. Pure."""

from datetime import datetime
from typing import Literal

from pattern_operator.api.condition import Condition, ConditionType
from pattern_operator.api.reason import Reason
from pattern_operator.api.trust_policy import PatternCounts, TrustPolicyStatus
from pattern_operator.errors import PatternError, Transient
from pattern_operator.reconcile.conditions import rfc3339, shorten
from pattern_operator.reconcile.policy_store import KnownPolicy


def policy_status(
    policy: KnownPolicy, counts: PatternCounts, error: PatternError | None, *, now: datetime
) -> TrustPolicyStatus:
    """The status of ``policy``; ``error`` is why it cannot be used, or is not known to be usable."""
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
    return TrustPolicyStatus(observed_generation=policy.generation, conditions=(ready,), patterns=counts)
