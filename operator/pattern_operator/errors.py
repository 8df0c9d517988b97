"""Everything that can go wrong, by what can be done about it.

    PatternError            has a reason, a message for people, and ``diagnostics()``
    +-- Stalled             only a change of spec, secret, policy or artifact helps: no retry on a timer
    |   +-- Untrusted       signatures were judged, and do not meet the policies
    |   +-- Unjudgeable     a policy, or the signatures, cannot be judged until somebody corrects them
    +-- Waiting             a known event or time will wake it: it is not polled
    +-- Transient           retried with exponential back-off and jitter, honouring what the other side asks for
        +-- Undecided       whether the policies are met could not be found out

The type is the caller's intent; the reason (``api.reason``) says what happened. A message names the object, states
the fact and ends in the next step. It never holds a secret, a token or the body of an artifact.
"""

from copy import copy
from datetime import timedelta
from typing import Any, Self

from pattern_operator.api.reason import Reason
from pattern_operator.error_text import causes_of, text_of
from pattern_operator.quote import one_line

_MAX_MESSAGE = 8192  # bytes of a message at a terminal; a condition has less


class PatternError(Exception):
    """The root: carries ``reason`` for programs and ``message`` for people."""

    def __init__(self, *, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    def saying(self, message: str) -> Self:
        """The same error in other words."""
        other = copy(self)
        other.message, other.args = message, (message,)
        return other

    def diagnostics(self) -> str:
        """What happened, why (the chain of causes), and what the reason means: some short lines for a terminal.

        Of a cause its text is said where it is ours: what a library says may quote a value, and the name of a type
        is for the log.
        """
        lines = [f"{self.reason}: {one_line(self.message, _MAX_MESSAGE)}"]
        lines += [f"  because: {words}" for cause in causes_of(self) if (words := text_of(cause))]
        lines.append(f"  {self.reason.description}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let the error cross a process boundary: heavy stages may run in another process."""
        return (_rebuild, (type(self), self.__dict__.copy()))


class Stalled(PatternError):
    """No retry helps: the spec, a secret, a policy or the artifact has to change."""


class PoliciesUnmet(PatternError):
    """The policies that hold are not all known to be met. ``met`` and ``unmet`` are names of TrustPolicies.

    One that is in neither is not known to be the one or the other.
    """

    def __init__(self, *, reason: Reason, message: str, met: tuple[str, ...] = (), unmet: tuple[str, ...] = ()) -> None:
        super().__init__(reason=reason, message=message)
        self.met, self.unmet = met, unmet


class Untrusted(PoliciesUnmet, Stalled):
    """The verdict on an artifact: signatures were judged, and a policy that enforces is not met.

    ``prune``: one that is not met wants what runs deleted. ``judged`` are the digests of the signatures that were read:
    a verdict says nothing of others. A policy or a condition that cannot be used or judged, or a registry that cannot
    be asked, is never a verdict. ``fact`` is the message without the next step, for where that one does not help.
    """

    def __init__(
        self,
        *,
        reason: Reason,
        message: str,
        met: tuple[str, ...] = (),
        unmet: tuple[str, ...] = (),
        prune: bool = False,
        fact: str = "",
        judged: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(reason=reason, message=message, met=met, unmet=unmet)
        self.prune, self.fact, self.judged = prune, fact or message, judged


class Unjudgeable(PoliciesUnmet, Stalled):
    """A policy, a condition or the signatures cannot be judged until somebody corrects them: no verdict."""


class Waiting(PatternError):
    """Nothing is wrong: a known event or time, named by the message, will go on from here."""


class Transient(PatternError):
    """It may work later. ``retry_after`` is what the other side asked for, when it did."""

    def __init__(self, *, reason: Reason, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason=reason, message=message)
        self.retry_after = retry_after


class Undecided(PoliciesUnmet, Transient):
    """Whether a policy is met could not be found out now: it proves nothing against the artifact, nor for it."""


def _rebuild(kind: type[PatternError], state: dict[str, Any]) -> PatternError:
    error = kind.__new__(kind)
    Exception.__init__(error, state.get("message", ""))
    error.__dict__.update(state)
    return error


def without_traces(error: PatternError) -> PatternError:
    """The same error, and the ones behind it, without the frames that they came through.

    What is remembered of a pattern for long must not keep what those frames hold: layers, and what was built of them.
    """
    seen: set[int] = set()
    chain: list[BaseException | None] = [error]
    while chain:
        each = chain.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = None
            chain += [each.__cause__, each.__context__]
    return error
