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
except (re.error, OverflowError, RecursionError):
    sys.exit(1)
json.dump([tag for tag in tags if found.search(tag)], sys.stdout)
"""


async def matching(tags: Sequence[str], *, pattern: str) -> list[str]:
    """The tags in which ``pattern`` is found (``re.search``), in order.

    Raises:
        Stalled: INVALID_REFERENCE: it is no regular expression, or takes too long.
        Transient: REGISTRY_UNAVAILABLE: no process can be started now, or somebody ended it.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-c", _PROGRAM),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise _unable("no process can be started for it") from error
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
    status = process.returncode or 0
    if status < 0:  # by the kernel, when memory is short
        raise _unable(f"its process was ended by signal {-status}")
    if status:
        raise _refused(pattern, "is no regular expression of Python's re: correct it")
    found: list[str] = json.loads(output)
    return found


def _unable(why: str) -> Transient:
    return Transient(
        reason=Reason.REGISTRY_UNAVAILABLE, message=f"source.ref.semverFilter: {why}; it is tried again later."
    )


def _refused(pattern: str, why: str) -> Stalled:
    return Stalled(reason=Reason.INVALID_REFERENCE, message=f"source.ref.semverFilter {pattern!r} {why}.")
