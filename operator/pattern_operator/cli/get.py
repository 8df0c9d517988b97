"""``patternctl get``: which patterns there are, what runs of them, whether it is well, and if not why."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pattern_operator.api.fields import ObjectMeta, integer_at, mapping_at, mappings_at, text_at
from pattern_operator.cli import exits, output

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor
    from datetime import datetime

    from pattern_operator.errors import PatternError
    from pattern_operator.kube import ApiError, Endpoint

_EXAMPLES = """\
examples:
  patternctl get              patterns of the current namespace
  patternctl get -A -o wide   patterns of all namespaces, with url, who vouched, and the whole message
  patternctl get web -o yaml  one pattern, whole

"""
_COLOURS: Final = {"True": "green", "False": "red", "Unknown": "yellow"}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "get",
        help="list patterns: what runs, which version, is it well",
        description="List DesignPatterns: what runs, which version, whether it is well, and if not why.",
        epilog=_EXAMPLES + exits.table(exits.OK, exits.FAILED, exits.USAGE),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = command.add_mutually_exclusive_group()
    which.add_argument("name", nargs="?", help="only this pattern")
    which.add_argument("-A", "--all-namespaces", action="store_true", help="patterns of all namespaces")
    command.add_argument("-n", "--namespace", help="its namespace (default: the one of the kubeconfig's context)")
    command.add_argument(
        "-o", "--output", choices=("table", "wide", "json", "yaml"), default="table", help="how to print"
    )
    command.add_argument("--kubeconfig", type=Path, metavar="FILE", help="default: $KUBECONFIG, then ~/.kube/config")
    command.add_argument("--context", help="the context of the kubeconfig (default: its current one)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask the API server and print."""
    import asyncio
    from datetime import UTC, datetime

    found = asyncio.run(_fetch(options))
    for pattern in found:
        if isinstance(metadata := pattern.get("metadata"), dict):
            metadata.pop("managedFields", None)  # longer than all the rest; kubectl does not show them either
    if options.output in ("json", "yaml"):
        from pattern_operator.api.inventorycodec import expand
        from pattern_operator.cli import document

        for pattern in found:
            expand(pattern)
        whole = found[0] if options.name else {"apiVersion": "v1", "kind": "List", "items": found}
        output.document(document.dump(whole, options.output))
    elif found:
        _show(found, options, now=datetime.now(UTC))
    else:
        output.complain("no patterns" if options.all_namespaces else "no patterns in this namespace; -A lists all")
    return exits.OK


async def _endpoint(options: argparse.Namespace, *, disk: "Executor") -> "Endpoint":
    """The API server that the kubeconfig leads to; its credentials are read again in ``disk`` when they are refused.

    Raises:
        Stalled: API_SERVER_UNAVAILABLE: there is none, or it cannot be used.
    """
    from pattern_operator.api.reason import Reason
    from pattern_operator.errors import Stalled
    from pattern_operator.kube import CredentialsError, load

    try:
        return await load(kubeconfig=options.kubeconfig, context=options.context, disk=disk)
    except CredentialsError as error:
        raise Stalled(reason=Reason.API_SERVER_UNAVAILABLE, message=f"{error}; see --kubeconfig") from None


async def _fetch(options: argparse.Namespace) -> list[dict[str, Any]]:
    from pattern_operator.executors import Executors

    with Executors.open() as executors:
        return await _ask(options, disk=executors.disk)


async def _ask(options: argparse.Namespace, *, disk: "Executor") -> list[dict[str, Any]]:
    from pattern_operator.kube import ApiError, Session, objects
    from pattern_operator.reconcile import DESIGN_PATTERN

    endpoint = await _endpoint(options, disk=disk)
    namespace = "" if options.all_namespaces else options.namespace or endpoint.namespace
    output.progress(f"asking {endpoint.server} for patterns")
    try:
        async with Session.open(endpoint) as session:
            if options.name:
                return [await objects.get(session, DESIGN_PATTERN, namespace=namespace, name=options.name)]
            return await objects.list_(session, DESIGN_PATTERN, namespace=namespace)
    except ApiError as error:
        raise _refused(error, namespace=namespace, name=options.name or "", server=endpoint.server) from None


