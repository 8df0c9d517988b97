"""What may be said of an exception, in a message or in the log: its type, where it happened, and words that are ours.

The text of an exception that nobody here wrote may quote the value it failed at, be it a password or megabytes of an
artifact. So text is shown only of this program's own errors and of the system's, masked and cut.
"""

import traceback
from collections.abc import Iterator
from typing import Final

from pattern_operator.quote import foreign

MAX_CHAIN: Final = 8  # causes that are told; more of them say the same again
MAX_FRAMES: Final = 40  # of each; the innermost ones
_MAX_GROUPED: Final = 4  # errors of an exception group that are told
_WORDS: Final = 512  # bytes of one error's text
_OURS: Final = "pattern_operator."


def words_of(error: BaseException) -> str:
    """``Type: text``, or the type alone where its text is none of ours."""
    name, text = type(error).__name__, text_of(error)
    return f"{name}: {text}" if text else name


def text_of(error: BaseException) -> str:
    """The text of an error that is this program's own or the system's; empty for every other."""
    ours = type(error).__module__.startswith(_OURS) or isinstance(error, OSError)
    return foreign(str(error), _WORDS) if ours else ""


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The errors that ``error`` was raised from, the nearest first."""
    cause = error.__cause__
    for _ in range(MAX_CHAIN):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__


def trace_of(error: BaseException, *, depth: int = 0) -> list[str]:
    """Lines for the log, as a traceback has them, without the texts of foreign errors and without lines of code."""
    lines: list[str] = []
    for position, each in enumerate((error, *_before(error))):
        if position:
            lines.append("raised from, or while handling:")
        lines.append(words_of(each))
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(each.__traceback__)[-MAX_FRAMES:]
        ]
        if isinstance(each, BaseExceptionGroup) and depth < _MAX_GROUPED:
            for grouped in each.exceptions[:_MAX_GROUPED]:
                lines += [f"  | {line}" for line in trace_of(grouped, depth=depth + 1)]
    return lines


def _before(error: BaseException) -> Iterator[BaseException]:
    """The errors that led to ``error``: its cause, or else what was being handled."""
    seen = {id(error)}
    current: BaseException | None = error
    for _ in range(MAX_CHAIN):
        if current is None:
            return
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if current is None or id(current) in seen:
            return
        seen.add(id(current))
        yield current
