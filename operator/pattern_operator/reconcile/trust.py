"""Whether what runs, or is to run, passes the policies as they are now, and what becomes of what runs when it does not.

Losing trust stops further applying and repairing, and leaves the objects as they are. Only a verdict on signatures
(``Untrusted``) by a policy with ``onFailure: Prune`` deletes them, and only where each signature by which what runs was
verified was read for it: a registry that is away or empty, a signature that is gone, or a policy that cannot be used
proves nothing against what runs.
"""

from dataclasses import replace
from datetime import datetime

from pattern_operator import limits
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationPolicy, VerificationResult
from pattern_operator.errors import PatternError, PoliciesUnmet, Stalled, Transient, Untrusted, Waiting
from pattern_operator.reconcile.deadline import RegistryTimeout, overrun, within
from pattern_operator.reconcile.deployed import deployed, whole
from pattern_operator.reconcile.deployed_artifact import DeployedArtifact
from pattern_operator.reconcile.desired import DesiredState, desired_state
from pattern_operator.reconcile.downgrade import refuse_downgrade
from pattern_operator.reconcile.kept_objects import kept_words
from pattern_operator.reconcile.reached import is_asked_otherwise, met_policy, policy_digest, running_revision
from pattern_operator.reconcile.run import Run
from pattern_operator.reconcile.state import Nothing, Running, State
from pattern_operator.reconcile.steps.verify import asks_registry, verify


async def verified(run: Run, desired: DesiredState, *, registry_timeout: RegistryTimeout) -> VerificationResult:
    """Who signed the artifact of ``desired``; raises as ``steps.verify``. What runs loses trust where it is refused."""
    known, login, now = run.state.caches.checked, login_of(run.state), run.repositories.now()
    asking = verify(
        run.pattern, desired, known, login=login, now=now, port=run.repositories, waits=registry_timeout.waits
    )
    try:
        if asks_registry(desired, known, login=login, now=now):
            asking = registry_timeout.wait(asking, stage=Stage.VERIFY)
        found = await asking
    except Stalled:
        if known is not None and known.is_about(desired):  # what was found of another version is true beside this one
            run.state = run.state.without_verdict()
        if is_running(run.state, desired):
            run.state = run.state.without_trust()
        raise
    run.state = run.state.with_checked(found.checked)
    return found.result


async def judge(run: Run, desired: DesiredState, *, registry_timeout: RegistryTimeout) -> None:
    """Results say who signed the artifact of ``desired``, which is to be applied.

    Raises:
        PatternError: as ``verified``, or DOWNGRADE_REFUSED: it is older than what runs.
    """
    last = run.state.caches.lookups.last
    running = running_revision(run.pattern, desired.repository, objects=run.state.objects, last=last)
    try:
        result = await verified(run, desired, registry_timeout=registry_timeout)
    except PatternError as error:
        note_refusal(run, desired, error)
        raise
    run.repositories.note_verdict(run.pattern, desired.policy, met=result.met, unmet=result.unmet)
    if running is not None and not is_asked_otherwise(run.pattern, running):
        refuse_downgrade(run.pattern, desired, result, running=running)
    run.results = replace(run.results, verification=result)


async def still_trusted(run: Run, desired: DesiredState, *, registry_timeout: RegistryTimeout) -> DesiredState:
    """Judge again what other policies ask for by now: a registry that holds back a layer must not outlast a key.

    Raises as ``judge``.
    """
    while (policy := await run.repositories.policy(run.pattern, desired.repository)) != desired.policy:
        digest = policy_digest(policy)
        run.results, run.state = replace(run.results, policy=digest), run.state.with_policy(digest)
        desired = replace(desired, policy=policy)
        await judge(run, desired, registry_timeout=registry_timeout)
    return desired


async def verify_running(run: Run, running: Running, policy: VerificationPolicy) -> None:
    """Judge what runs by the policies as they are now; raises as ``verified``."""
    desired = replace(running.desired, policy=policy)
    await judge_running(run, desired, registry_timeout=run.registry_timeout(limits.MAX_RECALL_OF_REGISTRY))
    run.state = run.state.with_trust(desired)


async def judge_part(run: Run, begun: DeployedArtifact, policy: VerificationPolicy) -> None:
    """Judge an artifact of which some objects are applied; raises as ``verified``."""
    # Nothing is rendered, so its parameters are not read.
    desired = replace(desired_state(run.pattern, begun.revision, policy), repository=begun.repository)
    await judge_running(run, desired, registry_timeout=run.registry_timeout(limits.MAX_RECALL_OF_REGISTRY))


async def judge_running(run: Run, desired: DesiredState, *, registry_timeout: RegistryTimeout) -> None:
    """Judge ``desired``, which runs, beside something else that failed; raises as ``verified``, and results say why."""
    try:
        result = await verified(run, desired, registry_timeout=registry_timeout)
    except PatternError as error:
        note_refusal(run, desired, error)
        run.results = replace(run.results, distrust=error)
        there = [each for each in deployed(run.pattern) if each.is_of(desired.repository, desired.revision)]
        if isinstance(error, Untrusted) and there:
            await prune_if_asked(run, error, there[0])
        raise
    if not isinstance(run.results.failure, PoliciesUnmet):  # what is newer and refused is what counts
        run.repositories.note_verdict(run.pattern, desired.policy, met=result.met, unmet=result.unmet)


