"""What rendering repairs or refuses, and what the schemas do not allow, with its place in the files. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec

from pattern_operator.api import names
from pattern_operator.api.artifact import File
from pattern_operator.api.designpattern import DesignPattern, decode
from pattern_operator.api.reason import Reason
from pattern_operator.api.repair import Repair
from pattern_operator.api.report import Outcome
from pattern_operator.errors import Stalled, Transient
from pattern_operator.lint import declared
from pattern_operator.lint.built import Build, of_patches, of_root
from pattern_operator.lint.finding import MOST, Finding, LintReport, report
from pattern_operator.lint.locate import Locus, of_design, of_manifest
from pattern_operator.lint.of_error import LONGEST, of_error
from pattern_operator.lint.position.sources import Sources
from pattern_operator.lint.rule import Rule, Severity
from pattern_operator.lint.schema.schemas import SchemaFault, Schemas, shown
from pattern_operator.quote import one_line
from pattern_operator.render import ComponentReason, Options, design_components, manifest_components
from pattern_operator.render.build_root import Chart, Kustomization, SeveralRoots
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.design import Design
from pattern_operator.render.document import Document
from pattern_operator.render.pattern_file import (
    Declared,
    MissingParameters,
    describe,
    may_describe,
    refuse_unread_parameters,
)
from pattern_operator.render.pattern_file import declared as declared_by
from pattern_operator.render.selection import select
from pattern_operator.render.written_keys import WrittenKeys

T = TypeVar("T")
Compile = Callable[[Collection[str]], Mapping[str, str]]
"""Why some expressions of health checks can be true of nothing, a clause by expression; raises Transient."""

_MOST_BROKEN: Final = 50  # files that cannot be read; with each the others are read again
# Drawings and views are what a design is made of; that they are left out says nothing.
FIXABLE: Final = frozenset(
    {
        Repair.CORRECT_ROLE_GROUP,
        Repair.DROP_CAPTURED_FIELDS,
        Repair.DROP_CAPTURED_METADATA,
        Repair.DROP_CONTAINER_STUBS,
        Repair.DROP_KIND_SUFFIX,
        Repair.DROP_NAMESPACE,
        Repair.DROP_NULL_FIELDS,
        Repair.DROP_STATUS,
        Repair.DROP_SUBJECT_STUBS,
        Repair.FOLLOW_RENAMED,
        Repair.MAKE_NAME_VALID,
        Repair.MERGE_LIST_ENTRIES,
        Repair.MERGE_SPACED_FIELDS,
        Repair.PREFER_DISPLAY_NAME,
        Repair.READ_NULL_CONFIGURATION,
        Repair.SET_BUILT_IN_API_VERSION,
        Repair.UNSPACE_FIELD_NAMES,
    }
)
"""The repairs that ``fix`` writes back."""
_NOT_TOLD: Final = frozenset({ComponentReason.ANNOTATION, ComponentReason.ALIAS})


@dataclass(frozen=True, slots=True)
class Inspected:
    """A component, and where it stands."""

    component: WorkingComponent
    locus: Locus


def lint(
    files: Sequence[File], *, options: Options, schemas: Schemas, compile_checks: Compile, build: Build
) -> LintReport:
    """What there is to say of the pattern that ``files`` hold; whatever they hold, it raises nothing.

    A file that cannot be read hides nothing of the others.
    """
    broken, found = reading_on(
        files, lambda left: _linted(left, options=options, schemas=schemas, compile_checks=compile_checks, build=build)
    )
    return report([*broken, *(found or ())])


def reading_on(files: Sequence[File], work: Callable[[Sequence[File]], T]) -> tuple[list[Finding], T | None]:
    """What ``work`` makes of the files that can be read, and a finding for each that cannot.

    None in its place where the pattern as a whole cannot be read, which the last finding says.
    """
    broken, left = list[Finding](), list(files)
    while True:
        try:
            return broken, work(left)
        except Stalled as error:
            finding = of_error(error, Sources(left))
            if broken and error.reason is Reason.NOT_A_PATTERN:  # what was the pattern is what cannot be read
                return broken, None
            broken.append(finding)
            others = [each for each in left if each.path != finding.file]
            if not _is_alone(error, finding) or len(others) in (0, len(left)) or len(broken) == _MOST_BROKEN:
                return broken, None
            left = others


def _is_alone(error: Stalled, finding: Finding) -> bool:
    """Whether an error is of one document file, and others can be read without it."""
    return error.reason is Reason.DOCUMENT_INVALID and bool(finding.file) and not may_describe(finding.file)


def _linted(
    files: Sequence[File], *, options: Options, schemas: Schemas, compile_checks: Compile, build: Build
) -> list[Finding]:
    said, sources = declared_by(files, options=options), Sources(files)
    inspected, found = list[Inspected](), list[Finding]()
    patched = False
    try:
        described = describe(files, options=options)
        chosen = select(described.files, options=described.options, substitution=described.substitution)
        if isinstance(chosen, Chart | Kustomization):
            found += of_root(chosen, options=options, schemas=schemas, sources=sources, build=build)
        else:
            refuse_unread_parameters(described)
            inspected = inspect(chosen, options=described.options, sources=sources)
            patched = bool(described.options.patches)
            found += _without_components(chosen, sources)
    except MissingParameters as error:
        found.append(_of_missing(error))
    except SeveralRoots as error:
        message = f"nothing of it is checked, what lies beside them neither: {error.message}"
        found.append(Finding("", 0, 0, Rule.NOT_CHECKED, Rule.NOT_CHECKED.severity, one_line(message, LONGEST)))
    of_crds = schemas.with_crds([each.component.body for each in inspected if not each.component.excluded])
    of_objects = (finding for each in inspected for finding in _findings(each, of_crds))
    found += islice(of_objects, 4 * MOST)
    if said is not None and patched:
        told = {each.message for each in found}
        found += of_patches(said.path, told, options=options, schemas=schemas, sources=sources, build=build)
    known = {_place(each) for each in found if each.severity is Severity.ERROR}
    declarations = _of_declarations(said, inspected, sources=sources, compile_checks=compile_checks)
    return [*found, *(each for each in declarations if not each.line or _place(each) not in known)]


def _place(finding: Finding) -> tuple[str, int, int]:
    """Where it is: what the operator refuses is not told again where the API server refuses it already."""
    return finding.file, finding.line, finding.column


def _of_declarations(
    said: Declared | None, inspected: list[Inspected], *, sources: Sources, compile_checks: Compile
) -> Iterator[Finding]:
    """What the operator refuses of ``pattern.yaml``, and of DesignPatterns among the objects."""
    patterns = list(_patterns(inspected))
    checks = [*(said.health_checks if said is not None else ())]
    checks += [check for _, pattern in patterns for check in pattern.spec.apply.health_checks or ()]
    errors: Mapping[str, str] = {}
    try:
        errors = compile_checks(list(dict.fromkeys(declared.expressions(checks)))) if checks else {}
    except Transient as error:
        yield Finding("", 0, 0, Rule.NOT_CHECKED, Rule.NOT_CHECKED.severity, one_line(error.message, LONGEST))
    if said is not None:
        root = sources.root(said.path, 1)
        for each in declared.of_pattern_file(said.depends_on, said.health_checks, errors=errors):
            line, column = Locus(said.path, root).place(each.path)
            message = one_line(each.message, LONGEST)
            yield Finding(said.path, line, column, str(each.reason), Severity.ERROR, message)
    for of, pattern in patterns:
        yield from (_refused(of, each) for each in declared.of_design_pattern(pattern, errors=errors))
    for position, each in declared.circles([pattern for _, pattern in patterns]):
        yield _refused(patterns[position][0], each)


def _patterns(inspected: list[Inspected]) -> Iterator[tuple[Inspected, DesignPattern]]:
    """The DesignPatterns among the objects; of one that is none its schema says what is wrong."""
    for each in inspected:
        body = each.component.body
        if each.component.excluded or (body.get("apiVersion"), body.get("kind")) != (names.API_VERSION, names.KIND):
            continue
        with suppress(msgspec.ValidationError):
            yield each, decode({"metadata": body.get("metadata"), "spec": body.get("spec")})


def _refused(inspected: Inspected, refused: declared.Refused) -> Finding:
    place = inspected.locus.place(refused.path, body=inspected.component.body)
    return _finding(inspected, place, str(refused.reason), Severity.ERROR, refused.message)


def inspect(chosen: Design | list[Document], *, options: Options, sources: Sources) -> list[Inspected]:
    """What becomes of each component, with its place; raises Stalled as ``render`` does."""
    if isinstance(chosen, Design):
        made = design_components(chosen, options=options)
        return [Inspected(each, of_design(sources, chosen, index)) for index, each in enumerate(made)]
    return [Inspected(each, of_manifest(sources, each)) for each in manifest_components(chosen, options=options)]


def _without_components(chosen: Design | list[Document], sources: Sources) -> Iterator[Finding]:
    if isinstance(chosen, Design) and not chosen.components:
        _, root = sources.design(chosen.path)
        line, column = Locus(chosen.path, root).place(("components",), on_key=True)
        rule, message = Rule.NO_COMPONENTS, "the design has no components: there is nothing to deploy"
        yield Finding(chosen.path, line, column, rule, rule.severity, message)


def _of_missing(error: MissingParameters) -> Finding:
    """The finding for a pattern that is right, and that parameters are needed for; they are of each use of it."""
    message = f"parameters are needed to check it, by --set or --values: {error.fault}"
    return Finding(error.path, 1, 1, Rule.NOT_CHECKED, Rule.NOT_CHECKED.severity, one_line(message, LONGEST))


def _findings(inspected: Inspected, schemas: Schemas) -> Iterator[Finding]:
    component = inspected.component
    if component.outcome is Outcome.SKIPPED:
        if component.reason not in _NOT_TOLD:
            yield _said(inspected, str(component.reason), Severity.NOTE, component.message)
        return
    told: list[str] = []
    for reason, message in component.faults or _refusal(component):
        told.append(message)
        yield _said(inspected, str(reason), Severity.ERROR, message)
    if component.outcome is Outcome.REFUSED and component.found > len(component.faults):
        more = component.found - len(component.faults)
        yield _said(inspected, str(component.reason), Severity.ERROR, f"and {more} more like these")
    for repair in component.repairs:
        yield _said(
            inspected, str(repair.name), Severity.WARNING, repair.message, fixable=_is_fixable(component, repair.name)
        )
    if component.body:
        yield from _schema_findings(inspected, schemas, " ".join(told))


def _is_fixable(component: WorkingComponent, name: Repair) -> bool:
    return name in FIXABLE and not component.excluded and component.outcome is Outcome.RENDERED


def _refusal(component: WorkingComponent) -> list[tuple[ComponentReason, str]]:
    if component.outcome is not Outcome.REFUSED or component.reason is None:
        return []
    return [(component.reason, component.message)]


def _schema_findings(inspected: Inspected, schemas: Schemas, told: str) -> Iterator[Finding]:
    """What the schema does not allow, but what rendering has said already."""
    for found in schemas.faults(inspected.component.body):
        fault = _as_written(found, inspected.component.written)
        if not _is_told(fault, told):
            line, column = inspected.locus.place(fault.path, on_key=fault.on_key, body=inspected.component.body)
            yield _finding(
                inspected, (line, column), str(fault.rule), fault.rule.severity, fault.message, fault.suggestion
            )


def _as_written(fault: SchemaFault, written: WrittenKeys) -> SchemaFault:
    """The fault by the keys that stand in the file: ``on``, where YAML reads ``true``."""
    path = tuple(written.get(fault.path[:length], step) for length, step in enumerate(fault.path, start=1))
    if path == fault.path:
        return fault
    return replace(fault, path=path, message=shown(path) + fault.message.removeprefix(shown(fault.path)))


def _is_told(fault: SchemaFault, told: str) -> bool:
    path = fault.message.partition(" ")[0]
    return fault.rule in (Rule.MISSING_REQUIRED_FIELD, Rule.WRONG_TYPE) and bool(path) and path in told


def _said(inspected: Inspected, rule: str, severity: Severity, message: str, *, fixable: bool = False) -> Finding:
    place = inspected.locus.named(message)
    return _finding(inspected, place, rule, severity, message, fixable=fixable)


def _finding(
    inspected: Inspected,
    place: tuple[int, int],
    rule: str,
    severity: Severity,
    message: str,
    suggestion: str = "",
    *,
    fixable: bool = False,
) -> Finding:
    shown: Any = inspected.component.report()
    return Finding(
        file=inspected.locus.file,
        line=place[0] or inspected.component.line,
        column=place[1],
        rule=rule,
        severity=severity,
        message=one_line(message, LONGEST),
        suggestion=suggestion,
        component=shown.id,
        name=shown.display_name,
        fixable=fixable,
    )
