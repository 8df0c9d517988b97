"""Keeps the event loop free: work on what comes from outside is done where it stops nobody, unless it is small."""

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, ParamSpec, TypeVar

from pattern_operator.executors import run_in
from pattern_operator.limits import KIB

P = ParamSpec("P")
T = TypeVar("T")

_SMALL: Final = 8 * KIB  # bytes of JSON; read within 1 to 2 ms, whatever they hold


async def offload(cpu: Executor, size: int, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """``work(*args, **kwargs)``, which takes a time that follows from ``size`` bytes; raises as ``work``."""
    if size <= _SMALL:
        return work(*args, **kwargs)
    return await run_in(cpu, work, *args, **kwargs)
