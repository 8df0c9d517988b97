"""What conditions say of a candidate that is asked for no longer is taken back: a reason goes with its cause. Pure.

A run that fails early says nothing of the stages behind it, and these keep what an earlier run said: that is true as
long as it was about the same spec. ``Verified`` stays: a verdict is taken back by another one alone, and its
``observedGeneration`` names the spec that it was about. So does what the apply of objects ended in, as these still are
as they were left.
"""

from typing import Final

import msgspec

from pattern_operator.api.condition import Condition, ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.reconcile.conditions import Conditions
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.stage_words import applied_words

# Why a candidate was not applied, before anything of it was sent: what ran before is as it was.
BEFORE_APPLY: Final = frozenset(
    {
        Reason.CONTAINS_ITSELF,
        Reason.CROSS_NAMESPACE,
        Reason.DEPENDENCY_CYCLE,
        Reason.EMPTY_UPDATE,
        Reason.HEALTH_CHECK_INVALID,
        Reason.HOOK_FAILED,
        Reason.INVALID_REFERENCE,
        Reason.INVENTORY_TOO_LARGE,
        Reason.NOTHING_TO_DEPLOY,
        Reason.OPERATOR_BUSY,
        Reason.PROTECTED_OBJECT,
        Reason.SERVICE_ACCOUNT_REQUIRED,
    }
)


def take_back(conditions: Conditions, pattern: DesignPattern, results: Results) -> None:
    """Drop what was said of another candidate; the facts of this run are set after it."""
    for kind in (ConditionType.FETCHED, ConditionType.RENDERED):
        found = conditions.current.get(kind)
        if found is not None and found.status == "False" and _is_overtaken(found, pattern, results):
            conditions.drop(kind)
    applied = conditions.current.get(ConditionType.APPLIED)
    if applied is not None and _is_of_candidate(applied) and _is_overtaken(applied, pattern, results):
        _say_what_is_applied(conditions, pattern, results, applied)


def _is_of_candidate(applied: Condition) -> bool:
    progresses = applied.status == "Unknown" and applied.reason == Reason.PROGRESSING
    return progresses or (applied.status == "False" and applied.reason in BEFORE_APPLY)


def _is_overtaken(said: Condition, pattern: DesignPattern, results: Results) -> bool:
    """Whether it is of another spec, or this run has passed what it is about."""
    return said.observed_generation != pattern.metadata.generation or results.stage is Stage.ROLLOUT


def _say_what_is_applied(conditions: Conditions, pattern: DesignPattern, results: Results, said: Condition) -> None:
    """What the cluster has; where that is not known to be whole, of the spec that was spoken of before."""
    status = pattern.status
    if status.revision and not status.applying_revision and results.leaving is not None:
        conditions.set(ConditionType.APPLIED, *applied_words(results, "what runs is applied"))
    elif status.revision or status.applying_revision:
        message = f"what the spec asks for is not applied; objects of {status.applying_revision or status.revision} are"
        conditions.set(ConditionType.APPLIED, "Unknown", Reason.NOT_REACHED, message)
        kept = conditions.current[ConditionType.APPLIED]
        before = msgspec.structs.replace(kept, observed_generation=said.observed_generation)
        conditions.current[ConditionType.APPLIED] = before
    else:
        conditions.drop(ConditionType.APPLIED)
