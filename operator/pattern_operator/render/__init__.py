"""Bytes and options to objects and a report. Pure: no clock, no network, no cluster, and the same answer every time.

``render`` is the way in. What it reads is ``selection`` (which files), ``document`` (JSON and YAML), ``design`` and
``manifests`` (the formats); what it does to each component are the steps below, in order; what it says of each is
``component_reason``. It takes some 100 ms for the largest published design, so callers run it off the event loop.
"""

from collections.abc import Sequence
from functools import partial

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.render import manifests, meshery
from pattern_operator.render.captured import leave_out_captured
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import FOR_OTHER_TOOLS, ComponentReason
from pattern_operator.render.deduplicate import merge_duplicates, objects
from pattern_operator.render.design import Design
from pattern_operator.render.document import Document, has_more_values
from pattern_operator.render.hooks import leave_out_hooks
from pattern_operator.render.local_config import leave_out_local_config
from pattern_operator.render.namespace import assign_namespaces, created_namespaces, update_references
from pattern_operator.render.options import Options
from pattern_operator.render.outdated import note_removed_versions
from pattern_operator.render.repair.containers import drop_stubs
from pattern_operator.render.repair.lists import merge_entries
from pattern_operator.render.repair.rbac import repair_bindings
from pattern_operator.render.repair.rename import rename_references
from pattern_operator.render.required import find_incomplete
from pattern_operator.render.selection import is_read, select
from pattern_operator.render.texts import find_wrong_texts

__all__ = ["FOR_OTHER_TOOLS", "ComponentReason", "Options", "has_more_values", "is_read", "render"]


def render(files: Sequence[File], *, options: Options) -> Rendering:
    """Render the pattern that ``files`` hold; ``files`` are not changed, and the objects share nothing with them.

    A component that cannot be rendered does not fail the pattern here: it is refused in the report, and the caller
    decides (``spec.render.onInvalid``). Nor does a pattern with nothing to deploy: it has no objects.

    Raises:
        Stalled: NOT_A_PATTERN, DOCUMENT_INVALID (with file and line), TOO_MANY_OBJECTS, ARTIFACT_TOO_LARGE.
    """
    chosen = select(files, options=options)
    return _design(chosen, options=options) if isinstance(chosen, Design) else _manifests(chosen, options=options)


def _design(design: Design, *, options: Options) -> Rendering:
    components = meshery.components(design)
    _leave_out(components)
    assign_namespaces(components, options=options)
    rename_references(components)
    update_references(components, options=options)
    repair_bindings(components)
    drop_stubs(components)
    _check(components)
    made = objects(components, decorate=partial(meshery.add_meshery_labels, design=design))
    return Rendering(
        objects=(*created_namespaces(made, options=options), *made),
        components=tuple(component.report() for component in components),
        format="Meshery",
        name=design.name,
        version=design.version,
    )


def _manifests(documents: list[Document], *, options: Options) -> Rendering:
    components = manifests.components(documents)
    _leave_out(components)
    _refuse([component for component in components if component.faults])
    assign_namespaces(components, options=options)
    update_references(components, options=options)
    _check(components)
    made = objects(components, decorate=lambda _: None)
    return Rendering(
        objects=(*created_namespaces(made, options=options), *made),
        components=tuple(component.report() for component in components),
        format="Manifests",
    )


def _leave_out(components: list[WorkingComponent]) -> None:
    """Excludes hooks and files of other tools, and removes what a cluster wrote."""
    leave_out_hooks(components)
    leave_out_local_config(components)
    leave_out_captured(components)


def _check(components: list[WorkingComponent]) -> None:
    """What both formats end in: text where it must be, lists without repeats, nothing missing, every key once."""
    _refuse(components)
    note_removed_versions(components)
    merge_duplicates(components)


def _refuse(components: list[WorkingComponent]) -> None:
    """Refuse each component with a fault; the message has all of its faults."""
    find_wrong_texts(components)
    merge_entries(components)
    find_incomplete(components)
    for component in components:
        component.refuse_for_faults()
