"""Files of private keys: read for a command, and written so that nobody else can read them and nothing is lost."""

import os
from pathlib import Path
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.cli import password
from pattern_operator.errors import Stalled
from pattern_operator.quote import one_line
from pattern_operator.sign import InvalidPrivateKey, PrivateKey, WrongPassword, is_encrypted, read_private_key
from pattern_operator.sign.private_key import MAX_PRIVATE_KEY

_SECRET: Final = 0o600
_PUBLIC: Final = 0o644


def read(name: str) -> PrivateKey:
    """The key in a file; its password is asked for where it has one.

    Raises:
        Stalled: KEY_INVALID: the file cannot be read, is not a private key, or the password is wrong.
        UsageError: it has a password, and nobody can be asked.
    """
    shown = one_line(name)
    try:
        with Path(name).open("rb") as file:
            pem = file.read(MAX_PRIVATE_KEY + 1)
    except OSError as error:
        raise _invalid(f"{shown} cannot be read ({error.strerror}): name its file.") from error
    try:
        return read_private_key(pem, password=password.existing(shown) if is_encrypted(pem) else None)
    except WrongPassword:
        raise _invalid(f"{shown} is not opened by this password: give another, or restore the file.") from None
    except InvalidPrivateKey as error:
        raise _invalid(f"{shown} {error}. Make one with `patternctl generate-key-pair`.") from error


def _invalid(message: str) -> Stalled:
    return Stalled(reason=Reason.KEY_INVALID, message=f"the key {message}")


def write_pair(private: Path, public: Path, *, encrypted: bytes, pem: bytes) -> None:
    """Write two new files, or none.

    Raises:
        OSError: one of them is there already (FileExistsError), or cannot be written.
    """
    made: list[Path] = []
    try:
        for path, content, mode in ((private, encrypted, _SECRET), (public, pem, _PUBLIC)):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            made.append(path)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
    except OSError:
        for path in made:
            path.unlink(missing_ok=True)
        raise
