"""Bytes and options to objects and a report. Pure: no clock, no network, no cluster, and the same answer every time.

``render`` is the way in. What it reads is ``selection`` (which files), ``document`` (JSON and YAML), ``design`` and
``manifests`` (the formats); what it does to each component are the steps below, in order; what it says of each is
``component_reason``. It takes some 100 ms for the largest published design, so callers run it off the event loop.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pattern_operator.api.artifact import File
from pattern_operator.api.report import Rendering
from pattern_operator.render import manifests, meshery
from pattern_operator.render.build_root import Chart, Kustomization
from pattern_operator.render.captured import leave_out_captured
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import FOR_OTHER_TOOLS, ComponentReason
from pattern_operator.render.deduplicate import merge_duplicates, objects
from pattern_operator.render.dependencies import order_dependencies
from pattern_operator.render.design import Design
from pattern_operator.render.document import Document, has_more_values
from pattern_operator.render.helm import render_chart
from pattern_operator.render.hooks import leave_out_hooks
from pattern_operator.render.kustomize import render_kustomization
from pattern_operator.render.local_config import leave_out_local_config
from pattern_operator.render.namespace import assign_namespaces, created_namespaces, update_references
from pattern_operator.render.options import Options
from pattern_operator.render.outdated import note_removed_versions
from pattern_operator.render.pattern_file import (
    Described,
    describe,
    may_describe,
    refuse_parameters_of_kustomization,
    refuse_unread_parameters,
    with_defaults,
)
from pattern_operator.render.program import Steps
from pattern_operator.render.regenerated import with_generated_told
from pattern_operator.render.repair.consented import (
    CORRECT,
    REPAIR_OR_CORRECT,
    find_mismatched_selectors,
    make_consented_repairs,
    that_would_help,
)
from pattern_operator.render.repair.containers import drop_stubs
from pattern_operator.render.repair.lists import merge_entries
from pattern_operator.render.repair.rbac import repair_bindings
from pattern_operator.render.repair.rename import rename_references
from pattern_operator.render.required import Offer, find_incomplete, offer_nothing
from pattern_operator.render.selection import files_beyond_documents, has_builds, is_read, needs_all_files, select
from pattern_operator.render.texts import find_wrong_texts
from pattern_operator.render.transform import transform

__all__ = [
    "FOR_OTHER_TOOLS",
    "ComponentReason",
    "Options",
    "design_components",
    "files_beyond_documents",
    "has_builds",
    "has_more_values",
    "is_read",
    "manifest_components",
    "may_describe",
    "needs_all_files",
    "render",
    "with_defaults",
]


def render(files: Sequence[File], *, options: Options) -> Steps[Rendering]:
    """Render the pattern that ``files`` hold; ``files`` are not changed, and the objects share nothing with them.

    A generator: it yields each run of a program that rendering needs, and is sent its output (``program.drive``). What
    needs none yields nothing.

    A component that cannot be rendered does not fail the pattern here: it is refused in the report, and the caller
    decides (``spec.render.onInvalid``). Nor does a pattern with nothing to deploy: it has no objects.

    Raises:
        Stalled: NOT_A_PATTERN, DOCUMENT_INVALID (with file and line), TOO_MANY_OBJECTS, ARTIFACT_TOO_LARGE;
            PARAMETERS_INVALID where nothing takes them, or they do not fit.
    """
    described = describe(files, options=options)
    rendering = yield from _selected(described)
    rendering = yield from transform(rendering, options=described.options)
    return replace(
        with_generated_told(rendering),
        name=described.name or rendering.name,
        version=described.version or rendering.version,
        deprecated=described.deprecated,
        depends_on=described.depends_on,
        health_checks=described.health_checks,
    )


def _selected(described: Described) -> Steps[Rendering]:
    files, options, substitution = described.files, described.options, described.substitution
    match select(files, options=options, substitution=substitution):
        case Design() as design:
            refuse_unread_parameters(described)
            return _design(design, options=options)
        case Chart(path=path):
            return (yield from render_chart(files, path, options=options))
        case Kustomization(path=path):
            refuse_parameters_of_kustomization(described)
            return (yield from render_kustomization(files, path, options=options))
        case documents:
            refuse_unread_parameters(described)
            return _manifests(documents, options=options)


def design_components(design: Design, *, options: Options) -> list[WorkingComponent]:
    """What becomes of each component of a design, in order; ``render`` makes objects of those that are not excluded."""
    components = meshery.components(design)
    _leave_out(components)
    assign_namespaces(components, options=options)
    rename_references(components)
    update_references(components, options=options)
    repair_bindings(components)
    drop_stubs(components)
    make_consented_repairs(components, allowed=options.allowed_repairs)
    find_mismatched_selectors(components, way_out=REPAIR_OR_CORRECT)
    _check(components, offer=that_would_help)
    order_dependencies(components)
    return components


def manifest_components(documents: list[Document], *, options: Options) -> list[WorkingComponent]:
    """What becomes of each object of plain manifests, in order; raises as ``manifests.components``."""
    components = manifests.components(documents)
    _leave_out(components)
    _refuse([component for component in components if component.faults])
    assign_namespaces(components, options=options)
    update_references(components, options=options)
    find_mismatched_selectors(components, way_out=CORRECT)
    _check(components)
    return components


def _design(design: Design, *, options: Options) -> Rendering:
    components = design_components(design, options=options)
    made = objects(components, decorate=partial(meshery.add_meshery_labels, design=design))
    return Rendering(
        objects=(*created_namespaces(made, options=options), *made),
        components=tuple(component.report() for component in components),
        format="Meshery",
        name=design.name,
        version=design.version,
    )


def _manifests(documents: list[Document], *, options: Options) -> Rendering:
    components = manifest_components(documents, options=options)
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


def _check(components: list[WorkingComponent], *, offer: Offer = offer_nothing) -> None:
    """What both formats end in: text where it must be, lists without repeats, nothing missing, every key once."""
    _refuse(components, offer=offer)
    note_removed_versions(components)
    merge_duplicates(components)


def _refuse(components: list[WorkingComponent], *, offer: Offer = offer_nothing) -> None:
    """Refuse each component with a fault; the message has all of its faults."""
    find_wrong_texts(components)
    merge_entries(components)
    find_incomplete(components, offer=offer)
    for component in components:
        component.refuse_for_faults()
