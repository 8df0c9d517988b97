"""The hooks of a chart in the run of its pattern: before the apply, and once what was applied is healthy.

A hook that runs before the apply ends the run as a failure that waits, because nothing after it may be done. One that
runs after it fails nothing that was done: status says beside what runs how far it is.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pattern_operator.api.designpattern import DesignPattern, with_inventory
from pattern_operator.api.hook import HookEvent
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import HooksStatus, Inventory
from pattern_operator.apply import HealthState, inventory
from pattern_operator.errors import PatternError, Stalled, Waiting
from pattern_operator.reconcile import hook_record
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.hook_record import Phase
from pattern_operator.reconcile.hook_run import HookRun
from pattern_operator.reconcile.results import Entries, StepError
from pattern_operator.reconcile.run import Run
from pattern_operator.reconcile.running_rendering import running_rendering
from pattern_operator.reconcile.steps.hooks import Prepared, bring, leaving_of, prepare


async def run_before(run: Run, desired: DesiredState, rendering: Rendering) -> None:
    """Run the hooks before the apply, as far as they come; without an error all of them are over.

    Raises:
        Waiting: one is under way.
        Transient: the API server could not be asked.
        StepError: one failed, now or in an earlier run. It is not for the memory of what is refused: status has it, and
            there a change of the spec or a request is seen.
    """
    if not rendering.hooks and run.hooks is None:
        return
    running, known = run.state.running, run.pattern.status.hooks
    prepared = await prepare(
        run.pattern,
        desired,
        rendering,
        new_values=running is not None and running.desired.parameters != desired.parameters,
        port=run.cluster,
        now=run.repositories.now(),
    )
    record = prepared.record
    if record.event and HookEvent(record.event) in hook_record.BEFORE:
        if record.phase == Phase.FAILED:
            run.note_hooks(record)
            raise _refusal(record.message)
        record = await _run_before(run, prepared, rendering)
    run.note_hooks(record)
    if known is None or known.run != record.run:  # else a crash would begin it once more
        await run.write_ahead_hooks(record)


async def _run_before(run: Run, prepared: Prepared, rendering: Rendering) -> HooksStatus:
    run.note_hooks(prepared.record)
    if prepared.needed:
        run.results = replace(run.results, inventory=prepared.planned)
        await run.write_ahead_hooks(prepared.record)
        try:
            run.results = replace(run.results, inventory=await bring(run.pattern, prepared, port=run.cluster))
        except PatternError as error:
            raise StepError(Stage.APPLY, error) from error
    try:
        record = await _hook_run(run, prepared.ordinary, prepared.leaving, _forget_before).go(
            prepared.record, rendering.hooks
        )
    except Stalled as error:
        _note_failure(run, error)
        raise _refusal(error.message) from error
    return hook_record.before_is_over(record)


async def finish_settled(run: Run, desired: DesiredState) -> None:
    """All of ``desired`` was applied by an earlier run: go on with the hooks after it, where any are left.

    Raises:
        Stalled, Transient: the API server could not be asked, or the artifact not be rendered again.
    """
    if run.hooks is None or run.hooks.state != hook_record.state_of(desired):
        return
    record = _retried(run, run.hooks)
    if hook_record.waits_for_health(record) and _is_time(run):
        async with running_rendering(run, desired) as rendering:
            await _run_after(run, record, rendering)


async def finish(run: Run, rendering: Rendering) -> None:
    """All objects are applied by this run: as ``finish_settled``."""
    if run.hooks is not None:
        run.note_hooks(hook_record.applied(_retried(run, run.hooks)))
        if hook_record.waits_for_health(run.hooks) and _is_time(run):
            await _run_after(run, run.hooks, rendering)


async def _run_after(run: Run, record: HooksStatus, rendering: Rendering) -> None:
    run.note_hooks(record)
    try:
        placed = await run.cluster.place(run.pattern, rendering.objects)
        ordinary = frozenset(each.key for each in placed.objects)
        left = inventory.keys(run.pattern.status.inventory.entries) - ordinary  # pruned by now, or on their way
        leaving = leaving_of(run.pattern, left, ordinary)
        record = await _hook_run(run, ordinary, leaving, _forget).go(record, rendering.hooks)
    except Waiting:
        return  # Ready says so
    except Stalled as error:
        _note_failure(run, error)
        return
    run.note_hooks(hook_record.all_over(record))


def _note_failure(run: Run, error: Stalled) -> None:
    """Whatever refused the hooks, status has it."""
    if run.hooks is not None and run.hooks.phase != Phase.FAILED:
        run.note_hooks(hook_record.failed(run.hooks, error.message))


def _retried(run: Run, record: HooksStatus) -> HooksStatus:
    """How far the hooks are; those after the apply that failed are run again where that is asked for."""
    failed = record.phase == Phase.FAILED and record.event in hook_record.AFTER.values()
    if not (failed and hook_record.is_asked_again(run.pattern, record)):
        return record
    return hook_record.again(run.pattern, record, now=run.repositories.now())


def _is_time(run: Run) -> bool:
    health = run.results.health
    healthy = health is None or health.state is HealthState.CURRENT
    return healthy or not run.pattern.spec.apply.wait


def _entries(run: Run) -> Entries:
    return run.pattern.status.inventory.entries if run.results.inventory is None else run.results.inventory


def without_replaced(run: Run) -> DesignPattern:
    """The pattern without the objects that hooks of this run replaced: what these made would be pruned for them."""
    entries = run.pattern.status.inventory.entries
    replaced = inventory.difference(entries, _entries(run))
    if not replaced:
        return run.pattern
    return with_inventory(run.pattern, Inventory.of(inventory.difference(entries, replaced)))


def _forget(run: Run, key: ObjectKey) -> None:
    """A hook has the name of what was an object of the pattern."""
    run.results = replace(run.results, inventory=inventory.without(_entries(run), {key}))
    run.state = run.state.without_leaving(key)


def _forget_before(run: Run, key: ObjectKey) -> None:
    """As ``_forget``, before the apply: who goes back to the version that runs has to apply that object again."""
    _forget(run, key)
    run.state = run.state.unsettled()


def _hook_run(
    run: Run, ordinary: frozenset[ObjectKey], leaving: frozenset[ObjectKey], forget: Callable[[Run, ObjectKey], None]
) -> HookRun:
    return HookRun(
        pattern=run.pattern,
        ordinary=ordinary,
        leaving=leaving,
        forget=partial(forget, run),
        port=run.cluster,
        note=run.note_hooks,
        write=run.write_ahead_hooks,
        now=run.repositories.now,
    )


def _refusal(message: str) -> StepError:
    return StepError(Stage.ROLLOUT, Stalled(reason=Reason.HOOK_FAILED, message=message))
