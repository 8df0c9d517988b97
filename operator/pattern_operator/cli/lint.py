"""``patternctl lint``: what rendering repairs or refuses, and what schemas do not allow, with lines."""

import argparse
import re
from typing import TYPE_CHECKING, Any, Final

from pattern_operator.cli import connection, exit_codes, inputs, output, value_flags
from pattern_operator.cli.arguments import Parser
from pattern_operator.cli.cluster import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pattern_operator.api.artifact import File
    from pattern_operator.api.report import Rendering
    from pattern_operator.lint.finding import LintReport
    from pattern_operator.lint.schema.schemas import Schemas
    from pattern_operator.render import Options

_EXAMPLES = """\
examples:
  patternctl lint ./design.yml                             findings as FILE:LINE:COLUMN, for people and editors
  patternctl lint ./manifests --kube-version 1.36          against the fields that Kubernetes 1.36 has
  patternctl lint ./manifests --schemas cluster            against those of the cluster, its CRDs included
  patternctl lint ./pattern --set host=a.example           with parameters that its pattern.yaml declares
  patternctl lint ./design.yml --fix                       write the repairs back into the file
  patternctl lint ./design.yml --fix --dry-run             show what would change
  patternctl lint ./design.yml -o sarif > lint.sarif       for code scanning; see docs/ci.md
  patternctl lint ./chart --values prod.yaml               what helm makes of it, hooks too; without lines

A path that exists is read; anything else is pulled, as for `patternctl render`. No cluster is asked, unless --schemas
cluster says so.

"""
_FORMATS: Final = ("Auto", "Meshery", "Manifests", "Kustomize", "Helm")  # of spec.render.format
_REPAIRS: Final = ("NameContainers", "NamePorts", "SetSelectorFromTemplate")  # of spec.render.repairs
_VERSIONS: Final = ("1.35", "1.36", "1.37")  # whose schemas are shipped
_MOST_SCHEMA: Final = 64 * 1024 * 1024  # bytes of the OpenAPI of a cluster; one with hundreds of CRDs has some 20 MiB
_COLOURS: Final = {"error": "red", "warning": "yellow", "note": "dim"}


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "lint",
        help="say what of a pattern is repaired, refused or unknown, with lines; --fix mends it",
        description="Say what of a pattern rendering repairs or refuses, and what the API server would not take.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.FOUND),
    )
    command.add_argument(
        "pattern", metavar="FILE|DIR|REFERENCE|-", help="a file, folder, tar or oci:// reference; - for standard input"
    )
    forms = ("table", "json", "yaml", "sarif")
    command.add_argument("-o", "--output", choices=forms, default="table", help="how to print (table: for people)")
    command.add_argument(
        "--kube-version", choices=_VERSIONS, type=_minor, help=f"of the shipped schemas (default: {_VERSIONS[-1]})"
    )
    command.add_argument(
        "--schemas", choices=("shipped", "cluster"), default="shipped", help="whose schemas (default: shipped)"
    )
    command.add_argument("--fix", action="store_true", help="write the repairs back into the files")
    command.add_argument("--dry-run", action="store_true", help="with --fix: write nothing, show what would change")
    command.add_argument("--format", choices=_FORMATS, default="Auto", help="what the pattern is (default: Auto)")
    command.add_argument("--path", help="the file or folder inside the pattern (default: its design, or all)")
    value_flags.add(command)
    command.add_argument(
        "--repair",
        action="append",
        default=[],
        choices=_REPAIRS,
        metavar="NAME",
        help="allow a repair of spec.render.repairs, as a DesignPattern does",
    )
    command.add_argument("--helm", metavar="PATH", help="the helm that renders charts (default: the one on PATH)")
    command.add_argument("--kustomize", metavar="PATH", help="the kustomize to use (default: the one on PATH)")
    command.add_argument("--media-type", metavar="TYPE", help="the layer to pull (default: all that hold files)")
    command.add_argument("--kubeconfig", metavar="FILE", help="for --schemas cluster (default: $KUBECONFIG)")
    command.add_argument("--context", help="the context of the kubeconfig (default: its current one)")
    connection.add(command)
    command.set_defaults(run=run, namespace=None)


def _minor(text: str) -> str:
    """``1.36`` of ``v1.36.2``: all releases of it have the same schemas."""
    found = re.fullmatch(r"v?(\d+\.\d+)(?:[.+-].*)?", text)
    return found[1] if found is not None else text


