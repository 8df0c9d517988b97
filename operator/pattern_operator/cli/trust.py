"""Whom a command trusts: from its flags, and from files of policies, to what ``verify`` takes."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pattern_operator.api.reference import Repository
    from pattern_operator.api.verification import TrustedAuthority, VerificationPolicy

_NOTHING: Final = "say whom to trust: --key, --policy, --certificate-identity or --notation-policy"


def add(command: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    command.add_argument(
        "--key", action="append", default=[], metavar="FILE", help="a public key, as cosign.pub; repeatable"
    )
    command.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="FILE",
        help="TrustPolicies, or DesignPatterns with spec.verify, and the Secrets they name; repeatable",
    )
    command.add_argument("--certificate-identity", metavar="ID", help="who has to have signed without a key")
    command.add_argument("--certificate-oidc-issuer", metavar="URL", help="who has to have identified them")
    command.add_argument(
        "--trusted-root", metavar="FILE", help="a Sigstore TrustedRoot (default: that of the public instance)"
    )
    command.add_argument(
        "--notation-policy", metavar="FILE", help="a trustpolicy.json of notation, beside its folder truststore"
    )


def check(options: argparse.Namespace) -> None:
    """Raise UsageError for flags that do not go together."""
    from pattern_operator.cli.cluster import UsageError

    if bool(options.certificate_identity) != bool(options.certificate_oidc_issuer):
        raise UsageError("--certificate-identity and --certificate-oidc-issuer go together: who, and who says so")
    if options.trusted_root and not options.certificate_identity:
        raise UsageError("--trusted-root goes with --certificate-identity")
    if not (options.key or options.policy or options.certificate_identity or options.notation_policy):
        raise UsageError(_NOTHING)


def policy_of(options: argparse.Namespace, repository: "Repository") -> "VerificationPolicy":
    """What has to be proven of an artifact of ``repository``: each policy, and one of the authorities of the flags.

    Raises:
        Stalled: KEY_INVALID, POLICY_INVALID and others: a file cannot be read or used. NO_TRUST_POLICY: none of the
            policies covers the repository.
    """
    from pattern_operator.api.reason import Reason
    from pattern_operator.api.verification import Requirement, VerificationPolicy
    from pattern_operator.cli.policy_files import read_policies
    from pattern_operator.errors import Stalled

    requirements = read_policies(options.policy).requirements(repository)
    if options.policy and not requirements:
        raise Stalled(
            reason=Reason.NO_TRUST_POLICY,
            message=f"no policy of these files covers {repository.url}: correct match.url, or give another --policy.",
        )
    authorities = tuple(_authorities(options, repository))
    own = (Requirement(authorities=authorities),) if authorities else ()
    return VerificationPolicy((*own, *requirements))


def _authorities(options: argparse.Namespace, repository: "Repository") -> "Iterator[TrustedAuthority]":
    from pattern_operator.api.authority_material import needed, trusted_authority
    from pattern_operator.api.authority_spec import Authority, Identity, Keyless
    from pattern_operator.api.material_spec import Material
    from pattern_operator.api.verification import TrustedAuthority
    from pattern_operator.limits import MAX_PUBLIC_KEY, MAX_TRUST_MATERIAL

    for name in options.key:
        yield TrustedAuthority.of_key(name, _content(name, what="key", most=MAX_PUBLIC_KEY))
    if options.certificate_identity:
        identity = Identity(issuer=options.certificate_oidc_issuer, subject=options.certificate_identity)
        root = options.trusted_root
        keyless = Keyless(identities=(identity,), trusted_root=Material(data="") if root else None)
        content = {"keyless.trustedRoot": _content(root, what="trusted root", most=MAX_TRUST_MATERIAL)} if root else {}
        yield trusted_authority(Authority(name=options.certificate_identity, keyless=keyless), content)
    if options.notation_policy:
        from pattern_operator.cli.imports import notation

        for spec in notation.authorities_for(Path(options.notation_policy), repository):
            texts = {each.field: str(each.source).encode() for each in needed(spec)}
            yield trusted_authority(spec, texts)


def _content(name: str, *, what: str, most: int) -> bytes:
    """What is in a file, one byte more than ``most`` at most.

    Raises:
        Stalled: KEY_INVALID: it cannot be read.
    """
    from pattern_operator.api.reason import Reason
    from pattern_operator.errors import Stalled
    from pattern_operator.quote import one_line

    try:
        with Path(name).open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        message = f"the {what} {one_line(name)} cannot be read ({error.strerror}): name its file."
        raise Stalled(reason=Reason.KEY_INVALID, message=message) from error
