"""patternctl, also installed as kubectl-pattern: the operator's own rooms at a terminal.

A command is a module with ``add`` (its arguments) and ``run`` (its work); what a command needs is imported when it
runs, so that ``--help`` is there at once. Exit codes are ``cli.exits``.
"""

import argparse
import signal
import sys
from collections.abc import Sequence

from pattern_operator import __version__
from pattern_operator.cli import exits, get, output, push, render, uninstall, verify

_EXAMPLES = """\
examples:
  patternctl push ./design.yml oci://registry.example/patterns/web:1.0.0
  patternctl verify oci://registry.example/patterns/web:1.0.0 --key cosign.pub
  patternctl render oci://registry.example/patterns/web:1.0.0 | kubectl diff -f -
  patternctl get -A

credentials for registries are those of `docker login`: $DOCKER_CONFIG or ~/.docker, credential helpers included.

"""


def parser() -> argparse.ArgumentParser:
    """The command line: a sub-command a module."""
    top = argparse.ArgumentParser(
        prog="patternctl",
        description="Render, verify, push and list signed patterns of Kubernetes resources.",
        epilog=_EXAMPLES + exits.table(*exits.MEANING),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"patternctl {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (get, push, render, verify, uninstall):
        command.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as by Ctrl-C: what is temporary is removed
        output.prepare()
        return _run(parser().parse_args(arguments))
    except BrokenPipeError:  # the reader of our output has seen enough, as in `patternctl get | head`
        return exits.FAILED
    except OSError as error:
        output.complain(f"{error.filename or 'output'}: {error.strerror or error}")
        return exits.FAILED
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    finally:
        output.close()


def _run(options: argparse.Namespace) -> int:
    from pattern_operator.errors import PatternError

    try:
        code: int = options.run(options)
    except PatternError as error:
        from pattern_operator.cli import advice

        output.complain(advice.diagnostics(error))
        return exits.FAILED
    sys.stdout.flush()
    return code
