"""The way of one pattern: source, verify, render, rollout, apply, health, in this order.

Each step is given what the earlier ones made, and returns a value or raises one typed error. Where all that decides
what is applied is the same as at the last success, and nothing has drifted, a run asks nobody and changes nothing.
"""

import asyncio
from datetime import timedelta

from pattern_operator.api.artifact import Artifact
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Revision
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.verdict import Demand, Verdict
from pattern_operator.apply import owner_id
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.reconcile import wanted
from pattern_operator.reconcile.applying import WriteAhead, apply, repair
from pattern_operator.reconcile.memory import Lookup, Memory, Wanted
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.rim import Rim
from pattern_operator.render import render as render_files
from pattern_operator.rollout import Candidate, admit
from pattern_operator.source import Registry, pull, resolve, signatures
from pattern_operator.verify import verify as verify_signatures

LEEWAY = timedelta(milliseconds=50)  # a timer that fires a little early must find its lookup due
NAMED = 5  # refused components that a message names; status.render has more


async def run_steps(pattern: DesignPattern, *, memory: Memory, rim: Rim, ahead: WriteAhead) -> Progress:
    """Go as far as possible; the error that ended the way is a value of the progress."""
    progress = Progress()
    try:
        await _run(pattern, memory=memory, rim=rim, ahead=ahead, progress=progress)
    except PatternError as error:
        progress.failure = error
    return progress


async def _run(pattern: DesignPattern, *, memory: Memory, rim: Rim, ahead: WriteAhead, progress: Progress) -> None:
    registry = await _open(pattern, rim=rim)
    progress.revision = revision = await find(pattern, registry=registry, memory=memory, rim=rim)

    progress.stage = Stage.VERIFY
    demand = await wanted.demand(pattern, referents=rim.referents)
    now_wanted = Wanted(pattern.spec, revision.digest, demand)
    drifted = rim.children.drifted(owner_id(pattern.metadata.uid))
    if memory.applied == now_wanted and not drifted:
        return look(pattern, memory=memory, rim=rim, progress=progress)
    if memory.refused is not None and memory.refused[0] == now_wanted:
        _, progress.stage, error = memory.refused
        raise error

    progress.stage = Stage.SOURCE
    artifact = await fetch(pattern, revision, registry=registry, rim=rim)
    progress.stage = Stage.VERIFY
    progress.verdict = await vouch(revision.digest, demand=demand, registry=registry, memory=memory)
    try:
        progress.stage = Stage.RENDER
        progress.rendering = rendering = await render(pattern, artifact)
        accept(pattern, revision, rendering)
        progress.stage = Stage.ROLLOUT
        let_go(pattern, revision, rendering)
    except Stalled as error:
        memory.refused = (now_wanted, progress.stage, error)
        raise
    progress.stage = Stage.APPLY
    if memory.applied == now_wanted:
        await repair(pattern, rendering, drifted, rim=rim, progress=progress)
    else:
        memory.applied = None
        await apply(pattern, rendering, rim=rim, progress=progress, ahead=ahead)
        memory.applied, memory.applied_at = now_wanted, rim.clock()
    look(pattern, memory=memory, rim=rim, progress=progress)


async def _open(pattern: DesignPattern, *, rim: Rim) -> Registry:
    reference = wanted.reference(pattern)
    credentials = await wanted.credentials(pattern, referents=rim.referents)
    return rim.registries.open(reference.repository, credentials=credentials, insecure=pattern.spec.source.insecure)


async def find(pattern: DesignPattern, *, registry: Registry, memory: Memory, rim: Rim) -> Revision:
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
    revision = await resolve(reference, registry=registry)
    memory.lookup = Lookup(reference, revision, rim.clock())
    return revision


def _due(pattern: DesignPattern, lookup: Lookup, *, rim: Rim) -> bool:
    interval = wanted.span(pattern.spec.interval, field="interval")
    return lookup.reference.mutable and rim.clock() - lookup.at >= interval.total_seconds() - LEEWAY.total_seconds()


async def fetch(pattern: DesignPattern, revision: Revision, *, registry: Registry, rim: Rim) -> Artifact:
    """The artifact, from the cache where it is there, every byte of it checked either way."""
    reference: Reference = wanted.reference(pattern)
    return await pull(reference, revision, registry=registry, cache=rim.registries.cache, layer=wanted.layer(pattern))


async def vouch(digest: Digest, *, demand: Demand, registry: Registry, memory: Memory) -> Verdict:
    """Who vouches for ``digest``; asked once for a digest and a demand.

    Raises:
        Stalled: not enough of those who are demanded.
        Transient: the registry could not be asked, which is no answer.
    """
    if memory.verdict is not None and memory.verdict[:2] == (digest, demand):
        return memory.verdict[2]
    found = await signatures(digest, registry=registry) if demand.authorities else ()
    verdict = await asyncio.to_thread(verify_signatures, digest, found, demand=demand)
    memory.verdict = (digest, demand, verdict)
    return verdict


async def render(pattern: DesignPattern, artifact: Artifact) -> Rendering:
    """The objects and the report; raises Stalled when the artifact is no pattern."""
    return await asyncio.to_thread(render_files, artifact.files, options=wanted.options(pattern))


def accept(pattern: DesignPattern, revision: Revision, rendering: Rendering) -> None:
    """Take a rendering in which nothing was refused; raises Stalled otherwise, unless ``onInvalid`` is Skip."""
    refused = list(rendering.with_outcome(Outcome.REFUSED))
    if not refused or pattern.spec.render.on_invalid == "Skip":
        return
    named = "; ".join(f"{each.kind} {each.name}: {each.message}" for each in refused[:NAMED])
    more = f"; and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
    raise Stalled(
        reason=Reason.COMPONENTS_REFUSED,
        message=f"{len(refused)} of {len(rendering.components)} components of {revision} cannot be rendered, nothing"
        f" was applied: {named}{more}. Mend them, or set spec.render.onInvalid: Skip to apply the rest.",
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
    """What the watches say of the health of all objects; asks nobody."""
    progress.stage = Stage.HEALTH
    progress.health = rim.children.health(owner_id(pattern.metadata.uid))
    patience = wanted.span(pattern.spec.timeout, field="timeout").total_seconds()
    progress.overdue = rim.clock() - memory.applied_at >= patience - LEEWAY.total_seconds()
