"""Applies a user's regular expression to tags, in linear time and little memory whatever the expression is.

The engine is RE2, whose syntax is that of Go's ``regexp``, and so of Flux's tag filters: no look-around and no
back-references, which cannot be matched in linear time. Python's ``re`` can take years for one tag, and 2 GiB to
compile ``(?:a?){4000000000}``; whoever may write a DesignPattern could stop the operator.
"""

from collections.abc import Callable, Sequence

import re2

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import FILTER_SECONDS, MAX_FILTER, MAX_FILTER_MEMORY
from pattern_operator.quote import quoted


def filter_tags(tags: Sequence[str], *, pattern: str, clock: Callable[[], float]) -> list[str]:
    """The tags in which ``pattern`` is found, in order; takes up to ``FILTER_SECONDS``, by ``clock``.

    Raises:
        Stalled: INVALID_REFERENCE: it is not a regular expression of RE2, or takes too much memory or time.
    """
    if len(pattern) > MAX_FILTER:
        raise _refused(f"{pattern[:30]}...", f"has {len(pattern)} characters, and at most {MAX_FILTER} are read")
    options = re2.Options()
    options.max_mem = MAX_FILTER_MEMORY
    options.log_errors = False
    try:
        expression = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        why = "it takes too much memory" if "too large" in str(error) else "correct it"
        raise _refused(
            pattern, f"is not a regular expression that is taken: {why}. The syntax is RE2's, without look-around"
        ) from error
    found: list[str] = []
    end = clock() + FILTER_SECONDS
    for tag in tags:
        if clock() > end:
            raise _refused(pattern, f"takes more than {FILTER_SECONDS} s for {len(tags)} tags: make it simpler")
        if expression.search(tag):
            found.append(tag)
    return found


def _refused(pattern: str, why: str) -> Stalled:
    return Stalled(reason=Reason.INVALID_REFERENCE, message=f"source.ref.semverFilter {quoted(pattern)} {why}.")
