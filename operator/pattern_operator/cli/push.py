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

Of a folder, the YAML and JSON files in it and below are pushed, hidden ones left out; of a tar, all that is in it. The
same files give the same digest, on every machine and day. An OCI image layout (a folder with a file oci-layout) is
copied byte for byte: what it calls by the tag, or the one artifact that it has, keeps its digest.

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
    import asyncio

    reference, revision = asyncio.run(_push(options))
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


async def _push(options: argparse.Namespace) -> "tuple[Reference, Revision]":
    from pathlib import Path

    from pattern_operator.api.reason import Reason
    from pattern_operator.cli import registry
    from pattern_operator.errors import Stalled
    from pattern_operator.source import push
    from pattern_operator.source.layout_marker import is_layout

    reference = registry.reference(options.reference)
    if not registry.has_tag(options.reference) and reference.digest is None:
        raise Stalled(
            reason=Reason.INVALID_REFERENCE,
            message=f"{options.reference} names no tag: push to one, as in oci://{reference.repository}:1.0.0",
        )
    if reference.tag is None or reference.digest is not None:
        raise Stalled(
            reason=Reason.INVALID_REFERENCE,
            message=f"{reference} names a digest, which only the content itself can have: push to a tag.",
        )
    if is_layout(Path(options.path)):
        from pattern_operator.source.oci_layout import push_layout  # here, because it takes a second to load

        async with registry.opened(
            reference.repository, insecure=options.insecure, token_service=options.token_service
        ) as client:
            output.progress(f"pushing the OCI layout {output.plain(options.path)} to {reference}")
            return reference, await push_layout(Path(options.path), registry=client, tag=reference.tag)
    files = inputs.read(options.path)
    for warning in _warnings(files):
        output.print_error(output.plain(f"warning: {warning}"))
    async with registry.opened(
        reference.repository, insecure=options.insecure, token_service=options.token_service
    ) as client:
        output.progress(f"pushing {len(files)} files to {reference}")
        return reference, await push(files, registry=client, tag=reference.tag)


def _warnings(files: "Sequence[File]") -> "list[str]":
    """What the operator will not apply of these files; they are pushed all the same, for others may read them."""
    from pattern_operator.api.report import Outcome
    from pattern_operator.cli.error_messages import in_cli_terms
    from pattern_operator.errors import Stalled
    from pattern_operator.render import FOR_OTHER_TOOLS, Options, render

    try:
        rendering = render(files, options=Options())
    except Stalled as error:
        return [f"the operator cannot render this: {error.reason}: {in_cli_terms(error.message)}"]
    found = [f"{each.display_name} is refused: {each.message}" for each in rendering.with_outcome(Outcome.REFUSED)]
    found += [each.message for each in rendering.with_outcome(Outcome.SKIPPED) if each.reason in FOR_OTHER_TOOLS]
    found += never_applied.asked_for(rendering.objects).values()
    more = [f"and {len(found) - _NAMED} more: patternctl render shows them"] if len(found) > _NAMED else []
    return found[:_NAMED] + more
