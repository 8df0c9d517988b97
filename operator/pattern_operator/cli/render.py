"""``patternctl render``: what the operator would apply, and what it repairs, skips and refuses on the way there."""

import argparse
from typing import TYPE_CHECKING, Final

from pattern_operator.cli import connection, exit_codes, inputs, never_applied, output, value_flags
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pattern_operator.api.artifact import File
    from pattern_operator.cli.render_options import Asked
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
_FORMATS: Final = ("Auto", "Meshery", "Manifests", "Kustomize", "Helm")  # of spec.render.format
_ON_INVALID: Final = ("Refuse", "Skip")  # of spec.render.onInvalid
_REPAIRS: Final = ("NameContainers", "NamePorts", "SetSelectorFromTemplate")  # of spec.render.repairs


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
        "--on-invalid", choices=_ON_INVALID, help="where a component is refused: print nothing, or the rest"
    )
    command.add_argument("--media-type", metavar="TYPE", help="the layer to pull (default: all that hold files)")
    _add_spec(command)
    _add_parameters(command)
    _add_capabilities(command)
    connection.add(command)
    command.hint = "; the name of a release is given by --name, and further patches by --patch"
    command.set_defaults(run=run)


def _add_spec(command: Parser) -> None:
    group = command.add_argument_group("what a DesignPattern says; each flag counts in the place of its field")
    group.add_argument("--pattern", metavar="FILE", help="a DesignPattern, to be rendered as it says")
    group.add_argument(
        "--name", help="its name: of the Helm release (default: release-name), or which of several in the file"
    )
    group.add_argument("-n", "--namespace", help="for objects that name none (default: default)")
    group.add_argument("--target-namespace", metavar="NAMESPACE", help="for every namespaced object")
    group.add_argument("--create-namespace", action="store_true", help="as spec.apply.createNamespace: true does")
    group.add_argument("--format", choices=_FORMATS, help="what the pattern is (default: Auto)")
    group.add_argument("--path", help="the file or folder inside the pattern (default: its design, or all)")


def _add_parameters(command: Parser) -> None:
    group = command.add_argument_group("parameters and patches, on those of the DesignPattern")
    value_flags.add(group)
    group.add_argument(
        "--repair",
        action="append",
        default=[],
        choices=_REPAIRS,
        metavar="NAME",
        help="allow a repair of spec.render.repairs",
    )
    group.add_argument(
        "--skip-schema-validation",
        action="store_true",
        help="do not hold values against values.schema.json of charts, as spec.render.skipSchemaValidation: true",
    )
    group.add_argument("--patch", action="append", default=[], metavar="FILE", help="a patch, or entries of patches")


def _add_capabilities(command: Parser) -> None:
    group = command.add_argument_group("what charts are told of the cluster, and the programs")
    group.add_argument("--kube-version", metavar="VERSION", help="of Kubernetes, as in 1.37 (default: helm's own)")
    group.add_argument("--api-versions", action="append", default=[], metavar="A,B", help="as in acme.io/v1/Widget")
    group.add_argument("--helm", metavar="PATH", help="the helm to use (default: the one on PATH)")
    group.add_argument("--kustomize", metavar="PATH", help="the kustomize to use (default: the one on PATH)")


def run(options: argparse.Namespace) -> int:
    """Render, report, print the objects."""
    from pattern_operator.cli.rendered import refusal_report
    from pattern_operator.errors import PatternError

    if options.artifact is None and options.pattern is None:
        options.command.error("name what to render: a file, folder or reference, or a DesignPattern by --pattern")
    given = options.artifact if options.artifact is not None else options.pattern
    try:
        printed = _printed(options)
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


def _printed(options: argparse.Namespace) -> "Printed":
    """What is to be printed; raises PatternError for what cannot be read, or rendered as a whole."""
    from pattern_operator.cli import declared
    from pattern_operator.cli.programs import driven
    from pattern_operator.cli.render_options import Asked
    from pattern_operator.cli.rendered import LeftOut, Printed
    from pattern_operator.render import render

    asked = Asked.by(options)
    for message in asked.misread:
        output.print_error(message)
    with asked.errors_in_its_terms():
        steps = render(_files(options.artifact, asked), options=asked.options)
        rendering = driven(steps, helm=options.helm, kustomize=options.kustomize)
    of_file = asked.file.pattern if asked.file is not None else None
    declared.refuse(rendering.depends_on, rendering.health_checks, pattern=of_file)
    hooks = [each.object for each in rendering.hooks]
    if asked.file is not None:
        asked.file.refuse_own_sources((*rendering.objects, *hooks))
    never = never_applied.asked_for((*rendering.objects, *hooks))
    left_out = {key: (LeftOut.NEVER_APPLIED, why) for key, why in never.items()}
    if options.no_hooks:
        told = "is a hook, which --no-hooks leaves out: the operator makes it at its moment"
        left_out |= {each.key: (LeftOut.NO_HOOKS, f"{each.key.display_name} {told}") for each in hooks}
    return Printed(rendering, left_out, asked.on_invalid, asked.replaced)


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


def _files(path: str, asked: "Asked") -> "Sequence[File]":
    """The files at the path, or of the artifact that is named."""
    import asyncio
    from functools import partial

    from pattern_operator.cli import registry
    from pattern_operator.render import files_beyond_documents
    from pattern_operator.source import LayerSelector

    if asked.reference is None:
        _refuse_part(path)
        return inputs.read(path, beyond_documents=partial(files_beyond_documents, options=asked.options))
    layer = LayerSelector(media_type=asked.media_type, path=asked.options.path)
    pulling = registry.pulled(asked.reference, insecure=asked.insecure, token_service=asked.token_service, layer=layer)
    return asyncio.run(pulling).files


def _refuse_part(path: str) -> None:
    """Raise Stalled for the one file that says what a folder is: nothing of what it names is beside it then."""
    from pathlib import Path

    from pattern_operator.api.reason import Reason
    from pattern_operator.errors import Stalled
    from pattern_operator.render import has_builds

    place = Path(path)
    if has_builds([place.name]) and place.is_file():
        raise Stalled(
            reason=Reason.NOT_A_PATTERN,
            message=f"{output.plain(path)} alone is not rendered: name its folder, {output.plain(str(place.parent))}",
        )


def _write(report: str, place: str) -> None:
    """Write what became of each component; raises OSError where that is not possible."""
    import sys
    from pathlib import Path

    if place == "-":
        sys.stderr.write(report)
    else:
        Path(place).write_text(report, encoding="utf-8")
