"""Which hooks are to be run, and how far they are: what status keeps of it (``status.hooks``). Pure.

The record is written before the first hook of a run is made, and before an object of a hook is deleted: whoever finds
it after a crash knows which hooks are over, and finds the one under way by the label with the run in it.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.hook import Hook, HookEvent
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import HooksStatus
from pattern_operator.apply.crd import is_crd
from pattern_operator.apply.inventory import keys
from pattern_operator.apply.ownership import is_namespace
from pattern_operator.reconcile.backoff import CLOCK_SLACK, seconds_of
from pattern_operator.reconcile.conditions import rfc3339, seconds_since, shorten
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.spec_digest import digest_of

BEFORE: Final = frozenset({HookEvent.PRE_INSTALL, HookEvent.PRE_UPGRADE})
AFTER: Final = {HookEvent.PRE_INSTALL: HookEvent.POST_INSTALL, HookEvent.PRE_UPGRADE: HookEvent.POST_UPGRADE}
AT_DELETION: Final = frozenset({HookEvent.PRE_DELETE, HookEvent.POST_DELETE})
_RUN_DIGITS: Final = 16


class Phase(StrEnum):
    """How the hooks of a moment stand; the values are public (``status.hooks.phase``)."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


def state_of(desired: DesiredState) -> str:
    """What stands for the artifact and how it is rendered: where it is another, there is an upgrade."""
    return digest_of([desired.repository.url, str(desired.revision.digest), desired.layer, desired.render])


def is_under_way(record: HooksStatus | None, state: str) -> bool:
    """Whether the record speaks of this state, and is one that the operator writes: others may write there, too."""
    return record is not None and record.state == state and _is_sound(record)


def run_label(record: HooksStatus, number: int) -> str:
    """What tells the object of one hook of a run: an object may be the hook of two moments, and two may share a name.

    ``number`` is its place in the moment, from 0.
    """
    return f"{record.run}-{record.event}-{number}"


def begun(
    pattern: DesignPattern,
    hooks: Collection[Hook],
    *,
    state: str,
    now: datetime,
    of_helm: bool = False,
    new_values: bool = False,
) -> HooksStatus:
    """The record of a state that was not begun yet, or that has other parameters now (``new_values``).

    ``of_helm``: what is to be installed is there already, as a release of Helm, whose install hooks have run.
    """
    events = {event for each in hooks for event in each.events}
    applied = pattern.status.hooks.applied if pattern.status.hooks is not None else ""
    first = HookEvent.PRE_UPGRADE if _runs(pattern) else HookEvent.PRE_INSTALL
    runs_already = applied == state and not (pattern.status.applying_revision or new_values)
    wanted = not (of_helm or runs_already) and not events.isdisjoint({first, AFTER[first]})
    record = HooksStatus(
        state=state,
        applied=applied,
        event=first.value if wanted else "",
        phase=Phase.PENDING if wanted else Phase.SUCCEEDED,
        delete=not events.isdisjoint(AT_DELETION),
    )
    return _new_run(pattern, record, now=now)


def is_installation(record: HooksStatus) -> bool:
    """Whether hooks of an installation are next."""
    return record.event == HookEvent.PRE_INSTALL


def of_deletion(pattern: DesignPattern, event: HookEvent, *, now: datetime) -> HooksStatus:
    """The record of the hooks of a deletion, which begin, or of the moment after another."""
    before = pattern.status.hooks or HooksStatus()
    return _new_run(pattern, replace(before, event=event.value, phase=Phase.PENDING), now=now)


def is_asked_again(pattern: DesignPattern, record: HooksStatus) -> bool:
    """Whether a hook that failed is to be run again: the spec was changed since, or somebody requested it."""
    asked = pattern.metadata.annotations.requested_at or ""
    return (record.request, record.generation) != (asked, pattern.metadata.generation)


def again(pattern: DesignPattern, record: HooksStatus, *, now: datetime) -> HooksStatus:
    """The hooks of the moment that failed, from the first one."""
    return _new_run(pattern, replace(record, phase=Phase.PENDING), now=now)


def hook_is_over(record: HooksStatus, number: int) -> HooksStatus:
    """The hook at this place ended well; the next may have the same name."""
    return replace(record, completed=number + 1, hook="", uid="", started_at="")


