"""Whether what runs is well, in the words of Healthy, Ready, Reconciling and Stalled. Pure.

``status`` and ``observed`` ask it where the desired state was reached; Ready of a run that failed is ``status``'s own.
"""

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import pluralize
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import InvalidReference, Revision
from pattern_operator.api.status import HooksStatus
from pattern_operator.apply.health import HealthState
from pattern_operator.apply.result import summarize
from pattern_operator.quote import listed
from pattern_operator.reconcile.conditions import Conditions, Standing, Truth
from pattern_operator.reconcile.hook_record import AFTER, Phase, running_key, waits_for_health
from pattern_operator.reconcile.results import Leaving, Results


def health_words(results: Results) -> tuple[Truth, str, str]:
    """Status, reason and message of Healthy. An object that is gone has failed: only somebody who acts brings it."""
    health = results.health
    if health is None or health.state is HealthState.CURRENT:
        said = health.message if health is not None and health.notable else "every object that was applied is healthy"
        return "True", Reason.SUCCEEDED, said
    if health.state in (HealthState.FAILED, HealthState.NOT_FOUND):
        return "False", Reason.UNHEALTHY, health.message
    if results.overdue:
        return "False", Reason.HEALTH_TIMEOUT, health.message
    return "Unknown", Reason.WAITING_FOR_HEALTH, health.message


def judge_health(conditions: Conditions, pattern: DesignPattern, results: Results) -> None:
    """Ready, Reconciling and Stalled of a pattern of which the desired state was reached."""
    healthy, reason, message = health_words(results)
    hooks = pattern.status.hooks if results.hooks is None else results.hooks
    if hooks is not None and hooks.event in AFTER.values() and hooks.phase == Phase.FAILED:
        conditions.stand(Standing.STALLED, Reason.HOOK_FAILED, hooks.message)
        return
    if hooks is not None and waits_for_health(hooks) and healthy == "True":
        conditions.stand(Standing.PROGRESSING, Reason.HOOK_RUNNING, hooks_words(hooks))
        return
    if healthy == "True" or not pattern.spec.apply.wait:
        conditions.stand(Standing.READY, Reason.READY, running_words(pattern, results))
        return
    # Where it failed it goes on being watched: what becomes healthy late is Ready then.
    conditions.stand(Standing.STALLED if healthy == "False" else Standing.PROGRESSING, reason, message)


def hooks_words(hooks: HooksStatus) -> str:
    """Which hook is waited for."""
    key = running_key(hooks)
    return (
        f"{hooks.event} hook {key.display_name} runs, and is waited for" if key else f"{hooks.event} hooks are to run"
    )


def judge_drift(conditions: Conditions, results: Results) -> None:
    """Applied of a pattern that is applied in full, where something else fails or is waited for: only drift is new."""
    applied = conditions.current.get(ConditionType.APPLIED)
    if applied is None or applied.status != "True" or results.health is None:
        return
    if results.drifted:
        words = listed(("what runs is applied", *results.drifted))
        conditions.set(ConditionType.APPLIED, "True", Reason.DRIFTED, words)
    elif applied.reason == Reason.DRIFTED:
        conditions.set(ConditionType.APPLIED, "True", Reason.SUCCEEDED, "what runs is applied")


def running_words(pattern: DesignPattern, results: Results) -> str:
    """What runs, and beside it what left and is not gone yet, what ended, and what drifted and is left so.

    None of it makes the pattern less ready: a volume claim in use stays for hours, and whoever waits for Ready waits
    for what is wanted. Nor is it Reconciling: a pattern that holds this one would count it as not healthy. Who waits
    for the end of the prune waits for Applied.
    """
    count = pattern.status.inventory.count if results.inventory is None else len(results.inventory)
    leaving = results.leaving or Leaving()
    runs = f"{_title(pattern, results)} runs: {pluralize(count - len(leaving.pending))}"
    pinned = pinned_words(pattern, results.revision)
    ended = results.health.ended if results.health is not None else 0
    runs += f", {ended} of which ended and {'is' if ended == 1 else 'are'} gone" if ended else ""
    unsure = summarize(results.health.unsure) if results.health is not None else ""
    return listed(filter(None, (runs, results.held, pinned, leaving.message, unsure, *results.drifted)))


def pinned_words(pattern: DesignPattern, revision: Revision | None) -> str:
    """That the tag of the spec is only what the digest beside it is called; empty where that is not so of ``revision``.

    Who changes the tag alone would otherwise read that another version runs.
    """
    ref = pattern.spec.source.ref
    if not ref.tag or not ref.digest or revision is None or ref.digest != str(revision.digest):
        return ""
    return f"the digest decides; tag {ref.tag} was not looked up"


def _title(pattern: DesignPattern, results: Results) -> str:
    try:
        return (results.revision or Revision.parse(pattern.status.revision)).display_name
    except InvalidReference:  # somebody wrote there by hand; the next success writes it anew
        return "what was applied last"
