"""Whether a tag that moved leads back to an older artifact, which somebody who controls the registry may want. Pure.

A signature binds neither tag nor time: an older artifact is signed as well as a newer one. Of the same tag of the same
repository, an artifact is older that ran before the one that runs, or whose signatures are proven to be older. What the
user asks for is no downgrade: a digest in the spec, or another tag, range or repository than led to what runs
(``reached.is_asked_otherwise``). A range never leads to a lower version than runs (``source.held_version``), nor by a
new tag to an artifact that ran before: no signature is of a tag.
"""

from datetime import UTC, datetime

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.api.verification import PolicyMode, VerificationResult
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.desired import DesiredState


def refuse_downgrade(
    pattern: DesignPattern, desired: DesiredState, result: VerificationResult, *, running: Revision
) -> None:
    """Return where ``desired`` may follow ``running``, to which the same reference of the same repository led.

    Raises:
        Stalled: DOWNGRADE_REFUSED: the tag leads back, and a TrustPolicy that enforces does not allow that.
    """
    guards = [
        each.source.name
        for each in desired.policy.requirements
        if each.source.mode is PolicyMode.ENFORCE and not each.source.allow_downgrade
    ]
    revision = desired.revision
    if not guards or pattern.spec.source.ref.digest is not None:
        return
    if running.digest == revision.digest:
        return
    moved = running.tag == revision.tag
    if not moved and pattern.spec.source.ref.semver is None:
        return
    if why := _why_ran(pattern, revision) or (_why_older(pattern, result) if moved else ""):
        how = f"moved from {running.digest.short} back" if moved else f"is newer than {running.tag}, and leads back"
        raise Stalled(
            reason=Reason.DOWNGRADE_REFUSED,
            message=f"the tag {revision.tag} {how} to {revision.digest.short}, {why},"
            f" and TrustPolicy {guards[0]} does not allow that: publish a newer artifact; or, where it is meant, set"
            f" source.ref.digest to {revision.digest}, or source.ref.tag to another tag; an administrator may set"
            " allowDowngrade.",
        )


def _why_ran(pattern: DesignPattern, revision: Revision) -> str:
    status = pattern.status
    past = [each.revision.partition("@")[2] for each in status.history]
    return "which ran before" if str(revision.digest) in past and status.digest != str(revision.digest) else ""


def _why_older(pattern: DesignPattern, result: VerificationResult) -> str:
    status = pattern.status
    times = [time for each in status.verified_by if (time := _time(each.signed_at)) is not None]
    if result.signed_at is not None and times and result.signed_at < max(times):
        when = f"{result.signed_at:%Y-%m-%d %H:%M}"
        return f"which was signed on {when}, before what runs (where it is the newer one, sign it once more)"
    return ""


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
