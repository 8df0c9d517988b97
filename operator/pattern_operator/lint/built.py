"""What helm and kustomize make of a pattern, held against the schemas: with the file where it is known, and no line."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mapping_at
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import ComponentReport, Outcome, Rendering
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.lint.finding import Finding
from pattern_operator.lint.locate import Locus
from pattern_operator.lint.of_error import LONGEST, of_error
from pattern_operator.lint.position.sources import Sources
from pattern_operator.lint.rule import Rule, Severity
from pattern_operator.lint.schema.schemas import Schemas
from pattern_operator.quote import one_line
from pattern_operator.render import Options
from pattern_operator.render.build_root import Chart, Kustomization
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.helm.failure import RefusedByChart
from pattern_operator.render.helm.hooks import sentences
from pattern_operator.render.repair.consented import MISMATCH, is_selector_mismatched

Build = Callable[[Sequence[File], Options], Rendering]
"""Renders by the real programs; raises PatternError."""

# It says nothing of the pattern: the machine lacks a program, or time.
_OF_THE_MACHINE: Final = frozenset({Reason.PROGRAM_MISSING, Reason.OPERATOR_BUSY})


def of_root(
    root: Chart | Kustomization, *, options: Options, schemas: Schemas, sources: Sources, build: Build
) -> Iterator[Finding]:
    """What is wrong with the objects and hooks that a chart or kustomization makes."""
    what = "Helm chart" if isinstance(root, Chart) else "kustomization"
    rendering = _rendered(build, options, sources)
    if isinstance(rendering, Finding):
        if rendering.severity is Severity.NOTE:
            rendering = replace(rendering, message=f"it is a {what} and is not checked: {rendering.message}")
        yield rendering if rendering.file else replace(rendering, file=root.where)
        return
    rows = {each.id: each for each in rendering.components}
    for each in rendering.with_outcome(Outcome.REFUSED):
        yield _of_row(each, str(each.reason), Severity.ERROR, each.message, root, sources)
    for each in rendering.components:
        for repair in each.repairs:
            yield _of_row(each, str(repair.name), Severity.WARNING, repair.message, root, sources)
    for each in rendering.with_outcome(Outcome.SKIPPED):
        if each.reason == ComponentReason.UNKNOWN_HOOK:
            yield _of_row(each, Rule.UNKNOWN_HOOK, Rule.UNKNOWN_HOOK.severity, each.message, root, sources)
    for made, rule, severity, message, suggestion in _faults(rendering, schemas):
        row = rows.get(made.component) or ComponentReport(
            made.component, made.key.name, made.key.kind, Outcome.RENDERED
        )
        yield replace(_of_row(row, rule, severity, message, root, sources), suggestion=suggestion)


def of_patches(
    path: str, told: Collection[str], *, options: Options, schemas: Schemas, sources: Sources, build: Build
) -> Iterator[Finding]:
    """What is wrong with the default patches of the ``pattern.yaml`` at ``path``.

    ``told`` are the messages on the objects without them.
    """
    rendering = _rendered(build, options, sources)
    if isinstance(rendering, Finding):
        if rendering.severity is Severity.NOTE:
            rendering = replace(rendering, message=f"the default patches are not checked: {rendering.message}")
        yield rendering if rendering.file else replace(rendering, file=path)
        return
    line, column = Locus(path, sources.root(path, 1)).place(("patches",), on_key=True)
    for made, rule, severity, message, suggestion in _faults(rendering, schemas):
        if severity is Severity.ERROR and message not in told:
            said = one_line(f"{message}, after the default patches", LONGEST)
            yield Finding(
                path, line, column, rule, severity, said, suggestion, made.component, f"{made.key.kind} {made.key.name}"
            )


def _rendered(build: Build, options: Options, sources: Sources) -> Rendering | Finding:
    """The rendering, or why there is none: an error of the pattern, or a note where nothing is said of it."""
    try:
        return build(sources.files, options)
    except Stalled as error:
        asks = error.reason is Reason.PARAMETERS_INVALID or isinstance(error, RefusedByChart)
        needs_parameters = asks and options.parameters == Options().parameters
        if error.reason not in _OF_THE_MACHINE and not needs_parameters:
            return of_error(error, sources)
        return _note(f"give parameters by --set or --values: {error.message}" if needs_parameters else error.message)
    except PatternError as error:
        return _note(error.message)


def _note(message: str) -> Finding:
    return Finding("", 0, 0, Rule.NOT_CHECKED, Rule.NOT_CHECKED.severity, one_line(message, LONGEST))


def _faults(rendering: Rendering, schemas: Schemas) -> Iterator[tuple[Object, str, Severity, str, str]]:
    objects = [*rendering.objects, *(each.object for each in rendering.hooks)]
    schemas = schemas.with_crds([each.body for each in objects])
    for hook in rendering.hooks:
        for said in sentences(mapping_at(hook.object.body, "metadata", "annotations")):
            yield hook.object, str(Rule.UNKNOWN_HOOK), Rule.UNKNOWN_HOOK.severity, said, ""
    for each in objects:
        if is_selector_mismatched(each.body):
            reason = ComponentReason.SELECTOR_MISMATCH
            yield each, str(reason), Severity.ERROR, MISMATCH, ""
        for fault in schemas.faults(each.body):
            yield each, str(fault.rule), fault.rule.severity, fault.message, fault.suggestion


def _of_row(
    row: ComponentReport,
    rule: str,
    severity: Severity,
    message: str,
    root: Chart | Kustomization,
    sources: Sources,
) -> Finding:
    said = one_line(message, LONGEST)
    return Finding(_file(row, root, sources), 0, 0, rule, severity, said, component=row.id, name=row.display_name)


def _file(row: ComponentReport, root: Chart | Kustomization, sources: Sources) -> str:
    """The file that an object comes from: a template, which helm names from the name of its chart; else the root's."""
    below = row.path.partition("/")[2]
    wanted = below if root.path == "." else f"{root.path}/{below}"
    known = {each.path for each in sources.files}
    return next((each for each in (wanted, row.path) if each and each in known), root.where)
