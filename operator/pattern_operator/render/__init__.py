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
from pattern_operator.render.cause import Cause
from pattern_operator.render.design import Design
from pattern_operator.render.document import Document, has_more_values
from pattern_operator.render.draft import Draft
from pattern_operator.render.namespace import follow, place
from pattern_operator.render.options import Options
from pattern_operator.render.repair.containers import drop_stubs
from pattern_operator.render.repair.lists import merge_entries
from pattern_operator.render.repair.rbac import repair_bindings
from pattern_operator.render.repair.rename import carry_references
from pattern_operator.render.required import refuse_incomplete

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
    place(drafts, options=options)
    carry_references(drafts)
    follow(drafts, options=options)
    repair_bindings(drafts)
    drop_stubs(drafts)
    _check(drafts)
    return Rendering(
        objects=objects(drafts, mark=partial(meshery.mark, design=design)),
        components=tuple(draft.report() for draft in drafts),
        format="Meshery",
        name=design.name,
        version=design.version,
    )


def _manifests(documents: list[Document], *, options: Options) -> Rendering:
    drafts = manifests.drafts(documents)
    place(drafts, options=options)
    follow(drafts, options=options)
    _check(drafts)
    return Rendering(
        objects=objects(drafts, mark=lambda _: None),
        components=tuple(draft.report() for draft in drafts),
        format="Manifests",
    )


def _check(drafts: list[Draft]) -> None:
    """What both formats end in: lists without repeats, nothing required missing, every key once."""
    merge_entries(drafts)
    refuse_incomplete(drafts)
    merge_duplicates(drafts)
