"""Helm charts, by the real ``helm template``: what it prints is taken as it is written.

``render_chart`` is the way in. ``metadata`` and ``chart`` read the chart, ``output`` what helm printed, ``hooks`` takes
out what is made at a moment of its own, ``differences`` finds what a second rendering makes anew
(docs/adr/0024-charts-are-rendered-twice.md), ``version`` what helm writes of itself, ``failure`` says what helm said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.generated import FieldKeys, value_at
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.report import ComponentReport, Rendering
from pattern_operator.limits import MAX_REPORT_NAME
from pattern_operator.quote import first_few, one_line
from pattern_operator.render import as_written
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.helm.actions import calls, replaced
from pattern_operator.render.helm.chart import FOLDER, TEMPLATES, Chart
from pattern_operator.render.helm.differences import bounded, differences
from pattern_operator.render.helm.failure import failure
from pattern_operator.render.helm.hooks import left_out, take_hooks
from pattern_operator.render.helm.metadata import chart_invalid
from pattern_operator.render.helm.output import read_output
from pattern_operator.render.helm.release_name import release_name
from pattern_operator.render.helm.values import settings_of, values_of
from pattern_operator.render.helm.version import FIELD, by_another_helm, is_version_text
from pattern_operator.render.namespace import keep_namespaces
from pattern_operator.render.options import Options
from pattern_operator.render.program import HelmTemplate, ProgramOutput, Steps
from pattern_operator.render.regenerated import with_build_metadata, with_differences

__all__ = ["render_chart"]

KUBE_VERSION: Final = "v1.37.0"  # where no cluster is asked
_ASK: Final = {"lookup": "an empty object", "getHostByName": "an empty text"}  # functions, and what they give here
_NAMED: Final = 5  # charts that a message names
_LOOKUPS: Final = 50  # places that are told
_NOW: Final = b"(toDate `2006-01-02` `2001-02-03`)"  # a time, as `now` is, and no quotation marks


def render_chart(files: Sequence[File], chart: str, *, options: Options) -> Steps[Rendering]:
    """Render the chart at ``chart`` among ``files``: its folder, "." for the root, or its package.

    Yields two runs with the same values, and a third where the second fails: the second has another time in place of
    ``now``. Each must be run: an answer that is remembered would hide what is made anew each time. One more has another
    version of helm, for a chart that asks for it.

    Raises:
        Stalled: CHART_INVALID, CHART_FAILED, PARAMETERS_INVALID; DOCUMENT_INVALID, ARTIFACT_TOO_LARGE,
            ARCHIVE_REFUSED, TOO_MANY_OBJECTS.
    """
    tree = Chart.read(files, chart)
    _refuse(tree, where=chart)
    run = HelmTemplate(
        files=tree.layout(),
        chart=FOLDER,
        release=release_name(options.release),
        namespace=options.target_namespace or options.default_namespace,
        values=values_of(options.parameters),
        kube_version=options.kube_version or KUBE_VERSION,
        api_versions=options.api_versions,
        settings=settings_of(options.parameters, options.whole_numbers),
        skips_schema=options.skip_schema_validation,
    )
    name = one_line(tree.metadata.name)
    templates = tree.templates()
    failed = partial(failure, chart=name, templates=templates, options=options)
    first = yield run
    if first.exit_code:
        raise failed(first)
    rendered = _rendered(first, tree, options=options)
    second = yield replace(run, files=tree.layout(_at_another_time))
    if second.exit_code:
        second = yield run
    if second.exit_code:
        raise failed(second)
    if second.stdout != first.stdout:
        rendered = replace(_compared(rendered, _rendered(second, tree, options=options)), repeatable=False)
    if any(chain.from_iterable(calls(each, (FIELD,)) for each in tree.evaluated())):
        other = yield replace(run, files=tree.layout(by_another_helm))
        if not other.exit_code:
            rendered = _with_version(rendered, _rendered(other, tree, options=options))
    return replace(rendered, components=(*rendered.components, *left_out(first.stderr, templates), *_told(tree)))


def _refuse(tree: Chart, *, where: str) -> None:
    """Raise Stalled for a chart of which helm would say less: a library, or one that lacks charts."""
    if tree.metadata.kind == "library":
        raise chart_invalid(where, "its type is library, which is for other charts to use", "Name one that uses it")
    there = {each.metadata.name for each in tree.charts.values()}
    missing = [str(each) for each in tree.metadata.dependencies if each.name not in there]
    if missing:
        raise chart_invalid(
            where,
            f"its dependencies {first_few([one_line(each) for each in missing], _NAMED)} are not in its folder charts/,"
            " and nothing is fetched",
            "Run `helm dependency build`",
        )


def _rendered(output: ProgramOutput, tree: Chart, *, options: Options) -> Rendering:
    name, version = tree.metadata.name, tree.metadata.version
    documents = read_output(output.stdout, chart=one_line(name), holds_secrets=options.holds_secrets)
    components = as_written.components(documents)
    for component in components:
        component.refuse_for_faults()
    keep_namespaces(components, options=options)  # of hooks, too, which may be of kinds that the chart defines
    hooks, of_hooks, ordinary = take_hooks(components)
    made = as_written.rendering(ordinary, options=options, form="Helm", name=name, version=version)
    return replace(made, components=(*made.components, *(each.report() for each in of_hooks)), hooks=hooks)


def _compared(first: Rendering, second: Rendering) -> Rendering:
    """The first rendering, with what the second one makes otherwise; the rows of such objects say so."""
    there = {each.key for each in second.objects}
    vanished = [each.key for each in first.objects if each.key not in there]
    return with_differences(first, _different(first, second), vanished=vanished)


def _with_version(rendered: Rendering, other: Rendering) -> Rendering:
    """The rendering, with what another version of helm makes otherwise and is not made anew each time anyway.

    Where that is the text of the version, it is what helm writes of itself. All else is as little decided by artifact
    and parameters as what is made anew.
    """
    bodies, others = ({each.key: each.body for each in it.objects} for it in (rendered, other))
    anew = {each.key: each.paths for each in rendered.generated}
    of_helm: dict[ObjectKey, tuple[FieldKeys, ...]] = {}
    for key, paths in _different(rendered, other).items():
        left = [path for path in paths if not _is_in(path, anew.get(key, ()))]
        texts = [path for path in left if is_version_text(value_at(bodies[key], path), value_at(others[key], path))]
        if texts:
            of_helm[key] = tuple(texts)
        if rest := [path for path in left if path not in texts]:
            anew[key] = bounded((*anew.get(key, ()), *rest))
    return with_build_metadata(with_differences(rendered, anew), of_helm)


def _different(first: Rendering, second: Rendering) -> dict[ObjectKey, tuple[FieldKeys, ...]]:
    others = {each.key: each.body for each in second.objects}
    found = {each.key: differences(each.body, others[each.key]) for each in first.objects if each.key in others}
    return {key: paths for key, paths in found.items() if paths}


def _is_in(path: FieldKeys, others: Sequence[FieldKeys]) -> bool:
    return any(path[: len(each)] == each for each in others)


def _told(tree: Chart) -> Iterator[ComponentReport]:
    """A row for what people should know of the chart itself: its end, and what it asks of a cluster."""
    reason = ComponentReason.DEPRECATED
    if tree.metadata.deprecated:
        message = f"the chart {tree.metadata.name} is deprecated: its author maintains it no longer"
        yield ComponentReport("Chart.yaml", tree.metadata.name, "", reason.outcome, str(reason), one_line(message))
    reason, left = ComponentReason.USES_LOOKUP, _LOOKUPS
    for path, chart in tree.walk():
        for file in chart.files.values():
            if not file.path.startswith(TEMPLATES):
                continue
            for call in calls(file.content, _ASK):
                if left == 0:
                    return
                left -= 1
                where = f"{path}/{file.path}"
                message = f"line {call.line} of {where} calls {call.name}, which gives {_ASK[call.name]} here"
                name = one_line(where, MAX_REPORT_NAME)
                row = ComponentReport(
                    f"{name}:{call.line}", call.name, "", reason.outcome, str(reason), one_line(message)
                )
                yield replace(row, path=name, line=call.line)


def _at_another_time(content: bytes) -> bytes:
    return replaced(content, "now", _NOW)
