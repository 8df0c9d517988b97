"""The notes of an apply or a repair: what users are to know of its objects while they run, and what is waited for."""

from collections.abc import Collection

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.apply import ApplyFailure, ApplyResult, ManagedObjects
from pattern_operator.apply.adoption import PAUSED
from pattern_operator.apply.need import Need
from pattern_operator.apply.result import NAMED, summarize
from pattern_operator.limits import MAX_SENTENCE
from pattern_operator.quote import first_few, one_line
from pattern_operator.render.component_reason import FOR_OTHER_TOOLS, ComponentReason

_SAID = FOR_OTHER_TOOLS | {ComponentReason.PROTECTED_NAMESPACE, ComponentReason.TARGET_NAMESPACE}


def deprecation(rendering: Rendering) -> tuple[str, ...]:
    """That the pattern is not supported any longer, in its author's words."""
    words = one_line(rendering.deprecated, MAX_SENTENCE)
    return (f"the pattern is deprecated: {words}",) if words else ()


def not_owned(rendering: Rendering) -> tuple[str, ...]:
    """The Namespaces that are used and never applied, and what is for other tools, a sentence; empty where none is."""
    said = [each.message for each in rendering.with_outcome(Outcome.SKIPPED) if each.reason in _SAID]
    return (summarize(said),) if said else ()


def made_anew(rendering: Rendering) -> tuple[str, ...]:
    """What a chart makes up, such as a password, and when it is another: a sentence; empty where there is nothing."""
    said = [each.message for each in rendering.components if each.reason == ComponentReason.NOT_DETERMINISTIC]
    return (summarize(said),) if said else ()


def kept_metadata(rendering: Rendering) -> tuple[str, ...]:
    """Which objects keep what helm or kustomize write otherwise of themselves now; empty where none does."""
    names = [key.display_name for key in rendering.kept_metadata]
    if not names:
        return ()
    return (
        f"what {rendering.format.lower()} writes of itself, such as its version, comes out otherwise than it is in"
        f" {first_few(names, NAMED)}, and is kept there: the next change of the artifact or of spec.render brings it",
    )


def regenerated(rendering: Rendering, applied: Collection[ObjectKey]) -> tuple[str, ...]:
    """Which of the applied objects have generated values as rendered, because others had changed or deleted them."""
    names = [key.display_name for key in rendering.regenerated if key in applied]
    if not names:
        return ()
    return (
        f"what is generated in {first_few(names, NAMED)} was changed or deleted by others, and is as rendered now: what"
        " was generated together with it in other fields, such as a certificate beside its CA, may not fit. Change"
        " anything of spec.render to have all of it made anew",
    )


def applied_notes(applied: ApplyResult, *, managed: ManagedObjects) -> tuple[str, ...]:
    """What is to be known as long as it runs; what a watch tells of is told as it is then (``drift.paused_words``)."""
    left = [(key, why) for key, why in applied.skipped if why != PAUSED or not managed.is_watched(key)]
    return tuple(f"{key.display_name} {why}" for key, why in left) + tuple(
        f"{key.display_name}: {note}" for key, note in applied.notes
    )


def needs_of(failures: Collection[ApplyFailure]) -> frozenset[Need]:
    """What these wait for."""
    return frozenset(each.need for each in failures if each.need is not None)
