"""``patternctl suspend`` and ``patternctl resume``: stop reconciling a pattern, and resume it."""

import argparse
from typing import Final, NamedTuple

from pattern_operator.cli import cluster, exit_codes
from pattern_operator.cli.arguments import Parser


class _Command(NamedTuple):
    """One of the two commands: the value of ``spec.suspend`` that it sets, and its texts."""

    name: str
    suspend: bool
    help: str
    examples: str
    done: str
    already: str


_SUSPEND: Final = _Command(
    name="suspend",
    suspend=True,
    help="stop reconciling patterns: what runs keeps running, and is not changed",
    examples="""\
examples:
  patternctl suspend web                    what runs keeps running; nothing is looked up, applied or repaired
  patternctl suspend web db -n shop -o name

A suspended pattern can still be deleted. `patternctl get -o wide` shows which patterns are suspended.

""",
    done="suspended; `{again}` ends that",
    already="is suspended already",
)
_RESUME: Final = _Command(
    name="resume",
    suspend=False,
    help="reconcile suspended patterns again",
    examples="""\
examples:
  patternctl resume web                     looked up, applied and repaired again, from now on
  patternctl resume web db -n shop

""",
    done="resumed",
    already="is not suspended",
)


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare both commands."""
    for switch in (_SUSPEND, _RESUME):
        command = commands.add_parser(
            switch.name,
            help=switch.help,
            description=f"{switch.help.capitalize()}. Sets spec.suspend to {str(switch.suspend).lower()}.",
            epilog=switch.examples + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE),
        )
        command.add_argument("names", metavar="NAME", nargs="+", help="a pattern; several may be named")
        cluster.add_output(command)
        cluster.add_arguments(command)
        command.set_defaults(run=run, switch=switch)


def run(options: argparse.Namespace) -> int:
    """Change each pattern, and say so."""
    import asyncio

    return asyncio.run(_run(options, options.switch))


async def _run(options: argparse.Namespace, switch: _Command) -> int:
    from pattern_operator.api.fields import mapping_at
    from pattern_operator.cli import session

    names = list(dict.fromkeys(options.names))
    async with session.connected(options) as here:
        patterns = {name: await here.get(name) for name in names}  # where one is mistyped, none is changed
        for name, pattern in patterns.items():
            is_so = (mapping_at(pattern, "spec").get("suspend") is True) is switch.suspend
            if not is_so:
                patterns[name] = await here.change(name, {"spec": {"suspend": switch.suspend}})
            if options.output == "table":
                done = switch.done.format(again=cluster.typed("resume", name, options))
                print(f"{name}: {switch.already if is_so else done}", flush=True)
    if options.output != "table":
        cluster.show(list(patterns.values()), options.output)
    return exit_codes.OK
