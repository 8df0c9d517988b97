"""``patternctl render``: what the operator would apply, and what it repairs, skips and refuses on the way there."""

import argparse
from typing import TYPE_CHECKING, Final

from pattern_operator.cli import connection, exit_codes, inputs, never_applied, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_operator.api.artifact import File
    from pattern_operator.render import Options

_EXAMPLES = """\
examples:
  patternctl render ./design.yml                                     one List, as `kubectl apply -f -` takes it
  patternctl render oci://registry.example/web:1.0.0 -o json         the same as JSON
  patternctl render ./chart --name web -n shop --values prod.yaml --set image.tag=1.2
  patternctl render . --path overlays/prod --patch replicas.yaml     a kustomization, and a patch of what it makes
  patternctl render ./design.yml --report report.json > objects.yml  what became of each component, and why
  kubectl kustomize ./overlay | patternctl render -                  of what comes through a pipe

A path that exists is read; anything else is pulled: oci:// may be left out where there is a tag or digest. What can be
rendered is printed even where some components are refused; of what is refused as a whole, nothing is. Charts need helm,
kustomizations and patches need kustomize: on PATH, or by a flag.

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
    _add_parameters(command)
    _add_capabilities(command)
    connection.add(command)
    command.set_defaults(run=run)


def _add_parameters(command: Parser) -> None:
    group = command.add_argument_group("parameters and patches, in the place of those of spec.render")
    group.add_argument("--name", default="release-name", help="of the Helm release (default: release-name)")
    group.add_argument("--values", "-f", action="append", default=[], metavar="FILE", help="values; later ones win")
    group.add_argument("--set", action="append", default=[], metavar="K=V", help="a value, as of helm; over all files")
    group.add_argument("--set-string", action="append", default=[], metavar="K=V", help="as --set, and always text")
    group.add_argument(
        "--repair", action="append", default=[], metavar="NAME", help="allow a repair of spec.render.repairs"
    )
    group.add_argument("--patch", action="append", default=[], metavar="FILE", help="a patch, or entries of patches")


def _add_capabilities(command: Parser) -> None:
    group = command.add_argument_group("what charts are told of the cluster, and the programs")
    group.add_argument("--kube-version", metavar="VERSION", help="of Kubernetes, as in 1.34 (default: helm's own)")
    group.add_argument("--api-versions", action="append", default=[], metavar="A,B", help="as in acme.io/v1/Widget")
    group.add_argument("--helm", metavar="PATH", help="the helm to use (default: the one on PATH)")
    group.add_argument("--kustomize", metavar="PATH", help="the kustomize to use (default: the one on PATH)")


def run(options: argparse.Namespace) -> int:
    """Render, report, print the objects."""
    from pattern_operator.cli.programs import driven
    from pattern_operator.cli.rendered import Printed
    from pattern_operator.render import render

    asked = _asked(options)
    steps = render(_files(options, asked), options=asked)
    rendering = driven(steps, helm=options.helm, kustomize=options.kustomize)
    printed = Printed(
        rendering, never_applied.asked_for((*rendering.objects, *(each.object for each in rendering.hooks)))
    )
    if options.report:
        _write(printed.report(), options.report)
    if not printed.is_refused:
        output.document(printed.list_as(options.output))
    if options.report != "-":
        for message in (*printed.complaints(), *printed.left_out()):
            output.print_error(message)
    if not printed.objects and not printed.refused:
        output.print_error(f"there is nothing to deploy in {output.plain(options.pattern)}")
    return exit_codes.REFUSED if printed.refused else exit_codes.OK


def _asked(options: argparse.Namespace) -> "Options":
    """What the flags ask of rendering; raises as reading a file of values or patches does."""
    from pattern_operator.cli import patch_files, values
    from pattern_operator.render import Options

    return Options(
        format=options.format,
        path=_inside(options.path),
        default_namespace=options.namespace,
        target_namespace=options.target_namespace,
        create_namespace=options.create_namespace,
        parameters=values.merged(options.values, settings=options.set, texts=options.set_string),
        release=options.name,
        kube_version=options.kube_version,
        api_versions=tuple(each for given in options.api_versions for each in given.split(",") if each),
        patches=patch_files.patches(options.patch),
        allowed_repairs=frozenset(options.repair),
    )


def _inside(path: str | None) -> str | None:
    """A path as archives have it, which know no ``./``; None for all that there is."""
    from pathlib import PurePosixPath

    plain = PurePosixPath((path or "").strip("/")).as_posix()
    return None if plain == "." else plain


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
    layer = LayerSelector(media_type=options.media_type, path=asked.path)
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
