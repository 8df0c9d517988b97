"""After a restart, what status says runs is verified and applied once more: the objects of the inventory, no others."""

from dataclasses import replace

from pattern_operator import limits
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.apply import DriftState
from pattern_operator.reconcile import trust
from pattern_operator.reconcile.comparison import unpacked
from pattern_operator.reconcile.deployed_artifact import DeployedArtifact
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.owner import owned_keys, owner_of
from pattern_operator.reconcile.repair import compare, repair
from pattern_operator.reconcile.run import Run
from pattern_operator.reconcile.running_rendering import rendering_of
from pattern_operator.reconcile.state import Running
from pattern_operator.reconcile.steps.observe import follow


async def recall(run: Run, found: DeployedArtifact, policy: VerificationPolicy) -> None:
    """After a restart: verify what status says runs (``found``), and repair what is not as it was applied.

    Where nothing is known to compare with, an object is applied once, or in Report mode compared by a dry run.

    Raises:
        Stalled, Transient: it could not be verified, rendered, or applied; Untrusted where that is a verdict.
        Waiting: what it is rendered with does not exist.
    """
    pattern, managed = run.pattern, run.cluster.managed
    parameters = await run.parameters()
    desired = replace(desired_state(pattern, found.revision, policy, parameters), repository=found.repository)
    registry_timeout = run.registry_timeout(limits.MAX_RECALL_OF_REGISTRY)
    reading = run.repositories.manifest(pattern, desired, waits=registry_timeout.waits)
    artifact = await registry_timeout.wait(reading, stage=Stage.SOURCE)
    await trust.judge_running(run, desired, registry_timeout=registry_timeout)
    await follow(pattern, port=run.cluster)
    owner, reports = owner_of(pattern).id, pattern.spec.apply.drift_policy == "Report"
    left = {DriftState.IN_SYNC, DriftState.DRIFTED, DriftState.IN_SYNC_WITH_NOTE} if reports else {DriftState.IN_SYNC}
    keys = [key for key in owned_keys(pattern) if managed.drift_state(key, owner=owner) not in left]
    notes: tuple[str, ...] = ()
    if keys:
        async with rendering_of(run, desired, artifact, registry_timeout=registry_timeout) as rendering:
            if reports:
                notes = await compare(pattern, rendering, keys, port=run.cluster)
            else:
                made = await repair(pattern, rendering, keys, port=run.cluster)
                if made.error is not None:
                    raise made.error
    sent = unpacked(pattern.status).sent
    run.state = replace(run.state, objects=Running(desired=desired, settled=False, sent=sent, notes=notes))
