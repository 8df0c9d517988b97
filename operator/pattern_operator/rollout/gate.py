"""Whether a candidate may be applied now. Pure: it returns, or raises one typed error."""

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
    containing_patterns: tuple[str, ...] = ()  # DesignPatterns among the objects that are this pattern, or contain it


def check(candidate: Candidate) -> None:
    """Return where the candidate may be applied.

    Raises:
        Stalled: it would remove every object and ``spec.apply.allowEmpty`` is not set; or it contains itself.
    """
    if candidate.containing_patterns:
        raise Stalled(
            reason=Reason.CONTAINS_ITSELF,
            message=f"{candidate.revision.display_name} contains DesignPattern {candidate.containing_patterns[0]},"
            " which is this pattern or contains it; nothing was changed. Publish a version without it, or point"
            " spec.source.ref at another one.",
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
