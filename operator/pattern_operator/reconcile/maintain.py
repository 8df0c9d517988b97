"""What runs is looked after: its health is seen, its drift is repaired, whatever becomes of something newer.

It calls the functions of the steps that it needs by itself, not ``pipeline.STEPS``, for the objects that drifted and no
others: a check that must hold for repairs too belongs here as well. What runs is known from memory, and after a restart
from status (``recall``). Where it does not pass the policies any longer, it is left as it is, or deleted where one of
them says so (``trust``).
"""

import logging
from collections.abc import Collection
from dataclasses import replace

from pattern_operator import limits
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import Repository, Revision
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.errors import PatternError, Stalled, Transient, Untrusted
from pattern_operator.reconcile import pruning, trust
from pattern_operator.reconcile.backoff import retry_pause
from pattern_operator.reconcile.deadline import Result, Work, overrun, within
from pattern_operator.reconcile.deployed import deployed, is_from, part, whole
from pattern_operator.reconcile.deployed_artifact import DeployedArtifact
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.drift import to_repair
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.reached import UNREADABLE, policy_digest
from pattern_operator.reconcile.recall import recall
from pattern_operator.reconcile.repair import compare, repair
from pattern_operator.reconcile.results import RepairedObjects
from pattern_operator.reconcile.run import Run
from pattern_operator.reconcile.running_rendering import running_rendering
from pattern_operator.reconcile.state import Applying, Running, Unrepaired
from pattern_operator.reconcile.steps.observe import follow, is_whole
from pattern_operator.telemetry import about

logger = logging.getLogger(__name__)


async def keep_current(run: Run, desired: DesiredState) -> None:
    """The desired state runs: repair drift, continue the prune, and check the health of all objects.

    Where the state is not settled any more, only a whole apply puts right what drifted.

    Raises:
        Stalled, Transient: what drifted could not be repaired, or what left could not be deleted.
    """
    running = run.state.running
    for key in sorted(running.skipped if running is not None else ()):
        if await run.cluster.is_resumed(run.pattern, key):
            run.state = run.state.unsettled()
            return
    if untracked := _untracked(run):
        run.enter(Stage.APPLY)
        await _compare_again(run, desired, untracked)
    if drifted := to_repair(run.pattern, managed=run.cluster.managed):
        run.enter(Stage.APPLY)
        await _repair(run, desired, drifted)
        if not run.state.is_settled_on(desired):
            return
    run.enter(Stage.APPLY)
    doubtful = run.cluster.managed.to_compare(owner_of(run.pattern).id)
    if doubtful and run.pattern.spec.apply.drift_policy == "Report":
        await _compare_again(run, desired, doubtful)
    await _prune(run)
    run.observe_running()


async def keep_running(run: Run) -> None:
    """Something newer failed: keep what runs as it was, as long as it is trusted. Failures here are logged only.

    Raises:
        Superseded: while a registry was waited for, something else was asked of the pattern.
    """
    verdict, found = run.results.failure, run.results.revision
    if isinstance(verdict, Untrusted) and found is not None:
        refused = next((each for each in deployed(run.pattern) if _is_named(run, each.repository, each.revision)), None)
        if refused is not None:
            await _prune_untrusted(run, verdict, refused)
            return
    if run.results.stage is Stage.APPLY:  # the cluster is on its way to something newer: there is no going back
        run.observe_if_known()
        return
    if not run.pattern.status.revision and not run.pattern.status.applying_revision:
        return
    try:
        await _in_time(_keep(run))
    except PatternError as error:
        _log(run.pattern, error, "what runs cannot be reconciled for now")
    if run.results.withdrawn is not None:
        return
    if run.state.running is None:
        await follow(run.pattern, port=run.cluster)
    else:
        await _prune_if_trusted(run, run.state.running.desired)
    run.observe_if_known()


async def follow_inventory(run: Run) -> None:
    """After a restart: let the objects of the inventory count, before anybody is asked what is to run."""
    run.state = run.state.following()
    try:
        await _in_time(follow(run.pattern, port=run.cluster), stage=Stage.HEALTH)
    except PatternError as error:
        _log(run.pattern, error, "what runs cannot be followed for now", stage=Stage.HEALTH)
    await run.cluster.managed.judged(owner_of(run.pattern).id)  # else what is healthy is said to be on its way


