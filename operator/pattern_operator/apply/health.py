"""Whether an object does what it is for, told from the object alone, as kstatus tells it.

Source: kubernetes-sigs/cli-utils, ``pkg/kstatus/status``; Flux and kpt judge by the same. In order: what is true of
every kind (being deleted, generation not yet seen, ``Reconciling``, ``Stalled``), then the kind's own rule
(``kstatus``), then the ``Ready`` condition; what says nothing is healthy by existing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pattern_operator.api.fields import integer_at
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.kstatus import (
    ON_DELETE,
    PAUSED,
    RULES,
    Facts,
    HealthState,
    Judgement,
    current,
    failed,
    pod,
    progress,
)

__all__ = ["Health", "HealthState", "health_of", "needs_status"]


@dataclass(frozen=True, slots=True)
class Health:
    """What was judged: ``message`` is for people and names the object.

    ``again_at``: the same body may be judged differently from then on; None when only a change of it matters.
    """

    state: HealthState
    message: str
    again_at: datetime | None = None
    notable: bool = False  # healthy, and yet not as one would think
    unsure: tuple[str, ...] = ()  # of several: which are gone, and nobody saw whether they had ended


def health_of(body: object, *, now: datetime) -> Health:
    """Judge one object as the API server returned it. ``now`` must have a time zone. Never raises for any JSON."""
    facts = Facts(body)
    state, fact, again_at = _judge(facts, now)
    named = _named(facts.kind[1] or "object", facts.meta.namespace, facts.meta.name or "(no name)")
    return Health(state=state, message=f"{named}: {fact}", again_at=again_at, notable=_is_notable(state, fact))


def _is_notable(state: HealthState, fact: str) -> bool:
    return state is HealthState.CURRENT and (fact == ON_DELETE or fact.startswith(PAUSED))


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


def _judge(facts: Facts, now: datetime) -> Judgement:
    if facts.meta.deleting:
        return HealthState.TERMINATING, "is being deleted", None
    seen, generation = integer_at(facts.status, "observedGeneration", default=-1), facts.meta.generation
    if seen >= 0 and generation is not None and seen != generation:
        return progress(f"its controller has seen generation {seen} of {generation}")
    if facts.is_true("Reconciling"):
        return progress(facts.condition("Reconciling").words)
    if facts.is_true("Stalled"):
        return failed(facts.condition("Stalled").words)
    if facts.kind == ("", "Pod"):
        return pod(facts, now)
    rule = RULES.get(facts.kind, _by_ready)
    return rule(facts)


def _by_ready(facts: Facts) -> Judgement:
    if "Ready" not in facts.conditions or not needs_status(group=facts.kind[0], kind=facts.kind[1]):
        return current("exists")
    ready = facts.condition("Ready")
    if ready.status != "True":
        return progress(f"not ready: {ready.words}")
    generation = facts.meta.generation
    if generation is not None and 0 <= ready.generation < generation:  # some controllers say it in the condition alone
        return progress(f"its condition Ready is of generation {ready.generation} of {generation}")
    return current("is ready")
