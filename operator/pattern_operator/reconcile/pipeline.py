"""The way of one pattern: resolve, verify, fetch, render, gate, apply, observe, in this order.

Each step is given what the earlier ones made. Where all that decides what is applied is the same as at the last
success, and nothing has drifted, a run asks nobody and changes nothing. Where a step before apply fails, what ran
before is kept as it was, as long as it is still trusted.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Final

from pattern_operator import limits
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.reconcile.comparison import Comparison
from pattern_operator.reconcile.deadline import overrun, within
from pattern_operator.reconcile.desired import DesiredState, desired_state
from pattern_operator.reconcile.maintain import keep_current, keep_running
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.reached import is_reached, policy_digest
from pattern_operator.reconcile.results import AppliedObjects, StepError, failing_at
from pattern_operator.reconcile.run import Run
from pattern_operator.reconcile.state import Refused
from pattern_operator.reconcile.steps.apply import Known, Placed, apply, place
from pattern_operator.reconcile.steps.fetch import Fetched, fetch
from pattern_operator.reconcile.steps.gate import accept, gate
from pattern_operator.reconcile.steps.render import Unbuildable, render
from pattern_operator.reconcile.steps.resolve import resolve
from pattern_operator.reconcile.steps.verify import asks_registry, verify
from pattern_operator.source import ResolvedManifest

_OF_THE_ARTIFACT = frozenset({Stage.RENDER, Stage.ROLLOUT})  # what these refuse, they refuse again


class _Way:
    """One run through the steps: the values that they hand on, and what is open until the last of them is done."""

    desired: DesiredState
    artifact: ResolvedManifest
    fetched: Fetched
    rendering: Rendering

    def __init__(self, run: Run, stack: AsyncExitStack) -> None:
        self.run = run
        self.is_done = False
        self.stack = stack
        self.files = AsyncExitStack()  # the layers, until they are rendered
        self.registry_timeout = run.registry_timeout(limits.MAX_RUN_OF_REGISTRY)


async def _resolve(way: _Way) -> None:
    """Find out what is asked for; where that runs already, look after it, and be done."""
    run, lookups = way.run, way.run.state.caches.lookups
    asking = resolve(
        run.pattern,
        lookups,
        objects=run.state.objects,
        port=run.repositories,
        clock=run.clock,
        waits=way.registry_timeout.waits,
    )
    try:
        resolved = await way.registry_timeout.wait(asking, stage=Stage.SOURCE)
    except PatternError:
        run.state = run.state.with_lookups(replace(lookups, last=None))
        raise
    run.state = run.state.with_lookups(resolved.lookups)
    if isinstance(resolved.found, PatternError):
        raise resolved.found
    run.results = replace(run.results, revision=resolved.found, held=resolved.lookups.held)
    run.enter(Stage.VERIFY)
    policy = await run.repositories.policy(run.pattern)
    digest = policy_digest(policy)
    run.results, run.state = replace(run.results, policy=digest), run.state.with_policy(digest)
    way.desired = desired_state(run.pattern, resolved.found, policy)
    if run.state.is_settled_on(way.desired):
        await keep_current(run, way.desired)
        way.is_done = run.state.is_settled_on(way.desired)
    if not way.is_done and run.state.refused is not None and run.state.refused.desired == way.desired:
        raise StepError(run.state.refused.stage, run.state.refused.error)


async def _verify(way: _Way) -> None:
    """Of the artifact only the manifest is read until those who are trusted are known to have signed it."""
    run, waits = way.run, way.registry_timeout.waits
    with failing_at(Stage.SOURCE):
        reading = run.repositories.manifest(run.pattern, way.desired, waits=waits)
        way.artifact = await way.registry_timeout.wait(reading, stage=Stage.SOURCE)
    known = run.state.caches.checked
    asking = verify(run.pattern, way.desired, known, port=run.repositories, waits=waits)
    if asks_registry(way.desired, known):
        asking = way.registry_timeout.wait(asking, stage=Stage.VERIFY)
    verified = await asking
    run.state = run.state.with_checked(verified.checked)
    run.results = replace(run.results, verification=verified.result)


async def _fetch(way: _Way) -> None:
    run, waits = way.run, way.registry_timeout.waits
    known = run.state.caches.why_unbuildable(way.desired)
    if known is not None:
        raise Unbuildable(known.stage, known.error)
    await way.stack.enter_async_context(way.files)
    pulling = fetch(run.pattern, way.desired, way.artifact, port=run.repositories, waits=waits)
    way.fetched = await way.registry_timeout.wait(way.files.enter_async_context(pulling), stage=Stage.SOURCE)


async def _render(way: _Way) -> None:
    run, fetched = way.run, way.fetched
    rendering = render(run.pattern, way.desired, fetched.artifact, fetched.layers, port=run.repositories)
    way.rendering = await way.stack.enter_async_context(rendering)
    await way.files.aclose()
    run.results = replace(run.results, rendering=way.rendering)
    accept(run.pattern, way.desired.revision, way.rendering)


async def _gate(way: _Way) -> None:
    run = way.run
    await gate(run.pattern, way.desired.revision, way.rendering, port=run.cluster)


async def _apply(way: _Way) -> None:
    """Put on record what is about to exist, and bring it about; how far that came is known in any case."""
    run, desired = way.run, way.desired
    reached = is_reached(run.pattern, run.results.policy, revision=desired.revision)
    placed = await place(run.pattern, way.rendering, port=run.cluster)
    known = Known(
        objects=run.state.objects,
        policy=run.results.policy,
        reapply=run.state.reapply,
    )
    async with run.on_record(placed.planned, desired.revision):
        run.results = replace(run.results, inventory=placed.planned)
        run.state = run.state.applying(desired)
        if not reached:  # what is new has the whole time to become healthy
            run.state = replace(run.state, unhealthy_since=None)
        made = await _bring_about(way, placed, known, reached=reached)
    run.state, run.results = run.state.with_applied(desired, made), run.results.with_applied(made)
    if made.error is not None:
        run.results = replace(run.results, partly=bool(made.applied) and not reached)
        raise made.error
    if not reached:
        run.state = replace(run.state, unhealthy_since=None)


async def _bring_about(way: _Way, placed: Placed, known: Known, *, reached: bool) -> AppliedObjects:
    run, desired = way.run, way.desired
    sent: set[ObjectKey] = set()
    try:
        return await apply(
            run.pattern, desired, way.rendering, placed, known=known, port=run.cluster, on_applied=sent.add
        )
    except BaseException:  # a cancellation, too: what was sent is there, and is remembered
        run.state = run.state.applying(desired, known.done(desired) | sent)
        fingerprints = run.cluster.managed.fingerprints(owner_of(run.pattern).id)
        partly = bool(sent) and not reached
        run.results = replace(run.results, comparison=Comparison(fingerprints=fingerprints), partly=partly)
        raise


async def _observe(way: _Way) -> None:
    way.run.observe_running()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: how it is called, the stage that its failure belongs to, and how it is gone."""

    name: str
    stage: Stage
    go: Callable[[_Way], Awaitable[None]]


