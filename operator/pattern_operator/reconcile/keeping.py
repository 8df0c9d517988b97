"""What runs is looked after: its health is seen, its drift put right, whatever becomes of something newer.

What runs is known from memory, and after a restart from status: then it is proven and applied once more, the objects of
the inventory and no others. Where nobody vouches for it any longer, it is left as it is.
"""

import logging
from collections.abc import Collection, Container
from dataclasses import replace

from pattern_operator import limits
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import InvalidReference, Revision
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.apply import DriftState
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.reconcile import pruning, wanted
from pattern_operator.reconcile.applying import compare, repair, skipped_words
from pattern_operator.reconcile.backoff import retry_pause
from pattern_operator.reconcile.comparison import Comparison, unpacked
from pattern_operator.reconcile.deadline import Beside, Patience, overrun, within
from pattern_operator.reconcile.following import follow_inventory, is_whole, see_health, see_what_runs
from pattern_operator.reconcile.memory import Memory, Wanted
from pattern_operator.reconcile.owning import owned_keys, owner_of
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.reached import UNREADABLE, policy_digest
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.stages import read_manifest, rendered, verified
from pattern_operator.reconcile.tenancy import account_of
from pattern_operator.telemetry import about

logger = logging.getLogger(__name__)


def look(pattern: DesignPattern, *, memory: Memory, rim: Rim, progress: Progress) -> None:
    """What the watches say of the objects: their health, and what is not as it was applied. Asks nobody."""
    progress.stage = Stage.HEALTH
    progress.unwatched = progress.unwatched or bool(memory.let_be)
    owner = owner_of(pattern)
    wanted.span(pattern.spec.timeout, field="timeout")
    see_health(pattern, memory=memory, rim=rim, progress=progress)
    progress.notes = (*memory.notes, *skipped_words(owner, rim=rim))
    progress.comparison = Comparison(memory.sent, rim.managed_objects.fingerprints(owner.id))


async def keep_wanted(pattern: DesignPattern, goal: Wanted, *, memory: Memory, rim: Rim, progress: Progress) -> None:
    """What is wanted runs: put right what drifted, go on with what left the pattern, and look at all of it.

    Where ``memory`` is not settled any more, only a whole apply puts right what drifted.

    Raises:
        Stalled, Transient: what drifted could not be put right, or what left could not be deleted.
    """
    account = account_of(pattern, tenancy=rim.tenancy)
    for key in sorted(memory.let_be):
        if await rim.applier.is_resumed(key, impersonate=account):
            memory.settled = False
            return
    if drifted := _to_put_right(pattern, rim=rim):
        progress.stage = Stage.APPLY
        await _put_right(pattern, goal, drifted, memory=memory, rim=rim, progress=progress)
        if not memory.settled:
            return
    doubtful = rim.managed_objects.to_compare(owner_of(pattern).id)
    if doubtful and pattern.spec.apply.drift_policy == "Report":
        progress.stage = Stage.APPLY
        await _compare_again(pattern, goal, doubtful, memory=memory, rim=rim)
    progress.stage = Stage.APPLY
    await pruning.advance(pattern, memory=memory, rim=rim, progress=progress)
    look(pattern, memory=memory, rim=rim, progress=progress)


async def keep_running(
    pattern: DesignPattern, *, memory: Memory, rim: Rim, progress: Progress, beside: Beside | None = None
) -> None:
    """Something newer failed: keep what runs as it was, as long as it is trusted. Failures here are logged only.

    Raises:
        Superseded: while a registry was waited for, something else was asked of the pattern.
    """
    if progress.stage is Stage.APPLY:  # the cluster is on its way to something newer: there is no going back
        see_what_runs(pattern, memory=memory, rim=rim, progress=progress)
        return
    if not pattern.status.revision:
        return
    try:
        work = _keep(pattern, memory=memory, rim=rim, progress=progress, beside=beside)
        await within(limits.MAX_RUN, work, late=lambda: overrun(Stage.APPLY, seconds=limits.MAX_RUN))
    except PatternError as error:
        where = f"pattern={pattern.metadata.namespace}/{pattern.metadata.name}"
        said = about(pattern, stage=Stage.APPLY, reason=error.reason)
        logger.warning(
            "what runs cannot be kept for now: %s reason=%s: %s", where, error.reason, error.message, extra=said
        )
    if memory.applied is None:
        await follow_inventory(pattern, rim=rim)
    else:
        await _advance_prune(pattern, memory.applied, memory=memory, rim=rim, progress=progress)
    see_what_runs(pattern, memory=memory, rim=rim, progress=progress)


