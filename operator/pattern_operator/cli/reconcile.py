"""``patternctl reconcile``: reconcile a pattern now, and with ``--wait`` wait until it is ready."""

import argparse
import re
from typing import Final

from pattern_operator.cli import cluster, exit_codes, output
from pattern_operator.cli.arguments import Parser

_EXAMPLES = """\
examples:
  patternctl reconcile web                       look up, verify, render and apply again, now
  patternctl reconcile web --wait                and end when it is ready, or when it cannot be
  patternctl reconcile web --wait --timeout 10m  as in a pipeline, after a push
  patternctl reconcile web --wait -o json        the pattern as it is then

--wait ends at once where only a change helps (a missing signature, a wrong tag), and continues where time may help.

"""
_DURATION: Final = re.compile(r"(?:\d{1,5}h)?(?:\d{1,5}m)?(?:\d{1,5}s?)?")
_PARTS: Final = {"h": 3600, "m": 60, "s": 1, "": 1}


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "reconcile",
        help="look at a pattern again now, and wait until it is ready",
        description="Have the operator look at a pattern again now: the registry, the signature and the cluster.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.INTERRUPTED),
    )
    command.add_argument("name", metavar="NAME", help="the pattern")
    command.add_argument("--wait", action="store_true", help="wait until it is ready; else exit with 1")
    command.add_argument("--timeout", type=_seconds, default="5m", help="how long to wait (default: 5m)")
    cluster.add_output(command)
    cluster.add_arguments(command)
    command.set_defaults(run=run)


def _seconds(text: str) -> int:
    """Read ``30s``, ``5m``, ``1h30m`` or a number of seconds."""
    seconds = sum(int(number) * _PARTS[unit] for number, unit in re.findall(r"(\d+)([hms]?)", text))
    if not _DURATION.fullmatch(text) or not seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration: write 30s, 5m or 1h30m")
    return seconds


def run(options: argparse.Namespace) -> int:
    """Ask for it, and wait where that is wished."""
    import asyncio

    from pattern_operator.cli import wait

    try:
        pattern = asyncio.run(wait.request_reconcile(options))
    except wait.NotReadyError as error:  # the message is the operator's
        output.print_error(output.plain(str(error)))
        return exit_codes.FAILED
    if options.output != "table":
        cluster.show([pattern], options.output)
    elif options.wait:
        print(output.plain(f"{options.name}: {wait.ready(pattern).message}"))
    else:
        again = cluster.typed("get", options.name, options)
        print(f"{options.name}: is reconciled now; `{again} -w` shows its progress")
    return exit_codes.OK
