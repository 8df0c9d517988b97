"""How long the objects of a pattern have not been healthy: what ``spec.timeout`` counts. Pure.

The count begins when health leaves Current, and anew when something else was applied; a crash a week after a rollout
has the whole time, and objects that come and go while they start do not begin again.
"""

from datetime import datetime

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import Status
from pattern_operator.apply import Health, HealthState
from pattern_operator.reconcile.conditions import condition_of, seconds_since


def left_current(since: float | None, health: Health | None, *, now: float) -> float | None:
    """Since when (seconds of a clock) health has not been Current; None while it is, or is not known."""
    if health is None or health.state is HealthState.CURRENT:
        return None
    return now if since is None else since


def is_over(since: float | None, *, timeout: float, now: float) -> bool:
    """Whether health has not been Current for so many seconds."""
    return since is not None and now - since >= timeout


def restored(status: Status, *, timeout: float, now: datetime, clock: float) -> float | None:
    """What ``left_current`` was before a restart, as far as status tells, on a clock that shows ``clock`` now."""
    healthy, applied = condition_of(status, ConditionType.HEALTHY), condition_of(status, ConditionType.APPLIED)
    if healthy is None or healthy.status == "True" or not status.revision:
        return None
    age = seconds_since(healthy.last_transition_time, now)
    if age is None:
        return None
    if healthy.reason == Reason.HEALTH_TIMEOUT:
        age += timeout  # it changed when the time was over
    elif applied is not None and applied.status == "True":
        applied_for = seconds_since(applied.last_transition_time, now)
        age = age if applied_for is None else min(age, applied_for)
    return clock - age
