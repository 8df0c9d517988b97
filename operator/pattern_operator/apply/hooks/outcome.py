"""Whether a hook is over, told from its object alone: a Job and a Pod have to end well, all else only to be there.

Source: Helm 4, ``pkg/kube/statuswait.go`` (``WatchUntilReady``: readers of its own for Jobs and Pods, and one that
takes every other kind for ready).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from pattern_operator.api.fields import ObjectMeta, conditions_of, has_condition, text, text_at
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.finished import can_finish
from pattern_operator.apply.pod_cause import first_cause

_POD: Final = ("", "Pod")


class HookState(Enum):
    """How a hook stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HookOutcome:
    """``message`` says why it failed, or what it waits for, where the object tells."""

    state: HookState
    message: str = ""


def outcome_of(body: object, *, key: ObjectKey) -> HookOutcome:
    """Judge the object of a hook as the API server returned it. Never raises for any JSON."""
    if not can_finish(key):
        return HookOutcome(HookState.SUCCEEDED)
    found = _of_pod(body) if key.group_kind == _POD else _of_job(body)
    if found.state is HookState.RUNNING and ObjectMeta.of(body).deleting:
        return HookOutcome(HookState.FAILED, "was deleted before it ended")
    return found


def _of_job(body: object) -> HookOutcome:
    if has_condition(body, "Complete"):
        return HookOutcome(HookState.SUCCEEDED)
    if has_condition(body, "Failed"):
        found = (each for each in conditions_of(body) if text(each.get("type")) == "Failed")
        why = next((text(each.get("reason")) for each in found), "")
        return HookOutcome(HookState.FAILED, f"failed ({why})" if why else "failed")
    return HookOutcome(HookState.RUNNING)


def _of_pod(body: object) -> HookOutcome:
    match text_at(body, "status", "phase"):
        case "Succeeded":
            return HookOutcome(HookState.SUCCEEDED)
        case "Failed":
            why = first_cause([body]) if isinstance(body, dict) else ""
            return HookOutcome(HookState.FAILED, f"failed: {why}" if why else "failed")
    return HookOutcome(HookState.RUNNING)