def _refused(error: "ApiError", *, namespace: str, name: str, server: str) -> "PatternError":
    """What the API server's answer means here; its own words are part of the message."""
    from pattern_operator.api.reason import Reason
    from pattern_operator.errors import Stalled, Transient
    from pattern_operator.kube import ApiUnavailable

    if isinstance(error, ApiUnavailable):
        return Transient(reason=Reason.API_SERVER_UNAVAILABLE, message=error.message)
    if error.code == 404 and f'"{name}" not found' in error.message:
        return Stalled(
            reason=Reason.PATTERN_NOT_FOUND, message=f"there is no DesignPattern {namespace}/{name} on {server}."
        )
    if error.code == 404:
        return Stalled(reason=Reason.KIND_NOT_FOUND, message=f"{server} does not know the kind DesignPattern.")
    return Stalled(reason=Reason.FORBIDDEN, message=f"{server} does not let this user read patterns: {error.message}.")


def _show(patterns: list[dict[str, Any]], options: argparse.Namespace, *, now: "datetime") -> None:
    """Print a table: the whole message where it is wide, else as much of it as the terminal has room for."""
    wide = options.output == "wide"
    header = ["NAME", "READY", "STATUS", "VERSION", "DIGEST", "AGE", "MESSAGE"]
    more = ["OBJECTS", "VERIFIED BY", "SUSPENDED", "URL"]
    rows = [_row(pattern, now=now) for pattern in patterns]
    if wide:
        header[-1:-1] = more
        for row, pattern in zip(rows, patterns, strict=True):
            row[-1:-1] = _more(pattern)
    if options.all_namespaces:
        header.insert(0, "NAMESPACE")
        for row, pattern in zip(rows, patterns, strict=True):
            row.insert(0, ObjectMeta.of(pattern).namespace)
    first, *lines = [line if wide else output.fitted(line) for line in output.table(header, rows)]
    print(first)
    for line, pattern in zip(lines, patterns, strict=True):
        print(output.colour(line, _COLOURS.get(text_at(_ready(pattern), "status"), "yellow")))


def _row(pattern: dict[str, Any], *, now: "datetime") -> list[str]:
    meta = ObjectMeta.of(pattern)
    return [
        meta.name,
        text_at(_ready(pattern), "status"),
        text_at(pattern, "status", "status"),
        text_at(pattern, "status", "version"),
        text_at(pattern, "status", "shortDigest"),
        age(meta.created, now),
        _message(pattern),
    ]


def _more(pattern: dict[str, Any]) -> list[str]:
    """The further columns of a wide table."""
    verified_by = {text_at(each, "authority") for each in mappings_at(pattern, "status", "verifiedBy")}
    return [
        str(integer_at(pattern, "status", "inventory", "count")),
        ", ".join(sorted(verified_by)),
        str(mapping_at(pattern, "spec").get("suspend") is True).lower(),
        text_at(pattern, "spec", "source", "url"),
    ]


def _ready(pattern: dict[str, Any]) -> "Mapping[str, Any]":
    conditions = mappings_at(pattern, "status", "conditions")
    unseen = {"type": "Ready", "status": "Unknown", "message": "not seen by the operator yet"}
    return next((condition for condition in conditions if text_at(condition, "type") == "Ready"), unseen)


def _message(pattern: dict[str, Any]) -> str:
    """What Ready says, and that it speaks of an older spec where it does."""
    message = text_at(_ready(pattern), "message")
    seen, wanted = integer_at(pattern, "status", "observedGeneration", default=-1), ObjectMeta.of(pattern).generation
    return message if seen in (-1, wanted) else f"(the change of the spec is not seen yet) {message}"


def age(created: str, now: "datetime") -> str:
    """How long ago, in the largest unit of which there are two; nothing where ``created`` is not a time."""
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return ""
    seconds = int((now - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{max(seconds, 0)}s"