async def keep_up(run: Run, *, touched: Collection[ObjectKey]) -> None:
    """In a back-off, or before a registry is asked: repair what drifted, as far as that asks no registry.

    What could not be applied is skipped until it is retried, but for the objects ``touched`` since. Failures here
    are logged, and what failed is retried with pauses of its own.
    """
    objects = run.state.objects
    if not isinstance(objects, Applying | Running):
        run.observe_if_known()
        return
    drifted = [key for key in _to_repair(run, touched) if isinstance(objects, Running) or key in objects.applied]
    untracked = _untracked(run) - _waiting(run, touched) if isinstance(objects, Running) else frozenset[ObjectKey]()
    unrepaired = run.state.unrepaired
    if drifted or untracked:
        await _keep_up(run, objects.desired, drifted, untracked=untracked)
    elif unrepaired is not None and unrepaired.retry_at <= run.clock():  # by now others have put it right, or will
        run.state = replace(run.state, unrepaired=None)
    if run.results.comparison is not None:
        fingerprints = run.cluster.managed.fingerprints(owner_of(run.pattern).id)
        run.results = replace(run.results, comparison=replace(run.results.comparison, fingerprints=fingerprints))
    if isinstance(objects, Running) and objects.leaving.has_pending(touched):
        await _prune_if_trusted(run, objects.desired)
    run.observe()


def _untracked(run: Run) -> frozenset[ObjectKey]:
    """What was changed by nobody, or in our name: only its values say whether it drifted."""
    return run.cluster.managed.untracked(owner_of(run.pattern).id)


def _to_repair(run: Run, touched: Collection[ObjectKey]) -> list[ObjectKey]:
    """What drifted, without what failed a moment ago unless something happened to it."""
    skipped = {*run.results.failed.difference(touched), *_waiting(run, touched)}
    return [key for key in to_repair(run.pattern, managed=run.cluster.managed) if key not in skipped]


def _waiting(run: Run, touched: Collection[ObjectKey]) -> frozenset[ObjectKey]:
    """What could not be repaired, and is not retried yet unless something happened to it."""
    unrepaired = run.state.unrepaired
    waiting = unrepaired.keys if unrepaired is not None and run.clock() < unrepaired.retry_at else frozenset()
    return waiting.difference(touched)


async def _keep_up(
    run: Run, desired: DesiredState, drifted: Collection[ObjectKey], *, untracked: frozenset[ObjectKey]
) -> None:
    made = RepairedObjects()
    try:
        made = await _in_time(_repaired_if_trusted(run, desired, drifted, untracked=untracked))
        if made.error is not None:
            raise made.error
        run.state = replace(run.state.with_repaired(made), unrepaired=None)
    except PatternError as error:
        _log(run.pattern, error, "what runs cannot be reconciled for now")
        times = run.state.unrepaired.times + 1 if run.state.unrepaired is not None else 1
        retry_at = run.clock() + retry_pause(run.pattern, times, error, jitter=run.jitter())
        run.state = replace(run.state, unrepaired=Unrepaired(untracked.union(drifted), retry_at, times))
    run.results = replace(
        run.results,
        repaired=made.repaired,
        needs=run.results.needs | made.needs,
        inventory=made.inventory,
    )


async def _keep(run: Run) -> None:
    running, begun, found = run.state.running, part(run.pattern), whole(run.pattern)
    if running is not None:
        await _keep_whole(run, running)
    elif begun is not None:
        policy = await _policy(run, begun.repository)
        if not _is_named(run, begun.repository, begun.revision):  # else that is what failed
            await trust.judge_part(run, begun, policy)
    elif found is not None:
        policy = await _policy(run, found.repository)
        if not isinstance(run.state.objects, Applying) and is_whole(run.pattern):
            await recall(run, found, policy)


async def _keep_whole(run: Run, running: Running) -> None:
    policy = await _policy(run, running.desired.repository)
    if not trust.is_trusted(run.state, policy, now=run.repositories.now()):
        if _is_named(run, running.desired.repository, running.desired.revision):
            return  # that is what failed
        await trust.verify_running(run, running, policy)
        running = replace(running, desired=replace(running.desired, policy=policy))
    if untracked := _untracked(run):
        await _compare_again(run, running.desired, untracked)
    if drifted := to_repair(run.pattern, managed=run.cluster.managed):
        await _repair(run, running.desired, drifted)


def _is_named(run: Run, repository: Repository, revision: Revision) -> bool:
    """Whether the spec leads to this artifact in this repository, as far as the run has found out."""
    found = run.results.revision
    return found is not None and found.digest == revision.digest and is_from(run.pattern, repository)


