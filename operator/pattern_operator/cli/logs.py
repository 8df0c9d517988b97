"""``patternctl logs``: the logs of the pods of a pattern, each line with the pod and container that wrote it."""

import argparse
from typing import TYPE_CHECKING, Final

from pattern_operator.cli import cluster, exit_codes, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_operator.cli.container_logs import Container

_EXAMPLES: Final = """\
examples:
  patternctl logs web                      the last 10 lines of each container of each pod of the pattern
  patternctl logs web --tail -1 -c app     all lines of the containers that are called app
  patternctl logs web -f                   and what they write later, until Ctrl-C or their end
  patternctl logs web --previous           of the run before: why a container ended
  patternctl logs web -f -o json           a line each: {"namespace": ..., "pod": ..., "container": ..., "line": ...}

-f follows the pods that are there when it begins.

"""
_TAIL: Final = 10  # as kubectl, where it prints several logs
_ALL: Final = -1


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "logs",
        help="print the logs of a pattern's pods",
        description="Print the logs of the pods of a pattern, each line with the pod and container that wrote it.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.INTERRUPTED),
    )
    command.add_argument("name", metavar="NAME", help="the pattern")
    command.add_argument("-f", "--follow", action="store_true", help="go on, and print each line as it is written")
    command.add_argument(
        "--tail", type=_tail, default=_TAIL, metavar="N", help=f"the last N lines of each; -1: all (default: {_TAIL})"
    )
    command.add_argument("-c", "--container", metavar="NAME", help="only containers with this name")
    command.add_argument("--previous", action="store_true", help="the run before the one that runs now")
    command.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="how to print (json: an object a line)"
    )
    cluster.add_arguments(command)
    command.set_defaults(run=run)


def _tail(text: str) -> int:
    try:
        found = int(text)
    except ValueError:
        found = _ALL - 1
    if not _ALL <= found <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines: write 100, or -1 for all")
    return found


def run(options: argparse.Namespace) -> int:
    """Print the logs; FAILED where one of them could not be read."""
    import asyncio

    if options.follow and options.previous:
        raise cluster.UsageError("--follow and --previous exclude each other: what has ended writes nothing more")
    return asyncio.run(_print(options))


async def _print(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from pattern_operator.cli import session
    from pattern_operator.cli.container_logs import containers_of, print_logs
    from pattern_operator.kube import Discovery
    from pattern_operator.kube.pod_logs import LogQuery
    from pattern_operator.tree import read_tree

    tail = None if options.tail == _ALL else options.tail
    query = LogQuery(tail=tail, follow=options.follow, previous=options.previous)
    async with session.connected(options) as here:
        pattern = await here.get(options.name)
        tree = await read_tree(here.session, Discovery(here.session), pattern, now=datetime.now(UTC))
        for each in tree.unread:
            output.print_error(f"not all pods are known: {output.plain(each)}")
        every = containers_of(tree.pods)
        wanted = [each for each in every if options.container in (None, each.name)]
        if options.previous:
            wanted = [each for each in wanted if each.restarts]
        if not wanted:
            output.print_error(_nothing(options, every))
            return exit_codes.FAILED if every or tree.unread else exit_codes.OK
        whole = await print_logs(here.session, wanted, query, form=options.output)
    return exit_codes.OK if whole and not tree.unread else exit_codes.FAILED


def _nothing(options: argparse.Namespace, every: "Sequence[Container]") -> str:
    if not every:
        return f"{options.name} has no pods; `{cluster.typed('tree', options.name, options)}` shows its objects"
    if options.previous:
        return f"no container of {options.name} has been started again: there is no run before this one"
    names = sorted({output.plain(each.name) for each in every})
    return f"no container of {options.name} is called {options.container}: there are {', '.join(names[:20])}"