async def keep_up(
    pattern: DesignPattern, *, memory: Memory, rim: Rim, progress: Progress, touched: Collection[ObjectKey]
) -> None:
    """In a back-off, or before a registry is asked: put right what drifted, as far as that asks no registry.

    What could not be applied is skipped until it is tried again, but for the objects ``touched`` since. Failures here
    are logged, and what failed is tried again with pauses of its own.
    """
    goal, keys = _running(memory)
    if goal is None:
        see_what_runs(pattern, memory=memory, rim=rim, progress=progress)
        return
    skipped = {*progress.failed, *(memory.unkept if rim.clock() < memory.unkept_until else ())} - set(touched)
    drifted = [each for each in _to_put_right(pattern, rim=rim) if each in keys and each not in skipped]
    made = Progress()
    try:
        if drifted:
            account_of(pattern, tenancy=rim.tenancy)
            work = _put_right_if_trusted(pattern, goal, drifted, memory=memory, rim=rim, progress=made)
            await within(limits.MAX_RUN, work, late=lambda: overrun(Stage.APPLY, seconds=limits.MAX_RUN))
            memory.unkept, memory.unkept_times = frozenset(), 0
    except PatternError as error:
        where = f"pattern={pattern.metadata.namespace}/{pattern.metadata.name}"
        said = about(pattern, stage=Stage.APPLY, reason=error.reason)
        logger.warning(
            "what runs cannot be kept for now: %s reason=%s: %s", where, error.reason, error.message, extra=said
        )
        memory.unkept, memory.unkept_times = frozenset(drifted), memory.unkept_times + 1
        memory.unkept_until = rim.clock() + retry_pause(pattern, memory.unkept_times, error)
    progress.repaired, progress.needs = made.repaired, progress.needs | made.needs
    progress.inventory = made.inventory
    if progress.comparison is not None:
        progress.comparison = replace(
            progress.comparison, fingerprints=rim.managed_objects.fingerprints(owner_of(pattern).id)
        )
    if memory.prune_state.has_pending(touched):
        await _advance_prune(pattern, goal, memory=memory, rim=rim, progress=progress)
    see_health(pattern, memory=memory, rim=rim, progress=progress)


def _to_put_right(pattern: DesignPattern, *, rim: Rim) -> tuple[ObjectKey, ...]:
    """What is to be applied again; where drift is only told, that is what was skipped, and missed what is wanted."""
    owner = owner_of(pattern).id
    drifted = rim.managed_objects.drifted(owner)
    if pattern.spec.apply.drift_policy == "Repair":
        return drifted
    return tuple(key for key in drifted if rim.managed_objects.is_pending(key, owner=owner))


async def _advance_prune(pattern: DesignPattern, goal: Wanted, *, memory: Memory, rim: Rim, progress: Progress) -> None:
    """Something newer fails, or is waited for: what left the running pattern goes all the same. Failures are logged."""
    if memory.applied is None:  # all that is wanted has to be there first
        return
    try:
        if await wanted.policy(pattern, referents=rim.referents) == goal.policy:
            work = pruning.advance(pattern, memory=memory, rim=rim, progress=progress)
            await within(limits.MAX_RUN, work, late=lambda: overrun(Stage.APPLY, seconds=limits.MAX_RUN))
    except PatternError as error:
        where = f"pattern={pattern.metadata.namespace}/{pattern.metadata.name}"
        said = about(pattern, stage=Stage.APPLY, reason=error.reason)
        logger.warning(
            "what left cannot be deleted for now: %s reason=%s: %s", where, error.reason, error.message, extra=said
        )


def _running(memory: Memory) -> tuple[Wanted | None, Container[ObjectKey]]:
    """What is in the cluster, and which objects of it: all that was applied, or what was of a revision on its way."""
    if memory.applied is not None:
        return memory.applied, _ALL
    return memory.partly if memory.partly is not None else (None, ())


class _All:
    def __contains__(self, _: object) -> bool:
        return True


_ALL = _All()


async def _put_right_if_trusted(
    pattern: DesignPattern,
    goal: Wanted,
    drifted: Collection[ObjectKey],
    *,
    memory: Memory,
    rim: Rim,
    progress: Progress,
) -> None:
    if await wanted.policy(pattern, referents=rim.referents) == goal.policy:
        await _put_right(pattern, goal, drifted, memory=memory, rim=rim, progress=progress)


