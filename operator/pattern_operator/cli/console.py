"""``patternctl console``: the console in a browser, on this machine and with the rights of the kubeconfig's user."""

import argparse
from typing import TYPE_CHECKING

from pattern_operator.cli import cluster, exit_codes, output
from pattern_operator.cli.arguments import Parser

if TYPE_CHECKING:
    import socket

_EXAMPLES = """\
examples:
  patternctl console                      open the console in the browser; Ctrl-C ends it
  patternctl console --read-only          nothing can be changed in it
  patternctl console --no-browser         print its address alone
  patternctl console --port 8080 --context staging

The first line on standard output is the address, with a token that is good for one sign-in. The console listens on this
machine only, and does everything with the rights of the kubeconfig's user.

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "console",
        help="show patterns in the browser, with your own rights",
        description="Serve a web page over the cluster's patterns on this machine, with your own rights.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE, exit_codes.INTERRUPTED),
    )
    command.add_argument("--read-only", action="store_true", help="let nothing be changed in the page")
    command.add_argument("--port", type=_port, default=0, help="the port to listen on (default: a free one)")
    command.add_argument(
        "--address", metavar="IP", default="127.0.0.1", help="the loopback address to listen on (default: 127.0.0.1)"
    )
    command.add_argument("--no-browser", action="store_true", help="open no browser")
    cluster.add_arguments(command)
    command.set_defaults(run=run)


def _port(text: str) -> int:
    """A TCP port."""
    if not text.isdecimal() or not 0 <= int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: write a number from 0 to 65535")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    import asyncio

    from pattern_operator.console.settings import InvalidAddress, loopback

    try:
        address = loopback(options.address)
    except InvalidAddress as error:
        raise cluster.UsageError(str(error)) from error
    return asyncio.run(_serve(options, _listen(address, options.port)))


def _listen(address: str, port: int) -> "socket.socket":
    """A socket that listens there; raises OSError where that is not possible, with the address in it."""
    import socket

    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, error.strerror, f"{address}:{port}") from error
    return listener


async def _serve(options: argparse.Namespace, listener: "socket.socket") -> int:
    import asyncio
    import secrets

    from pattern_operator.cli import session, yaml_output
    from pattern_operator.console.serve import console_of, serving
    from pattern_operator.console.settings import Address, ConsoleSettings, LocalSignIn, Mode
    from pattern_operator.executors import Executors

    with listener, Executors.open() as executors:
        endpoint = await session.endpoint_of(options, disk=executors.disk)
        token = secrets.token_urlsafe(32)
        address = Address.of_loopback(listener.getsockname()[1])
        settings = ConsoleSettings(
            address=address,
            sign_in=LocalSignIn(endpoint, token),
            mode=Mode.READ_ONLY if options.read_only else Mode.READ_WRITE,
            namespace=options.namespace or endpoint.namespace,
        )
        console = console_of(settings, cpu=executors.cpu, write_yaml=lambda value: yaml_output.dump(value, "yaml"))
        async with serving(listener, console):
            host = f"[{options.address}]" if ":" in options.address else options.address
            url = f"http://{host}:{listener.getsockname()[1]}/sign-in?token={token}"
            print(url, flush=True)
            output.progress(f"the console for {endpoint.server} is open; Ctrl-C ends it")
            if not options.no_browser:
                await _open(url)
            await asyncio.Event().wait()
    return exit_codes.OK


async def _open(url: str) -> None:
    """Open the browser of a person who has a desktop; one of a terminal would take the terminal."""
    import os
    import sys
    import webbrowser

    from pattern_operator.executors import Threads

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    Threads("browser", size=1).submit(webbrowser.open, url)
