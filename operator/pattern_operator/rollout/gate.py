"""Whether a candidate may be applied now. Pure: it returns, or raises one typed error."""

from dataclasses import dataclass

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Revision
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_HOLDERS, MAX_PATTERNS_BELOW, MAX_SAME_SOURCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What would be applied, beside what runs."""

    revision: Revision
    objects: int  # how many objects the candidate renders to
    owned: int  # how many objects the pattern owns now
    allow_empty: bool
    containing_patterns: tuple[str, ...] = ()  # DesignPatterns among the objects that are this pattern, or contain it
    holds_patterns: bool = False  # any DesignPattern is among the objects
    holders: int = 0  # how many patterns contain this one, one in another
    again: int = 1  # how many of these and itself are of the same part of the same repository, however rendered
    below: int = 0  # how many patterns there would be below the one of them that nothing contains; 0: no new ones
    left_behind: str = (
        ""  # the first of them, or itself, that a pattern made which does not contain it; there are new ones
    )
    take_over: str = ""  # the command that makes that one nobody's
    same_as: str = ""  # one of them, of the same artifact and rendered alike


def check(candidate: Candidate) -> None:
    """Return where the candidate may be applied.

    Raises:
        Stalled: it would remove every object and ``spec.apply.allowEmpty`` is not set; or it contains itself, under
            whatever name, or is one of too many that contain one another.
    """
    if candidate.containing_patterns:
        raise Stalled(
            reason=Reason.CONTAINS_ITSELF,
            message=f"{candidate.revision.display_name} contains DesignPattern {candidate.containing_patterns[0]},"
            " which is this pattern or contains it; nothing was changed. Publish a version without it, or point"
            " spec.source.ref at another one.",
        )
    if candidate.holds_patterns:
        _check_line(candidate)
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


def _check_line(candidate: Candidate) -> None:
    """A pattern that holds patterns may be one that makes itself again, for ever, by other names."""
    name = candidate.revision.display_name
    if candidate.left_behind:
        raise Stalled(
            reason=Reason.CONTAINS_ITSELF,
            message=f"{name} contains new DesignPatterns, and DesignPattern {candidate.left_behind}, which is this one"
            " or contains it, was made by a DesignPattern that does not have it in its inventory: what was left behind,"
            " or made by a hook, makes no others, because they would be counted nowhere; nothing was changed. To have"
            f" it as one that nobody made: {candidate.take_over}",
        )
    if candidate.same_as:
        raise Stalled(
            reason=Reason.CONTAINS_ITSELF,
            message=f"{name} contains DesignPatterns, and DesignPattern {candidate.same_as}, which contains this one,"
            " is of the same artifact and rendered alike: it would be made again without end; nothing was changed."
            " Publish a version without them, or render one of the two with other parameters.",
        )
    if candidate.again > MAX_SAME_SOURCE:
        raise Stalled(
            reason=Reason.CONTAINS_ITSELF,
            message=f"{name} contains DesignPatterns, and is of a repository, and a path in it, of which"
            f" {candidate.again - 1} that contain this one are already: more than {MAX_SAME_SOURCE}, however they are"
            " rendered, are taken for a pattern without end; nothing was changed. Publish what is to be contained in a"
            " repository of its own, or under a path of its own (spec.source.layer.path).",
        )
    if candidate.below > MAX_PATTERNS_BELOW:
        raise Stalled(
            reason=Reason.CONTAINS_ITSELF,
            message=f"with the DesignPatterns in {name} there would be more than {MAX_PATTERNS_BELOW} below the one at"
            " the top, one in another: that is taken for a pattern without end; nothing was changed. Let more than one"
            " at the top contain them, or fewer patterns.",
        )
    if candidate.holders >= MAX_HOLDERS:
        raise Stalled(
            reason=Reason.CONTAINS_ITSELF,
            message=f"{name} contains DesignPatterns, and is contained in {candidate.holders} already, one in another:"
            f" more than {MAX_HOLDERS} are taken for a pattern without end; nothing was changed. Let fewer patterns"
            " contain one another.",
        )