def seen(record: HooksStatus, uid: str, *, now: datetime) -> HooksStatus:
    """The object of the hook is there: from when it is seen first it may take its time."""
    return record if record.uid == uid else replace(record, uid=uid, started_at=rfc3339(now))


def started(record: HooksStatus, key: ObjectKey, *, now: datetime) -> HooksStatus:
    """A hook is about to be made."""
    return replace(record, phase=Phase.RUNNING, hook=str(key), uid="", started_at=rfc3339(now))


def before_is_over(record: HooksStatus) -> HooksStatus:
    """The hooks before the apply are over: those after it wait."""
    if record.event not in BEFORE:
        return record
    return replace(
        record,
        event=AFTER[HookEvent(record.event)].value,
        phase=Phase.PENDING,
        completed=0,
        hook="",
        uid="",
        started_at="",
    )


def applied(record: HooksStatus) -> HooksStatus:
    """All objects are applied: what the record speaks of runs."""
    return replace(record, applied=record.state)


def waits_for_health(record: HooksStatus | None) -> bool:
    """Whether hooks are to be run once all objects are healthy, or are under way."""
    return record is not None and record.event in AFTER.values() and record.phase in (Phase.PENDING, Phase.RUNNING)


def all_over(record: HooksStatus) -> HooksStatus:
    """The last hooks are over."""
    return replace(record, phase=Phase.SUCCEEDED, hook="", uid="", started_at="", message="")


def failed(record: HooksStatus, message: str) -> HooksStatus:
    """A hook failed, or may not be run."""
    return replace(record, phase=Phase.FAILED, message=shorten(message))


def seconds_left(pattern: DesignPattern, record: HooksStatus | None, *, now: datetime) -> float | None:
    """Seconds until the hook that runs has taken as long as it may; None where none runs."""
    if record is None or record.phase != Phase.RUNNING:
        return None
    since = seconds_since(record.started_at, now)
    left = seconds_of(pattern.spec.timeout) - (since or 0.0)
    return max(left, CLOCK_SLACK)


def is_overdue(pattern: DesignPattern, record: HooksStatus, *, now: datetime) -> bool:
    """Whether the hook that runs has taken as long as it may; times of status have whole seconds."""
    since = seconds_since(record.started_at, now)
    return since is not None and since >= seconds_of(pattern.spec.timeout) - CLOCK_SLACK


def running_key(record: HooksStatus | None) -> ObjectKey | None:
    """The object of the hook that runs, or is about to be made."""
    return _key(record) if record is not None and record.phase == Phase.RUNNING else None


def awaited_key(record: HooksStatus | None) -> ObjectKey | None:
    """As ``running_key``; of a deletion also the object of the hook that failed.

    That one goes when its namespace is deleted, which then waits for the pattern.
    """
    if record is not None and (record.phase, record.event) == (Phase.FAILED, HookEvent.PRE_DELETE):
        return _key(record)
    return running_key(record)


def _key(record: HooksStatus) -> ObjectKey | None:
    try:
        return ObjectKey.parse(record.hook)
    except ValueError:  # there is none, or somebody else wrote there
        return None


def _runs(pattern: DesignPattern) -> bool:
    """Whether anything of the pattern runs: what hooks needed is none of it."""
    status = pattern.status
    if status.revision or status.applying_revision or status.inventory.compressed:
        return True
    return any(not (is_crd(key) or is_namespace(key)) for key in keys(status.inventory.entries))


def _is_sound(record: HooksStatus) -> bool:
    phases, events = {each.value for each in Phase}, {each.value for each in HookEvent}
    return record.phase in phases and record.event in events | {""} and record.completed >= 0


def _new_run(pattern: DesignPattern, record: HooksStatus, *, now: datetime) -> HooksStatus:
    asked = pattern.metadata.annotations.requested_at or ""
    parts = f"{pattern.metadata.uid} {record.state} {record.event} {now.isoformat()}"
    return replace(
        record,
        run=hashlib.sha256(parts.encode()).hexdigest()[:_RUN_DIGITS],
        completed=0,
        hook="",
        uid="",
        started_at="",
        message="",
        request=asked,
        generation=pattern.metadata.generation,
    )
