"""``patternctl get``: which patterns there are, what runs of them, whether it is well, and if not why."""

import argparse
from typing import TYPE_CHECKING, Any

from pattern_operator.cli import cluster, exit_codes, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pattern_operator.kube import WatchEvent

_EXAMPLES = """\
examples:
  patternctl get                       patterns of the current namespace
  patternctl get -A -o wide            patterns of all namespaces, with url, who signed, and the whole message
  patternctl get web -o yaml           one pattern, whole
  patternctl get -l team=shop -w       patterns with a label, and each change of them until Ctrl-C
  patternctl get -A -o name            names only, as kubectl takes them
  patternctl get -w -o json            each change on one line: {"type": "MODIFIED", "object": {...}}

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "get",
        help="list patterns: what runs, which version, is it well",
        description="List DesignPatterns: what runs, which version, whether it is well, and if not why.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.INTERRUPTED),
    )
    which = command.add_mutually_exclusive_group()
    which.add_argument("name", nargs="?", metavar="NAME", help="only this pattern")
    which.add_argument("-A", "--all-namespaces", action="store_true", help="patterns of all namespaces")
    command.add_argument("-l", "--selector", metavar="SELECTOR", default="", help="only with these labels: a=b,c!=d")
    command.add_argument("-w", "--watch", action="store_true", help="go on, and print each change until Ctrl-C")
    command.add_argument(
        "-o", "--output", choices=("table", "wide", "json", "yaml", "name"), default="table", help="how to print"
    )
    cluster.add_arguments(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask the API server and print."""
    import asyncio

    if options.name and options.selector:
        raise cluster.UsageError("NAME and -l exclude each other: a name is one pattern")
    if options.watch:
        return asyncio.run(_follow(options))
    found = asyncio.run(_fetch(options))
    if options.output in ("json", "yaml"):
        from pattern_operator.cli import yaml_output

        for pattern in found:
            cluster.readable(pattern)
        whole = found[0] if options.name else {"apiVersion": "v1", "kind": "List", "items": found}
        output.document(yaml_output.dump(whole, options.output))
    elif found:
        _printer(options)(found)
    else:
        output.print_error(_nothing(options))
    return exit_codes.OK


def _nothing(options: argparse.Namespace) -> str:
    """What there is to say where there is no pattern; on standard error, because a program reads an empty list."""
    such = "no patterns with these labels" if options.selector else "no patterns"
    return such if options.all_namespaces else f"{such} in this namespace; -A lists all"


async def _fetch(options: argparse.Namespace) -> list[dict[str, Any]]:
    from pattern_operator.cli import session
    from pattern_operator.kube import objects
    from pattern_operator.kube.wellknown import DESIGN_PATTERN

    async with session.connected(options) as here:
        if options.name:
            return [await here.get(options.name)]
        with here.translated_errors("read"):
            return await objects.list_(
                here.session, DESIGN_PATTERN, namespace=here.namespace, label_selector=options.selector
            )


async def _follow(options: argparse.Namespace) -> int:
    """Print what there is, and then each change, until interrupted."""
    from pattern_operator.cli import session, watch

    show = _printer(options)
    async with session.connected(options) as here:
        if options.name:
            await here.get(options.name)  # a name that is wrong is said, and not waited for
        async with watch.watch_patterns(here, name=options.name or "", selector=options.selector) as lists:
            async for changes in lists:
                _print(changes, options, show=show)
                output.flush()
    return exit_codes.OK


def _print(
    changes: "Sequence[WatchEvent]", options: argparse.Namespace, *, show: "Callable[[Sequence[dict[str, Any]]], None]"
) -> None:
    """Print changes as they are asked for: for people the patterns, for programs what happened to them."""
    if options.output in ("json", "yaml"):
        _print_events(changes, options.output)
    elif changes:
        show([_gone(each) for each in changes])
    else:
        output.print_error(_nothing(options))


def _gone(change: "WatchEvent") -> dict[str, Any]:
    """The pattern of a change; of one that was deleted, a status that says so."""
    if change.type.value != "DELETED":
        return change.object
    condition = {"type": "Ready", "status": "False", "message": "was deleted"}
    return {**change.object, "status": {"status": "Deleted", "conditions": [condition]}}


def _print_events(changes: "Sequence[WatchEvent]", form: str) -> None:
    from pattern_operator.cli import yaml_output

    for each in changes:
        cluster.readable(each.object)
        event = {"type": each.type.value, "object": each.object}
        output.document(yaml_output.line(event) if form == "json" else yaml_output.stream([event]))


def _printer(options: argparse.Namespace) -> "Callable[[Sequence[dict[str, Any]]], None]":
    """What prints patterns for people, or their names."""
    from datetime import UTC, datetime

    from pattern_operator.api.fields import ObjectMeta
    from pattern_operator.cli.table import Table

    def names(patterns: "Sequence[dict[str, Any]]") -> None:
        for pattern in patterns:
            print(f"{cluster.RESOURCE}/{output.plain(ObjectMeta.of(pattern).name)}")

    if options.output == "name":
        return names
    table = Table(wide=options.output == "wide", with_namespace=options.all_namespaces)
    return lambda patterns: table.show(patterns, now=datetime.now(UTC))