async def _policy(pattern: DesignPattern, *, memory: Memory, rim: Rim, progress: Progress) -> VerificationPolicy:
    """The verification policy with its keys; ``progress`` says whether it is the one that was met."""
    try:
        policy = await wanted.policy(pattern, referents=rim.referents)
    except Stalled:
        progress.policy = memory.policy = UNREADABLE
        raise
    progress.policy = memory.policy = policy_digest(policy)
    return policy


async def _keep(pattern: DesignPattern, *, memory: Memory, rim: Rim, progress: Progress, beside: Beside | None) -> None:
    policy = await _policy(pattern, memory=memory, rim=rim, progress=progress)
    if memory.applied is None:
        if memory.partly is None and is_whole(pattern):
            await _recall(pattern, policy, memory=memory, rim=rim, beside=beside)
        return
    drifted = _to_put_right(pattern, rim=rim)
    if drifted and policy == memory.applied.policy:
        await _put_right(pattern, memory.applied, drifted, memory=memory, rim=rim, progress=progress)


async def _recall(
    pattern: DesignPattern, policy: VerificationPolicy, *, memory: Memory, rim: Rim, beside: Beside | None
) -> None:
    """After a restart: prove what status says runs, and put right what is not as it was applied.

    Where nothing is known to compare with, an object is applied once, or in Report mode compared by a dry run.
    """
    try:
        revision = Revision.parse(pattern.status.revision)
    except InvalidReference:
        return  # somebody wrote there by hand; the next success writes it anew
    goal = wanted.goal(pattern, revision, policy)
    patience = Patience.of(pattern, limits.MAX_RECALL_OF_REGISTRY, clock=rim.clock, beside=beside)
    artifact = await patience.wait(read_manifest(pattern, goal, rim=rim, waits=patience.waits), stage=Stage.SOURCE)
    await patience.wait(verified(pattern, goal, memory=memory, rim=rim, waits=patience.waits), stage=Stage.VERIFY)
    await follow_inventory(pattern, rim=rim)
    owner, reports = owner_of(pattern).id, pattern.spec.apply.drift_policy == "Report"
    left = {DriftState.IN_SYNC, DriftState.DRIFTED, DriftState.IN_SYNC_WITH_NOTE} if reports else {DriftState.IN_SYNC}
    keys = [key for key in owned_keys(pattern) if rim.managed_objects.drift_state(key, owner=owner) not in left]
    if keys:
        building = rendered(pattern, goal, artifact, patience=patience, memory=memory, rim=rim, progress=Progress())
        async with building as rendering:
            if reports:
                memory.notes = await compare(pattern, rendering, keys, rim=rim)
            else:
                await repair(pattern, rendering, keys, rim=rim, progress=Progress())
    memory.sent = unpacked(pattern.status).sent
    memory.applied, memory.settled = goal, False


async def _compare_again(
    pattern: DesignPattern, goal: Wanted, doubtful: Collection[ObjectKey], *, memory: Memory, rim: Rim
) -> None:
    """What drifted was written again: learn by a dry run whether it has the values that are wanted now."""
    patience = Patience.of(pattern, limits.MAX_RECALL_OF_REGISTRY, clock=rim.clock)
    artifact = await patience.wait(read_manifest(pattern, goal, rim=rim, waits=patience.waits), stage=Stage.APPLY)
    building = rendered(pattern, goal, artifact, patience=patience, memory=memory, rim=rim, progress=Progress())
    async with building as rendering:
        notes = await compare(pattern, rendering, doubtful, rim=rim)
    memory.notes = tuple(dict.fromkeys((*memory.notes, *notes)))


async def _put_right(
    pattern: DesignPattern,
    goal: Wanted,
    drifted: Collection[ObjectKey],
    *,
    memory: Memory,
    rim: Rim,
    progress: Progress,
) -> None:
    patience = Patience.of(pattern, limits.MAX_RECALL_OF_REGISTRY, clock=rim.clock)
    artifact = await patience.wait(read_manifest(pattern, goal, rim=rim, waits=patience.waits), stage=Stage.APPLY)
    building = rendered(pattern, goal, artifact, patience=patience, memory=memory, rim=rim, progress=Progress())
    async with building as rendering:
        repaired = await repair(pattern, rendering, drifted, rim=rim, progress=progress)
    memory.notes = tuple(dict.fromkeys((*memory.notes, *repaired.notes)))
    memory.settled = memory.settled and not repaired.unresolved
