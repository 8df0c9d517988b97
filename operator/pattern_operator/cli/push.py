"""``patternctl push``: files to a registry, as an artifact that the operator, Flux and Meshery read alike."""

import argparse
from typing import TYPE_CHECKING, Final

from pattern_operator.cli import connection, exit_codes, inputs, never_applied, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_operator.api.artifact import File
    from pattern_operator.api.reference import Reference, Revision

_NAMED: Final = 20  # warnings that are printed
_EXAMPLES = """\
examples:
  patternctl push ./design.yml oci://registry.example/patterns/web:1.0.0
  patternctl push ./manifests oci://registry.example/patterns/web:1.0.0 -o json | jq -r .digest
  kubectl kustomize ./overlay | patternctl push - oci://registry.example/patterns/web:1.0.0
  patternctl push --insecure ./design.yml oci://localhost:5000/web:dev
  patternctl push ./layout oci://registry.example/patterns/web:1.0.0

Of a folder, the YAML and JSON files in it and below are pushed, hidden ones left out; of a chart, a kustomization
or a tar, all that is in it. The same files give the same digest, on every machine and day. An OCI image layout (folder
with a file oci-layout) is copied byte for byte: what it calls by the tag, or the one that it has, keeps its digest.

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "push",
        help="push files to a registry, and say which digest to sign",
        description="Push a design or manifests to a registry as an OCI artifact, and say which digest to sign.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE),
    )
    command.add_argument("path", metavar="PATH", help="a file, a folder, a tar or an OCI layout; - for standard input")
    command.add_argument("reference", metavar="REFERENCE", help="oci://host[:port]/repository:tag")
    command.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table", help="how to print")
    connection.add(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Push, and print the digest."""
    reference, revision = _push(options)
    if options.output == "table":
        from pattern_operator.api.signing import SignCommands

        print(f"pushed  {reference}")
        print(f"digest  {revision.digest}")
        commands = SignCommands.of(reference.repository, revision.digest, insecure=options.insecure)
        print(f"sign it with: {commands.patternctl()}")
        return exit_codes.OK
    from pattern_operator.cli import yaml_output

    pushed = {
        "reference": str(reference),
        "revision": str(revision),
        "tag": revision.tag,
        "digest": str(revision.digest),
    }
    output.document(yaml_output.dump(pushed, options.output))
    return exit_codes.OK


def _push(options: argparse.Namespace) -> "tuple[Reference, Revision]":
    """Push what the path names; programs that render it for the warnings want the main thread, and no event loop."""
    import asyncio
    from pathlib import Path

    from pattern_operator.render import has_builds
    from pattern_operator.source.layout_marker import is_layout

    reference, tag = _with_tag(options.reference)
    if is_layout(Path(options.path)):
        return reference, asyncio.run(_push_layout(reference, tag, options))
    files = inputs.read(options.path, beyond_documents=lambda paths: (lambda _: True) if has_builds(paths) else None)
    for warning in (*_refused(files), *_warnings(files)):
        output.print_error(output.plain(warning))
    return reference, asyncio.run(_push_files(files, reference, tag, options))


def _with_tag(text: str) -> "tuple[Reference, str]":
    """The reference to push to, and its tag.

    Raises:
        Stalled: INVALID_REFERENCE: it is none, or names no tag, or a digest.
    """
    from pattern_operator.api.reason import Reason
    from pattern_operator.cli import registry
    from pattern_operator.errors import Stalled

    reference = registry.reference(text)
    if not registry.has_tag(text) and reference.digest is None:
        raise Stalled(
            reason=Reason.INVALID_REFERENCE,
            message=f"{text} names no tag: push to one, as in oci://{reference.repository}:1.0.0",
        )
    if reference.tag is None or reference.digest is not None:
        raise Stalled(
            reason=Reason.INVALID_REFERENCE,
            message=f"{reference} names a digest, which only the content itself can have: push to a tag.",
        )
    return reference, reference.tag


async def _push_layout(reference: "Reference", tag: str, options: argparse.Namespace) -> "Revision":
    from pathlib import Path

    from pattern_operator.cli import registry
    from pattern_operator.source.oci_layout import push_layout  # here, because it takes a second to load

    async with registry.opened(
        reference.repository, insecure=options.insecure, token_service=options.token_service
    ) as client:
        output.progress(f"pushing the OCI layout {output.plain(options.path)} to {reference}")
        return await push_layout(Path(options.path), registry=client, tag=tag)


async def _push_files(
    files: "Sequence[File]", reference: "Reference", tag: str, options: argparse.Namespace
) -> "Revision":
    from pattern_operator.cli import registry
    from pattern_operator.source import push

    async with registry.opened(
        reference.repository, insecure=options.insecure, token_service=options.token_service
    ) as client:
        output.progress(f"pushing {len(files)} files to {reference}")
        return await push(files, registry=client, tag=tag)


def _refused(files: "Sequence[File]") -> "list[str]":
    """What the operator refuses of ``pattern.yaml`` wherever it is used."""
    from pattern_operator.cli import declared
    from pattern_operator.errors import PatternError
    from pattern_operator.render import Options
    from pattern_operator.render.pattern_file import declared as declared_by

    try:
        said = declared_by(files, options=Options())
    except PatternError:
        return []  # rendering says it
    if said is None:
        return []
    found = declared.found(said.depends_on, said.health_checks)
    return [f"warning: the operator refuses it: {each.message}" for each in found]


def _warnings(files: "Sequence[File]") -> "list[str]":
    """What the operator will not apply of these files; they are pushed all the same, for others may read them."""
    from pattern_operator.api.reason import Reason
    from pattern_operator.api.report import Outcome
    from pattern_operator.cli.programs import driven
    from pattern_operator.errors import PatternError
    from pattern_operator.render import FOR_OTHER_TOOLS, Options, render

    try:
        rendering = driven(render(files, options=Options()))
    except PatternError as error:
        if error.reason in (Reason.PROGRAM_MISSING, Reason.OPERATOR_BUSY):
            return []  # whoever has the program sees it
        if error.reason is Reason.PARAMETERS_INVALID and (needed := _needed(error.message)):
            return [f"note: it needs parameters: {needed}. Its DesignPattern gives them in spec.render.parameters."]
        # In terms of the spec: it is for the DesignPattern to say, and push has no such flags.
        alone = " with its own values" if error.reason in (Reason.PARAMETERS_INVALID, Reason.CHART_FAILED) else ""
        return [f"warning: the operator cannot render this{alone}: {error.reason}: {error.message}"]
    found = [f"{each.display_name} is refused: {each.message}" for each in rendering.with_outcome(Outcome.REFUSED)]
    found += [each.message for each in rendering.with_outcome(Outcome.SKIPPED) if each.reason in FOR_OTHER_TOOLS]
    found += never_applied.asked_for(rendering.objects).values()
    more = [f"and {len(found) - _NAMED} more: patternctl render shows them"] if len(found) > _NAMED else []
    return [f"warning: {each}" for each in found[:_NAMED] + more]


def _needed(message: str) -> str:
    """The parameters that are required and have no default, by what helm or ``pattern.yaml`` says; empty for others."""
    import re

    found = re.findall(r"([^\s:;]+) is required, and is not given", message)
    for place, names in re.findall(r"at '([^']*)': missing (?:property|properties) ('[^']*'(?:, '[^']*')*)", message):
        within = place.strip("/").replace("/", ".")
        found += [f"{within}.{name}" if within else name for name in re.findall(r"'([^']*)'", names)]
    return ", ".join(dict.fromkeys(found))
