"""What runs is seen by the watches alone: from the inventory in status, whoever may apply it and whatever is pulled.

A restart, a registry that hangs and a suspended pattern have nothing to apply; what became of the objects is told.
"""

import asyncio
import logging

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.apply.finished import can_finish
from pattern_operator.errors import PatternError
from pattern_operator.kube import ApiError, KindNotFound
from pattern_operator.reconcile.applying import drift_words
from pattern_operator.reconcile.backoff import seconds_of
from pattern_operator.reconcile.comparison import unpacked
from pattern_operator.reconcile.conditions import condition_of
from pattern_operator.reconcile.healthwait import is_over, left_current
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.owning import owned_keys, owner_of
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.stages import LEEWAY
from pattern_operator.telemetry import about

MANY = 200  # objects that are looked at without a break

logger = logging.getLogger(__name__)


def see_health(pattern: DesignPattern, *, memory: Memory, rim: Rim, progress: Progress) -> None:
    """Take in what the watches say of the objects: their health, for how long, and what drifted. Asks nobody."""
    now, timeout = rim.clock(), seconds_of(pattern.spec.timeout) - LEEWAY.total_seconds()
    progress.health = rim.managed_objects.health(owner_of(pattern).id)
    progress.drifted = _drift_of(pattern, rim=rim)
    memory.ill_since = left_current(memory.ill_since, progress.health, now=now)
    progress.overdue = is_over(memory.ill_since, timeout=timeout, now=now)


def see_what_runs(pattern: DesignPattern, *, memory: Memory, rim: Rim, progress: Progress) -> None:
    """As ``see_health``, but where nothing is known of any object of the inventory nothing is said."""
    if rim.managed_objects.expects_any(owner_of(pattern).id):
        see_health(pattern, memory=memory, rim=rim, progress=progress)


def is_new(pattern: DesignPattern, memory: Memory) -> bool:
    """Whether status names objects that nothing is known of yet."""
    known = memory.followed or memory.applied is not None or memory.partly is not None
    return bool(pattern.status.inventory.entries) and not known


def _drift_of(pattern: DesignPattern, *, rim: Rim) -> tuple[str, ...]:
    """What drifted and is left so, a sentence each: as the spec asks, or because somebody undoes each repair."""
    owner = owner_of(pattern).id
    if pattern.spec.apply.drift_policy == "Report" or pattern.spec.suspend:
        return drift_words(rim.managed_objects.all_drifted(owner), rim=rim)
    return rim.managed_objects.conflicts(owner)


async def follow_inventory(pattern: DesignPattern, *, rim: Rim) -> None:
    """Let the objects of the inventory count for health, those that are missing too, although nobody may apply them.

    What cannot be asked for is logged, and counts for nothing.
    """
    where = f"pattern={pattern.metadata.namespace}/{pattern.metadata.name}"
    pruning_now, owner = is_pruning(pattern), owner_of(pattern).id
    try:
        keys = sorted(owned_keys(pattern))
    except PatternError as error:
        said = about(pattern, stage=Stage.HEALTH, reason=error.reason)
        logger.warning("what runs cannot be followed: %s: %s", where, error, extra=said)
        return
    recalled = unpacked(pattern.status)
    # Only then status says that each of them was there.
    all_were_there = is_whole(pattern) and not pruning_now
    lost = set[tuple[str, str]]()  # kinds that cannot be asked: that costs their own objects
    for number, key in enumerate(keys):
        if number % MANY == 0:
            await asyncio.sleep(0)  # others have their turn
        if (key.group, key.kind) in lost:
            continue
        try:
            await rim.managed_objects.ready(await rim.discovery.find(group=key.group, kind=key.kind))
        except (ApiError, KindNotFound) as error:
            lost.add((key.group, key.kind))
            said = about(pattern, stage=Stage.HEALTH)
            logger.warning("objects of a kind cannot be followed: %s kind=%s: %s", where, key.kind, error, extra=said)
            continue
        if not (pruning_now and rim.managed_objects.is_terminating(key)):
            rim.managed_objects.expect(key, owner=owner)
        if (known := recalled.fingerprints.get(str(key))) is not None:
            rim.managed_objects.restore(key, owner=owner, known=known)
        elif all_were_there and can_finish(key):
            rim.managed_objects.restore(key, owner=owner, known=b"")
        elif all_were_there and not recalled.sent:
            rim.managed_objects.mark_missing(key, owner=owner)


def is_whole(pattern: DesignPattern) -> bool:
    """Whether status says that all of the running revision was applied: else the cluster is on its way to another."""
    applied = condition_of(pattern.status, ConditionType.APPLIED)
    return is_pruning(pattern) or (applied is not None and applied.status == "True")


def is_pruning(pattern: DesignPattern) -> bool:
    """Whether status says that all was applied, and that something that left is not gone yet."""
    applied = condition_of(pattern.status, ConditionType.APPLIED)
    return applied is not None and applied.reason == Reason.PRUNING
