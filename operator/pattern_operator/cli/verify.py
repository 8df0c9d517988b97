"""``patternctl verify``: who signed an artifact, by the same code that decides it in the cluster."""

import argparse
from typing import TYPE_CHECKING, Any

from pattern_operator.cli import connection, exit_codes, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from pattern_operator.api.verification import TrustedAuthority
    from pattern_operator.errors import PatternError

_EXAMPLES = """\
examples:
  patternctl verify oci://registry.example/patterns/web:1.0.0 --key cosign.pub
  patternctl verify oci://registry.example/patterns/web@sha256:... --key alice.pub --key bob.pub -o json

One of the keys has to have signed the digest with cosign. With several keys, any one will do. -o json and -o yaml print
a document in any case: its field `verified` says which.

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "verify",
        help="say who signed an artifact, or why no signature counts",
        description="Say who signed an artifact, or why no signature counts.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE),
    )
    command.add_argument("reference", metavar="REFERENCE", help="oci://host[:port]/repository, with :tag or @digest")
    command.add_argument(
        "--key",
        action="append",
        required=True,
        metavar="FILE",
        help="a public key, as cosign.pub; repeatable",
    )
    command.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table", help="how to print")
    connection.add(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Verify and print."""
    import asyncio

    finding, failure = asyncio.run(_judge(options))
    if options.output != "table":
        from pattern_operator.cli import yaml_output

        output.document(yaml_output.dump(finding, options.output))
    if failure is not None:
        raise failure
    if options.output == "table":
        _tell(finding)
    return exit_codes.OK


async def _judge(options: argparse.Namespace) -> "tuple[dict[str, Any], PatternError | None]":
    """What is found, and the error where no signature counts; the digest is printed if it was resolved."""
    from datetime import UTC, datetime

    from pattern_operator.api import signing
    from pattern_operator.api.reason import Reason
    from pattern_operator.api.verification import VerificationPolicy
    from pattern_operator.cli import error_messages, registry
    from pattern_operator.errors import PatternError, Stalled
    from pattern_operator.executors import run_in
    from pattern_operator.source import fetch_signatures, resolve
    from pattern_operator.verify import verify

    finding: dict[str, Any] = {"reference": None, "digest": None, "verified": False}
    try:
        reference = registry.reference(options.reference)
        finding["reference"] = str(reference)
        policy = VerificationPolicy.of(*(_authority(name) for name in options.key))
        async with registry.opened(
            reference.repository, insecure=options.insecure, token_service=options.token_service
        ) as client:
            output.progress(f"asking {reference.repository.host} for the signatures of {reference}")
            digest = (await resolve(reference, registry=client)).digest
            finding["digest"] = str(digest)
            found = await fetch_signatures(digest, registry=client)
            command = signing.command(reference.repository, digest, insecure=options.insecure)
            try:
                result = await run_in(
                    client.executors.cpu,
                    verify,
                    digest,
                    found.signatures,
                    policy=policy,
                    repository=reference.repository,
                    now=datetime.now(UTC),
                    command=command,
                )
            except Stalled as refusal:
                raise found.explain(refusal) from None  # which says all that it says
    except PatternError as error:
        return finding | {
            "reason": error_messages.reason_of(error),
            "message": error_messages.in_cli_terms(error.message),
            "verifiedBy": [],
        }, error
    names = ", ".join(each.authority for each in result.verified_by)
    return finding | {
        "verified": True,
        "reason": Reason.SUCCEEDED,
        "message": f"{digest} is signed by {names}",
        "verifiedBy": [
            {"authority": it.authority, "format": it.format, "where": it.where} for it in result.verified_by
        ],
    }, None


def _authority(name: str) -> "TrustedAuthority":
    """The key in a file, called by the file's name as it was given.

    Raises:
        Stalled: KEY_INVALID: the file cannot be read.
    """
    from pathlib import Path

    from pattern_operator.api.reason import Reason
    from pattern_operator.api.verification import TrustedAuthority
    from pattern_operator.errors import Stalled
    from pattern_operator.limits import MAX_PUBLIC_KEY
    from pattern_operator.quote import one_line

    try:
        with Path(name).open("rb") as file:
            return TrustedAuthority.of_key(name, file.read(MAX_PUBLIC_KEY + 1))
    except OSError as error:
        raise Stalled(
            reason=Reason.KEY_INVALID,
            message=f"the key {one_line(name)} cannot be read ({error.strerror}): name its file.",
        ) from error


def _tell(finding: dict[str, Any]) -> None:
    """Say to a person who signed what."""
    print(f"verified  {finding['reference']}")
    print(f"digest    {finding['digest']}\n")
    rows = [(it["authority"], it["format"], it["where"]) for it in finding["verifiedBy"]]
    print(*output.table(("VERIFIED BY", "FORMAT", "WHERE"), rows), sep="\n")
