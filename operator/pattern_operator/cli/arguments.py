"""The argument parser: a mistyped command, flag or choice is answered with what may have been meant."""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final, NoReturn

from pattern_operator.cli import exit_codes

_CHOICE: Final = re.compile(r"invalid choice: '(.*?)' \(choose from")  # argparse, "error"
_FLAG: Final = re.compile(r"--?[A-Za-z][A-Za-z-]*")


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose refusals end in the next step, and which takes no flag for the beginning of another."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)
        self.hint = ""  # what is said of words that are more than it takes

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and what may have been meant; exit with 2."""
        if (found := _CHOICE.search(message)) is not None:
            message = self._of_choice(found[1], message)
        self.print_usage(sys.stderr)
        self.exit(exit_codes.USAGE, f"{self.prog}: {message}\nSee `{self.prog} --help`.\n")

    def refuse(self, words: list[str]) -> NoReturn:
        """The error for words that no argument takes."""
        flags = [found[0] for word in words if (found := _FLAG.match(word))]
        known = [flag for action in self._actions for flag in action.option_strings]
        if flags:
            self.error(f"there is no flag {flags[0]}{did_you_mean(flags[0], known)}")
        self.error(f"{' '.join(map(repr, words))} is more than it takes{self.hint}")

    def _of_choice(self, given: str, message: str) -> str:
        for action in self._actions:
            choices = [str(each) for each in action.choices or ()]
            name = "/".join(action.option_strings) or str(action.metavar)
            if not choices or not message.startswith(f"argument {name}:"):
                continue
            if isinstance(action, argparse._SubParsersAction):
                hint = did_you_mean(given, choices) or f"; there are {', '.join(choices)}"
                return f"there is no command {given!r}{hint}"
            return f"{name} is one of {', '.join(choices)}, and not {given!r}{did_you_mean(given, choices)}"
        return message


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """``; did you mean x?`` where one of ``known`` is close to what was given, else nothing."""
    from difflib import get_close_matches

    close = get_close_matches(given, list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def below(parser: argparse.ArgumentParser) -> Iterator[Parser]:
    """The parsers of its commands, and of the commands below them."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield command
                yield from below(command)


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """Declare -v, which may be before a command or after it."""
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        default=argparse.SUPPRESS,
        help="of an error, show its causes too",
    )
