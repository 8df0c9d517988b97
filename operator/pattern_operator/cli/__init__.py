"""patternctl, also installed as kubectl-pattern: the operator's own packages at a terminal.

A command is a module with ``add`` (its arguments) and ``run`` (its work); what a command needs is imported when it
runs, so that ``--help`` is there at once. Exit codes are ``cli.exit_codes``.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from pattern_operator import __version__
from pattern_operator.cli import (
    arguments,
    completion,
    exit_codes,
    generate_key_pair,
    get,
    lint,
    output,
    policy,
    push,
    reconcile,
    render,
    sign,
    suspend,
    uninstall,
    verify,
)
from pattern_operator.cli.arguments import Parser
from pattern_operator.cli.cluster import UsageError

_COMMANDS = (
    *(get, push, sign, generate_key_pair, render, lint, verify, policy),
    *(reconcile, suspend, uninstall, completion),
)
_EXAMPLES = """\
examples:
  patternctl push ./design.yml oci://registry.example/patterns/web:1.0.0
  patternctl sign oci://registry.example/patterns/web:1.0.0 --key cosign.key
  patternctl verify oci://registry.example/patterns/web:1.0.0 --key cosign.pub
  patternctl render oci://registry.example/patterns/web:1.0.0 --report -
  patternctl lint ./design.yml --fix
  patternctl get -A
  patternctl reconcile web --wait
  source <(patternctl completion bash)

credentials for registries are those of `docker login`: $DOCKER_CONFIG or ~/.docker, credential helpers included.

"""


def parser() -> Parser:
    """The command line: a sub-command a module."""
    top = Parser(
        prog="patternctl",
        description="Render, sign, verify, push, list and steer signed patterns of Kubernetes resources.",
        epilog=_EXAMPLES + exit_codes.table(*exit_codes.DESCRIPTIONS),
    )
    top.add_argument("--version", action="version", version=f"patternctl {__version__}")
    arguments.add_verbose(top)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    for module in _COMMANDS:
        module.add(commands)
    for command in arguments.below(top):
        arguments.add_verbose(command)
        command.set_defaults(command=command)
    return top


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    try:
        for ending in (signal.SIGTERM, signal.SIGHUP):  # end as by Ctrl-C: what is temporary is removed
            if signal.getsignal(ending) is not signal.SIG_IGN:  # as nohup has it
                signal.signal(ending, _end)
        output.prepare()
        given = sys.argv[1:] if words is None else list(words)
        if given[:1] == [completion.COMPLETE]:
            return completion.complete(parser(), given[1:])
        options, rest = parser().parse_known_args(given)
        if rest:
            options.command.refuse(rest)
        return _run(options)
    except BrokenPipeError:  # the reader closed the pipe, as in `patternctl get | head`
        return exit_codes.FAILED
    except OSError as error:
        output.print_error(f"{error.filename or 'output'}: {error.strerror or error}")
        return exit_codes.FAILED
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    finally:
        output.close()


def _end(number: int, frame: FrameType | None) -> None:
    """End as by Ctrl-C, whatever that does now: asyncio's Runner cancels its task for it.

    An exception that is raised wherever the program happens to be is lost where that is a finalizer, or a callback of
    the garbage collector: Python prints "Exception ignored", and goes on (sys.unraisablehook).

    Raises:
        KeyboardInterrupt: nothing has taken Ctrl-C.
    """
    handler = signal.getsignal(signal.SIGINT)
    (handler if callable(handler) else signal.default_int_handler)(number, frame)


def kubectl_complete() -> int:
    """kubectl_complete-pattern: what kubectl asks for words when `kubectl pattern` is completed."""
    return main([completion.COMPLETE, *sys.argv[1:]])


def _run(options: argparse.Namespace) -> int:
    from pattern_operator.errors import PatternError

    verbose = getattr(options, "verbose", False)
    try:
        code: int = options.run(options)
    except UsageError as error:
        output.print_error(f"{error}\nSee `{options.command.prog} --help`.")
        return exit_codes.USAGE
    except PatternError as error:
        from pattern_operator.cli import error_messages

        output.print_error(error_messages.format_error(error, verbose=verbose))
        return exit_codes.FAILED
    sys.stdout.flush()
    return code
