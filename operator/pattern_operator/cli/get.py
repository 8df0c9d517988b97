"""``patternctl get``: which patterns there are, what runs of them, whether it is well, and if not why."""

import argparse
import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pattern_operator.cli import exits, output

_EXAMPLES = """\
examples:
  patternctl get              patterns of the current namespace
  patternctl get -A           patterns of all namespaces
  patternctl get web -o yaml  one pattern, whole
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "get",
        help="list patterns: what runs, which version, is it well",
        description="List DesignPatterns: what runs, which version, whether it is well, and if not why.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("name", nargs="?", help="only this pattern")
    command.add_argument("-n", "--namespace", help="its namespace (default: the one of the kubeconfig's context)")
    command.add_argument("-A", "--all-namespaces", action="store_true", help="patterns of all namespaces")
    command.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table", help="how to print")
    command.add_argument("--kubeconfig", type=Path, help="default: $KUBECONFIG, then ~/.kube/config")
    command.add_argument("--context", help="the context of the kubeconfig (default: its current one)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask the API server and print."""
    found = asyncio.run(_fetch(options))
    if options.output != "table":
        whole = found[0] if options.name else {"apiVersion": "v1", "kind": "List", "items": found}
        print(output.dump(whole, options.output))
        return exits.OK
    if not found:
        print("no patterns" if options.all_namespaces else "no patterns in this namespace (-A lists all)")
        return exits.OK
    print(_table(found, datetime.now(UTC)))
    return exits.OK


async def _fetch(options: argparse.Namespace) -> list[dict[str, Any]]:
    from pattern_operator.api.reason import Reason
    from pattern_operator.errors import Stalled, Transient
    from pattern_operator.kube import ApiError, CredentialsError, Session, load, objects
    from pattern_operator.reconcile.writer import DESIGN_PATTERN

    try:
        endpoint = await load(kubeconfig=options.kubeconfig, context=options.context)
    except CredentialsError as error:
        raise Stalled(reason=Reason.API_SERVER_UNAVAILABLE, message=str(error)) from error
    namespace = "" if options.all_namespaces else options.namespace or endpoint.namespace
    try:
        async with Session.open(endpoint) as session:
            if options.name:
                return [await objects.get(session, DESIGN_PATTERN, namespace=namespace, name=options.name)]
            return await objects.list_(session, DESIGN_PATTERN, namespace=namespace)
    except ApiError as error:
        if error.code == 404:
            what = f"DesignPattern {namespace}/{options.name}" if options.name else "the kind DesignPattern"
            message = f"{what} does not exist on {endpoint.server}: {error.message}"
            raise Stalled(reason=Reason.INVALID_SPEC, message=message) from error
        message = f"{endpoint.server} could not be asked: {error.message}"
        raise Transient(reason=Reason.API_SERVER_UNAVAILABLE, message=message) from error


def _table(patterns: list[dict[str, Any]], now: datetime) -> str:
    header = ("NAMESPACE", "NAME", "READY", "STATUS", "VERSION", "DIGEST", "OBJECTS", "VERIFIED BY", "AGE", "MESSAGE")
    rows = [_row(pattern, now) for pattern in patterns]
    lines = output.table(header, rows).splitlines()
    colours = {"True": "green", "False": "red", "Unknown": "yellow"}
    return "\n".join(
        [lines[0], *(output.colour(line, colours[row[2]]) for line, row in zip(lines[1:], rows, strict=True))]
    )


def _row(pattern: dict[str, Any], now: datetime) -> tuple[str, ...]:
    metadata, status = pattern["metadata"], pattern.get("status", {})
    conditions = {condition["type"]: condition for condition in status.get("conditions", ())}
    ready = conditions.get("Ready", {"status": "Unknown", "message": "not seen by the operator yet"})
    return (
        metadata["namespace"],
        metadata["name"],
        ready["status"],
        status.get("status", ""),
        status.get("version", ""),
        status.get("shortDigest", ""),
        str(status.get("inventory", {}).get("count", 0)),
        ", ".join(sorted({vouch["authority"] for vouch in status.get("verifiedBy", ())})),
        age(metadata["creationTimestamp"], now),
        ready["message"],
    )


def age(created: str, now: datetime) -> str:
    """How long ago, in the one or two units that kubectl would use."""
    seconds = int((now - datetime.fromisoformat(created)).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{max(seconds, 0)}s"
