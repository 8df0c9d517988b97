"""The way of one pattern: source, verify, render, rollout, apply, health, in this order.

Each step is given what the earlier ones made, and returns a value or raises one typed error. Where all that decides
what is applied is the same as at the last success, and nothing has drifted, a run asks nobody and changes nothing.
Where a step before apply fails, what ran before is kept as it was, as long as it is still trusted.
"""

import asyncio
import logging
from collections.abc import Collection
from datetime import timedelta

from pattern_operator.api.artifact import Artifact, Signature
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Revision
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.verdict import Demand, Verdict
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.reconcile import wanted
from pattern_operator.reconcile.applying import WriteAhead, apply, drift_words, owner_of, repair
from pattern_operator.reconcile.memory import Lookup, Memory, Wanted
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.rim import Rim
from pattern_operator.render import render as render_files
from pattern_operator.rollout import Candidate, admit
from pattern_operator.source import Registry, pull, resolve, signatures
from pattern_operator.verify import verify as verify_signatures

LEEWAY = timedelta(milliseconds=50)  # a timer that fires a little early must find its lookup due
NAMED = 5  # refused components that a message names; status.render has more

logger = logging.getLogger(__name__)


async def run_steps(pattern: DesignPattern, *, memory: Memory, rim: Rim, ahead: WriteAhead) -> Progress:
    """Go as far as possible; the error that ended the way is a value of the progress.

    Raises:
        Gone, Transient: status could not be written ahead.
    """
    progress = Progress()
    try:
        await _run(pattern, memory=memory, rim=rim, ahead=ahead, progress=progress)
    except PatternError as error:
        progress.failure = error
        await _keep(pattern, memory=memory, rim=rim, progress=progress)
    return progress


async def _run(pattern: DesignPattern, *, memory: Memory, rim: Rim, ahead: WriteAhead, progress: Progress) -> None:
    progress.revision = revision = await find(pattern, memory=memory, rim=rim)
    progress.stage = Stage.VERIFY
    demand = await wanted.demand(pattern, referents=rim.referents)
    goal = wanted.goal(pattern, revision, demand)
    if memory.applied == goal:
        await _keep_goal(pattern, goal, memory=memory, rim=rim, progress=progress)
        return
    if memory.refused is not None and memory.refused[0] == goal:
        _, progress.stage, error = memory.refused
        raise error

    progress.stage = Stage.SOURCE
    artifact = await fetch(pattern, goal, rim=rim)
    progress.stage = Stage.VERIFY
    progress.verdict = await vouch(pattern, goal, memory=memory, rim=rim)
    try:
        progress.stage = Stage.RENDER
        progress.rendering = rendering = await render(pattern, goal, artifact)
        accept(pattern, revision, rendering)
        progress.stage = Stage.ROLLOUT
        let_go(pattern, revision, rendering)
    except Stalled as error:
        memory.refused = (goal, progress.stage, error)
        raise
    progress.stage = Stage.APPLY
    memory.applied = None
    await apply(pattern, rendering, goal=goal, memory=memory, rim=rim, progress=progress, ahead=ahead)
    memory.applied, memory.partly, memory.applied_at = goal, None, rim.clock()
    look(pattern, memory=memory, rim=rim, progress=progress)


async def find(pattern: DesignPattern, *, memory: Memory, rim: Rim) -> Revision:
    """The revision that the reference leads to: asked once an interval where it can change, never where it cannot.

    Raises:
        Stalled: there is none, or the registry will not show it to us.
        Transient: the registry could not be asked.
    """
    reference = wanted.reference(pattern)
    known = memory.lookup
    if known is not None and known.reference == reference and not _due(pattern, known, rim=rim):
        return known.revision
    memory.lookup = None
    revision = await resolve(reference, registry=await _open(pattern, reference, rim=rim))
    memory.lookup = Lookup(reference, revision, rim.clock())
    return revision


def _due(pattern: DesignPattern, lookup: Lookup, *, rim: Rim) -> bool:
    interval = wanted.span(pattern.spec.interval, field="interval")
    return lookup.reference.mutable and rim.clock() - lookup.at >= interval.total_seconds() - LEEWAY.total_seconds()


async def fetch(pattern: DesignPattern, goal: Wanted, *, rim: Rim) -> Artifact:
    """The artifact, from the cache where it is there, every byte of it checked either way."""
    reference = Reference(goal.repository, tag=goal.revision.tag or None, digest=goal.revision.digest)
    registry = await _open(pattern, reference, rim=rim)
    layer = wanted.layer(goal.layer)
    running = pattern.status.digest == str(goal.revision.digest)
    return await pull(
        reference,
        goal.revision,
        registry=registry,
        cache=rim.registries.cache,
        layer=layer,
        running=goal.revision.digest if running else None,
    )


async def _open(pattern: DesignPattern, reference: Reference, *, rim: Rim) -> Registry:
    credentials = await wanted.credentials(pattern, referents=rim.referents)
    return rim.registries.open(reference.repository, credentials=credentials, insecure=pattern.spec.source.insecure)


