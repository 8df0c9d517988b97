"""What patterns that let objects go are told of another one: that it was changed, or seen first, and how it ran.

What is not told by a run of this process is read from status and metadata: a restart of the operator, or another
leader, forgets nothing of it.
"""

import math
from datetime import datetime

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.apply import Transfers, data_keys
from pattern_operator.errors import Stalled, Transient
from pattern_operator.reconcile.conditions import condition_of, seconds_since
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.reached import is_reached
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.summary import IN_THE_REGISTRY


def note_change(pattern: DesignPattern | None, *, transfers: Transfers, now: datetime) -> None:
    """A pattern was changed, or is seen for the first time: it may have objects now that others release.

    What it contains is known where status says that all that the spec asks for was applied. That it was looked at
    (``observedGeneration``) says nothing: a run that fails, and one of a suspended pattern, look and render nothing.
    """
    if pattern is None:
        return
    owner = owner_of(pattern)
    generation = pattern.metadata.generation
    if pattern.metadata.deletion_timestamp:
        transfers.leave(owner.id)
    elif is_reached(pattern, None):
        transfers.pattern_seen(owner, generation=generation)
    elif was_not_applied(pattern):
        transfers.pattern_not_applied(owner, generation=generation)
    else:
        transfers.pattern_changed(owner, generation=generation, ago=unknown_for(pattern, now=now))
    if (ago := lets_go_for(pattern, now=now)) is not None:
        at_most = ago if pattern.metadata.deletion_timestamp else math.inf
        transfers.lets_go_since(owner.id, ago=ago, at_most=at_most)


def note_run(pattern: DesignPattern, results: Results, *, transfers: Transfers, generation: int) -> None:
    """A pattern of this ``generation`` has run: how far it came, and what data its version has."""
    owner, failure = owner_of(pattern), results.failure
    if results.stage not in IN_THE_REGISTRY or not isinstance(failure, Transient):
        transfers.pattern_ran(owner.id, generation=generation)
    if isinstance(failure, Stalled):
        transfers.pattern_stalled(owner.id)
    if failure is None or results.rendering is not None:
        transfers.pattern_rendered(owner.id, generation=generation)
    elif results.revision is not None and str(results.revision) != pattern.status.revision:
        transfers.pattern_unrendered(owner, generation=generation)
    if results.rendering is not None:
        keys = data_keys(results.rendering.objects, default_namespace=owner.namespace)
        transfers.pattern_has_data(owner, keys, failure=failure.reason if failure is not None else "")


def was_not_applied(pattern: DesignPattern) -> bool:
    """Whether status says that what the spec asks for now was rendered once, and not applied in full since.

    ``Applied`` and a refused component say so: a run that fails before them leaves them as they are.
    """
    applied = condition_of(pattern.status, ConditionType.APPLIED)
    rendered = condition_of(pattern.status, ConditionType.RENDERED)
    says_so = (
        applied if applied is not None and applied.status != "True" else None,
        rendered if rendered is not None and rendered.reason == Reason.COMPONENTS_REFUSED else None,
    )
    return any(each.observed_generation == pattern.metadata.generation for each in says_so if each is not None)


def unknown_for(pattern: DesignPattern, *, now: datetime) -> float:
    """For how many seconds it has not been known what a pattern contains that was not applied in full.

    That is since the spec was changed, or since a stage began to fail, whatever was later: a newer version that a
    range has found changes no spec. 0 where nothing tells it.
    """
    failing = (each.last_transition_time for each in pattern.status.conditions if each.status == "False")
    changed = pattern.metadata.spec_changed
    ages = [seconds_since(each, now) for each in (changed, *failing)] if changed else []
    return min((each for each in ages if each is not None), default=0.0)


def lets_go_for(pattern: DesignPattern, *, now: datetime) -> float | None:
    """For how many seconds a pattern has wanted to delete objects that may still be there; None where it does not.

    ``Applied`` is not True from when a version is applied that has them no longer until all of them are gone. It may
    become Unknown or False anew meanwhile, so that it may have been for longer.
    """
    if pattern.metadata.deletion_timestamp:
        return seconds_since(pattern.metadata.deletion_timestamp, now)
    applied = condition_of(pattern.status, ConditionType.APPLIED)
    if applied is None or applied.status == "True":
        return None
    return seconds_since(applied.last_transition_time, now)
