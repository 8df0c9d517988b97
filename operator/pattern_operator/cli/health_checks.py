"""Health checks that are compiled at a terminal, as the operator does: in a process that can do nothing else."""

from collections.abc import Collection, Mapping
from typing import Final

from pattern_operator.executors import NOBODY, Executors
from pattern_operator.health_checks.processes import CheckProcesses

_AT_ONCE: Final = 96  # expressions that a process is asked about; a pattern has no more
_MOST: Final = 960  # that are asked about at all: the others are as if they compiled


def errors(expressions: Collection[str]) -> Mapping[str, str]:
    """Why some of the expressions can be true of nothing, a clause each, by expression.

    Raises:
        Transient: OPERATOR_BUSY: no process can be started.
    """
    import asyncio

    return asyncio.run(_errors(list(expressions)[:_MOST])) if expressions else {}


async def _errors(expressions: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    with Executors.open() as executors:
        processes = CheckProcesses(executors)
        try:
            for begin in range(0, len(expressions), _AT_ONCE):
                found |= await processes.errors(NOBODY, expressions[begin : begin + _AT_ONCE])
        finally:
            processes.close()
    return found
