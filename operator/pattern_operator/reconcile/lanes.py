"""Whom a run of a pattern counts for when workers are shared out: its namespace, and the registry host it asks."""

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import InvalidReference, Repository
from pattern_operator.fairqueue import Lanes
from pattern_operator.reconcile.patterns import PatternKey


def lanes_of(key: PatternKey, pattern: DesignPattern | None, *, asks: bool = True) -> Lanes:
    """The lanes of a run. One that ``asks`` no registry is not held up by those that wait for one."""
    tenant = ("namespace", key.namespace)
    host = host_of(pattern) if pattern is not None and asks else None
    return (tenant,) if host is None else (tenant, ("host", host))


def host_of(pattern: DesignPattern) -> str | None:
    """The registry of a pattern, ``host[:port]``; None where its url is not a reference."""
    try:
        return Repository.parse(pattern.spec.source.url).host
    except InvalidReference:
        return None
