"""``patternctl inspect``: what a pattern is, who signed it, and what it is made of, before it is deployed."""

import argparse
from typing import TYPE_CHECKING, Any

from pattern_operator.cli import connection, exit_codes, output, trust, value_flags
from pattern_operator.cli.arguments import Parser
from pattern_operator.cli.cluster import UsageError

if TYPE_CHECKING:
    from pattern_operator.api.reference import Reference
    from pattern_operator.cli.inspected import Fetched

_EXAMPLES = """\
examples:
  patternctl inspect oci://registry.example/patterns/web:1.0.0
  patternctl inspect oci://registry.example/patterns/web:1.0.0 --key cosign.pub
  patternctl inspect oci://registry.example/patterns/web:1.0.0 -o json | jq -r '.contents.images[].image'
  patternctl inspect oci://registry.example/patterns/web:1.0.0 --set host=shop.example
  patternctl inspect oci://registry.example/patterns/web:1.0.0 --readme

What the pattern says of itself is its author's word. Who signed without a key is proven by Sigstore, of --trusted-root
or the public instance, and trusted by nobody yet; with --key, --policy or an identity it is verified as `patternctl
verify` does. Nothing is deployed, and no cluster is asked. What could not be asked is named on standard error.

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    codes = (exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.INCOMPLETE)
    command = commands.add_parser(
        "inspect",
        help="say what a pattern is, who signed it, and what it is made of",
        description="Say what a pattern in a registry is: metadata, versions, signatures, contents, parameters.",
        epilog=_EXAMPLES + exit_codes.table(*codes),
    )
    command.add_argument("reference", metavar="REFERENCE", help="oci://host[:port]/repository, with :tag or @digest")
    command.add_argument("--readme", action="store_true", help="print the README alone, as text")
    command.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table", help="how to print")
    command.add_argument("--media-type", metavar="TYPE", help="the layer to pull (default: all that hold files)")
    trust.add(command)
    value_flags.add(command.add_argument_group("parameters, where the pattern cannot be rendered without"))
    command.add_argument("--helm", metavar="PATH", help="the helm that renders charts (default: the one on PATH)")
    command.add_argument("--kustomize", metavar="PATH", help="the kustomize to use (default: the one on PATH)")
    connection.add(command)
    command.set_defaults(run=run, layout=None)


def run(options: argparse.Namespace) -> int:
    """Pull, look, and print."""
    import asyncio

    from pattern_operator.cli import inspect_table, inspected, registry, yaml_output

    verifies = _check(options)
    reference = registry.reference(options.reference)
    root = trust.trusted_root(options)
    fetched = asyncio.run(inspected.fetch(reference, options=options, trusted_root=root))
    if options.readme:
        return _readme(fetched, reference)
    found = inspected.document(fetched, contents=inspected.rendered(fetched, options))
    found["verification"] = _verification(fetched, options) if verifies else None
    for problem in found["problems"]:
        output.print_error(output.plain(f"warning: {problem['part']}: {problem['reason']}: {problem['message']}"))
    if options.output == "table":
        for line in inspect_table.lines(found):
            print(line)
    else:
        output.document(yaml_output.dump(found, options.output))
    return exit_codes.INCOMPLETE if fetched.problems else exit_codes.OK


def _check(options: argparse.Namespace) -> bool:
    """Whether anybody is named to be trusted; raises UsageError for flags that do not go together."""
    if options.readme and options.output != "table":
        raise UsageError("--readme prints text alone: with -o the field readme has it")
    if not (options.key or options.policy or options.notation_policy or options.certificate_identity):
        if options.certificate_oidc_issuer:
            raise UsageError("--certificate-oidc-issuer goes with --certificate-identity")
        return False
    trust.check(options)
    return True


def _readme(fetched: "Fetched", reference: "Reference") -> int:
    if not fetched.readme:
        output.print_error(f"{reference} has no README")
        return exit_codes.OK
    output.document(f"{fetched.readme}\n")
    return exit_codes.OK


def _verification(fetched: "Fetched", options: argparse.Namespace) -> dict[str, Any]:
    """What ``patternctl verify`` says of the digest that was pulled."""
    import asyncio

    from pattern_operator.cli import verify

    pinned = argparse.Namespace(**vars(options))
    pinned.reference = f"{fetched.reference.repository.url}@{fetched.revision.digest}"
    finding, _ = asyncio.run(verify.judged(pinned))
    return finding
