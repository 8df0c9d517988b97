"""Asks a docker credential helper of this machine, for the command line: the operator itself runs no program.

Protocol: docker/docker-credential-helpers, "Development": ``docker-credential-<name> get`` reads the server's address
from standard input and writes JSON. (oras-py runs helpers too, but without a time limit, without identity tokens, and
under the host's name where Docker Hub's credentials lie under another one.)
"""

import re
import subprocess
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.source.credentials import Credential
from pattern_operator.source.document import text
from pattern_operator.strictjson import InvalidDocument, read_object

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PATIENCE: Final = 60.0  # seconds: a helper may ask its user to unlock a keychain
_TOKEN_USER: Final = "<token>"  # noqa: S105 - the protocol's mark that the secret is an identity token
_NOT_FOUND: Final = b"credentials not found"


def ask(name: str, server: str) -> Credential | None:
    """Run the helper; None when it knows no credentials of ``server``.

    Raises:
        Stalled: SECRET_INVALID: the helper is missing, fails or answers something else.
    """
    if not _NAME.fullmatch(name):
        raise _failed(name, "the docker config names it so, and that is no name of a credential helper")
    program = f"docker-credential-{name}"
    try:
        done = subprocess.run(  # noqa: S603 - the user's own docker config names the program, as for docker itself
            [program, "get"], input=server.encode(), capture_output=True, check=False, timeout=_PATIENCE
        )
    except OSError as error:
        raise _failed(program, "it cannot be run: install it, or remove it from the docker config") from error
    except subprocess.TimeoutExpired as error:
        raise _failed(program, f"it did not answer within {_PATIENCE:.0f} s") from error
    if done.returncode:
        if _NOT_FOUND in done.stdout.lower():
            return None
        raise _failed(program, f"it ended with status {done.returncode}: run `{program} get` to see why")
    try:
        answer = read_object(done.stdout)
        username, secret = text(answer, "Username"), text(answer, "Secret")
    except InvalidDocument as error:
        raise _failed(program, "its answer is not JSON with Username and Secret") from error
    return Credential("", identity_token=secret) if username == _TOKEN_USER else Credential(username, secret)


def _failed(program: str, why: str) -> Stalled:
    return Stalled(reason=Reason.SECRET_INVALID, message=f"credential helper {program}: {why}.")
