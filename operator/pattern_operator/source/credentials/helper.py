"""Asks a docker credential helper of this machine, for the command line: the operator itself runs no program.

Protocol: docker/docker-credential-helpers, "Development": ``docker-credential-<name> get`` reads the server's address
from standard input and writes JSON. (oras-py runs helpers too, but without a time limit, without identity tokens, and
under the host's name where Docker Hub's credentials lie under another one.)
"""

import asyncio
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.json_fields import string_field
from pattern_operator.limits import MAX_HELPER_OUTPUT
from pattern_operator.source.credentials.credential import Credential
from pattern_operator.strict_json import InvalidDocument, read_bounded

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PATIENCE: Final = 60.0  # seconds: a helper may ask its user to unlock a keychain
_END: Final = 2.0  # seconds that the end of one that was killed is waited for
_TOKEN_USER: Final = "<token>"  # noqa: S105 - the protocol's mark that the secret is an identity token
_NOT_FOUND: Final = b"credentials not found"


async def get(name: str, server: str) -> Credential | None:
    """Run the helper; None when it knows no credentials of ``server``. Who is cancelled ends it.

    Raises:
        Stalled: SECRET_INVALID: the helper is missing, fails, takes too long, or answers something else or too much.
    """
    if not _NAME.fullmatch(name):
        raise _failed(name, "the docker config names it so, and that is not a name of a credential helper")
    program = f"docker-credential-{name}"
    try:
        # Its standard error is not read: it may hold what it should not, and people can run it to see.
        process = await asyncio.create_subprocess_exec(program, "get", stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    except OSError as error:
        raise _failed(program, "it cannot be run: install it, or remove it from the docker config") from error
    try:
        async with asyncio.timeout(_PATIENCE):
            output = await _conversation(process, server)
            if len(output) > MAX_HELPER_OUTPUT:
                raise _failed(program, f"it answers more than {MAX_HELPER_OUTPUT} bytes")
            status = await process.wait()
    except TimeoutError as error:
        raise _failed(program, f"it did not answer within {_PATIENCE:.0f} s") from error
    finally:
        await _end(process)
    if status:
        if _NOT_FOUND in output.lower():
            return None
        raise _failed(program, f"it ended with status {status}: run `{program} get` to see why")
    try:
        answer = read_bounded(output)
        username, secret = string_field(answer, "Username"), string_field(answer, "Secret")
    except InvalidDocument as error:
        raise _failed(program, "its answer is not JSON with Username and Secret") from error
    return Credential("", identity_token=secret) if username == _TOKEN_USER else Credential(username, secret)


async def _conversation(process: Process, server: str) -> bytes:
    """Say for which server; what it answers, up to a byte more than is taken."""
    question, answer = _pipes(process)
    question.write(server.encode())  # that it ended without reading is no matter
    question.close()
    output = bytearray()
    while len(output) <= MAX_HELPER_OUTPUT and (chunk := await answer.read(MAX_HELPER_OUTPUT)):
        output += chunk
    return bytes(output)


async def _end(process: Process) -> None:
    """Kill it where it still runs, and read what it wrote: asyncio waits for the end of its output, too."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):  # it ended on its own just now
        process.kill()
    _, answer = _pipes(process)
    with suppress(TimeoutError):  # a program that it started may have its output, and go on
        async with asyncio.timeout(_END):
            while await answer.read(MAX_HELPER_OUTPUT):
                pass
            await process.wait()


def _pipes(process: Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    if process.stdin is None or process.stdout is None:
        raise AssertionError("the process was started with pipes")
    return process.stdin, process.stdout


def _failed(program: str, why: str) -> Stalled:
    return Stalled(reason=Reason.SECRET_INVALID, message=f"credential helper {program}: {why}.")
