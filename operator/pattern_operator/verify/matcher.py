"""How a policy says whom it means: a text exactly, or a regular expression that the whole text has to match."""

from dataclasses import dataclass, field
from typing import Protocol

import re2

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_FILTER_MEMORY, MAX_IDENTITY_PATTERN
from pattern_operator.quote import quoted


class Matcher(Protocol):
    """Decides whether a text is meant."""

    def matches(self, text: str) -> bool:
        """Whether ``text`` as a whole is meant."""


@dataclass(frozen=True, slots=True)
class Exactly:
    """This text, letter by letter."""

    text: str

    def matches(self, text: str) -> bool:
        """Whether it is the same. What a certificate does not name is never meant."""
        return bool(text) and text == self.text

    def __str__(self) -> str:
        return quoted(self.text)


@dataclass(frozen=True, slots=True)
class Anything:
    """Any text, and none: for the conformance vectors, which may ask for a certificate alone."""

    def matches(self, _: str) -> bool:
        """Always."""
        return True

    def __str__(self) -> str:
        return "anyone"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression of RE2, anchored at both ends; made by ``compile_pattern``."""

    pattern: str
    _compiled: "re2._Regexp" = field(compare=False, repr=False)

    def matches(self, text: str) -> bool:
        """Whether the whole of ``text`` matches: a part of it decides nothing, and nor does an empty one."""
        return bool(text) and self._compiled.fullmatch(text) is not None

    def __str__(self) -> str:
        return f"what matches {quoted(self.pattern)}"


def compile_pattern(pattern: str, *, name: str) -> Pattern:
    """Compile a regular expression of a policy; ``name`` says in messages whose it is.

    Raises:
        Stalled: KEY_INVALID: it is not one of RE2, or takes too much memory. It is never skipped.
    """
    options = re2.Options()
    options.max_mem = MAX_FILTER_MEMORY
    options.log_errors = False
    try:
        if not pattern or len(pattern) > MAX_IDENTITY_PATTERN:
            raise ValueError("length")
        return Pattern(pattern, re2.compile(pattern, options))
    except (re2.error, ValueError) as error:
        raise Stalled(
            reason=Reason.KEY_INVALID,
            message=f"the identity of authority {quoted(name)} has a regular expression that is not taken: correct "
            f"{quoted(pattern)}. The syntax is RE2's, of at most {MAX_IDENTITY_PATTERN} characters.",
        ) from error
