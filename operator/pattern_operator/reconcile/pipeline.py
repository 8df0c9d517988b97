"""The way of one pattern: resolve, verify, fetch, render, gate, pre-hooks, apply, observe, post-hooks, in this order.

Each step is given what the earlier ones made. Where all that decides what is applied is the same as at the last
success, and nothing has drifted, a run asks nobody and changes nothing. Where a step before apply fails, what ran
before is kept as it was, as long as it is still trusted.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

from pattern_operator import limits
from pattern_operator.api.health_check import HealthCheck
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.errors import PatternError, Stalled, Transient
from pattern_operator.reconcile import hooks, trust
from pattern_operator.reconcile.comparison import Comparison
from pattern_operator.reconcile.deadline import RegistryTimeout, overrun, within
from pattern_operator.reconcile.dependency_gate import look_at_dependencies, require_dependencies
from pattern_operator.reconcile.desired import DesiredState, desired_state, reference
from pattern_operator.reconcile.generated import with_kept_values
from pattern_operator.reconcile.health_check_gate import accepted_checks
from pattern_operator.reconcile.maintain import keep_current, keep_running
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.reached import is_reached, policy_digest
from pattern_operator.reconcile.results import AppliedObjects, StepError, failing_at
from pattern_operator.reconcile.run import Run
from pattern_operator.reconcile.state import Refused, State
from pattern_operator.reconcile.steps.apply import Known, Placed, apply, place
from pattern_operator.reconcile.steps.fetch import Fetched, fetch
from pattern_operator.reconcile.steps.gate import accept, gate
from pattern_operator.reconcile.steps.render import Unbuildable, render
from pattern_operator.reconcile.steps.resolve import resolve
from pattern_operator.source import ResolvedManifest

_ASKED_ELSEWHERE = frozenset({Stage.SOURCE, Stage.VERIFY})
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
    """Its objects are known, and what judges their health."""

    rendering: Rendering
    health_checks: tuple[HealthCheck, ...] = ()


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
    desired = await _desired(way, resolved.found, policy)
    if trust.needs_verdict(run, desired):
        await _verify(way, Resolved(desired))
        run.state = run.state.with_trust(desired)
    if not run.state.is_told_of(desired):
        run.state = run.state.unsettled()
    if run.state.is_settled_on(desired):
        await keep_current(run, desired)
        if run.state.is_settled_on(desired):
            await hooks.finish_settled(run, desired)
            look_at_dependencies(run)
            return None
    run.state = replace(run.state, candidate=desired)
    if run.state.refused is not None and run.state.refused.desired == desired:
        raise StepError(run.state.refused.stage, run.state.refused.error)
    return Resolved(desired)


async def _desired(way: Way, found: Revision, policy: VerificationPolicy) -> DesiredState:
    """What is asked for, with its parameters; where these are missing, whether its artifact is trusted is said first.

    Raises:
        StepError: they cannot be read.
    """
    run = way.run
    try:
        return desired_state(run.pattern, found, policy, await run.parameters())
    except PatternError as error:
        await _verify(way, Resolved(desired_state(run.pattern, found, policy)))
        raise StepError(Stage.RENDER, error) from error


async def _verify(way: Way, given: Resolved) -> Verified:
    """Of the artifact only the manifest is read until those who are trusted are known to have signed it."""
    run, waits = way.run, way.registry_timeout.waits
    with failing_at(Stage.SOURCE):
        reading = run.repositories.manifest(run.pattern, given.desired, waits=waits)
        artifact = await way.registry_timeout.wait(reading, stage=Stage.SOURCE)
    await trust.judge(run, given.desired, registry_timeout=way.registry_timeout)
    return Verified(given.desired, artifact)


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
    rendering = await with_kept_values(
        run.pattern, given.desired, rendering, objects=run.state.objects, port=run.cluster
    )
    run.results = replace(run.results, rendering=rendering)
    accept(run.pattern, given.desired.revision, rendering)
    return Rendered(given.desired, rendering)


async def _gate(way: Way, given: Rendered) -> Rendered:
    await gate(way.run.pattern, given.desired.revision, given.rendering, port=way.run.cluster)
    require_dependencies(way.run, given.desired, given.rendering)
    checks = await accepted_checks(way.run, given.rendering)
    with failing_at(Stage.VERIFY):
        trusted = await trust.still_trusted(way.run, given.desired, registry_timeout=way.registry_timeout)
        return replace(given, desired=trusted, health_checks=checks)


async def _pre_hooks(way: Way, given: Rendered) -> Rendered:
    await hooks.run_before(way.run, given.desired, given.rendering)
    return given


async def _apply(way: Way, given: Rendered) -> Rendered:
    """Put on record what is about to exist, and bring it about; how far that came is known in any case."""
    run, desired = way.run, given.desired
    reached = is_reached(run.pattern, run.results.policy, revision=desired.revision)
    placed = await place(hooks.without_replaced(run), given.rendering, port=run.cluster)
    known = Known(
        objects=run.state.objects,
        policy=run.results.policy,
        reapply=run.state.reapply,
    )
    async with run.on_record(placed.planned, desired.revision):
        run.results = replace(run.results, inventory=placed.planned, health_checks=given.health_checks)
        run.cluster.managed.use_checks(owner_of(run.pattern).id, given.health_checks)
        if not reached:  # what is new has the whole time to become healthy
            run.state = replace(run.state, unhealthy_since=None)
        made = await _bring_about(run, given, placed, known, reached=reached)
    run.state = run.state.with_applied(desired, made, depends_on=given.rendering.depends_on)
    run.results = run.results.with_applied(made)
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


async def _observe(way: Way, given: Rendered) -> Rendered:
    await way.run.cluster.managed.judged(owner_of(way.run.pattern).id)
    way.run.observe_running()
    return given


async def _post_hooks(way: Way, given: Rendered) -> None:
    await hooks.finish(way.run, given.rendering)
    look_at_dependencies(way.run)


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
    Step("pre-hooks", Stage.ROLLOUT, _pre_hooks),
    Step("apply", Stage.APPLY, _apply),
    Step("observe", Stage.HEALTH, _observe),
    Step("post-hooks", Stage.HEALTH, _post_hooks),
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
    if run.results.stage in _ASKED_ELSEWHERE:  # Ready goes on to speak of what runs, where nothing else is asked for
        look_at_dependencies(run)


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
    if error.reason == Reason.CONTAINS_ITSELF:  # it speaks of other patterns, too: when these change, it may be over
        return state
    return replace(state, refused=Refused(desired, stage, error)) if stage in _OF_THE_ARTIFACT else state
