"""Applies a user's regular expression to tags, in a process of its own that can be ended.

Python's ``re`` can take years for one tag, holds the interpreter meanwhile and cannot be interrupted; whoever may
write a DesignPattern could stop the operator with ``(a+)+$``. A process costs some 20 ms of CPU, once an interval, and
only for those who use ``semverFilter``.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled, Transient

_PATIENCE: Final = 5.0  # seconds; 10,000 tags take some milliseconds
_PROGRAM: Final = """
import json, re, sys
pattern, tags = json.load(sys.stdin)
try:
    found = re.compile(pattern)
except (re.error, OverflowError, RecursionError) as error:
    sys.exit(3)
json.dump([tag for tag in tags if found.search(tag)], sys.stdout)
"""
_NO_EXPRESSION: Final = 3


async def matching(tags: Sequence[str], *, pattern: str) -> list[str]:
    """The tags in which ``pattern`` is found (``re.search``), in order.

    Raises:
        Stalled: INVALID_REFERENCE: it is no regular expression, or takes too long.
        Transient: REGISTRY_UNAVAILABLE: no process can be started now.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _PROGRAM),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise Transient(
            reason=Reason.REGISTRY_UNAVAILABLE, message="source.ref.semverFilter: no process can be started for it."
        ) from error
    try:
        async with asyncio.timeout(_PATIENCE):
            output, _ = await process.communicate(json.dumps([pattern, list(tags)]).encode())
    except TimeoutError as error:
        raise _refused(pattern, f"takes more than {_PATIENCE:.0f} s for {len(tags)} tags: make it simpler") from error
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):  # it ended on its own just now
                process.kill()
            await process.wait()
    if process.returncode:
        raise _refused(pattern, "is no regular expression of Python's re: correct it")
    found: list[str] = json.loads(output)
    return found


def _refused(pattern: str, why: str) -> Stalled:
    return Stalled(reason=Reason.INVALID_REFERENCE, message=f"source.ref.semverFilter {pattern!r} {why}.")
