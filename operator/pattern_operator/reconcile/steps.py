"""The way of one pattern: source, verify, render, rollout, apply, health, in this order.

Of the source only the manifest is read before somebody vouches for it; the layers are pulled to be rendered.

Each step is given what the earlier ones made, and returns a value or raises one typed error. Where all that decides
what is applied is the same as at the last success, and nothing has drifted, a run asks nobody and changes nothing.
Where a step before apply fails, what ran before is kept as it was, as long as it is still trusted.
"""

from pattern_operator import limits
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.stage import Stage
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.reconcile import wanted
from pattern_operator.reconcile.applying import WriteAhead, apply
from pattern_operator.reconcile.deadline import Beside, Patience, overrun, within
from pattern_operator.reconcile.inventorysize import check_candidate
from pattern_operator.reconcile.keeping import keep_running, keep_wanted, look
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.progress import Progress, PruneState
from pattern_operator.reconcile.reached import is_reached, policy_digest
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.stages import accept, find, let_go, read_manifest, rendered, verified
from pattern_operator.reconcile.tenancy import account_of

_OF_THE_ARTIFACT = frozenset({Stage.RENDER, Stage.ROLLOUT})  # what these refuse, they refuse again


async def run_steps(
    pattern: DesignPattern, *, memory: Memory, rim: Rim, ahead: WriteAhead, beside: Beside | None = None
) -> Progress:
    """Go as far as possible; the error that ended the way is a value of the progress.

    ``beside`` is what is done while a registry is waited for.

    Raises:
        Gone: the resource does not exist any more.
        Superseded: while a registry was waited for, something else was asked of the pattern.
    """
    progress = Progress(policy=memory.policy)
    try:
        progress.user = account_of(pattern, tenancy=rim.tenancy)
    except Stalled as error:  # before anything else: without an account nobody is asked, and nothing that runs is kept
        progress.stage, progress.failure = Stage.APPLY, error
        return progress
    try:
        work = _run(pattern, memory=memory, rim=rim, ahead=ahead, beside=beside, progress=progress)
        await within(limits.MAX_RUN, work, late=lambda: overrun(progress.stage, seconds=limits.MAX_RUN))
    except PatternError as error:
        progress.failure = error
        await keep_running(pattern, memory=memory, rim=rim, progress=progress, beside=beside)
    return progress


async def _run(
    pattern: DesignPattern, *, memory: Memory, rim: Rim, ahead: WriteAhead, beside: Beside | None, progress: Progress
) -> None:
    patience = Patience.of(pattern, limits.MAX_RUN_OF_REGISTRY, clock=rim.clock, beside=beside)
    progress.revision = revision = await patience.wait(
        find(pattern, memory=memory, rim=rim, waits=patience.waits), stage=Stage.SOURCE
    )
    progress.held = memory.held
    progress.stage = Stage.VERIFY
    policy = await wanted.policy(pattern, referents=rim.referents)
    progress.policy = memory.policy = policy_digest(policy)
    reached = is_reached(pattern, progress.policy, revision=revision)
    goal = wanted.goal(pattern, revision, policy)
    if memory.applied == goal and memory.settled:
        await keep_wanted(pattern, goal, memory=memory, rim=rim, progress=progress)
        if memory.settled:
            return
    if memory.refused is not None and memory.refused[0] == goal:
        _, progress.stage, error = memory.refused
        raise error

    progress.stage = Stage.SOURCE
    artifact = await patience.wait(read_manifest(pattern, goal, rim=rim, waits=patience.waits), stage=Stage.SOURCE)
    progress.stage = Stage.VERIFY
    progress.verification = await patience.wait(
        verified(pattern, goal, memory=memory, rim=rim, waits=patience.waits), stage=Stage.VERIFY
    )
    try:
        # Only now are layers pulled: an artifact that nobody vouches for costs its manifest, and no more.
        building = rendered(pattern, goal, artifact, patience=patience, memory=memory, rim=rim, progress=progress)
        async with building as rendering:
            progress.rendering = rendering
            accept(pattern, revision, rendering)
            progress.stage = Stage.ROLLOUT
            let_go(pattern, revision, rendering, rim=rim)
            await check_candidate(pattern, rendering, rim=rim)
            progress.stage = Stage.APPLY
            memory.applied, memory.prune_state = None, PruneState()
            if not reached:  # what is new has the whole time to become healthy
                memory.ill_since = None
            await apply(pattern, rendering, goal=goal, memory=memory, rim=rim, progress=progress, ahead=ahead)
    except Stalled as error:
        if progress.stage in _OF_THE_ARTIFACT or memory.cannot_be_built(goal):
            memory.refused = (goal, progress.stage, error)
        raise
    memory.applied, memory.settled, memory.partly, memory.apply_again = goal, True, None, False
    if not reached:
        memory.ill_since = None
    look(pattern, memory=memory, rim=rim, progress=progress)
