"""What the process does now, and what /healthz and /readyz say of it. Pure: the parts are asked when a probe is.

A process that waits for the API server, the Lease or the CRDs is alive: a restart would not help it.
"""

from dataclasses import dataclass
from typing import Protocol


class Candidate(Protocol):
    """A leader elector: who holds the Lease now, and why it could not be watched or written; empty where neither."""

    @property
    def holder(self) -> str: ...  # noqa: D102 - see the class
    @property
    def problem(self) -> str: ...  # noqa: D102 - see the class


class Checked(Protocol):
    """A watchdog: ``check`` looks now, and says what does not go on; empty while all does."""

    def check(self) -> str: ...  # noqa: D102 - see the class


class Complaining(Protocol):
    """What the API server refuses to the operator itself; empty while it refuses nothing."""

    @property
    def complaint(self) -> str: ...  # noqa: D102 - see the class


class Described(Protocol):
    """Who holds the workers while patterns wait; empty while none does."""

    @property
    def words(self) -> str: ...  # noqa: D102 - see the class


@dataclass(frozen=True, slots=True)
class NotReady:
    """Nothing runs yet, or any more; ``message`` says why."""

    message: str


@dataclass(frozen=True, slots=True)
class Electing:
    """Waits for the Lease. To stand by for another one's Lease is to be ready."""

    elector: Candidate
    message: str


@dataclass(frozen=True, slots=True)
class Starting:
    """Leads, and reads what there is."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Leads, and reconciles patterns."""

    watchdog: Checked
    own_permissions: Complaining
    queue_report: Described
    message: str


Phase = NotReady | Electing | Starting | Running


def is_leader(phase: Phase) -> bool:
    """Whether this process holds the Lease."""
    return isinstance(phase, Starting | Running)


def liveness_error(phase: Phase) -> str:
    """What does not go on and should, so that the process wants to be restarted; empty while nothing does."""
    return phase.watchdog.check() if isinstance(phase, Running) else ""


def readiness(phase: Phase) -> tuple[bool, str]:
    """Whether the process is ready to do its part, and its state in words."""
    match phase:
        case NotReady(message) | Starting(message):
            return False, message
        case Electing(elector, message):
            if elector.holder:
                return True, f"stands by: {elector.holder} holds the Lease"
            return False, elector.problem or message
        case Running():
            problem = liveness_error(phase) or phase.own_permissions.complaint
            if problem:
                return False, problem
            waiting = phase.queue_report.words
            return True, f"{phase.message}; {waiting}" if waiting else phase.message
