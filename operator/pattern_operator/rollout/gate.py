"""May this candidate go now? Pure: what is known comes in, and the answer is a return or one typed error."""

from dataclasses import dataclass

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.errors import Stalled


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What would be applied, beside what runs."""

    revision: Revision
    objects: int  # how many objects the candidate renders to
    owned: int  # how many objects the pattern owns now
    allow_empty: bool
    holders: tuple[str, ...] = ()  # DesignPatterns among the objects that are, or hold, this very pattern


def admit(candidate: Candidate) -> None:
    """Let the candidate go, or say why it may not.

    Raises:
        Stalled: it would empty the pattern, and nobody said that this is meant; or it holds what holds it.
    """
    if candidate.holders:
        raise Stalled(
            reason=Reason.CONTAINS_ITSELF,
            message=f"{candidate.revision.display_name} contains DesignPattern {candidate.holders[0]}, which is this"
            " pattern or contains it; nothing was changed. Publish a version without it, or point spec.source.ref at"
            " another one.",
        )
    if candidate.objects or candidate.allow_empty:
        return
    if not candidate.owned:
        raise Stalled(
            reason=Reason.NOTHING_TO_DEPLOY,
            message=f"{candidate.revision.display_name} renders to no object: nothing in it is to be applied (see"
            " status.render). Publish a pattern with something to deploy, or point spec.source.ref at another version.",
        )
    raise Stalled(
        reason=Reason.EMPTY_UPDATE,
        message=f"{candidate.revision.display_name} renders to no object and would remove all"
        f" {candidate.owned} that run; nothing was changed. Publish a version with components, or set"
        " spec.apply.allowEmpty: true if this is meant.",
    )