async def vouch(pattern: DesignPattern, goal: Wanted, *, memory: Memory, rim: Rim) -> Verdict:
    """Who vouches for the digest; asked once for a digest and a demand.

    Raises:
        Stalled: not enough of those who are demanded.
        Transient: the registry could not be asked, which is no answer.
    """
    digest: Digest = goal.revision.digest
    demand: Demand = goal.demand
    if memory.verdict is not None and memory.verdict[:2] == (digest, demand):
        return memory.verdict[2]
    memory.verdict = None
    found: tuple[Signature, ...] = ()
    if demand.authorities:
        reference = Reference(goal.repository, digest=digest)
        found = await signatures(digest, registry=await _open(pattern, reference, rim=rim))
    verdict = await asyncio.to_thread(verify_signatures, digest, found, demand=demand)
    memory.verdict = (digest, demand, verdict)
    return verdict


async def render(pattern: DesignPattern, goal: Wanted, artifact: Artifact) -> Rendering:
    """The objects and the report; raises Stalled when the artifact is no pattern."""
    return await asyncio.to_thread(render_files, artifact.files, options=wanted.options(pattern, goal))


def accept(pattern: DesignPattern, revision: Revision, rendering: Rendering) -> None:
    """Take a rendering in which nothing was refused; raises Stalled otherwise, unless ``onInvalid`` is Skip."""
    refused = list(rendering.with_outcome(Outcome.REFUSED))
    if not refused or pattern.spec.render.on_invalid == "Skip":
        return
    named = "; ".join(f"{each.kind} {each.name}: {each.message}" for each in refused[:NAMED])
    more = f"; and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
    raise Stalled(
        reason=Reason.COMPONENTS_REFUSED,
        message=f"{len(refused)} of {len(rendering.components)} components of {revision.title} cannot be rendered,"
        f" nothing was applied: {named}{more}. Mend them, or set spec.render.onInvalid: Skip to apply the rest.",
    )


def let_go(pattern: DesignPattern, revision: Revision, rendering: Rendering) -> None:
    """May this candidate go now? Raises as ``rollout.admit``."""
    admit(
        Candidate(
            revision=revision,
            objects=len(rendering.objects),
            owned=len(pattern.status.inventory.entries),
            allow_empty=pattern.spec.apply.allow_empty,
        )
    )


def look(pattern: DesignPattern, *, memory: Memory, rim: Rim, progress: Progress) -> None:
    """What the watches say of the objects: their health, and what is not as it was applied. Asks nobody."""
    progress.stage = Stage.HEALTH
    owner = owner_of(pattern)
    progress.health = rim.children.health(owner.id)
    progress.drifted = rim.children.contested(owner.id)
    if pattern.spec.apply.drift_policy == "Report":
        progress.drifted = drift_words(rim.children.drifted(owner.id), rim=rim)
    progress.notes = memory.notes
    patience = wanted.span(pattern.spec.timeout, field="timeout").total_seconds()
    progress.overdue = rim.clock() - memory.applied_at >= patience - LEEWAY.total_seconds()


async def _keep_goal(pattern: DesignPattern, goal: Wanted, *, memory: Memory, rim: Rim, progress: Progress) -> None:
    """What is wanted runs: put right what drifted, and look at the health of all."""
    drifted = rim.children.drifted(owner_of(pattern).id)
    if drifted and pattern.spec.apply.drift_policy == "Repair":
        progress.stage = Stage.APPLY
        await _put_right(pattern, goal, drifted, rim=rim, progress=progress)
    look(pattern, memory=memory, rim=rim, progress=progress)


async def _put_right(
    pattern: DesignPattern, goal: Wanted, drifted: Collection[ObjectKey], *, rim: Rim, progress: Progress
) -> None:
    artifact = await fetch(pattern, goal, rim=rim)
    rendering = await render(pattern, goal, artifact)
    await repair(pattern, rendering, drifted, rim=rim, progress=progress)


async def _keep(pattern: DesignPattern, *, memory: Memory, rim: Rim, progress: Progress) -> None:
    """After a failure: what ran is kept as it was, unless those who vouched for it are trusted no longer."""
    if memory.applied is None:
        if memory.partly is not None:
            progress.health = rim.children.health(owner_of(pattern).id)
        return
    drifted = rim.children.drifted(owner_of(pattern).id)
    if drifted and progress.stage is not Stage.APPLY and pattern.spec.apply.drift_policy == "Repair":
        try:
            if await wanted.demand(pattern, referents=rim.referents) == memory.applied.demand:
                await _put_right(pattern, memory.applied, drifted, rim=rim, progress=progress)
        except PatternError as error:
            logger.warning(
                "drift not repaired: pattern=%s/%s: %s",
                pattern.metadata.namespace,
                pattern.metadata.name,
                error.message,
            )
    progress.health = rim.children.health(owner_of(pattern).id)
