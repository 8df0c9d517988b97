"""One function a stage, up to the cluster: each is given what the earlier ones made, and knows nothing of the others.

What a stage is *for* lies in its room (``source``, ``verify``, ``render``, ``rollout``); here it is asked with what the
spec wants and what is remembered.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from pattern_operator.api import signing
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import GROUP, KIND
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Reference, Repository, Revision
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationResult
from pattern_operator.errors import Stalled
from pattern_operator.executors import run_in
from pattern_operator.limits import TAGS_A_SECOND
from pattern_operator.quote import listed
from pattern_operator.reconcile import wanted
from pattern_operator.reconcile.deadline import Patience
from pattern_operator.reconcile.login import login_of, told_of
from pattern_operator.reconcile.memory import Lookup, Memory, Wanted
from pattern_operator.reconcile.patterns import PatternKey
from pattern_operator.reconcile.progress import Progress
from pattern_operator.reconcile.reached import running_revision
from pattern_operator.reconcile.rim import Rim
from pattern_operator.reconcile.tenancy import check_namespaces
from pattern_operator.rollout import Candidate, check
from pattern_operator.sandbox import BuildRefused, Plan
from pattern_operator.source import (
    ConnectionWaits,
    FetchedSignatures,
    RepositoryClient,
    ResolvedManifest,
    fetch_manifest,
    fetch_signatures,
    open_layers,
    resolve_or_hold,
)
from pattern_operator.verify import verify as verify_signatures

LEEWAY = timedelta(milliseconds=50)  # a timer that fires a little early must find its lookup due
NAMED = 5  # refused components that a message names; status.render has more


async def find(pattern: DesignPattern, *, memory: Memory, rim: Rim, waits: ConnectionWaits) -> Revision:
    """The revision that the reference leads to: asked once an interval where it can change, never where it cannot.

    With another login it is asked once more, so that one that does not work is told before it is needed.

    Raises:
        Stalled: there is none, or the registry will not show it to us.
        Transient: the registry could not be asked.
    """
    reference = wanted.reference(pattern)
    known = memory.lookup
    if known is not None and known.reference == reference and not _due(pattern, known, rest=memory.rest, rim=rim):
        if not memory.login_changed:
            return known.revision
        login = await login_of(pattern, referents=rim.referents)
        if login.digest == known.login.digest:
            memory.lookup, memory.login_changed = replace(known, login=login), False
            return known.revision
    running = running_revision(pattern, reference.repository, memory=memory)
    memory.lookup = None
    login = await login_of(pattern, referents=rim.referents)
    registry = await _open(pattern, reference.repository, rim=rim, waits=waits)
    try:
        found = await resolve_or_hold(reference, registry=registry, running=running)
    finally:
        memory.rest = registry.listed / TAGS_A_SECOND
    memory.lookup, memory.login_changed = Lookup(reference, found.revision, rim.clock(), login), False
    memory.held = found.held
    return found.revision


def has_new_login(pattern: DesignPattern, *, memory: Memory, rim: Rim) -> bool:
    """Whether the Secret of the login was changed, or the spec names another, since the registry was asked."""
    known = memory.lookup
    return known is not None and known.login.told != told_of(pattern, referents=rim.referents)


def is_known(pattern: DesignPattern, *, memory: Memory, rim: Rim) -> bool:
    """Whether the revision is known without asking; False also for a spec that cannot be read."""
    try:
        known = memory.lookup
        reference = wanted.reference(pattern)
        is_due = known is not None and _due(pattern, known, rest=memory.rest, rim=rim)
    except Stalled:
        return False
    return known is not None and known.reference == reference and not is_due


def _due(pattern: DesignPattern, lookup: Lookup, *, rest: float, rim: Rim) -> bool:
    interval = max(wanted.span(pattern.spec.interval, field="interval").total_seconds(), rest)
    return lookup.reference.mutable and rim.clock() - lookup.at >= interval - LEEWAY.total_seconds()


async def read_manifest(pattern: DesignPattern, goal: Wanted, *, rim: Rim, waits: ConnectionWaits) -> ResolvedManifest:
    """What the artifact says of itself, from the cache where it is there, checked either way; none of its layers."""
    reference = Reference(goal.repository, tag=goal.revision.tag or None, digest=goal.revision.digest)
    registry = await _open(pattern, goal.repository, rim=rim, waits=waits)
    layer = wanted.layer(goal.layer)
    running = pattern.status.digest == str(goal.revision.digest)
    return await fetch_manifest(
        reference,
        goal.revision,
        registry=registry,
        cache=rim.registries.cache,
        layer=layer,
        running=goal.revision.digest if running else None,
    )


async def _open(
    pattern: DesignPattern, repository: Repository, *, rim: Rim, waits: ConnectionWaits
) -> RepositoryClient:
    credentials = await wanted.credentials(pattern, repository, referents=rim.referents, configs=rim.registries.configs)
    return rim.registries.open(
        repository,
        credentials=credentials,
        source=pattern.spec.source,
        tenant=pattern.metadata.namespace,
        waits=waits,
    )


async def verified(
    pattern: DesignPattern, goal: Wanted, *, memory: Memory, rim: Rim, waits: ConnectionWaits
) -> VerificationResult:
    """Who signed the digest; checked once for a digest and a policy.

    Raises:
        Stalled: not enough of the required authorities signed it.
        Transient: the registry could not be asked, which is not an answer.
    """
    digest, policy = goal.revision.digest, goal.policy
    if memory.verification is not None and memory.verification[:2] == (digest, policy):
        return memory.verification[2]
    memory.verification = None
    found = FetchedSignatures()
    if policy.authorities:
        found = await fetch_signatures(digest, registry=await _open(pattern, goal.repository, rim=rim, waits=waits))
    cpu = rim.executors.of(pattern.metadata.namespace).cpu
    command = signing.command(goal.repository, digest, insecure=pattern.spec.source.insecure)
    try:
        verification = await run_in(cpu, verify_signatures, digest, found.signatures, policy=policy, command=command)
    except Stalled as refusal:
        raise found.explain(refusal) from refusal
    memory.verification = (digest, policy, verification)
    return verification


@asynccontextmanager
async def rendered(
    pattern: DesignPattern,
    goal: Wanted,
    artifact: ResolvedManifest,
    *,
    patience: Patience,
    memory: Memory,
    rim: Rim,
    progress: Progress,
) -> AsyncIterator[Rendering]:
    """The objects and the report during the block, from layers that are pulled now; ask for none before ``vouch``.

    What follows from the bytes of the artifact alone is remembered, and said again without another try.

    Raises:
        Stalled: the artifact is not a pattern, or takes more than one may, and ``progress`` says at which stage.
        Transient: the registry could not be asked, or the operator is busy.
    """
    if memory.unbuildable is not None and memory.cannot_be_built(goal):
        _, progress.stage, error = memory.unbuildable
        raise error
    plan = Plan(
        context=artifact.context,
        types=artifact.types,
        selector=wanted.layer(goal.layer),
        options=wanted.options(pattern, goal),
    )
    registry = await _open(pattern, goal.repository, rim=rim, waits=patience.waits)
    async with AsyncExitStack() as stack:
        progress.stage = Stage.SOURCE
        async with AsyncExitStack() as files:
            opening = open_layers(artifact, registry=registry, cache=rim.registries.cache)
            layers = await patience.wait(files.enter_async_context(opening), stage=Stage.SOURCE)
            progress.stage = Stage.RENDER
            building = rim.sandbox.rendered(plan, layers, tenant=pattern.metadata.namespace)
            try:
                rendering = await stack.enter_async_context(building)
            except BuildRefused as refused:
                progress.stage = refused.stage
                memory.unbuildable = (goal, refused.stage, refused.error)
                raise refused.error from refused.__cause__
        yield rendering


def accept(pattern: DesignPattern, revision: Revision, rendering: Rendering) -> None:
    """Take a rendering in which nothing was refused; raises Stalled otherwise, unless ``onInvalid`` is Skip."""
    refused = list(rendering.with_outcome(Outcome.REFUSED))
    if not refused or pattern.spec.render.on_invalid == "Skip":
        return
    named = listed(f"{each.display_name}: {each.message}" for each in refused[:NAMED])
    more = f"; and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
    raise Stalled(
        reason=Reason.COMPONENTS_REFUSED,
        message=f"{len(refused)} of {len(rendering.components)} components of {revision.display_name} cannot be"
        " rendered; nothing was applied. Correct them, or set spec.render.onInvalid: Skip to apply the rest:"
        f" {named}{more}",
    )


def let_go(pattern: DesignPattern, revision: Revision, rendering: Rendering, *, rim: Rim) -> None:
    """May this candidate go now? Raises as ``rollout.check``, and Stalled where it holds what no pattern may hold.

    What runs is not touched then. Objects have the namespaces that they were rendered with; ``apply`` looks once more
    when it knows from the API server where they really go.
    """
    rim.protected.check(rendering.objects)
    check_namespaces(rendering.objects, pattern=pattern, tenancy=rim.tenancy)
    line = rim.patterns.line_of(pattern)
    held = [_pattern_key(each.key, pattern) for each in rendering.objects if _is_pattern(each.key)]
    check(
        Candidate(
            revision=revision,
            objects=len(rendering.objects),
            owned=len(pattern.status.inventory.entries),
            allow_empty=pattern.spec.apply.allow_empty,
            containing_patterns=tuple(str(key) for key in held if key in line),
        )
    )


def _is_pattern(key: ObjectKey) -> bool:
    return (key.group, key.kind) == (GROUP, KIND)


def _pattern_key(key: ObjectKey, pattern: DesignPattern) -> PatternKey:
    return PatternKey(key.namespace or pattern.metadata.namespace, key.name)
