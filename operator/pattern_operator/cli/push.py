"""``patternctl push``: files to a registry, as an artifact that the operator, Flux and Meshery read alike."""

import argparse
from typing import TYPE_CHECKING

from pattern_operator.api.signing import SIGN
from pattern_operator.cli import connection, exit_codes, inputs, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from pattern_operator.api.reference import Reference, Revision

_EXAMPLES = """\
examples:
  patternctl push ./design.yml oci://registry.example/patterns/web:1.0.0
  patternctl push ./manifests oci://registry.example/patterns/web:1.0.0 -o json | jq -r .digest
  kubectl kustomize ./overlay | patternctl push - oci://registry.example/patterns/web:1.0.0
  patternctl push --insecure ./design.yml oci://localhost:5000/web:dev

Of a folder, the YAML and JSON files in it and below are pushed, hidden ones left out; of a tar, all that is in it. The
same files give the same digest, on every machine and day.

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "push",
        help="push files to a registry, and say which digest to sign",
        description="Push a design or manifests to a registry as an OCI artifact, and say which digest to sign.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE),
    )
    command.add_argument("path", metavar="PATH", help="a file, a folder or a tar; - for standard input")
    command.add_argument("reference", metavar="REFERENCE", help="oci://host[:port]/repository:tag")
    command.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table", help="how to print")
    connection.add(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Push, and print the digest."""
    import asyncio

    reference, revision = asyncio.run(_push(options))
    if options.output == "table":
        insecure = " --allow-http-registry" if options.insecure else ""
        print(f"pushed  {reference}")
        print(f"digest  {revision.digest}")
        print(f"sign it with: {SIGN}{insecure} {reference.repository}@{revision.digest}")
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
    from pattern_operator.api.reason import Reason
    from pattern_operator.cli import registry
    from pattern_operator.errors import Stalled
    from pattern_operator.source import push

    reference = registry.reference(options.reference)
    if reference.tag is None or reference.digest is not None:
        raise Stalled(
            reason=Reason.INVALID_REFERENCE,
            message=f"{reference} names a digest, which only the content itself can have: push to a tag.",
        )
    files = inputs.read(options.path)
    async with registry.opened(
        reference.repository, insecure=options.insecure, token_service=options.token_service
    ) as client:
        output.progress(f"pushing {len(files)} files to {reference}")
        return reference, await push(files, registry=client, tag=reference.tag)
