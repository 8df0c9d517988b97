"""What an event reported of a failure, to know whether the next failure is another one. Pure.

Two failures are the same when the same step fails for the same reason, on the same spec and revision, in the same
words. Where nothing else happened, words differ by numbers alone: counts, rates, durations, times, ports, and what a
server numbers its answers with. Those are left out before words are compared.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.errors import PatternError

MAX_WORDS: Final = (
    8  # messages of one failure that are reported; a message that differs each time is reported so often and no more
)

_VARIES: Final = re.compile(
    r"""
      \b[0-9a-f]{4,}(?:-[0-9a-f]{4,}){2,}\b         # a UUID, or an identifier as long
    | \b(?=[a-zA-Z_]*\d)\w{16,}                     # a digest, a token, the number of a request
    | \b(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{10,}\b
    | \b(?=[a-f]*\d)[0-9a-f]{7,}\b                 # a short digest
    | \b\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*           # a moment
    | (?<![\w-])\d[\d.,:]*(?:(?:[mµn]?s|min|[hdm]|[KMG]?i?B|%)(?:\d+[smh])*)?(?![\w-])  # a count, duration, size, port
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFailure:
    """A failure that was reported; ``words`` are its messages, without what varies."""

    stage: Stage
    reason: str
    tried: tuple[int, str]  # the generation of the spec, and the revision
    words: tuple[str, ...]

    @classmethod
    def of(cls, failure: PatternError, *, stage: Stage, tried: tuple[int, str]) -> "ReportedFailure":
        """A failure on a generation and a revision; the progress of a deletion does not make it another one."""
        words = "" if failure.reason is Reason.DELETING else _VARIES.sub("#", failure.message)
        return cls(stage=stage, reason=str(failure.reason), tried=tried, words=(words,))


def join(before: ReportedFailure | None, now: ReportedFailure) -> ReportedFailure:
    """What is reported together with ``now``; ``before`` itself where ``now`` needs no event."""
    if before is None or replace(before, words=()) != replace(now, words=()):
        return now
    if now.words[0] in before.words or len(before.words) >= MAX_WORDS:
        return before
    return replace(before, words=(*before.words, *now.words))
