"""The process of one condition: takes limits upon itself, then evaluates, answers and ends.

Started by ``process`` with the condition as standard input and an empty environment.
"""

import sys

from pattern_operator.conditions import expression
from pattern_operator.confine import confine, end_with

WARM = '[1].map(x, string(x)).exists(x, x == "1" && x.matches("1") && predicate.t < timestamp(1))'


def main() -> int:
    """Read the length of the expression, a line, then the expression and the predicate; write why it does not hold."""
    memory, cpu_seconds, parent = (int(argument) for argument in sys.argv[1:])
    if not end_with(parent):
        return 0
    expression.why_not(WARM, b"{}")  # loads what is loaded late: once confined, no file can be opened any more
    length, _, rest = sys.stdin.buffer.read().partition(b"\n")
    confine(memory=memory, cpu_seconds=cpu_seconds)
    text, predicate = rest[: int(length)], rest[int(length) :]
    why = expression.why_not(text.decode(), predicate)
    sys.stdout.buffer.write(b"y" if why is None else b"n" + why.encode(errors="replace"))
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
