"""patternctl, also installed as kubectl-pattern: the operator's own rooms at a terminal.

A command is a module with ``add`` (its arguments) and ``run`` (its work); what a command needs is imported when it
runs, so that ``--help`` is there at once. Exit codes are ``cli.exits``.
"""

import argparse
import sys
from collections.abc import Sequence

from pattern_operator import __version__
from pattern_operator.cli import exits

_EXAMPLES = """\
examples:
  patternctl push ./design.yml oci://registry.example/patterns/web:1.0.0
  patternctl verify oci://registry.example/patterns/web:1.0.0 --key cosign.pub
  patternctl render oci://registry.example/patterns/web:1.0.0 | kubectl diff -f -
  patternctl get -A

exit codes:
"""


def parser() -> argparse.ArgumentParser:
    """The command line: a sub-command a module."""
    from pattern_operator.cli import get, push, render, verify

    top = argparse.ArgumentParser(
        prog="patternctl",
        description="Render, verify, push and list signed patterns of Kubernetes resources.",
        epilog=_EXAMPLES + exits.table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"patternctl {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (get, push, render, verify):
        command.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = parser().parse_args(arguments)
    from pattern_operator.errors import PatternError

    try:
        return int(options.run(options))
    except PatternError as error:
        print(f"patternctl: {error.diagnostics()}", file=sys.stderr)
        return exits.FAILED
    except BrokenPipeError:  # the reader of our output has seen enough, as in `patternctl get | head`
        sys.stderr.close()
        return exits.FAILED
    except KeyboardInterrupt:
        return exits.INTERRUPTED
