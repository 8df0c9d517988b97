"""What a run of a pattern counts for when workers are shared out: its namespace, and the registry host it asks."""

from typing import Final

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import InvalidReference, Repository
from pattern_operator.fair_queue import Lane, Lanes, Sort
from pattern_operator.reconcile.desired import scheme_of
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.source import Origin

HOST_SHARE: Final = 2  # times the free workers, of what a namespace asks one host for: 2/3 alone
NAMESPACE_SHARE: Final = 3  # 3/4
ASKING: Final = Sort("registries", 7)  # all runs that ask one: 1/8 of the workers is kept for those that do not


def lanes_of(key: PatternKey, pattern: DesignPattern | None, *, asks: bool = True) -> Lanes:
    """The lanes of a run. The namespace is the flow, for to name another host costs nobody anything.

    In a namespace, who asks one registry does not hold up who asks another; who asks none waits for nobody who does.
    """
    host = host_of(pattern) if pattern is not None and asks else None
    tenant, part = Lane(("namespace", key.namespace), NAMESPACE_SHARE), Lane(("runs", key.namespace, host), HOST_SHARE)
    return (tenant, part) if host is None else (tenant, part, ("host", host), ASKING)


def host_of(pattern: DesignPattern) -> str | None:
    """The registry of a pattern, ``host[:port]`` in one spelling; None where its url is not a reference."""
    source = pattern.spec.source
    try:
        return Origin.named(Repository.parse(source.url).host, scheme=scheme_of(source)).authority
    except InvalidReference:
        return None


def whose(lanes: Lanes) -> tuple[str, str | None]:
    """The namespace that a run counts for, and the registry that it asks, of what ``lanes_of`` gave."""
    match lanes:
        case (_, Lane((_, str(namespace), host)), *_) if host is None or isinstance(host, str):
            return namespace, host
    raise ValueError("no lanes of a pattern")
