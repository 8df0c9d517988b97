"""The notes of an apply or a repair: what users are to know of its objects while they run, and what is waited for."""

from collections.abc import Collection

from pattern_operator.api.report import Outcome, Rendering
from pattern_operator.apply import ApplyFailure, ApplyResult, ManagedObjects
from pattern_operator.apply.adoption import PAUSED
from pattern_operator.apply.need import Need
from pattern_operator.apply.result import summarize
from pattern_operator.render.component_reason import FOR_OTHER_TOOLS, ComponentReason

_SAID = FOR_OTHER_TOOLS | {ComponentReason.PROTECTED_NAMESPACE, ComponentReason.TARGET_NAMESPACE}


def not_owned(rendering: Rendering) -> tuple[str, ...]:
    """The Namespaces that are used and never applied, and what is for other tools, a sentence; empty where none is."""
    said = [each.message for each in rendering.with_outcome(Outcome.SKIPPED) if each.reason in _SAID]
    return (summarize(said),) if said else ()


def applied_notes(applied: ApplyResult, *, managed: ManagedObjects) -> tuple[str, ...]:
    """What is to be known as long as it runs; what a watch tells of is told as it is then (``drift.paused_words``)."""
    left = [(key, why) for key, why in applied.skipped if why != PAUSED or not managed.is_watched(key)]
    return tuple(f"{key.display_name} {why}" for key, why in left) + tuple(
        f"{key.display_name}: {note}" for key, note in applied.notes
    )


def needs_of(failures: Collection[ApplyFailure]) -> frozenset[Need]:
    """What these wait for."""
    return frozenset(each.need for each in failures if each.need is not None)
