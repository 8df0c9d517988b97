"""The process of one job: takes limits upon itself, then compiles or evaluates, answers and ends.

Started by ``process`` with the job as standard input and an empty environment.
"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

import orjson

from pattern_operator.conditions import expression
from pattern_operator.conditions.answer import DoesNotHold, Holds, Unusable
from pattern_operator.confine import confine, end_with

WARM = '[1].map(x, string(x)).exists(x, x == "1" && x.matches("1") && predicate.t < timestamp(1))'


def main() -> int:
    """Read the job, write ``b`` once it is confined, then the answer: what comes after ``b`` is the condition's."""
    memory, cpu_seconds, parent = (int(argument) for argument in sys.argv[2:])
    work = _WORK[sys.argv[1]]
    if not end_with(parent):
        return 0
    expression.judge(WARM, b"{}")  # loads what is loaded late: once confined, no file can be opened any more
    job = sys.stdin.buffer.read()
    confine(memory=memory, cpu_seconds=cpu_seconds)
    os.write(1, b"b")
    sys.stdout.buffer.write(work(job))
    sys.stdout.buffer.flush()
    return 0


def _judge(job: bytes) -> bytes:
    """Of the length of the expression, a line, the expression and the predicate: ``y``, or a letter and why not."""
    length, _, rest = job.partition(b"\n")
    match expression.judge(rest[: int(length)].decode(), rest[int(length) :]):
        case Holds():
            return b"y"
        case DoesNotHold(why):
            return b"n" + why.encode(errors="replace")
        case Unusable(why):
            return b"u" + why.encode(errors="replace")
        case other:
            raise AssertionError(other)


def _compile(job: bytes) -> bytes:
    """Of a JSON list of expressions, that of why each can be true of nothing, or null."""
    found = map(expression.why_unusable, orjson.loads(job))
    return orjson.dumps([None if why is None else why.encode(errors="replace").decode() for why in found])


_WORK: Final[Mapping[str, Callable[[bytes], bytes]]] = {"judge": _judge, "compile": _compile}

if __name__ == "__main__":
    sys.exit(main())
