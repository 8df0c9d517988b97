"""The hooks of a chart at the deletion of its pattern: before its objects go, and after they are gone.

A hook that fails before the deletion stops it, as in Helm: it may have been to save what is deleted next. Where the
hooks cannot be had, because the artifact is gone or not trusted any longer, the deletion goes on and says so: it never
waits for a registry. The same where the namespace of a hook is being deleted: nothing can be made in it any more
(Kubernetes documentation, "Admission Control", NamespaceLifecycle), and it waits for the pattern.
"""

from dataclasses import replace

import msgspec

from pattern_operator import limits
from pattern_operator.api.hook import HookEvent
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import HooksStatus
from pattern_operator.errors import PatternError, Stalled, Waiting
from pattern_operator.reconcile import hook_record, trust
from pattern_operator.reconcile.deployed import whole
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.hook_record import Phase
from pattern_operator.reconcile.hook_run import HookRun
from pattern_operator.reconcile.owner import owned_keys
from pattern_operator.reconcile.run import Run
from pattern_operator.reconcile.running_rendering import rendering_of


def has_hooks(run: Run) -> bool:
    """Whether what runs has hooks for its deletion, which are to be run."""
    asked = run.pattern.spec.apply.deletion_policy != "Orphan"
    return asked and run.hooks is not None and run.hooks.delete


async def before_deletion(run: Run) -> str:
    """Run the hooks before the deletion, as far as they come; once it returns the objects may go.

    Returns:
        Why they were not run, for people; empty where all is well.

    Raises:
        Waiting: one is under way.
        Stalled: one failed; it is run again where somebody asks for it.
        Transient: the API server could not be asked.
    """
    record = run.hooks
    if record is None or not has_hooks(run) or record.event == HookEvent.POST_DELETE:
        return ""
    if record.event != HookEvent.PRE_DELETE:
        record = hook_record.of_deletion(run.pattern, HookEvent.PRE_DELETE, now=run.repositories.now())
    elif record.phase == Phase.FAILED:
        if not hook_record.is_asked_again(run.pattern, record):
            return await _left_out(run, Stalled(reason=Reason.HOOK_FAILED, message=record.message))
        record = hook_record.again(run.pattern, record, now=run.repositories.now())
    left_out = await _go(run, record)
    if not left_out:
        run.note_hooks(hook_record.of_deletion(run.pattern, HookEvent.POST_DELETE, now=run.repositories.now()))
        await run.write_ahead_hooks(_noted(run))
    return left_out


async def after_deletion(run: Run) -> str:
    """All objects are gone: run the hooks after that; which were not run or failed, which holds the pattern no longer.

    Raises:
        Waiting, Transient: as ``before_deletion``.
    """
    record = run.hooks
    if record is None or not has_hooks(run) or record.event != HookEvent.POST_DELETE:
        return ""
    if record.phase == Phase.FAILED:
        return record.message
    try:
        return await _go(run, record)
    except Stalled as error:
        return error.message


async def _go(run: Run, record: HooksStatus) -> str:
    """Run what is left of the moment; where hooks cannot be had or made, no more of the deletion's are tried."""
    run.note_hooks(record)
    ordinary = owned_keys(run.pattern)
    hooks = HookRun(
        pattern=run.pattern,
        ordinary=frozenset(ordinary),
        leaving=frozenset(),
        forget=lambda _: None,
        port=run.cluster,
        note=run.note_hooks,
        write=run.write_ahead_hooks,
        now=run.repositories.now,
    )
    try:
        rendering = await _rendering(run)
    except PatternError as error:
        await _give_up(run)
        return f"the {record.event} hooks are not run, because they cannot be had: {error.message}"
    try:
        run.note_hooks(await hooks.go(record, rendering.hooks))
    except Waiting:
        raise
    except PatternError as error:
        if isinstance(error, Stalled) and _noted(run).phase != Phase.FAILED:
            run.note_hooks(hook_record.failed(_noted(run), error.message))
        return await _left_out(run, error)
    return ""


async def _left_out(run: Run, error: PatternError) -> str:
    """Why a hook that did not run well holds the pattern no longer, for people: its namespace is being deleted.

    An account of the pattern goes with the pattern's own namespace, and with it the right to make anything elsewhere.

    Raises:
        ``error``: its namespace stays.
        Transient: the API server could not be asked.
    """
    record, own = _noted(run), run.pattern.metadata.namespace
    try:
        namespaces = {ObjectKey.parse(record.hook).namespace}
    except ValueError:  # it could not be placed, or others wrote there
        namespaces = {own}
    if error.reason is Reason.FORBIDDEN:
        namespaces.add(own)
    for each in sorted(namespaces - {""}):
        if await run.cluster.is_namespace_going(each):
            await _give_up(run)
            return (
                f"the {record.event} hooks are not run to their end: Namespace {each} is being deleted, or gone, and"
                " nothing can be made in it"
            )
    raise error


async def _give_up(run: Run) -> None:
    run.note_hooks(msgspec.structs.replace(_noted(run), delete=False))
    await run.write_ahead_hooks(_noted(run))


async def _rendering(run: Run) -> Rendering:
    """The hooks of what runs, made again of its artifact, which has to pass the policies as they are now.

    Raises:
        Stalled, Transient, Waiting: it cannot be had.
    """
    found = whole(run.pattern)
    if run.pattern.spec.suspend:
        raise Waiting(reason=Reason.SUSPENDED, message="spec.suspend is true, and a suspended pattern runs no hooks")
    if found is None:
        raise Stalled(reason=Reason.ARTIFACT_NOT_FOUND, message="it is not known which artifact runs")
    policy = await run.repositories.policy(run.pattern, found.repository)
    desired = desired_state(run.pattern, found.revision, policy, await run.parameters())
    desired = replace(desired, repository=found.repository)
    registry_timeout = run.uninterrupted_timeout(limits.MAX_RECALL_OF_REGISTRY)
    reading = run.repositories.manifest(run.pattern, desired, waits=registry_timeout.waits)
    artifact = await registry_timeout.wait(reading, stage=Stage.SOURCE)
    await trust.verified(run, desired, registry_timeout=registry_timeout)
    async with rendering_of(run, desired, artifact, registry_timeout=registry_timeout) as rendering:
        return Rendering(objects=(), hooks=rendering.hooks)


def _noted(run: Run) -> HooksStatus:
    return run.hooks if run.hooks is not None else HooksStatus()