async def _prune_untrusted(run: Run, verdict: Untrusted, artifact: DeployedArtifact) -> None:
    """What runs is what was refused: it is left as it is, or deleted where a policy says so. Failures are logged."""
    try:
        await trust.prune_if_asked(run, verdict, artifact)
    except PatternError as error:
        _log(run.pattern, error, "what is not trusted any longer cannot be deleted for now")
    if run.results.withdrawn is None:
        if run.state.running is None:
            await _follow(run)
        run.observe_if_known()


async def _follow(run: Run) -> None:
    try:
        await _in_time(follow(run.pattern, port=run.cluster), stage=Stage.HEALTH)
    except PatternError as error:
        _log(run.pattern, error, "what runs cannot be followed for now", stage=Stage.HEALTH)


async def _is_trusted(run: Run, desired: DesiredState) -> bool:
    """Whether ``desired``, which runs or is on its way, passes the policies as they are now."""
    running = run.state.running
    trusted = (running is None or running.trusted) and not trust.is_over(run.state, desired, now=run.repositories.now())
    return trusted and await run.repositories.policy(run.pattern, desired.repository) == desired.policy


async def _policy(run: Run, repository: Repository) -> VerificationPolicy:
    """What must be proven of artifacts of ``repository``; the results say whether what the spec asks for meets it."""
    try:
        policy = await run.repositories.policy(run.pattern, repository)
    except Stalled:
        run.results, run.state = replace(run.results, policy=UNREADABLE), run.state.with_policy(UNREADABLE)
        raise
    if is_from(run.pattern, repository):
        digest = policy_digest(policy)
        run.results, run.state = replace(run.results, policy=digest), run.state.with_policy(digest)
    return policy


async def _compare_again(run: Run, desired: DesiredState, doubtful: Collection[ObjectKey]) -> None:
    """Who changed these says nothing of their values: learn by a dry run whether they have those that are desired."""
    async with running_rendering(run, desired) as rendering:
        notes = await compare(run.pattern, rendering, doubtful, port=run.cluster)
    run.state = run.state.with_notes(notes)


async def _repaired_if_trusted(
    run: Run, desired: DesiredState, drifted: Collection[ObjectKey], *, untracked: frozenset[ObjectKey]
) -> RepairedObjects:
    run.cluster.account(run.pattern)  # without one nothing of it is read either
    if not await _is_trusted(run, desired):
        return RepairedObjects()
    async with running_rendering(run, desired) as rendering:
        if untracked:
            run.state = run.state.with_notes(await compare(run.pattern, rendering, untracked, port=run.cluster))
            found = untracked.intersection(to_repair(run.pattern, managed=run.cluster.managed))
            drifted = found.union(drifted)
        if not await _is_trusted(run, desired):  # its layers had to be fetched, perhaps
            return RepairedObjects()
        return await repair(run.pattern, rendering, drifted, port=run.cluster)


async def _repair(run: Run, desired: DesiredState, drifted: Collection[ObjectKey]) -> None:
    async with running_rendering(run, desired) as rendering:
        if not await _is_trusted(run, desired):  # its layers had to be fetched, perhaps
            return
        made = await repair(run.pattern, rendering, drifted, port=run.cluster)
    run.state, run.results = run.state.with_repaired(made), run.results.with_repaired(made)
    if made.error is not None:
        raise made.error


async def _prune_if_trusted(run: Run, desired: DesiredState) -> None:
    """Something newer fails, or is waited for: what left the running pattern goes all the same. Failures are logged."""
    try:
        if await _is_trusted(run, desired):
            await _in_time(_prune(run))
    except PatternError as error:
        _log(run.pattern, error, "what left cannot be deleted for now")


async def _prune(run: Run) -> None:
    running = run.state.running
    if running is None:  # all that is desired has to be there first
        return
    entries = run.pattern.status.inventory.entries if run.results.inventory is None else run.results.inventory
    made = await pruning.advance(run.pattern, running.leaving, entries, port=run.cluster)
    run.state, run.results = run.state.with_pruned(made), run.results.with_pruned(made)
    if made.error is not None:
        raise made.error


async def _in_time(work: Work[Result], *, stage: Stage = Stage.APPLY) -> Result:
    def late() -> Transient:
        return overrun(stage, seconds=limits.MAX_RUN)

    return await within(limits.MAX_RUN, work, late=late)


def _log(pattern: DesignPattern, error: PatternError, what: str, *, stage: Stage = Stage.APPLY) -> None:
    where = f"pattern={pattern.metadata.namespace}/{pattern.metadata.name}"
    said = about(pattern, stage=stage, reason=error.reason)
    logger.warning("%s: %s reason=%s: %s", what, where, error.reason, error.message, extra=said)
