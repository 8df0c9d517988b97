"""Observe: what the watches say of the objects that a pattern has. It asks no registry and changes no object.

A restart, a registry that hangs and a suspended pattern have nothing to apply; what became of the objects is said all
the same, from the inventory in status.
"""

import asyncio
import logging
from typing import Protocol

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.apply import ManagedObjects
from pattern_operator.apply.finished import can_finish
from pattern_operator.errors import PatternError
from pattern_operator.kube import ApiError, KindNotFound
from pattern_operator.reconcile.backoff import CLOCK_SLACK, seconds_of
from pattern_operator.reconcile.comparison import unpacked
from pattern_operator.reconcile.conditions import condition_of
from pattern_operator.reconcile.drift import drift_left
from pattern_operator.reconcile.health_timeout import is_over, left_current
from pattern_operator.reconcile.owner import owned_keys, owner_of
from pattern_operator.reconcile.results import Observed
from pattern_operator.telemetry import about

MANY = 200  # objects that are looked at without a break

logger = logging.getLogger(__name__)


class ObservePort(Protocol):
    """What is known of objects; see cluster.Cluster."""

    @property
    def managed(self) -> ManagedObjects: ...  # noqa: D102 - see the class


class FollowPort(ObservePort, Protocol):
    """Where objects are watched."""

    async def watch(self, *, group: str, kind: str) -> None: ...  # noqa: D102 - see the class


def observe(pattern: DesignPattern, *, unhealthy_since: float | None, now: float, port: ObservePort) -> Observed:
    """The health of the objects, for how long they have not been healthy, and what drifted. Asks nobody."""
    timeout = seconds_of(pattern.spec.timeout) - CLOCK_SLACK
    health = port.managed.health(owner_of(pattern).id)
    since = left_current(unhealthy_since, health, now=now)
    return Observed(
        health=health,
        drifted=drift_left(pattern, managed=port.managed),
        unhealthy_since=since,
        overdue=is_over(since, timeout=timeout, now=now),
    )


def observe_if_known(
    pattern: DesignPattern, *, unhealthy_since: float | None, now: float, port: ObservePort
) -> Observed | None:
    """As ``observe``; None where nothing is known of any object of the inventory."""
    if not port.managed.expects_any(owner_of(pattern).id):
        return None
    return observe(pattern, unhealthy_since=unhealthy_since, now=now, port=port)


async def follow(pattern: DesignPattern, *, port: FollowPort) -> None:
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
        if key.group_kind in lost:
            continue
        try:
            await port.watch(group=key.group, kind=key.kind)
        except (ApiError, KindNotFound) as error:
            lost.add(key.group_kind)
            said = about(pattern, stage=Stage.HEALTH)
            logger.warning("objects of a kind cannot be followed: %s kind=%s: %s", where, key.kind, error, extra=said)
            continue
        if not (pruning_now and port.managed.is_terminating(key)):
            port.managed.expect(key, owner=owner)
        if (known := recalled.fingerprints.get(str(key))) is not None:
            port.managed.restore(key, owner=owner, known=known)
        elif all_were_there and can_finish(key):
            port.managed.restore(key, owner=owner, known=b"")
        elif all_were_there and not recalled.sent:
            port.managed.mark_missing(key, owner=owner)


def is_whole(pattern: DesignPattern) -> bool:
    """Whether status says that all of the running revision was applied: else the cluster is on its way to another."""
    applied = condition_of(pattern.status, ConditionType.APPLIED)
    return is_pruning(pattern) or (applied is not None and applied.status == "True")


def is_pruning(pattern: DesignPattern) -> bool:
    """Whether status says that all was applied, and that something that left is not gone yet."""
    applied = condition_of(pattern.status, ConditionType.APPLIED)
    return applied is not None and applied.reason == Reason.PRUNING
