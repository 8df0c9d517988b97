"""The password of a private key: from the environment, or asked for at the terminal. Never from the command line.

Words of a command line are seen by all who see processes, and kept in the history of a shell.
"""

import getpass
import os
import sys
from typing import Final

from pattern_operator.cli.cluster import UsageError

VARIABLES: Final = ("PATTERNCTL_KEY_PASSWORD", "COSIGN_PASSWORD")


def existing(name: str) -> bytes:
    """The password of the key in the file ``name``; raises UsageError where nobody can be asked."""
    given = _given()
    return _asked(f"password of {name}: ", instead=f"the key {name} is encrypted") if given is None else given


def new(name: str) -> bytes:
    """A password for a new key, asked for twice; empty where it is to have none.

    Raises:
        UsageError: nobody can be asked, or the two are not the same.
    """
    if (given := _given()) is not None:
        return given
    first = _asked(f"password for {name} (empty for none): ", instead="the new key needs a password")
    if _asked("the same again: ", instead="") != first:
        raise UsageError("the passwords are not the same: nothing was written")
    return first


def _given() -> bytes | None:
    return next((os.environb[name.encode()] for name in VARIABLES if name in os.environ), None)


def _asked(question: str, *, instead: str) -> bytes:
    if not sys.stdin.isatty():
        raise UsageError(f"{instead}: give it in ${VARIABLES[0]} (may be empty), or run this at a terminal")
    try:
        return getpass.getpass(question).encode()
    except EOFError as error:
        raise UsageError("no password was given") from error