STEPS: Final = (
    Step("resolve", Stage.SOURCE, _resolve),
    Step("verify", Stage.VERIFY, _verify),
    Step("fetch", Stage.SOURCE, _fetch),
    Step("render", Stage.RENDER, _render),
    Step("gate", Stage.ROLLOUT, _gate),
    Step("apply", Stage.APPLY, _apply),
    Step("observe", Stage.HEALTH, _observe),
)


async def run_steps(run: Run) -> None:
    """Go as far as possible; the error that ended the way is in the results.

    Raises:
        PatternDeleted: the resource does not exist any more.
        Superseded: while a registry was waited for, something else was asked of the pattern.
    """
    try:
        run.results = replace(run.results, user=run.cluster.account(run.pattern))
    except Stalled as error:  # before anything else: without an account nobody is asked, and nothing that runs is kept
        run.fail(Stage.APPLY, error)
        return

    def late() -> Transient:
        return overrun(run.results.stage, seconds=limits.MAX_RUN)

    try:
        await within(limits.MAX_RUN, _go(run), late=late)
    except StepError as failed:
        run.fail(failed.stage, failed.error)
    except PatternError as error:
        run.fail(run.results.stage, error)
    else:
        return
    await keep_running(run)


async def _go(run: Run) -> None:
    async with AsyncExitStack() as stack:
        way = _Way(run, stack)
        for step in STEPS:
            run.enter(step.stage)
            try:
                await step.go(way)
            except Unbuildable as failed:
                refused = Refused(way.desired, failed.stage, failed.error)
                run.state = run.state.with_unbuildable(refused)
                if isinstance(failed.error, Stalled):
                    run.state = replace(run.state, refused=refused)
                raise
            except Stalled as error:
                if step.stage in _OF_THE_ARTIFACT:
                    run.state = replace(run.state, refused=Refused(way.desired, step.stage, error))
                raise
            if way.is_done:
                return
