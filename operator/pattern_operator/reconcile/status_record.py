"""The facts of a status beside its conditions: what was tried, what runs, who signed it, what is owned. Pure."""

from collections import Counter
from datetime import datetime
from typing import Final

import msgspec

from pattern_operator import limits
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import Revision
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import (
    GeneratedComponent,
    HistoryEntry,
    Inventory,
    RefusedComponent,
    RenderStatus,
    RepairCount,
    SkippedComponent,
    Status,
    VerifiedBy,
)
from pattern_operator.api.verification import VerificationResult
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.comparison import Comparison, marks_of, packed, with_marks
from pattern_operator.reconcile.conditions import rfc3339, shorten
from pattern_operator.reconcile.deployed_artifact import DeployedArtifact
from pattern_operator.reconcile.desired import takes_secrets
from pattern_operator.reconcile.reached import is_known_otherwise, state_of
from pattern_operator.reconcile.results import Results
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.rollout.history import prepend
from pattern_operator.source.semver.version import version_of

_GENERATED: Final = (ComponentReason.NOT_DETERMINISTIC, ComponentReason.BUILD_METADATA)


def record(pattern: DesignPattern, results: Results, *, now: datetime) -> Status:
    """The facts beside the conditions: what was tried, what runs, who signed it, what is owned."""
    state = _state(pattern, results)
    hooks = pattern.status.hooks if results.hooks is None else results.hooks
    checks = pattern.status.health_checks if results.health_checks is None else results.health_checks
    status = msgspec.structs.replace(
        _with_part(pattern, results), last_applied_state=state, hooks=hooks, health_checks=checks
    )
    if not state:  # what is there is a part of this and a part of that
        marks = marks_of(pattern.status, results.inventory or status.inventory.entries)
        status = msgspec.structs.replace(status, fingerprints=marks)
    if results.revision:
        status = msgspec.structs.replace(status, last_attempted_revision=str(results.revision))
    if results.verification is not None and _is_verified_again(status, results):
        signatures = results.verification.signatures
        status = msgspec.structs.replace(status, verified_by=_verified_by(results.verification), signatures=signatures)
    if results.withdrawn is not None:
        return _nothing_runs(status, results.withdrawn, results)
    if _trust_is_lost(status, results):
        status = msgspec.structs.replace(status, verified_by=())
    if results.rendering:
        status = msgspec.structs.replace(status, render=_render_status(results.rendering))
    if results.inventory is not None:
        status = msgspec.structs.replace(status, inventory=Inventory.of(results.inventory))
    if results.comparison is not None:
        compared = packed(_comparison(pattern, results.comparison, state=state), status.inventory.entries)
        status = msgspec.structs.replace(status, fingerprints=compared)
    if not (results.applied and results.revision):
        return status
    limit = pattern.spec.rollout.history_limit
    status = msgspec.structs.replace(status, repository=pattern.spec.source.url)
    return _now_runs(status, results, results.revision, history_limit=limit, now=now)


def _comparison(pattern: DesignPattern, found: Comparison, *, state: str) -> Comparison:
    """What status keeps of ``found``."""
    tried = state and not found.sent  # what runs was applied before, and stays known
    kept = with_marks(pattern.status, found) if tried else found
    # Who sees a digest over the values of a Secret could try out what a short one is.
    return kept.without_digests() if takes_secrets(pattern.spec.render) else kept


def _with_part(pattern: DesignPattern, results: Results) -> Status:
    """What was applied in part, until all of something is; what is refused before it is applied changes none of it."""
    if _is_whole(results):
        return msgspec.structs.replace(
            pattern.status, applying_revision="", applying_state="", applying_repository="", applying_signatures=()
        )
    if not results.partly or results.revision is None or results.policy is None:
        return pattern.status
    state = state_of(pattern.spec, results.policy)
    return msgspec.structs.replace(
        pattern.status,
        applying_revision=str(results.revision),
        applying_state=state,
        applying_repository=pattern.spec.source.url,
        applying_signatures=results.verification.signatures if results.verification is not None else (),
    )


def _is_whole(results: Results) -> bool:
    """Whether all that is asked for is applied."""
    return results.stage is Stage.HEALTH and results.failure is None


def _state(pattern: DesignPattern, results: Results) -> str:
    """The desired state that is applied in full; none while the cluster is on its way to another."""
    if _is_whole(results) and results.policy is not None:
        return state_of(pattern.spec, results.policy)
    newer = is_known_otherwise(pattern, results.policy, revision=results.revision)
    return "" if results.stage is Stage.APPLY and newer else pattern.status.last_applied_state