def run(options: argparse.Namespace) -> int:
    """Fix what is to be fixed, then say what is left."""
    from functools import partial

    from pattern_operator.cli import health_checks, values
    from pattern_operator.lint.linter import FIXABLE, lint
    from pattern_operator.lint.schema import shipped
    from pattern_operator.render import Options

    _check(options)
    parameters = values.merged(options.values, settings=values.Settings.of(options))
    kube_version = shipped.LATEST if options.schemas == "shipped" and not options.kube_version else options.kube_version
    asked = Options(
        format=options.format,
        path=options.path,
        parameters=parameters,
        kube_version=kube_version,
        allowed_repairs=frozenset(options.repair),
    )
    files = _files(options, asked)
    if options.fix:
        files = _fix(files, asked, options)
    build = partial(_built, options)
    compiler = health_checks.errors
    report = lint(files, options=asked, schemas=_schemas(options), compile_checks=compiler, build=build)
    if options.fix and (waiting := sum(each.rule in FIXABLE and not each.fixable for each in report.findings)):
        stay = "1 repair is" if waiting == 1 else f"{waiting} repairs are"
        output.print_error(f"{stay} not written because of errors of the same objects: correct them first")
    _print(report, options)
    return exit_codes.FOUND if report.refused else exit_codes.OK


def _check(options: argparse.Namespace) -> None:
    """Raise UsageError where the flags do not go together."""
    if options.schemas == "cluster" and options.kube_version:
        raise UsageError("--kube-version is of the shipped schemas: leave it out with --schemas cluster")
    if options.dry_run and not options.fix:
        raise UsageError("--dry-run is for --fix: without it nothing is written")


def _built(options: argparse.Namespace, files: "Sequence[File]", asked: "Options") -> "Rendering":
    """What helm and kustomize make of a pattern; raises PatternError."""
    from pattern_operator.cli.programs import driven
    from pattern_operator.render import render

    return driven(render(files, options=asked), helm=options.helm, kustomize=options.kustomize)


def _files(options: argparse.Namespace, asked: "Options") -> "Sequence[File]":
    """The files at the path, or of the artifact; a path that exists wins."""
    import asyncio
    from functools import partial
    from pathlib import Path

    from pattern_operator.cli import registry
    from pattern_operator.render import files_beyond_documents
    from pattern_operator.source import LayerSelector

    if not registry.is_reference(options.pattern) or Path(options.pattern).exists():
        return inputs.read(options.pattern, beyond_documents=partial(files_beyond_documents, options=asked))
    layer = LayerSelector(media_type=options.media_type, path=options.path)
    wanted = registry.reference(options.pattern)
    pulling = registry.pulled(wanted, insecure=options.insecure, token_service=options.token_service, layer=layer)
    return asyncio.run(pulling).files


def _schemas(options: argparse.Namespace) -> "Schemas":
    """The schemas that were chosen; raises Stalled and Transient where the cluster does not give its own."""
    import asyncio

    from pattern_operator.lint.schema import shipped
    from pattern_operator.lint.schema.schemas import Schemas

    if options.schemas == "cluster":
        return asyncio.run(_of_cluster(options))
    from pattern_operator.api.crd import KINDS, crd

    version = next((each for each in shipped.VERSIONS if each == options.kube_version), shipped.LATEST)
    return Schemas.of(shipped.load(version), label=f"Kubernetes {version}").with_own_crds(list(map(crd, KINDS)))


async def _of_cluster(options: argparse.Namespace) -> "Schemas":
    from pattern_operator.api.reason import Reason
    from pattern_operator.cli.session import connected
    from pattern_operator.errors import Stalled
    from pattern_operator.lint.schema.openapi import reduced
    from pattern_operator.lint.schema.schemas import Schemas
    from pattern_operator.strict_json import InvalidDocument, read_object

    async with connected(options) as cluster:
        with cluster.translated_errors("read"):
            content = await cluster.session.request("GET", "/openapi/v2", most=_MOST_SCHEMA)
        try:
            return Schemas.of(reduced(read_object(content)), label=cluster.server)
        except InvalidDocument as error:
            raise Stalled(
                reason=Reason.APPLY_FAILED,
                message=f"what {cluster.server} says of its schemas {error}: use --schemas shipped",
            ) from error


