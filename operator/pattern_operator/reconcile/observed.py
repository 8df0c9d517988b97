"""What status says by the watches alone: while a registry is waited for, in a back-off, and of a suspended pattern.

Pure. Nothing here says that a newer desired state was looked at: only health, and what Ready says of it.
"""

from datetime import datetime

import msgspec

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import InvalidReference, Revision, tag_of
from pattern_operator.api.status import Status
from pattern_operator.quote import quoted
from pattern_operator.reconcile.conditions import Conditions, Standing, finish
from pattern_operator.reconcile.reached import is_reached
from pattern_operator.reconcile.readiness import health_words, judge_drift, judge_health, running_words
from pattern_operator.reconcile.results import Results

GO_ON = "set spec.suspend: false to resume"


def observed(pattern: DesignPattern, seen: Results, *, now: datetime) -> Status:
    """The status once the watches told of ``seen`` (its health), whatever else goes on."""
    if seen.health is None or not pattern.status.conditions:
        return pattern.status
    conditions = Conditions.of(pattern, now=now)
    spoken = conditions.generation = pattern.status.observed_generation
    conditions.set(ConditionType.HEALTHY, *health_words(seen))
    judge_drift(conditions, seen)
    if _speaks_of_what_runs(pattern, conditions):
        judge_health(conditions, pattern, seen)
    return finish(pattern.status, conditions, generation=spoken)


def _speaks_of_what_runs(pattern: DesignPattern, conditions: Conditions) -> bool:
    """Whether Ready tells of the health of what runs: else it tells of something newer, or of a failure."""
    told = conditions.reason(ConditionType.READY) in _OF_HEALTH
    return told and pattern.metadata.generation == conditions.generation and is_reached(pattern, None)


_OF_HEALTH = frozenset(
    {Reason.READY, Reason.UNHEALTHY, Reason.HEALTH_TIMEOUT, Reason.WAITING_FOR_HEALTH, Reason.HOOK_RUNNING}
)


def suspended(pattern: DesignPattern, seen: Results, *, now: datetime) -> Status:
    """The status of a suspended pattern: what runs, whether it is healthy, and what waits.

    No registry is asked, so a tag that was moved since is not known; a spec that was changed is.
    """
    conditions = Conditions.of(pattern, now=now)
    if seen.health is not None:
        conditions.set(ConditionType.HEALTHY, *health_words(seen))
        judge_drift(conditions, seen)
    _judge_trust(conditions, pattern, seen)
    if _is_trust_lost(conditions):
        pass  # what runs is not verified: Ready says so
    elif seen.distrust is not None:
        conditions.stand(Standing.PAUSED, Reason.SUSPENDED, seen.distrust.message)
    elif is_reached(pattern, None):
        _judge_what_runs(conditions, pattern, seen)
    else:
        conditions.stand(Standing.PAUSED, Reason.SUSPENDED, _words(pattern, seen))
    conditions.drop(ConditionType.RECONCILING)
    status = finish(pattern.status, conditions, generation=pattern.metadata.generation)
    return msgspec.structs.replace(status, status=Reason.SUSPENDED.value)


def _judge_trust(conditions: Conditions, pattern: DesignPattern, seen: Results) -> None:
    """Who signed what runs is true by the policies of then alone: of others it is not known until it resumes."""
    if _is_trust_lost(conditions):
        return
    if seen.distrust is not None:
        conditions.set(ConditionType.VERIFIED, "Unknown", Reason.SUSPENDED, seen.distrust.message)
    elif conditions.reason(ConditionType.VERIFIED) == Reason.SUSPENDED:  # they are again as they were
        names = ", ".join(sorted({each.authority for each in pattern.status.verified_by}))
        if names:
            conditions.set(ConditionType.VERIFIED, "True", Reason.SUCCEEDED, f"verified by {names}")
        else:
            conditions.set(ConditionType.VERIFIED, "Unknown", Reason.NO_POLICY, Reason.NO_POLICY.description)


def _is_trust_lost(conditions: Conditions) -> bool:
    """Whether the last look at signatures found that one which is required is not there, or not valid.

    What failed since, such as a registry that refuses the operator, takes nothing of that back.
    """
    verified = conditions.current.get(ConditionType.VERIFIED)
    return verified is not None and verified.status == "False"


def _judge_what_runs(conditions: Conditions, pattern: DesignPattern, seen: Results) -> None:
    judge_health(conditions, pattern, seen)
    ready = conditions.current[ConditionType.READY]
    conditions.set(ConditionType.READY, ready.status, ready.reason, f"suspended; {ready.message}")


def _words(pattern: DesignPattern, seen: Results) -> str:
    if not pattern.status.revision:
        what = "all of it" if pattern.status.inventory.entries else "anything"
        return f"suspended before {what} was applied; {GO_ON}"
    runs = running_words(pattern, seen)
    truth, _, message = health_words(seen)
    well = "" if truth == "True" else f"; {message}"
    return f"suspended; {what_waits(pattern)} waits; {runs}{well}; {GO_ON}"


def what_waits(pattern: DesignPattern) -> str:
    """What a suspended pattern would go to, in the words of its spec where these name it."""
    ref, status = pattern.spec.source.ref, pattern.status
    try:
        running, tried = Revision.parse(status.revision), Revision.parse(status.last_attempted_revision)
    except InvalidReference:
        return "the changed spec"
    if ref.digest:
        return f"digest {ref.digest}" if ref.digest != status.digest else "the changed spec"
    tag = tag_of(ref.tag or "")
    if tag and tag != running.tag:
        return tag
    if tag and tried != running and tried.tag == tag:
        return tried.display_name  # the tag was moved, and what it leads to could not be applied yet
    if ref.semver and tried == running:
        return f"the changed spec (a version of {quoted(ref.semver)})"
    return "the changed spec"
