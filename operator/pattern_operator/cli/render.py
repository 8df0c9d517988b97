"""``patternctl render``: what the operator would apply, and what it repairs, skips and refuses on the way there."""

import argparse
from typing import TYPE_CHECKING, Final

from pattern_operator.cli import connection, exit_codes, inputs, never_applied, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_operator.api.artifact import File

_EXAMPLES = """\
examples:
  patternctl render ./design.yml                                     one List, as `kubectl apply -f -` takes it
  patternctl render oci://registry.example/web:1.0.0 -o json         the same as JSON
  patternctl render ./design.yml --report report.json > objects.yml  what became of each component, and why
  kubectl kustomize ./overlay | patternctl render -                  of what comes through a pipe

A path that exists is read; anything else is pulled: oci:// may be left out where there is a tag or digest. What can be
rendered is printed even where some components are refused.

"""
_FORMATS: Final = ("Auto", "Meshery", "Manifests", "Kustomize", "Helm")  # of spec.render.format


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "render",
        help="print the objects of a pattern, and report what was repaired or refused",
        description="Print the objects that the operator would apply, and report what was repaired or refused.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.REFUSED),
    )
    command.add_argument(
        "pattern", metavar="FILE|DIR|REFERENCE|-", help="a file, folder, tar or oci:// reference; - for standard input"
    )
    command.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml", help="how to print the objects")
    command.add_argument("--report", metavar="FILE", help="write the report there as JSON (- is standard error)")
    command.add_argument("-n", "--namespace", default="default", help="for objects that name none (default: default)")
    command.add_argument("--target-namespace", metavar="NAMESPACE", help="for every namespaced object")
    command.add_argument("--create-namespace", action="store_true", help="as spec.apply.createNamespace: true does")
    command.add_argument("--format", choices=_FORMATS, default="Auto", help="what the pattern is (default: Auto)")
    command.add_argument("--path", help="the file or folder inside the pattern (default: its design, or all)")
    command.add_argument("--media-type", metavar="TYPE", help="the layer to pull (default: all that hold files)")
    connection.add(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Render, report, print the objects."""
    from pattern_operator.cli.rendered import Printed
    from pattern_operator.render import Options, render
    from pattern_operator.render.program import drive, without_programs

    asked = Options(
        format=options.format,
        path=options.path,
        default_namespace=options.namespace,
        target_namespace=options.target_namespace,
        create_namespace=options.create_namespace,
    )
    rendering = drive(render(_files(options), options=asked), run=without_programs)
    printed = Printed(rendering, never_applied.asked_for(rendering.objects))
    if options.report:
        _write(printed.report(), options.report)
    output.document(printed.list_as(options.output))
    if options.report != "-":
        for message in (*printed.complaints(), *printed.left_out()):
            output.print_error(message)
    if not printed.objects:
        output.print_error(f"there is nothing to deploy in {output.plain(options.pattern)}")
    return exit_codes.REFUSED if printed.refused else exit_codes.OK


def _files(options: argparse.Namespace) -> "Sequence[File]":
    """The files at the path, or of the artifact; a path that exists wins."""
    import asyncio
    from pathlib import Path

    from pattern_operator.cli import registry
    from pattern_operator.source import LayerSelector

    if not registry.is_reference(options.pattern) or Path(options.pattern).exists():
        return inputs.read(options.pattern)
    layer = LayerSelector(media_type=options.media_type, path=options.path)
    wanted = registry.reference(options.pattern)
    pulling = registry.pulled(wanted, insecure=options.insecure, token_service=options.token_service, layer=layer)
    return asyncio.run(pulling).files


def _write(report: str, place: str) -> None:
    """Write what became of each component; raises OSError where that is not possible."""
    import sys
    from pathlib import Path

    if place == "-":
        sys.stderr.write(report)
    else:
        Path(place).write_text(report, encoding="utf-8")
