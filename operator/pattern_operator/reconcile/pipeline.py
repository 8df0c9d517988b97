"""The way of one pattern: resolve, verify, fetch, render, gate, apply, observe, in this order.

Each step is given what the earlier ones made. Where all that decides what is applied is the same as at the last
success, and nothing has drifted, a run asks nobody and changes nothing. Where a step before apply fails, what ran
before is kept as it was, as long as it is still trusted.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

from pattern_operator import limits
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.reconcile import trust
from pattern_operator.reconcile.comparison import Comparison
from pattern_operator.reconcile.deadline import RegistryTimeout, overrun, within
from pattern_operator.reconcile.desired import DesiredState, desired_state, reference
from pattern_operator.reconcile.downgrade import refuse_downgrade
from pattern_operator.reconcile.maintain import keep_current, keep_running
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.reached import is_asked_otherwise, is_reached, policy_digest, running_revision
from pattern_operator.reconcile.results import AppliedObjects, StepError, failing_at
from pattern_operator.reconcile.run import Run
from pattern_operator.reconcile.state import Refused, State
from pattern_operator.reconcile.steps.apply import Known, Placed, apply, place
from pattern_operator.reconcile.steps.fetch import Fetched, fetch
from pattern_operator.reconcile.steps.gate import accept, gate
from pattern_operator.reconcile.steps.render import Unbuildable, render
from pattern_operator.reconcile.steps.resolve import resolve
from pattern_operator.source import ResolvedManifest

_OF_THE_ARTIFACT = frozenset({Stage.RENDER, Stage.ROLLOUT})  # what these refuse, they refuse again


@dataclass(frozen=True, slots=True)
class Way:
    """What the steps of one run share: the run itself, which they tell how far it is, and what is open meanwhile."""

    run: Run
    registry_timeout: RegistryTimeout  # of all that the steps ask of it together
    stack: AsyncExitStack  # until the last step is done
    files: AsyncExitStack  # the layers, until they are rendered


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is asked for, which does not run yet."""

    desired: DesiredState


@dataclass(frozen=True, slots=True)
class Verified(Resolved):
    """Those who are trusted signed it."""

    artifact: ResolvedManifest


@dataclass(frozen=True, slots=True)
class Pulled(Resolved):
    """Its layers are here."""

    fetched: Fetched


@dataclass(frozen=True, slots=True)
class Rendered(Resolved):
    """Its objects are known."""

    rendering: Rendering


async def _resolve(way: Way, _: None) -> Resolved | None:
    """Find out what is asked for; where that runs already, look after it, and be done (None)."""
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
    policy = await run.repositories.policy(run.pattern, reference(run.pattern).repository)
    digest = policy_digest(policy)
    run.results, run.state = replace(run.results, policy=digest), run.state.with_policy(digest)
    desired = desired_state(run.pattern, resolved.found, policy)
    if trust.needs_verdict(run, desired):
        await _verify(way, Resolved(desired))
        run.state = run.state.with_trust(desired)
    if run.state.is_settled_on(desired):
        await keep_current(run, desired)
        if run.state.is_settled_on(desired):
            return None
    if run.state.refused is not None and run.state.refused.desired == desired:
        raise StepError(run.state.refused.stage, run.state.refused.error)
    return Resolved(desired)


async def _verify(way: Way, given: Resolved) -> Verified:
    """Of the artifact only the manifest is read until those who are trusted are known to have signed it."""
    run, waits = way.run, way.registry_timeout.waits
    with failing_at(Stage.SOURCE):
        reading = run.repositories.manifest(run.pattern, given.desired, waits=waits)
        artifact = await way.registry_timeout.wait(reading, stage=Stage.SOURCE)
    await _judge(way, given.desired)
    return Verified(given.desired, artifact)


async def _judge(way: Way, desired: DesiredState) -> None:
    run = way.run
    last = run.state.caches.lookups.last
    running = running_revision(run.pattern, desired.repository, objects=run.state.objects, last=last)
    try:
        result = await trust.verified(run, desired, registry_timeout=way.registry_timeout)
    except PatternError as error:
        trust.note_refusal(run, desired, error)
        raise
    run.repositories.note_verdict(run.pattern, desired.policy, met=result.met, unmet=result.unmet)
    if running is not None and not is_asked_otherwise(run.pattern, running):
        refuse_downgrade(run.pattern, desired, result, running=running)
    run.results = replace(run.results, verification=result)