def _trust_is_lost(status: Status, results: Results) -> bool:
    """Whether it is the running artifact itself that is not verified any longer."""
    refused = results.stage is Stage.VERIFY and isinstance(results.failure, Stalled)
    return refused and results.revision is not None and str(results.revision.digest) == status.digest


def _now_runs(status: Status, results: Results, revision: Revision, *, history_limit: int, now: datetime) -> Status:
    design_version = results.rendering.version if results.rendering else status.design_version
    version = version_of(revision.tag) or design_version
    verified = results.verification.verified_by if results.verification else ()
    entry = HistoryEntry(
        revision=str(revision),
        version=version,
        applied_at=rfc3339(now),
        verified_by=tuple(sorted({each.authority for each in verified})),
    )
    return msgspec.structs.replace(
        status,
        version=version,
        design_version=design_version,
        revision=str(revision),
        digest=str(revision.digest),
        short_digest=revision.digest.short,
        last_applied_revision=str(revision),
        verified_by=_verified_by(results.verification) if results.verification else (),
        signatures=results.verification.signatures if results.verification else (),
        history=prepend(status.history, entry, limit=history_limit),
    )


def _is_verified_again(status: Status, results: Results) -> bool:
    """Whether it is what runs that was judged once more, and passed."""
    passed = results.stage is Stage.HEALTH and results.failure is None and not results.applied
    return passed and results.revision is not None and str(results.revision.digest) == status.digest


def _nothing_runs(status: Status, withdrawn: DeployedArtifact, results: Results) -> Status:
    """What ran was deleted: nothing of status speaks of it any more, but of a part that could not be deleted yet."""
    left = withdrawn if results.inventory else None
    return msgspec.structs.replace(
        status,
        version="",
        design_version="",
        revision="",
        digest="",
        short_digest="",
        fingerprints="",
        last_applied_state="",
        repository="",
        applying_revision=str(left.revision) if left is not None else "",
        applying_repository=left.repository.url if left is not None else "",
        applying_signatures=tuple(sorted(left.signatures)) if left is not None else (),
        applying_state="",
        verified_by=(),
        signatures=(),
        health_checks=status.health_checks if left is not None else (),
        inventory=Inventory.of(results.inventory or ()),
    )


def _verified_by(verification: VerificationResult) -> tuple[VerifiedBy, ...]:
    return tuple(
        VerifiedBy(
            authority=each.authority,
            format=each.format,
            where=each.where,
            key_id=each.key_id,
            identity=each.identity,
            issuer=each.issuer,
            log_index=each.log_index,
            signed_at=rfc3339(each.signed_at) if each.signed_at is not None else "",
            policies=each.policies,
        )
        for each in verification.verified_by
    )


def _render_status(rendering: Rendering) -> RenderStatus:
    refused = tuple(rendering.with_outcome(Outcome.REFUSED))
    skipped = (c for c in rendering.with_outcome(Outcome.SKIPPED) if c.reason != ComponentReason.ANNOTATION)
    repairs = (f"{c.display_name}: {repair}" for c in rendering.components for repair in c.repair_messages)
    counts = Counter(str(repair.name) for c in rendering.components for repair in c.repairs)
    generated = (c for c in rendering.components if c.reason in _GENERATED)
    return RenderStatus(
        format=rendering.format,
        name=rendering.name,
        version=rendering.version,
        rendered=sum(1 for _ in rendering.with_outcome(Outcome.RENDERED)),
        skipped=sum(1 for _ in rendering.with_outcome(Outcome.SKIPPED)),
        refused=len(refused),
        refusals=tuple(
            RefusedComponent(
                name=c.name or c.id, kind=c.kind, reason=c.reason, message=shorten(c.message), where=c.where
            )
            for c in refused[: limits.MAX_STATUS_ENTRIES]
        ),
        skips=tuple(
            SkippedComponent(name=c.name or c.id, kind=c.kind, reason=c.reason)
            for _, c in zip(range(limits.MAX_STATUS_ENTRIES), skipped, strict=False)
        ),
        generated=tuple(
            GeneratedComponent(name=c.name or c.id, kind=c.kind, message=shorten(c.message))
            for _, c in zip(range(limits.MAX_STATUS_ENTRIES), generated, strict=False)
        ),
        repairs=tuple(shorten(repair) for _, repair in zip(range(limits.MAX_STATUS_ENTRIES), repairs, strict=False)),
        repair_counts=tuple(RepairCount(name=name, count=count) for name, count in sorted(counts.items())),
    )
