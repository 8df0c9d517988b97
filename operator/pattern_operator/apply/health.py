"""Whether an object does what it is for, told from the object alone, as kstatus tells it.

Source: kubernetes-sigs/cli-utils, ``pkg/kstatus/status``; Flux and kpt judge by the same. In order: what is true of
every kind (being deleted, generation not yet seen, ``Reconciling``, ``Stalled``), then the kind's own rule
(``kstatus``, ``builtin_health``), then what its status says by convention (``custom_health``); what says nothing is
healthy by existing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pattern_operator.api.fields import generation
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import builtin_health, kstatus
from pattern_operator.apply.builtin_health import NOT_SCALING
from pattern_operator.apply.custom_health import custom_health
from pattern_operator.apply.deployment_health import PAUSED
from pattern_operator.apply.health_result import HealthState, Result, current, failed, progress
from pattern_operator.apply.kstatus import ON_DELETE, pod
from pattern_operator.apply.object_view import ObjectView

__all__ = ["Health", "HealthState", "health_of", "needs_status"]


@dataclass(frozen=True, slots=True)
class Health:
    """What was judged: ``message`` is for people and names the object.

    ``recheck_at``: the same body may be judged differently from then on; None when only a change of it matters.
    """

    state: HealthState
    message: str
    recheck_at: datetime | None = None
    notable: bool = False  # healthy, and yet not as one would think
    unsure: tuple[str, ...] = ()  # of several: which are gone, and nobody saw whether they had ended
    ended: int = 0  # of several: how many are gone after they ended well


def health_of(body: object, *, now: datetime) -> Health:
    """Judge one object as the API server returned it. ``now`` must have a time zone. Never raises for any JSON."""
    view = ObjectView(body)
    state, fact, recheck_at = _evaluate(view, now)
    named = _named(view.kind[1] or "object", view.meta.namespace, view.meta.name or "(no name)")
    return Health(state=state, message=f"{named}: {fact}", recheck_at=recheck_at, notable=_is_notable(state, fact))


def _is_notable(state: HealthState, fact: str) -> bool:
    return state is HealthState.CURRENT and (fact == ON_DELETE or fact.startswith((PAUSED, NOT_SCALING)))


def where(key: ObjectKey) -> str:
    """The object as messages of health name it."""
    return _named(key.kind, key.namespace, key.name)


def _named(kind: str, namespace: str, name: str) -> str:
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def needs_status(*, group: str, kind: str) -> bool:
    """Whether the health of the kind can only be told from its status; else it is healthy by existing.

    Kinds for which this is False can be watched with metadata alone. Unknown kinds may have conditions: True.
    """
    return group not in _STATELESS_GROUPS and (group, kind) not in _STATELESS


_STATELESS_GROUPS: Final = frozenset(
    {"rbac.authorization.k8s.io", "admissionregistration.k8s.io", "storage.k8s.io", "scheduling.k8s.io", "node.k8s.io"}
)
_STATELESS: Final = frozenset(
    {
        ("", "ConfigMap"),
        ("", "Endpoints"),
        ("", "LimitRange"),
        ("", "Namespace"),
        ("", "PodTemplate"),
        ("", "ResourceQuota"),
        ("", "Secret"),
        ("", "ServiceAccount"),
        ("batch", "CronJob"),
        ("coordination.k8s.io", "Lease"),
        ("discovery.k8s.io", "EndpointSlice"),
        ("networking.k8s.io", "Ingress"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "NetworkPolicy"),
    }
)


RULES: Final = {**kstatus.RULES, **builtin_health.RULES}


def _evaluate(view: ObjectView, now: datetime) -> Result:
    if view.meta.deleting:
        return HealthState.TERMINATING, "is being deleted", None
    newest, seen = view.meta.generation, generation(view.status.get("observedGeneration"))
    if newest is not None and seen is not None:
        if seen < 0:  # what CRDs set until the controller writes a status: DesignPatterns, and the kinds of Flux
            return progress("its controller has not seen it yet")
        if seen != newest:
            return progress(f"its controller has seen generation {seen} of {newest}")
    if view.is_true("Reconciling"):
        return progress(view.condition("Reconciling").words)
    if view.is_true("Stalled"):
        return failed(view.condition("Stalled").words)
    if view.kind == ("", "Pod"):
        return pod(view, now)
    if view.kind in RULES:
        return RULES[view.kind](view)
    return custom_health(view) if needs_status(group=view.kind[0], kind=view.kind[1]) else current("exists")
