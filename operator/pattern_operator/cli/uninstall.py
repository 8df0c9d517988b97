"""``patternctl uninstall``: what taking the operator out of a cluster would do, and with ``--yes`` doing it."""

import argparse
import sys
from typing import TYPE_CHECKING, Any, Final

from pattern_operator.cli import exit_codes, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from pattern_operator.cli.installation import Installation, Pattern
    from pattern_operator.errors import PatternError
    from pattern_operator.kube import ApiError

_NAMED: Final = 10  # patterns that an error names
_EXAMPLES = """\
examples:
  patternctl uninstall                       what would be deleted, and what would stay; nothing is changed
  patternctl uninstall --yes                 patterns with their objects, then the operator, its rights and its CRD
  patternctl uninstall --yes --keep-objects  objects of patterns stay in the cluster, and are not managed any more

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "uninstall",
        help="show what an uninstall would delete; with --yes, do it",
        description="Show what removing the operator from the cluster would delete, and in which order. With --yes, do"
        " it: patterns first, while the operator still deletes their objects; then the operator, its rights and its"
        " CRD. Where a pattern is left, nothing of the operator is removed.",
        epilog=_EXAMPLES
        + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.LEFT, exit_codes.INTERRUPTED),
    )
    command.add_argument("--yes", action="store_true", help="do it; without this, nothing is changed")
    command.add_argument(
        "--keep-objects",
        action="store_true",
        help="keep all objects of patterns in the cluster; works without an operator, too",
    )
    command.add_argument(
        "--timeout", type=_seconds, default=300.0, metavar="SECONDS", help="how long patterns may take (default: 300)"
    )
    command.add_argument(
        "--operator-namespace", default="pattern-operator-system", metavar="NAME", help="where the operator is"
    )
    command.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print")
    command.add_argument("--kubeconfig", metavar="FILE", help="default: $KUBECONFIG, then ~/.kube/config")
    command.add_argument("--context", help="the context of the kubeconfig (default: its current one)")
    command.set_defaults(run=run)


def _seconds(text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= 86_400.0:
        raise argparse.ArgumentTypeError("must be a number of seconds, as in 300")
    return seconds


def run(options: argparse.Namespace) -> int:
    """Look, print, and do it where that is asked for."""
    import asyncio

    return asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> int:
    from pattern_operator.executors import Executors

    with Executors.open() as executors:
        return await _work(options, disk=executors.disk)


async def _work(options: argparse.Namespace, *, disk: "Executor") -> int:
    from datetime import UTC, datetime

    from pattern_operator.api.reason import Reason
    from pattern_operator.cli import installation, uninstaller
    from pattern_operator.cli.session import endpoint_of
    from pattern_operator.errors import Stalled
    from pattern_operator.kube import ApiError, Session

    endpoint = await endpoint_of(options, disk=disk)
    try:
        async with Session.open(endpoint) as session:
            plan = await installation.look(session, namespace=options.operator_namespace, now=datetime.now(UTC))
            if not options.yes:
                _print(plan, (), server=endpoint.server, options=options, done=False)
                return exit_codes.OK
            if plan.stuck and not options.keep_objects:
                raise _no_operator(plan)
            policy = uninstaller.ObjectPolicy.KEEP if options.keep_objects else uninstaller.ObjectPolicy.AS_PATTERN_SAYS
            left = await uninstaller.uninstall(plan, session, policy=policy, seconds=options.timeout, tell=_tell)
    except ApiError as error:
        raise _refused(error) from None
    except uninstaller.DeletionTimeoutError as error:
        kind, name = error.part.resource.plural, error.part.name
        raise Stalled(
            reason=Reason.DELETION_FAILED,
            message=f"{error}: kubectl get {kind} {name} -o yaml shows what holds it; then run this again.",
        ) from None
    _print(plan, left, server=endpoint.server, options=options, done=not left)
    if left:
        _complain(left, seconds=options.timeout)
        return exit_codes.LEFT
    return exit_codes.OK


def _no_operator(plan: "Installation") -> "PatternError":
    from pattern_operator.api.reason import Reason
    from pattern_operator.errors import Stalled

    number = len(plan.stuck)
    waiting = "1 pattern waits" if number == 1 else f"{number} patterns wait"
    objects = "its objects" if number == 1 else "their objects"
    return Stalled(
        reason=Reason.DELETION_FAILED,
        message=f"no operator runs here, and {waiting} for one to delete {objects}: install it again (kubectl apply"
        " --server-side -k manifests/default, or restricted) and run this again; or keep"
        f" {objects} in the cluster with --keep-objects. Nothing was changed.",
    )


def _refused(error: "ApiError") -> "PatternError":
    from pattern_operator.api.reason import Reason
    from pattern_operator.errors import Stalled, Transient
    from pattern_operator.kube import ApiUnavailable

    if isinstance(error, ApiUnavailable):
        return Transient(reason=Reason.API_SERVER_UNAVAILABLE, message=error.message)
    return Stalled(
        reason=Reason.FORBIDDEN, message=f"the API server refused: {error.message}. Run it as an administrator."
    )


def _tell(message: str) -> None:
    print(f"patternctl: {output.plain(message)}", file=sys.stderr, flush=True)


def _complain(left: "Sequence[Pattern]", *, seconds: float) -> None:
    output.print_error(f"after {seconds:.0f} s these patterns are left, so nothing of the operator was removed")
    for each in left[:_NAMED]:
        output.print_error(f"{each.display_name}: {output.plain(each.why)}")
    if len(left) > _NAMED:
        output.print_error(f"and {len(left) - _NAMED} more: patternctl get -A")


# --- what is printed --------------------------------------------------------------------------------------------------


def _print(
    plan: "Installation", left: "Sequence[Pattern]", *, server: str, options: argparse.Namespace, done: bool
) -> None:
    if options.output == "json":
        from pattern_operator.cli import yaml_output

        output.document(yaml_output.dump(_facts(plan, left, server=server, options=options, done=done), "json"))
    elif done:
        print(_taken(plan))
    elif not options.yes:
        _show(plan, server=server, options=options)


def _taken(plan: "Installation") -> str:
    """What was removed, of what was there."""
    from pattern_operator.api.object import pluralize

    taken = [pluralize(len(plan.patterns), "pattern")] if plan.patterns else []
    taken += [f"{pluralize(len(plan.parts), 'object')} of the operator"] if plan.parts else []
    taken += ["the CRD"] if plan.crd else []
    if not taken:
        return "nothing was removed: neither patterns nor the operator nor the CRD is here"
    return f"removed: {', '.join(taken)}"


def _facts(
    plan: "Installation", left: "Sequence[Pattern]", *, server: str, options: argparse.Namespace, done: bool
) -> dict[str, Any]:
    from pattern_operator.cli.installation import CRD_NAME

    return {
        "server": server,
        "operator": {"works": bool(plan.holder), "holder": plan.holder},
        "patterns": [
            {
                "namespace": each.namespace,
                "name": each.name,
                "objects": each.objects,
                "left": each.objects if options.keep_objects else each.stay,
                "deletionPolicy": "Orphan" if options.keep_objects else each.policy,
            }
            for each in plan.patterns
        ],
        "parts": [{"kind": each.resource.kind, "namespace": each.namespace, "name": each.name} for each in plan.parts],
        "unseen": list(plan.unseen),
        "crd": CRD_NAME if plan.crd else "",
        "done": done,
        "remaining": [{"namespace": each.namespace, "name": each.name, "message": each.why} for each in left],
    }


def _show(plan: "Installation", *, server: str, options: argparse.Namespace) -> None:
    from pattern_operator.api.object import pluralize
    from pattern_operator.cli.installation import CRD_NAME

    print(f"on {server}, patternctl uninstall --yes deletes in this order:\n")
    if not plan.patterns:
        print("1. patterns: none is here")
    else:
        whose = "its" if len(plan.patterns) == 1 else "their"
        patterns = pluralize(len(plan.patterns), "pattern")
        print(f"1. {patterns}, with {whose} objects, except those that are LEFT in the cluster:")
        rows = [
            [each.namespace, each.name, str(each.objects), str(each.objects if options.keep_objects else each.stay)]
            for each in plan.patterns
        ]
        print("\n".join(f"   {line}" for line in output.table(["NAMESPACE", "NAME", "OBJECTS", "LEFT"], rows)))
        if plan.unseen:
            print(f"   (More may stay: {', '.join(map(output.plain, plan.unseen))} cannot be looked at now.)")
        print("   (Namespaces and CRDs stay, too, while they contain objects of others.)")
    print(f"2. the operator and its rights: {', '.join(map(str, plan.parts)) or 'none is here'}")
    print(f"3. the CRD {CRD_NAME}" + ("" if plan.crd else ", which is not here") + "\n")
    if plan.going:
        print("The deletion of the CRD has begun already: it ends when no pattern is left.")
    if plan.holder and not plan.parts:
        print(
            f"An operator runs ({output.plain(plan.holder)}), and none of its objects has the label that the manifests"
        )
        print("give them (app.kubernetes.io/name: pattern-operator): delete it as it was installed, between 1 and 3.")
    elif plan.holder:
        print(f"The operator runs: {output.plain(plan.holder)}")
    elif plan.stuck and not options.keep_objects:
        print(f"No operator runs here, and {pluralize(len(plan.stuck), 'pattern')} cannot go without one. Install it")
        print("again first, or keep its objects in the cluster with --keep-objects.")
    else:
        print("No operator runs here.")
    print("Nothing was changed.")
