"""From what a run made to ``.status``: the one place that turns values and errors into conditions. Pure.

The rules of the three general conditions are kstatus's (sigs.k8s.io/cli-utils, "kstatus"): ``Reconciling`` and
``Stalled`` are present only while True, ``Ready`` always is. A condition of a stage speaks of the revision that the
stage last looked at: when verification refuses an update, ``Applied`` and ``Healthy`` still speak of what runs.
"""

from datetime import datetime

import msgspec

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import (
    Inventory,
    InventoryEntry,
    Status,
)
from pattern_operator.errors import PatternError, Stalled, Waiting
from pattern_operator.limits import MAX_STATUS_MESSAGE
from pattern_operator.quote import cut
from pattern_operator.reconcile.comparison import marks_of, packed, unpacked
from pattern_operator.reconcile.conditions import (
    OF_STAGE,
    Conditions,
    Standing,
    Truth,
    condition_of,
    finish,
)
from pattern_operator.reconcile.overtaken import take_back
from pattern_operator.reconcile.reached import UNREADABLE, is_reached, state_of
from pattern_operator.reconcile.readiness import health_words, judge_drift, judge_health
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.stage_words import (
    applied_words,
    fetched_words,
    in_whose_name,
    rendering_words,
    verified_words,
)
from pattern_operator.reconcile.status_record import record

_LEFT_ALONE = " What runs stays as it is, and is neither repaired nor pruned until it passes."
_RUNS_ON = " What runs stays and is looked after; nothing newer is applied until then."
# What a look at signatures ends in, whatever fails afterwards.
VERDICTS = frozenset(
    {
        Reason.NO_TRUST_POLICY,
        Reason.SIGNATURE_INVALID,
        Reason.SIGNATURE_MISSING,
        Reason.SIGNATURE_OF_ANOTHER_ARTIFACT,
        Reason.SIGNATURE_TOO_OLD,
        Reason.SIGNATURE_UNTRUSTED,
        Reason.TOO_MANY_SIGNATURES,
    }
)
_ASKED_ELSEWHERE = frozenset({Stage.SOURCE, Stage.VERIFY})  # where no answer says nothing of what runs


def after(pattern: DesignPattern, results: Results, *, now: datetime) -> Status:
    """The status of ``pattern`` once a run has made ``results``."""
    conditions = Conditions.of(pattern, now=now)
    _state_facts(conditions, pattern, results)
    _judge(conditions, pattern, results)
    status = record(pattern, results, now=now)
    asked = pattern.metadata.annotations.requested_at
    requested = status.last_handled_reconcile_at if asked is None else asked
    status = msgspec.structs.replace(status, last_handled_reconcile_at=requested)
    return finish(status, conditions, generation=pattern.metadata.generation)


def ahead(
    pattern: DesignPattern,
    entries: tuple[InventoryEntry, ...],
    *,
    to: Revision | None,
    now: datetime,
    signatures: tuple[str, ...] = (),
) -> Status:
    """The status before the first object is touched: with the inventory that is about to exist.

    ``to`` is the revision for which the cluster leaves what status says is applied, and ``signatures`` are those that
    it was verified by; None where it does not, and then nothing else is said.
    """
    status = pattern.status
    if to is not None:
        status = applying(pattern, revision=to, now=now, signatures=signatures)
    marks = packed(unpacked(status), entries)
    return msgspec.structs.replace(status, inventory=Inventory.of(entries), fingerprints=marks)


def applying(pattern: DesignPattern, *, revision: Revision, now: datetime, signatures: tuple[str, ...] = ()) -> Status:
    """The status while objects are applied: some of ``revision`` may be there, should the run be cut short.

    A try of what failed before changes nothing: Ready says what is wrong until that is corrected.
    """
    if _is_tried_again(pattern, revision):
        return pattern.status
    return msgspec.structs.replace(
        _on_its_way(pattern, revision, now=now),
        applying_revision=str(revision),
        applying_state=state_of(pattern.spec, UNREADABLE),  # the keys do not say where it came from
        applying_repository=pattern.spec.source.url,
        applying_signatures=signatures,
    )


def not_begun(pattern: DesignPattern, before: Status) -> DesignPattern:
    """``pattern`` as if no revision had begun to be applied since ``before``: no object of one was."""
    status = msgspec.structs.replace(
        pattern.status,
        applying_revision=before.applying_revision,
        applying_state=before.applying_state,
        applying_repository=before.applying_repository,
        applying_signatures=before.applying_signatures,
    )
    return msgspec.structs.replace(pattern, status=status)