def note_refusal(run: Run, desired: DesiredState, error: PatternError) -> None:
    """What the status of TrustPolicies counts: where nobody could be asked, nothing is known of any."""
    met, unmet = (error.met, error.unmet) if isinstance(error, PoliciesUnmet) else ((), ())
    run.repositories.note_verdict(run.pattern, desired.policy, met=met, unmet=unmet)


async def look_at_suspended(run: Run) -> None:
    """Results say whether what runs was verified by the policies as they are now. Nobody is asked for signatures."""
    artifact, met = whole(run.pattern), met_policy(run.pattern.status)
    if artifact is None or not met:
        return
    try:
        policy = await run.repositories.policy(run.pattern, artifact.repository)
    except PatternError as error:
        why = f"it is not known what must be verified of it: {error.message}"
    else:
        if policy_digest(policy) == met or is_trusted(run.state, policy, now=run.repositories.now()):
            return
        why = "what must be verified of it has changed since it was verified"
    said = (
        f"suspended; what runs stays, and is not known to be trusted: {why}; set spec.suspend: false to have it judged"
    )
    run.results = replace(run.results, distrust=Waiting(reason=Reason.SUSPENDED, message=said))


def is_trusted(state: State, policy: VerificationPolicy, *, now: datetime) -> bool:
    """Whether what runs is known to pass ``policy``, and that is not too long ago."""
    running = state.running
    if running is None or not running.trusted or running.desired.policy != policy:
        return False
    return not is_over(state, running.desired, now=now)


def is_over(state: State, desired: DesiredState, *, now: datetime) -> bool:
    """Whether the verdict on ``desired`` held until a time that has come: ``maxAge``, or the word on a revocation."""
    checked = state.caches.checked
    if checked is None or checked.result is None or not checked.is_about(desired):
        return False
    return checked.result.until is not None and checked.result.until <= now


def needs_verdict(run: Run, desired: DesiredState) -> bool:
    """Whether ``desired`` runs already, and is not known to pass the policies as they are now."""
    running = run.state.running
    if running is None or not running.settled or replace(running.desired, policy=desired.policy) != desired:
        return False
    if not is_trusted(run.state, desired.policy, now=run.repositories.now()):
        return True
    return asks_registry(desired, run.state.caches.checked, login=login_of(run.state), now=run.repositories.now())


def is_running(state: State, desired: DesiredState) -> bool:
    """Whether the artifact of ``desired`` is the one that runs."""
    running = state.running
    return running is not None and (running.desired.repository, running.desired.revision.digest) == (
        desired.repository,
        desired.revision.digest,
    )


def login_of(state: State) -> str:
    """The digest of the credentials that the registry was asked with last, as far as that is known."""
    if state.caches.lookups.last is not None:
        return state.caches.lookups.last.login.digest
    return state.caches.checked.artifact.login if state.caches.checked is not None else ""


def why_unproven(artifact: DeployedArtifact, verdict: Untrusted) -> str:
    """Why a verdict proves nothing against what runs; empty where each signature by which it was verified was judged.

    Without one of them it may be the registry that does not show it, and what it proves is not known.
    """
    if not artifact.signatures:
        return "it was not verified by any signature before"
    if not verdict.judged.issuperset(artifact.signatures):
        return "not each signature by which it was verified was found again, and one that is missing proves nothing"
    return ""


async def prune_if_asked(run: Run, verdict: Untrusted, artifact: DeployedArtifact) -> None:
    """``artifact`` has lost its trust: delete what there is as far as it can go now, where a policy says so.

    Of an update that was applied in part, what is of the older version goes too: nobody can tell which object is whose.
    """
    entries = run.pattern.status.inventory.entries if run.results.inventory is None else run.results.inventory
    if not verdict.prune or not entries:
        return
    if why := why_unproven(artifact, verdict):
        kept = f"What runs is left as it is, although a TrustPolicy asks for its deletion (onFailure: Prune): {why}."
        told = verdict.saying(f"{verdict.message} {kept}")
        beside = run.results.distrust is not None
        run.results = replace(run.results, distrust=told) if beside else replace(run.results, failure=told)
        return

    def late() -> Transient:
        return overrun(Stage.APPLY, seconds=limits.MAX_RUN)

    remaining = await within(limits.MAX_RUN, run.cluster.delete(run.pattern, entries), late=late)
    stays = kept_words(remaining.skipped) if remaining.skipped else ""
    left = "".join(f"; {each}" for each in (stays, remaining.message) if each)
    # At the beginning, because events and conditions cut what is long at its end.
    said = f"What ran is deleted, as a TrustPolicy asks for (onFailure: Prune){left}. {verdict.message}"
    run.state = replace(run.state, objects=Nothing(), unhealthy_since=None)
    run.results = replace(
        run.results,
        stage=Stage.VERIFY,
        inventory=remaining.entries,
        needs=remaining.needs,
        unwatched=bool(remaining.entries),
        withdrawn=artifact,
        kept=remaining.skipped,
        failure=verdict.saying(said),
    )