def _fix(files: "Sequence[File]", asked: "Options", options: argparse.Namespace) -> "Sequence[File]":
    """Write the repairs back; the files as they are then."""
    from pattern_operator.api.artifact import File
    from pattern_operator.cli import mended_file
    from pattern_operator.lint.fix.fixer import fix

    place = _place(files, options)
    done = fix(files, options=asked)
    for each in done.fixed:
        if options.dry_run:
            if options.output == "table":  # programs have the findings alone
                mended_file.show(each, _place_of(each.path, options))
        else:
            mended_file.write(place, each)
        changes = "1 change" if each.edits == 1 else f"{each.edits} changes"
        output.print_error(f"{output.plain(each.path)}: {changes} {'would be made' if options.dry_run else 'made'}")
    for why in done.kept:
        output.print_error(output.plain(why))
    if not done.fixed:
        output.print_error("there is nothing that --fix can mend")
    if options.dry_run:
        return files
    new = {each.path: each.after for each in done.fixed}
    return [File(each.path, new[each.path].encode()) if each.path in new else each for each in files]


def _place(files: "Sequence[File]", options: argparse.Namespace) -> "Path":
    """The file or folder that is mended; raises UsageError for what is none."""
    from pathlib import Path

    place = Path(options.pattern)
    if options.pattern == inputs.STDIN or not place.exists():
        raise UsageError("--fix writes to a file or folder: an artifact or standard input cannot be mended")
    if not place.is_dir() and [file.path for file in files] != [place.name]:
        raise UsageError("--fix does not write into an archive: unpack it, and name the folder")
    return place


def _print(report: "LintReport", options: argparse.Namespace) -> None:
    if options.output == "sarif":
        from pattern_operator.cli import yaml_output
        from pattern_operator.lint.sarif import sarif

        output.document(yaml_output.dump(sarif(report, folder=_folder(options)), "json"))
    elif options.output == "table":
        _table(report, options)
    else:
        from pattern_operator.cli import yaml_output

        output.document(yaml_output.dump(_document(report, options), options.output))


def _place_of(file: str, options: argparse.Namespace) -> str:
    """How an editor finds a file: from the working directory where a relative path was given."""
    if options.pattern == inputs.STDIN:
        return "<stdin>"
    folder = _folder(options)
    return "/".join(part for part in (folder, file) if part) or options.pattern


def _folder(options: argparse.Namespace) -> str:
    """The folder that the paths of files begin in, from the working directory: what code scanning shows files by."""
    from pathlib import Path

    place = Path(options.pattern)
    if options.pattern == inputs.STDIN or place.is_absolute() or not place.exists():
        return ""
    folder = (place if place.is_dir() else place.parent).as_posix()
    return "" if folder == "." else folder


def _document(report: "LintReport", options: argparse.Namespace) -> dict[str, Any]:
    from pattern_operator.lint.rule import Severity

    fields = ("file", "line", "column", "rule", "severity", "message", "suggestion", "component", "name", "fixable")
    rows = [{name: getattr(finding, name) for name in fields} for finding in report.findings]
    for row in rows:
        row |= {"severity": str(row["severity"]), "file": _place_of(row["file"], options)}
    counts = {f"{severity}s": report.count(severity) for severity in Severity}
    return {"findings": rows, **counts, "leftOut": report.left_out}


def _table(report: "LintReport", options: argparse.Namespace) -> None:
    """A line a finding, and a last one that counts them."""
    from dataclasses import replace

    from pattern_operator.cli.error_messages import in_cli_terms
    from pattern_operator.lint.rule import Severity

    for each in report.findings:
        place = ":".join(str(part) for part in (_place_of(each.file, options), each.line, each.column) if part)
        if not each.component:  # of the pattern as a whole: in words for a DesignPattern
            each = replace(each, message=in_cli_terms(each.message))
        said = f"{each.message}; {each.suggestion}" if each.suggestion else each.message
        shown = f"{each.name}: {said}" if each.name else said
        severity = output.colour(str(each.severity), _COLOURS[each.severity])
        print(f"{output.plain(place)}: {severity}: {output.plain(shown)} [{each.rule}]")
    if report.left_out:
        print(f"and {report.left_out} more")
    counts = {severity: report.count(severity) for severity in Severity}
    told = ", ".join(f"{number} {severity}{'' if number == 1 else 's'}" for severity, number in counts.items())
    mendable = sum(each.fixable for each in report.findings)
    print(told + (f"; --fix mends {mendable}" if mendable else ""))