async def _fetch(way: Way, given: Verified) -> Pulled:
    run, waits = way.run, way.registry_timeout.waits
    known = run.state.caches.why_unbuildable(given.desired)
    if known is not None:
        raise Unbuildable(known.stage, known.error)
    await way.stack.enter_async_context(way.files)
    pulling = fetch(run.pattern, given.desired, given.artifact, port=run.repositories, waits=waits)
    fetched = await way.registry_timeout.wait(way.files.enter_async_context(pulling), stage=Stage.SOURCE)
    return Pulled(given.desired, fetched)


async def _render(way: Way, given: Pulled) -> Rendered:
    run, fetched = way.run, given.fetched
    building = render(run.pattern, given.desired, fetched.artifact, fetched.layers, port=run.repositories)
    rendering = await way.stack.enter_async_context(building)
    await way.files.aclose()
    run.results = replace(run.results, rendering=rendering)
    accept(run.pattern, given.desired.revision, rendering)
    return Rendered(given.desired, rendering)


async def _gate(way: Way, given: Rendered) -> Rendered:
    await gate(way.run.pattern, given.desired.revision, given.rendering, port=way.run.cluster)
    with failing_at(Stage.VERIFY):
        return replace(given, desired=await _still_trusted(way, given.desired))


async def _still_trusted(way: Way, desired: DesiredState) -> DesiredState:
    """Judge again what other policies ask for by now: a registry that holds back a layer must not outlast a key."""
    run = way.run
    while (policy := await run.repositories.policy(run.pattern, desired.repository)) != desired.policy:
        digest = policy_digest(policy)
        run.results, run.state = replace(run.results, policy=digest), run.state.with_policy(digest)
        desired = replace(desired, policy=policy)
        await _judge(way, desired)
    return desired


async def _apply(way: Way, given: Rendered) -> Rendered:
    """Put on record what is about to exist, and bring it about; how far that came is known in any case."""
    run, desired = way.run, given.desired
    reached = is_reached(run.pattern, run.results.policy, revision=desired.revision)
    placed = await place(run.pattern, given.rendering, port=run.cluster)
    known = Known(
        objects=run.state.objects,
        policy=run.results.policy,
        reapply=run.state.reapply,
    )
    async with run.on_record(placed.planned, desired.revision):
        run.results = replace(run.results, inventory=placed.planned)
        if not reached:  # what is new has the whole time to become healthy
            run.state = replace(run.state, unhealthy_since=None)
        made = await _bring_about(run, given, placed, known, reached=reached)
    run.state, run.results = run.state.with_applied(desired, made), run.results.with_applied(made)
    if made.error is not None:
        run.results = replace(run.results, partly=bool(made.applied) and not reached)
        raise made.error
    return given


async def _bring_about(run: Run, given: Rendered, placed: Placed, known: Known, *, reached: bool) -> AppliedObjects:
    desired = given.desired
    sent: set[ObjectKey] = set()
    try:
        return await apply(
            run.pattern, desired, given.rendering, placed, known=known, port=run.cluster, on_applied=sent.add
        )
    except BaseException:  # a cancellation, too: what was sent is there, and is remembered
        run.state = run.state.applying(desired, known.done(desired) | sent)
        fingerprints = run.cluster.managed.fingerprints(owner_of(run.pattern).id)
        partly = bool(sent) and not reached
        run.results = replace(run.results, comparison=Comparison(fingerprints=fingerprints), partly=partly)
        raise


async def _observe(way: Way, _: Rendered) -> None:
    way.run.observe_running()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: how it is called, the stage that its failure belongs to, and what it makes of what it is given."""

    name: str
    stage: Stage
    go: Callable[[Way, Any], Awaitable[Resolved | None]]  # given what the step before made; None: nothing is left to do


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
        way = Way(run, run.registry_timeout(limits.MAX_RUN_OF_REGISTRY), stack, AsyncExitStack())
        given: Resolved | None = None
        for step in STEPS:
            run.enter(step.stage)
            try:
                given = await step.go(way, given)
            except (Unbuildable, Stalled) as error:
                if given is not None:
                    run.state = _refused(run.state, given.desired, error, stage=step.stage)
                raise
            if given is None:
                return


def _refused(state: State, desired: DesiredState, error: Unbuildable | Stalled, *, stage: Stage) -> State:
    """The state that remembers what is refused again however often it is tried."""
    if isinstance(error, Unbuildable):
        refused = Refused(desired, error.stage, error.error)
        state = state.with_unbuildable(refused)
        return replace(state, refused=refused) if isinstance(error.error, Stalled) else state
    return replace(state, refused=Refused(desired, stage, error)) if stage in _OF_THE_ARTIFACT else state