def _on_its_way(pattern: DesignPattern, revision: Revision, *, now: datetime) -> Status:
    """The cluster leaves what was applied last: no status speaks of that as whole any more."""
    conditions, message = Conditions.of(pattern, now=now), f"applying {revision.display_name}"
    conditions.stand(Standing.PROGRESSING, Reason.PROGRESSING, message)
    conditions.set(ConditionType.APPLIED, "Unknown", Reason.PROGRESSING, message)
    left = msgspec.structs.replace(
        pattern.status,
        last_attempted_revision=str(revision),
        last_applied_state="",
        fingerprints=marks_of(pattern.status, pattern.status.inventory.entries),
    )
    return finish(left, conditions, generation=pattern.metadata.generation)


def waiting(pattern: DesignPattern, message: str, *, now: datetime) -> Status:
    """The status while nothing is known yet of what the spec asks for; ``message`` says what is waited for.

    What runs by an older spec stays what status speaks of: ``observedGeneration`` is that of the spec looked at last.
    """
    conditions = Conditions.of(pattern, now=now)
    conditions.stand(Standing.PROGRESSING, Reason.PROGRESSING, message)
    status = finish(pattern.status, conditions, generation=pattern.metadata.generation)
    observed = pattern.status.observed_generation if pattern.status.revision else pattern.metadata.generation
    return msgspec.structs.replace(status, observed_generation=observed)


def is_silent(pattern: DesignPattern) -> bool:
    """Whether status says nothing of what the spec asks for now, be it only that it is waited for."""
    ready, generation = condition_of(pattern.status, ConditionType.READY), pattern.metadata.generation
    return ready is None or generation not in (ready.observed_generation, pattern.status.observed_generation)


def _is_tried_again(pattern: DesignPattern, revision: Revision) -> bool:
    """Whether the apply of this very revision, as the spec still asks for it, was what failed last."""
    failed = {each.type for each in pattern.status.conditions if each.status == "False"}
    same_spec = pattern.status.observed_generation == pattern.metadata.generation
    same = same_spec and pattern.status.last_attempted_revision == str(revision)
    return same and {ConditionType.READY, ConditionType.APPLIED} <= failed


def deleting(
    pattern: DesignPattern, entries: tuple[InventoryEntry, ...], *, error: PatternError, now: datetime
) -> Status:
    """The status while objects go: what is left, and why. The column STATUS says that it goes."""
    conditions = Conditions.of(pattern, now=now)
    conditions.stand(Standing.RETRYING, error.reason, error.message)
    conditions.set(ConditionType.RECONCILING, "True", Reason.DELETING, error.message)
    if pattern.status.inventory.compressed:  # it cannot be read: it stays as it is, for whoever corrects it
        left = pattern.status
    else:
        left = msgspec.structs.replace(pattern.status, inventory=Inventory.of(entries))
    status = finish(left, conditions, generation=pattern.metadata.generation)
    return msgspec.structs.replace(status, status=Reason.DELETING.value)


def unwritable(pattern: DesignPattern, error: PatternError, *, now: datetime) -> Status:
    """The least that can be said where a status was too large: Ready and why, beside the inventory that is there."""
    conditions = Conditions.of(pattern, now=now)
    conditions.current.clear()
    conditions.stand(Standing.STALLED, error.reason, error.message)
    least = msgspec.structs.replace(pattern.status, render=None, history=(), verified_by=(), fingerprints="")
    return finish(least, conditions, generation=pattern.metadata.generation)


