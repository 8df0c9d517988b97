"""Whom a run of a pattern counts for when workers are shared out: its namespace, and the registry host it asks."""

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import InvalidReference, Repository
from pattern_operator.fair_queue import Lanes
from pattern_operator.reconcile.desired import scheme_of
from pattern_operator.reconcile.patterns import PatternKey
from pattern_operator.source import Origin


def lanes_of(key: PatternKey, pattern: DesignPattern | None, *, asks: bool = True) -> Lanes:
    """The lanes of a run. In a namespace, who asks one registry does not hold up who asks another, or none."""
    host = host_of(pattern) if pattern is not None and asks else None
    flow, tenant = ("runs", key.namespace, host), ("namespace", key.namespace)
    return (flow, tenant) if host is None else (flow, tenant, ("host", host))


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
        case ((_, str(namespace), str(host)), *_):
            return namespace, host
        case ((_, str(namespace), *_), *_):
            return namespace, None
    raise ValueError("no lanes of a pattern")
