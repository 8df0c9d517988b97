"""What is said of the health of an object, in the words of kstatus: a state, a fact for people, and when to look again.

Source: kubernetes-sigs/cli-utils, ``pkg/kstatus/status/status.go``.
"""

from datetime import datetime
from enum import StrEnum


class HealthState(StrEnum):
    """The states of kstatus, in its own words."""

    CURRENT = "Current"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    NOT_FOUND = "NotFound"  # never of a body: for who expected an object and found none


# The state, the fact for people, and from when on the same status may be judged differently.
Result = tuple[HealthState, str, datetime | None]


def current(fact: str) -> Result:
    """Return: it does what it is for."""
    return HealthState.CURRENT, fact, None


def progress(fact: str) -> Result:
    """Return: it is on its way, and nobody needs to act."""
    return HealthState.IN_PROGRESS, fact, None


def failed(fact: str) -> Result:
    """Return: it will not come right by itself."""
    return HealthState.FAILED, fact, None
