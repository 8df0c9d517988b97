"""``patternctl render``: what the operator would apply, and what it repairs, skips and refuses on the way there."""

import argparse
from typing import TYPE_CHECKING, Final

from pattern_operator.cli import connection, exit_codes, inputs, never_applied, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pattern_operator.api.artifact import File
    from pattern_operator.api.object import Object
    from pattern_operator.api.report import ComponentReport, Rendering

_EXAMPLES = """\
examples:
  patternctl render ./design.yml                                     objects as YAML documents
  patternctl render oci://registry.example/web:1.0.0 -o json         one List, as `kubectl apply -f -` takes it
  patternctl render ./design.yml --report report.json > objects.yml  what became of each component, and why
  kubectl kustomize ./overlay | patternctl render -                  of what comes through a pipe

A path that exists is read; anything else is pulled: oci:// may be left out where there is a tag or digest. What can be
rendered is printed even where some components are refused.

"""
_FORMATS: Final = ("Auto", "Meshery", "Manifests")  # of spec.render.format
_NAMED: Final = 20  # refused components that are printed; --report has all


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
    from pattern_operator.api.report import Outcome
    from pattern_operator.render import Options, render

    rendering = render(
        _files(options),
        options=Options(
            format=options.format,
            path=options.path,
            default_namespace=options.namespace,
            target_namespace=options.target_namespace,
            create_namespace=options.create_namespace,
        ),
    )
    refused = list(rendering.with_outcome(Outcome.REFUSED))
    if options.report:
        _report(rendering.components, options.report)
    ignored = never_applied.asked_for(rendering.objects)
    printed = [made for made in rendering.objects if made.key not in ignored]
    _print(printed, options.output)
    if refused and options.report != "-":
        _complain(refused, of=len(rendering.components))
    if options.report != "-":
        _tell_left_out(rendering, ignored.values())
    if not printed:
        output.print_error(f"there is nothing to deploy in {output.plain(options.pattern)}")
    return exit_codes.REFUSED if refused else exit_codes.OK


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


def _report(components: "Sequence[ComponentReport]", place: str) -> None:
    """Write what became of each component; raises OSError where that is not possible."""
    import sys
    from pathlib import Path

    from pattern_operator.cli import yaml_output

    fields = ("id", "name", "kind", "outcome", "reason", "message", "repairs")
    rows = [{field: getattr(component, field) for field in fields} for component in components]
    text = yaml_output.dump({"components": rows}, "json")
    if place == "-":
        sys.stderr.write(text)
    else:
        Path(place).write_text(text, encoding="utf-8")


def _print(objects: "Sequence[Object]", form: str) -> None:
    from pattern_operator.cli import yaml_output

    bodies = [made.body for made in objects]
    if form == "json":
        output.document(yaml_output.dump({"apiVersion": "v1", "kind": "List", "items": bodies}, "json"))
    elif bodies:
        output.document(yaml_output.stream(bodies))


def _tell_left_out(rendering: "Rendering", ignored: "Iterable[str]") -> None:
    """Say what is not in what is printed, as it is for other tools or asks so: whoever pipes it on would miss it."""
    from pattern_operator.api.report import Outcome
    from pattern_operator.render import FOR_OTHER_TOOLS

    left = [each.message for each in rendering.with_outcome(Outcome.SKIPPED) if each.reason in FOR_OTHER_TOOLS]
    left += ignored
    for message in left[:_NAMED]:
        output.print_error(output.plain(message))
    if len(left) > _NAMED:
        output.print_error(f"and {len(left) - _NAMED} more are left out: --report FILE has them all")


def _complain(refused: "Sequence[ComponentReport]", *, of: int) -> None:
    """Say which components are missing in what was printed, and why."""
    lines = [f"{len(refused)} of {of} components were refused; what is printed lacks them:"]
    lines += [
        "  " + output.plain(f"{component.display_name}: {component.reason}: {component.message}")
        for component in refused[:_NAMED]
    ]
    if len(refused) > _NAMED:
        lines.append(f"  and {len(refused) - _NAMED} more: --report FILE has them all")
    output.print_error("\n".join(lines))
