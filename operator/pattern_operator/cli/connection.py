"""The options of the connection to a registry, the same for each command."""

import argparse


def add(command: argparse.ArgumentParser) -> None:
    """Declare them."""
    command.add_argument("--insecure", action="store_true", help="use plain http to the registry")
    command.add_argument(
        "--token-service",
        metavar="HOST[:PORT]",
        type=_authority,
        help="a token service in another domain than the registry's that may receive the credentials",
    )


def _authority(text: str) -> str:
    """``host[:port]``, by the same rule as ``spec.source.tokenService``."""
    from pattern_operator.api.reference import is_host

    if not is_host(text):
        raise argparse.ArgumentTypeError("must be host[:port] alone, as in auth.example.com: without https:// or path")
    return text
