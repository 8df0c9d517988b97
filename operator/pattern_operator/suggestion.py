"""What may have been meant: the known name nearest to what was written, by a bounded edit distance."""

from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 64  # characters; no field of Kubernetes has more
_MOST: Final = 2_000  # names that one is compared with


def nearest(written: str, known: Iterable[str], *, changed: int = _LONGEST) -> str | None:
    """The known name with the fewest letters changed, at most a third of them and ``changed``.

    None where none is near, or two are equally near.
    """
    if not written or len(written) > _LONGEST:
        return None
    most = min(changed, max(1, len(written) // 3))
    found: list[tuple[int, str]] = []
    for name in list(known)[:_MOST]:
        if abs(len(name) - len(written)) <= most and len(name) <= _LONGEST:
            distance = _distance(written.lower(), name.lower())
            if distance <= most:
                found.append((distance, name))
    found.sort()
    if not found or (len(found) > 1 and found[0][0] == found[1][0]):
        return None
    return found[0][1]


def _distance(left: str, right: str) -> int:
    """Letters to insert, remove, change, or swap with the next (Damerau's distance of adjacent letters)."""
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, letter in enumerate(left, start=1):
        here = [row]
        for column, other in enumerate(right, start=1):
            cost = min(above[column] + 1, here[column - 1] + 1, above[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            here.append(cost)
        before, above = above, here
    return above[-1]