def _state_facts(conditions: Conditions, pattern: DesignPattern, results: Results) -> None:
    """One condition a stage: the facts of those that were passed, the error of the one that failed."""
    take_back(conditions, pattern, results)
    if results.revision and results.stage is not Stage.SOURCE:
        reason = Reason.VERSION_WITHDRAWN if results.held else Reason.SUCCEEDED
        conditions.set(ConditionType.FETCHED, "True", reason, fetched_words(pattern, results))
    _state_trust(conditions, pattern, results)
    if results.rendering:
        conditions.set(ConditionType.RENDERED, "True", Reason.SUCCEEDED, rendering_words(results.rendering))
    if results.stage is Stage.HEALTH and results.revision:
        applied = f"applied {results.revision.display_name} {in_whose_name(results.user)}"
        conditions.set(ConditionType.APPLIED, *applied_words(results, applied))
    elif results.leaving is not None and conditions.reason(ConditionType.APPLIED) == Reason.PRUNING:
        # Something newer fails; what left the running revision went on all the same.
        conditions.set(ConditionType.APPLIED, *applied_words(results, "what runs is applied"))
    elif results.stage is not Stage.APPLY:
        judge_drift(conditions, results)
    if results.withdrawn is not None:
        conditions.drop(ConditionType.APPLIED)
        conditions.drop(ConditionType.HEALTHY)
    elif results.health:
        conditions.set(ConditionType.HEALTHY, *health_words(results))
    if results.failure:
        stays = results.stage is Stage.VERIFY and _was_refused(pattern, results)  # by no error of the registry it ends
        stays = stays or _only_waits(results)  # what runs is applied, whatever comes next
        if isinstance(results.failure, Stalled) or not stays:
            conditions.set(OF_STAGE[results.stage], "False", results.failure.reason, results.failure.message)


def _state_trust(conditions: Conditions, pattern: DesignPattern, results: Results) -> None:
    """Of what runs it is said that it is not trusted, whatever else failed; else who signed what was looked at.

    A verdict is taken back by another one, and not by an error of the registry.
    """
    if results.distrust is not None and (isinstance(results.distrust, Stalled) or not _was_refused(pattern, results)):
        truth: Truth = "False" if isinstance(results.distrust, Stalled) else "Unknown"
        conditions.set(ConditionType.VERIFIED, truth, results.distrust.reason, results.distrust.message)
    elif results.verification:
        conditions.set(ConditionType.VERIFIED, *verified_words(results.verification))


def _judge(conditions: Conditions, pattern: DesignPattern, results: Results) -> None:
    """Ready, Reconciling and Stalled."""
    if results.failure:
        _judge_failure(conditions, pattern, results, results.failure)
    else:
        _judge_what_runs(conditions, pattern, results)


def _judge_what_runs(conditions: Conditions, pattern: DesignPattern, results: Results) -> None:
    """Ready, Reconciling and Stalled of what runs: what stands in the way of anything newer comes first."""
    if results.unmet is not None:
        conditions.stand(Standing.STALLED, results.unmet.reason, _and(results.unmet.message, _RUNS_ON))
    else:
        judge_health(conditions, pattern, results)


def _stalled_words(pattern: DesignPattern, results: Results, failure: Stalled) -> str:
    """The failure; and of what runs, where it is that which does not pass any longer, that nobody looks after it."""
    found, running = results.revision, pattern.status.digest
    if results.stage is not Stage.VERIFY or results.withdrawn or found is None or str(found.digest) != running:
        return failure.message
    return _and(failure.message, _LEFT_ALONE)


def _and(message: str, addition: str) -> str:
    return cut(message, MAX_STATUS_MESSAGE - len(addition)) + addition


def _judge_failure(conditions: Conditions, pattern: DesignPattern, results: Results, failure: PatternError) -> None:
    if isinstance(failure, Stalled):
        conditions.stand(Standing.STALLED, failure.reason, _stalled_words(pattern, results, failure))
        return
    conditions.drop(ConditionType.STALLED)
    reached = is_reached(pattern, results.policy, revision=results.revision)
    if results.stage in _ASKED_ELSEWHERE and reached and not _was_refused(pattern, results):
        # Ready describes what runs, the condition of the stage what failed: nobody asked for something newer.
        if results.health or results.unmet is not None:
            _judge_what_runs(conditions, pattern, results)
        return
    runs_a_hook = _only_waits(results) and failure.reason is Reason.HOOK_RUNNING
    standing = Standing.PROGRESSING if runs_a_hook else Standing.RETRYING
    conditions.stand(standing, failure.reason, failure.message)


def _only_waits(results: Results) -> bool:
    """Whether nothing failed: a hook before the apply is under way, or another pattern has to be Ready first."""
    return isinstance(results.failure, Waiting) and results.stage is Stage.ROLLOUT


def _was_refused(pattern: DesignPattern, results: Results) -> bool:
    """Whether the last verdict was that something is missing or wrong, and this run has come to no other one."""
    verified = condition_of(pattern.status, ConditionType.VERIFIED)
    refused = verified is not None and verified.status == "False" and verified.reason in VERDICTS
    return refused and results.verification is None
