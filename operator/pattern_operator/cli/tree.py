"""``patternctl tree``: the objects of a pattern and the pods they run, each with its health, from the cluster."""

import argparse
from typing import TYPE_CHECKING, Any

from pattern_operator.cli import cluster, exit_codes, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_operator.graph import Item
    from pattern_operator.tree import Tree

_EXAMPLES = """\
examples:
  patternctl tree web                    objects and pods of the pattern, what is worst first
  patternctl tree web -n shop -o json    the same as one object: {"pattern": {...}, "items": [{...}]}

Everything is read with your own rights; what they do not reach is shown as Unknown, with the right that is missing.
Of Secrets and ConfigMaps only metadata is read.

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "tree",
        help="the objects of a pattern and their pods, with health",
        description="Show the objects of a pattern and the pods that they run, each with its health.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.INTERRUPTED),
    )
    command.add_argument("name", metavar="NAME", help="the pattern")
    command.add_argument(
        "-o", "--output", choices=("table", "json", "yaml"), default="table", help="how to print (table: for people)"
    )
    cluster.add_arguments(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask the API server and print."""
    import asyncio

    from pattern_operator.graph import outline

    pattern, tree = asyncio.run(_read(options))
    items = outline(tree.graph)
    if options.output != "table":
        from pattern_operator.cli import yaml_output

        output.document(yaml_output.dump(_document(pattern, items, tree), options.output))
        return exit_codes.OK
    from pattern_operator.cli.tree_lines import tree_lines

    print(_heading(pattern))
    for line in tree_lines(items):
        print(line)
    for each in tree.unread:
        output.print_error(f"not all pods are shown: {output.plain(each)}")
    return exit_codes.OK


async def _read(options: argparse.Namespace) -> "tuple[dict[str, Any], Tree]":
    from datetime import UTC, datetime

    from pattern_operator.cli import session
    from pattern_operator.kube import Discovery
    from pattern_operator.tree import read_tree

    async with session.connected(options) as here:
        pattern = await here.get(options.name)
        with here.translated_errors("read"):
            tree = await read_tree(here.session, Discovery(here.session), pattern, now=datetime.now(UTC))
    return pattern, tree


def _heading(pattern: dict[str, Any]) -> str:
    from pattern_operator.api.fields import ObjectMeta, text_at
    from pattern_operator.cli.table import message

    meta = ObjectMeta.of(pattern)
    words = (text_at(pattern, "status", "version"), text_at(pattern, "status", "status"), message(pattern))
    name = f"DesignPattern {meta.namespace}/{meta.name}"
    return "   ".join(output.plain(each) for each in (name, *words) if each)


def _document(pattern: dict[str, Any], items: "Sequence[Item]", tree: "Tree") -> dict[str, Any]:
    from pattern_operator.api.fields import ObjectMeta, text_at
    from pattern_operator.graph.document import items_of

    meta = ObjectMeta.of(pattern)
    about = {
        "namespace": meta.namespace,
        "name": meta.name,
        "version": text_at(pattern, "status", "version"),
        "revision": text_at(pattern, "status", "revision"),
        "status": text_at(pattern, "status", "status"),
    }
    return {"pattern": about, "worst": str(tree.graph.worst), "items": items_of(items), "unread": list(tree.unread)}
