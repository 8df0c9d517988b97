"""The flags that give values to a pattern, the same for each command, called as those of helm."""

import argparse
from typing import Final

_SETTINGS: Final = {
    "--set": ("K=V", "a value, as of helm; over all files"),
    "--set-string": ("K=V", "as --set, and always text"),
    "--set-json": ("K=JSON", "a value in JSON, or a JSON object of values"),
    "--set-file": ("K=FILE", "the text of a file as a value"),
}


def add(command: argparse._ActionsContainer) -> None:
    """Declare them; each may be given several times."""
    command.add_argument("--values", "-f", action="append", default=[], metavar="FILE", help="values; later ones win")
    for flag, (metavar, told) in _SETTINGS.items():
        command.add_argument(flag, action="append", default=[], metavar=metavar, help=told)
