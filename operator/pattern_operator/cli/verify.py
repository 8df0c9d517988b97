"""``patternctl verify``: who signed an artifact, by the same code that decides it in the cluster."""

import argparse
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pattern_operator.cli import connection, exit_codes, output, trust
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from pattern_operator.api.reference import Digest, Reference, Repository
    from pattern_operator.api.verification import VerificationPolicy, VerificationResult, VerifiedSignature
    from pattern_operator.errors import PatternError
    from pattern_operator.executors import Executors
    from pattern_operator.source import FetchedSignatures, RepositoryClient
    from pattern_operator.source.layout_signatures import LayoutSignatures
    from pattern_operator.verify.revocation import Answers

    Judge = Callable[[VerificationPolicy], VerificationResult]

_EXAMPLES = """\
examples:
  patternctl verify oci://registry.example/patterns/web:1.0.0 --key cosign.pub
  patternctl verify oci://registry.example/patterns/web@sha256:... --key alice.pub --key bob.pub -o json
  patternctl verify oci://registry.example/patterns/web:1.0.0 --policy trustpolicy.yaml --policy release-key.yaml
  patternctl verify oci://r.example/web:1 --certificate-identity ci@a.example --certificate-oidc-issuer https://id.example
  patternctl verify oci://registry.example/patterns/web:1.0.0 --notation-policy ~/.config/notation/trustpolicy.json

Of the keys, the identity and the policy of notation, any one will do. Each TrustPolicy of a file that covers the
artifact has to be met besides, and so has `spec.verify` of a DesignPattern; the Secrets and ConfigMaps that they name
are looked up in the same files. Selectors of namespaces are taken to select. -o json and -o yaml print a document in
any case: its field `verified` says which, `admitted` whether no policy refuses it all the same, as those that are not
met only warn, and `authorities` why each of them has not signed. With --unsigned=Deny the operator refuses what is
covered by policies alone that only warn.

"""
_ADMITTED = ": admitted, as that only warns"


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "verify",
        help="say who signed an artifact, or why no signature counts",
        description="Say who signed an artifact, or why no signature counts.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.WARNED),
    )
    command.add_argument("reference", metavar="REFERENCE", help="oci://host[:port]/repository, with :tag or @digest")
    trust.add(command)
    command.add_argument("--layout", metavar="DIR", help="verify a copy: an OCI image layout, as of `oras copy -r`")
    command.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table", help="how to print")
    connection.add(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Verify and print."""
    import asyncio

    trust.check(options)
    finding, failure = asyncio.run(_judge(options))
    if options.output != "table":
        from pattern_operator.cli import yaml_output

        output.document(yaml_output.dump(finding, options.output))
    if failure is not None:
        if options.output == "table" and len(finding["authorities"]) > 1:
            _tell_why(finding)
        raise failure
    for warning in finding["warnings"]:
        output.print_error(f"warning: {output.plain(warning)}")
    if options.output == "table":
        _tell(finding)
    return exit_codes.OK if finding["verified"] else exit_codes.WARNED


async def _judge(options: argparse.Namespace) -> "tuple[dict[str, Any], PatternError | None]":
    """What is found, and the error where no signature counts; the digest is printed if it was resolved."""
    from datetime import UTC, datetime

    from pattern_operator.api.reason import Reason
    from pattern_operator.api.signing import SignCommands
    from pattern_operator.cli import error_messages, registry
    from pattern_operator.conditions.process import ConditionProcesses
    from pattern_operator.errors import PatternError, Stalled, Untrusted
    from pattern_operator.executors import run_in
    from pattern_operator.source import fetch_signatures
    from pattern_operator.verify import undecided, verify

    finding: dict[str, Any] = {"reference": None, "digest": None, "verified": False, "admitted": False}
    authorities: list[dict[str, Any]] = []
    try:
        reference = registry.reference(options.reference)
        finding["reference"] = str(reference)
        policy = trust.policy_of(options, reference.repository)
        async with _source(options, reference.repository) as client:
            output.progress(f"looking for the signatures of {reference}")
            digest = await _resolved(reference, client)
            finding["digest"] = str(digest)
            found = await fetch_signatures(digest, registry=client, predicates=policy.predicates)
            answers = await _answers(found, policy=policy, executors=client.executors)
            conditions, now = ConditionProcesses(), datetime.now(UTC)
            commands = SignCommands.of(reference.repository, digest, insecure=options.insecure)

            def judge(policy: "VerificationPolicy") -> "VerificationResult":
                return verify(
                    digest,
                    found.signatures,
                    policy=policy,
                    repository=reference.repository,
                    now=now,
                    commands=commands,
                    conditions=conditions,
                    target=found.target,
                    answers=answers,
                )

            try:
                result = await run_in(client.executors.cpu, judge, policy)
            except Stalled as refusal:
                authorities += await run_in(client.executors.cpu, _each, policy, judge)
                error = undecided(refusal, answers, now=now) if isinstance(refusal, Untrusted) else refusal
                raise (found.explain(error) if isinstance(error, Stalled) else error) from None  # which says all of it
    except PatternError as error:
        return finding | {
            "reason": error_messages.reason_of(error),
            "message": error_messages.in_cli_terms(error.message),
            "verifiedBy": [],
            "policies": {"met": list(getattr(error, "met", ())), "unmet": list(getattr(error, "unmet", ()))},
            "warnings": [],
            "authorities": authorities,
        }, error
    return finding | {
        "verified": result.all_met,
        "admitted": True,
        "reason": Reason.SUCCEEDED if result.all_met else Reason.POLICY_WARNING,
        "message": _decided(result, digest),
        "verifiedBy": [_signature(each) for each in result.verified_by],
        "policies": {"met": list(result.met), "unmet": list(result.unmet)},
        "warnings": list(result.warnings),
        "authorities": [],
    }, None


def _decided(result: "VerificationResult", digest: "Digest") -> str:
    """Who signed, and which policies are not known to be met, which only warn."""
    names = ", ".join(dict.fromkeys(each.authority for each in result.verified_by))
    signed = f"is signed by {names}" if names else "is signed by nobody who is trusted"
    without = [
        *([f"does not meet {', '.join(result.unmet)}"] if result.unmet else []),
        *([f"is not known to meet {', '.join(result.undecided)}"] if result.undecided else []),
    ]
    return f"{digest} {signed}{''.join(f', and {each}' for each in without)}{'' if result.all_met else _ADMITTED}"


@asynccontextmanager
async def _source(
    options: argparse.Namespace, repository: "Repository"
) -> "AsyncIterator[RepositoryClient | LayoutSignatures]":
    """The registry, or the layout that is verified in its place."""
    from pathlib import Path

    from pattern_operator.cli import registry
    from pattern_operator.executors import Executors
    from pattern_operator.source.layout_signatures import LayoutSignatures

    if options.layout:
        with Executors.open() as executors:
            yield LayoutSignatures(Path(options.layout), repository, executors=executors)
        return
    async with registry.opened(repository, insecure=options.insecure, token_service=options.token_service) as client:
        yield client


async def _resolved(reference: "Reference", source: "RepositoryClient | LayoutSignatures") -> "Digest":
    """The digest; of a layout, that of what it calls by the tag."""
    from pattern_operator.source import RepositoryClient, resolve

    if isinstance(source, RepositoryClient):
        return (await resolve(reference, registry=source)).digest
    return reference.digest or await source.resolve_tag(reference.tag or "")


async def _answers(found: "FetchedSignatures", *, policy: "VerificationPolicy", executors: "Executors") -> "Answers":
    """What the issuers of certificates say of those that were revoked, where a policy wants to know."""
    from datetime import UTC, datetime

    from pattern_operator import __version__
    from pattern_operator.executors import run_in
    from pattern_operator.reconcile.revocation import IssuerAnswers
    from pattern_operator.source import AddressSpace, IssuerClient, Network, SystemResolver
    from pattern_operator.verify import revocation_checks

    if found.target is None:
        return {}
    checks = await run_in(
        executors.cpu, revocation_checks, found.signatures, policy=policy, target=found.target, now=datetime.now(UTC)
    )
    if not checks:
        return {}
    output.progress("asking who issued the certificates whether they were revoked")
    async with Network.open(resolver=SystemResolver(executors.names)) as network:
        issuers = IssuerClient(network, f"patternctl/{__version__}", AddressSpace.HOST)
        asked = IssuerAnswers(issuers, executors=executors, now=lambda: datetime.now(UTC))
        return await asked.answers(checks, tenant="")


def _each(policy: "VerificationPolicy", judge: "Judge") -> list[dict[str, Any]]:
    """Each authority by itself: whether it has signed, or why not."""
    from dataclasses import replace

    from pattern_operator.api.verification import PolicyMode, Requirement, VerificationPolicy
    from pattern_operator.cli import error_messages
    from pattern_operator.errors import Stalled

    found: list[dict[str, Any]] = []
    for requirement in policy.requirements:
        if not isinstance(requirement, Requirement):
            continue
        source = replace(requirement.source, mode=PolicyMode.ENFORCE)
        for authority in requirement.authorities:
            line: dict[str, Any] = {"policy": source.name, "authority": authority.name, "signed": True}
            alone = replace(requirement, source=source, authorities=(authority,), threshold=1)
            try:
                judge(VerificationPolicy((alone,)))
            except Stalled as error:
                message = error_messages.in_cli_terms(error.message)
                line |= {"signed": False, "reason": error_messages.reason_of(error), "message": message}
            found.append(line)
    return found


def _signature(found: "VerifiedSignature") -> dict[str, Any]:
    """A signature that counts, as programs read it: what it does not have is null."""
    return {
        "authority": found.authority,
        "format": found.format,
        "where": found.where,
        "keyId": found.key_id or None,
        "identity": found.identity or None,
        "issuer": found.issuer or None,
        "logIndex": found.log_index,
        "signedAt": None if found.signed_at is None else found.signed_at.isoformat(),
        "policies": list(found.policies),
    }


def _tell(finding: dict[str, Any]) -> None:
    """Say to a person who signed what."""
    print(f"{'verified' if finding['verified'] else 'admitted'}  {finding['reference']}")
    print(f"digest    {finding['digest']}")
    if met := finding["policies"]["met"]:
        print(f"policies  {', '.join(met)}")
    if not finding["verified"]:
        print(f"because   {finding['message']}")
    rows = [(it["authority"], it["format"], _signer(it), it["where"]) for it in finding["verifiedBy"]]
    if rows:
        print("", *output.table(("VERIFIED BY", "FORMAT", "SIGNER", "WHERE"), rows), sep="\n")


def _signer(found: dict[str, Any]) -> str:
    if found["keyId"]:
        return f"key {found['keyId'][:12]}"
    return f"{found['identity']} ({found['issuer']})" if found["issuer"] else str(found["identity"])


def _tell_why(finding: dict[str, Any]) -> None:
    """Say to a person what there is of each authority, on standard error."""
    for line in _lines(finding):
        output.print_error(line)


def _lines(finding: dict[str, Any]) -> "Iterator[str]":
    for each in finding["authorities"]:
        of = f"TrustPolicy {each['policy']}: " if each["policy"] else ""
        said = "has signed" if each["signed"] else f"{each['reason']}: {each['message']}"
        yield output.plain(f"{of}{each['authority']}: {said}")
