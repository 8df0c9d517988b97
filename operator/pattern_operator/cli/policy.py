"""``patternctl policy import``: policies of other tools as TrustPolicies, and what could not be carried over."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pattern_operator.cli import exit_codes, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pattern_operator.cli.imports.carried import Carried

_EXAMPLES = """\
examples:
  patternctl policy import ocirepository.yaml release-key.yaml > trustpolicy.yaml     Flux, with the Secret of its keys
  patternctl policy import clusterimagepolicy.yaml                                    Sigstore's policy-controller
  patternctl policy import ~/.config/notation/trustpolicy.json                        notation, with its trust stores
  patternctl policy import /etc/containers/policy.json                                podman, skopeo, CRI-O

"""
_DESCRIPTION = """\
Read policies of other tools, and print a TrustPolicy for each. What cannot be carried over is named on standard error
and in a comment: each policy that is printed is at least as strict as what it is read from. Other objects of a file
are named, and left out. Of notation's statements, that of Flux is the one whose registryScopes have the repository.
"""
_TRUST_STORE = "truststore"
_BY_HAND = "write one by hand (docs/trustpolicy.md has every field)"


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command, and the one below it."""
    codes = exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.INCOMPLETE)
    group = commands.add_parser(
        "policy",
        help="read policies of other tools into a TrustPolicy",
        description="Work on trust policies.",
        epilog=_EXAMPLES + codes,
    )
    below = group.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    command = below.add_parser(
        "import",
        help="print a TrustPolicy for policies of other tools",
        description=_DESCRIPTION,
        epilog=_EXAMPLES + codes,
    )
    command.add_argument(
        "path",
        nargs="+",
        metavar="FILE",
        help="an OCIRepository of Flux, a ClusterImagePolicy, a trustpolicy.json, a policy.json, or Secrets for them",
    )
    command.add_argument(
        "--trust-store",
        metavar="DIR",
        help="the folder with notation's trust stores (default: truststore beside trustpolicy.json)",
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the policies; say what is lost."""
    from dataclasses import replace

    from pattern_operator.api.reason import Reason
    from pattern_operator.cli import yaml_output
    from pattern_operator.errors import Stalled

    lost, names = 0, set[str]()
    for source, carried in _carried(options):
        for each in carried.lost:
            output.print_error(output.plain(f"{source}: {each}"))
        comments = [f"# from {output.plain(source)}"]
        comments += [f"# not carried over: {output.plain(each)}" for each in carried.lost]
        for draft in carried.policies:
            named = replace(draft, name=_another(draft.name, names))
            names.add(named.name)
            output.document("---\n" + "\n".join(comments) + "\n" + yaml_output.dump(named.body, "yaml"))
        lost += len(carried.lost)
    if not names and not lost:
        raise Stalled(reason=Reason.POLICY_INVALID, message=f"these files have no policy: {_BY_HAND}.")
    if not names:
        output.print_error(f"nothing of these files became a policy: {_BY_HAND}.")
    return exit_codes.INCOMPLETE if lost else exit_codes.OK


def _another(name: str, taken: "Collection[str]") -> str:
    """``name``, or with a number behind it one that is not taken: else one policy would replace another."""
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def _carried(options: argparse.Namespace) -> "Iterator[tuple[str, Carried]]":
    """What comes of each document, in order; of Secrets, which only others name, nothing."""
    from pattern_operator.api.fields import text_at
    from pattern_operator.cli.policy_files import documents_of, read_text, secrets_in

    documents = [(name, body) for name in options.path for body in documents_of(name, read_text(name))]
    secrets = secrets_in(body for _, body in documents)
    for name, body in documents:
        if text_at(body, "kind") in ("Secret", "ConfigMap"):
            continue
        yield name, _convert(Path(name), body, secrets, trust_store=options.trust_store)


def _convert(path: Path, body: "Mapping[str, Any]", secrets: Any, *, trust_store: str | None) -> "Carried":
    from pattern_operator.api.fields import ObjectMeta, text_at
    from pattern_operator.cli.imports import cluster_image, containers, flux, notation
    from pattern_operator.cli.imports.carried import Carried, Lost
    from pattern_operator.quote import one_line, quoted

    if "trustPolicies" in body:
        folder = Path(trust_store) if trust_store else path.parent / _TRUST_STORE
        return notation.convert(body, notation.read_stores(folder))
    if "transports" in body or "default" in body:
        return containers.convert(body, path.parent)
    match kind := text_at(body, "kind"):
        case "OCIRepository":
            return flux.convert(body, secrets)
        case "ClusterImagePolicy":
            return cluster_image.convert(body)
    what = f"{one_line(kind)} {quoted(ObjectMeta.of(dict(body)).name)}" if kind else "a document without kind"
    return Carried(lost=(Lost(f"{what} is none of the policies that are read, and is left out"),))
