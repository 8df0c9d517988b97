"""Bytes and options to objects and a report. Pure: no clock, no network, no cluster, and the same answer every time.

``render`` is the way in. What it reads is ``artifact`` (which files), ``document`` (JSON and YAML), ``design`` and
``manifests`` (the formats); what it does to each component are the steps below, in order; what it says of each is
``cause``. It takes some 100 ms for the largest published design, so callers run it off the event loop.
"""

from collections.abc import Sequence
from functools import partial

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.render import manifests, meshery
from pattern_operator.render.artifact import choose, is_read
from pattern_operator.render.assembly import merge_duplicates, objects
from pattern_operator.render.captured import leave_out_captured
from pattern_operator.render.cause import Cause
from pattern_operator.render.design import Design
from pattern_operator.render.document import Document, has_more_values
from pattern_operator.render.draft import Draft
from pattern_operator.render.hooks import leave_out_hooks
from pattern_operator.render.namespace import created_namespaces, follow, place
from pattern_operator.render.options import Options
from pattern_operator.render.outdated import tell_removed
from pattern_operator.render.repair.containers import drop_stubs
from pattern_operator.render.repair.lists import merge_entries
from pattern_operator.render.repair.rbac import repair_bindings
from pattern_operator.render.repair.rename import carry_references
from pattern_operator.render.required import find_incomplete
from pattern_operator.render.texts import find_wrong_texts

__all__ = ["Cause", "Options", "has_more_values", "is_read", "render"]


def render(files: Sequence[File], *, options: Options) -> Rendering:
    """Render the pattern that ``files`` hold; ``files`` are not changed, and the objects share nothing with them.

    A component that cannot be rendered does not fail the pattern here: it is refused in the report, and the caller
    decides (``spec.render.onInvalid``). Nor does a pattern with nothing to deploy: it has no objects.

    Raises:
        Stalled: NOT_A_PATTERN, DOCUMENT_INVALID (with file and line), TOO_MANY_OBJECTS, ARTIFACT_TOO_LARGE.
    """
    chosen = choose(files, options=options)
    return _design(chosen, options=options) if isinstance(chosen, Design) else _manifests(chosen, options=options)


def _design(design: Design, *, options: Options) -> Rendering:
    drafts = meshery.drafts(design)
    _leave_out(drafts)
    place(drafts, options=options)
    carry_references(drafts)
    follow(drafts, options=options)
    repair_bindings(drafts)
    drop_stubs(drafts)
    _check(drafts)
    made = objects(drafts, mark=partial(meshery.mark, design=design))
    return Rendering(
        objects=(*created_namespaces(made, options=options), *made),
        components=tuple(draft.report() for draft in drafts),
        format="Meshery",
        name=design.name,
        version=design.version,
    )


def _manifests(documents: list[Document], *, options: Options) -> Rendering:
    drafts = manifests.drafts(documents)
    _leave_out(drafts)
    _refuse([draft for draft in drafts if draft.faults])
    place(drafts, options=options)
    follow(drafts, options=options)
    _check(drafts)
    made = objects(drafts, mark=lambda _: None)
    return Rendering(
        objects=(*created_namespaces(made, options=options), *made),
        components=tuple(draft.report() for draft in drafts),
        format="Manifests",
    )


def _leave_out(drafts: list[Draft]) -> None:
    """What is nobody's to apply: hooks of other tools, and what a cluster wrote."""
    leave_out_hooks(drafts)
    leave_out_captured(drafts)


def _check(drafts: list[Draft]) -> None:
    """What both formats end in: text where it must be, lists without repeats, nothing missing, every key once."""
    _refuse(drafts)
    tell_removed(drafts)
    merge_duplicates(drafts)


def _refuse(drafts: list[Draft]) -> None:
    """Refuse each draft with a fault, all of its faults told at once."""
    find_wrong_texts(drafts)
    merge_entries(drafts)
    find_incomplete(drafts)
    for draft in drafts:
        draft.refuse_for_faults()
