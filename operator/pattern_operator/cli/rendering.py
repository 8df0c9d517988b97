"""Renders what a command names, with the flags of ``patternctl render``; ``graph`` and ``diff`` take the same ones."""

import argparse
from typing import TYPE_CHECKING, Final, NamedTuple

from pattern_operator.cli import connection, inputs, never_applied, output, value_flags
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_operator.api.artifact import File
    from pattern_operator.api.report import Rendering
    from pattern_operator.cli.render_options import Asked
    from pattern_operator.cli.rendered import Printed

ON_INVALID: Final = ("Refuse", "Skip")  # of spec.render.onInvalid
_FORMATS: Final = ("Auto", "Meshery", "Manifests", "Kustomize", "Helm")  # of spec.render.format
_REPAIRS: Final = ("NameContainers", "NamePorts", "SetSelectorFromTemplate")  # of spec.render.repairs


class Made(NamedTuple):  # no dataclass: to load what makes these takes a third of the time of --help
    """What was asked, the files that were read, and what rendering made of them."""

    asked: "Asked"
    files: "Sequence[File]"
    rendering: "Rendering"


def add_flags(command: Parser) -> None:
    """Declare how to pull and to render; the command declares what, and ``--on-invalid``."""
    command.add_argument("--media-type", metavar="TYPE", help="the layer to pull (default: all that hold files)")
    _add_spec(command)
    _add_parameters(command)
    _add_capabilities(command)
    connection.add(command)


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


def render(options: argparse.Namespace) -> Made:
    """Read and render ``options.artifact``; raises PatternError for what cannot be read, or rendered as a whole."""
    from pattern_operator.cli import declared
    from pattern_operator.cli.programs import driven
    from pattern_operator.cli.render_options import Asked
    from pattern_operator.render import render as steps_of

    asked = Asked.by(options)
    for message in asked.misread:
        output.print_error(message)
    with asked.errors_in_its_terms():
        files = _files(options.artifact, asked)
        rendering = driven(steps_of(files, options=asked.options), helm=options.helm, kustomize=options.kustomize)
    of_file = asked.file.pattern if asked.file is not None else None
    declared.refuse(rendering.depends_on, rendering.health_checks, pattern=of_file)
    if asked.file is not None:
        asked.file.refuse_own_sources((*rendering.objects, *(each.object for each in rendering.hooks)))
    return Made(asked, files, rendering)


def printed(options: argparse.Namespace) -> "Printed":
    """What is printed of ``options.artifact``; raises as ``render``. ``options.no_hooks`` leaves hooks out."""
    from pattern_operator.cli.rendered import LeftOut, Printed

    made = render(options)
    rendered = made.rendering
    hooks = [each.object for each in rendered.hooks]
    never = never_applied.asked_for((*rendered.objects, *hooks))
    left_out = {key: (LeftOut.NEVER_APPLIED, why) for key, why in never.items()}
    if options.no_hooks:
        told = "is a hook, which --no-hooks leaves out: the operator makes it at its moment"
        left_out |= {each.key: (LeftOut.NO_HOOKS, f"{each.key.display_name} {told}") for each in hooks}
    return Printed(rendered, left_out, made.asked.on_invalid, made.asked.replaced)


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
