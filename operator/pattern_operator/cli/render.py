"""``patternctl render``: what the operator would apply, and what it repairs, skips and refuses on the way there."""

import argparse
from typing import TYPE_CHECKING

from pattern_operator.cli import exit_codes, output, rendering
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pattern_operator.cli.rendered import Printed

_EXAMPLES = """\
examples:
  patternctl render ./design.yml                                     one List, as `kubectl apply -f -` takes it
  patternctl render oci://registry.example/web:1.0.0 -o json         the same as JSON
  patternctl render ./chart --name web -n shop --values prod.yaml --set image.tag=1.2
  patternctl render . --path overlays/prod --patch replicas.yaml     a kustomization, and a patch of what it makes
  patternctl render ./web --pattern prod.yaml                        as the DesignPattern in prod.yaml says
  patternctl render --pattern prod.yaml                              the artifact that it names, too
  patternctl render ./design.yml --report report.json > objects.yml  what became of each component, and why
  patternctl render ./chart --no-hooks | kubectl diff -f -           what would change, hooks aside
  kubectl kustomize ./overlay | patternctl render -                  of what comes through a pipe

A path that exists is read; anything else is pulled: oci:// may be left out where there is a tag or digest. Where a
component is refused, nothing is printed and standard error names it; `--on-invalid Skip` prints the rest. Charts need
helm, kustomizations and patches need kustomize: on PATH, or by a flag.

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "render",
        help="print the objects of a pattern, and report what was repaired or refused",
        description="Print the objects that the operator would apply, and report what was repaired or refused.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.REFUSED),
    )
    command.add_argument(
        "artifact",
        nargs="?",
        metavar="FILE|DIR|REFERENCE|-",
        help="a file, folder, tar or oci:// reference; - for standard input (default: what --pattern names)",
    )
    command.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml", help="how to print the objects")
    command.add_argument("--report", metavar="FILE", help="write the report there as JSON (- is standard error)")
    command.add_argument("--no-hooks", action="store_true", help="leave the hooks of a chart out, as helm does")
    command.add_argument(
        "--on-invalid", choices=rendering.ON_INVALID, help="where a component is refused: print nothing, or the rest"
    )
    rendering.add_flags(command)
    command.hint = "; the name of a release is given by --name, and further patches by --patch"
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Render, report, print the objects."""
    from pattern_operator.cli.rendered import refusal_report
    from pattern_operator.errors import PatternError

    if options.artifact is None and options.pattern is None:
        options.command.error("name what to render: a file, folder or reference, or a DesignPattern by --pattern")
    given = options.artifact if options.artifact is not None else options.pattern
    try:
        printed = rendering.printed(options)
    except PatternError as error:
        if options.report:
            _write(refusal_report(error, of=given), options.report)
        raise
    if options.report:
        _write(printed.report(), options.report)
    if not printed.is_refused:
        output.document(printed.list_as(options.output))
    if options.report != "-":
        for message in (*printed.complaints(), *printed.notes(), *_about_patterns(printed, given)):
            output.print_error(message)
    if not printed.objects and not printed.refused:
        output.print_error(f"there is nothing to deploy in {output.plain(given)}")
    return exit_codes.REFUSED if printed.is_refused else exit_codes.OK


def _about_patterns(printed: "Printed", given: str) -> "Iterator[str]":
    """That a DesignPattern itself was printed, where it may be meant to be followed."""
    from pathlib import Path

    from pattern_operator.cli.designpattern_file import is_design_pattern

    if Path(given).is_file() and any(is_design_pattern(each.body) for each in printed.objects):
        name = output.plain(given)
        yield (
            f"{name} has a DesignPattern, which is printed as an object: what the operator makes of its artifact"
            f" is printed by patternctl render --pattern {name}, with the path of the artifact or without"
        )


def _write(report: str, place: str) -> None:
    """Write what became of each component; raises OSError where that is not possible."""
    import sys
    from pathlib import Path

    if place == "-":
        sys.stderr.write(report)
    else:
        Path(place).write_text(report, encoding="utf-8")
