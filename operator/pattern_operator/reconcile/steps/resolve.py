"""Resolve: the revision that the reference of a spec leads to.

It is asked once an interval where it can change, and never where it cannot. With another login it is asked once more,
so that one that does not work is told before it is needed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import Reference, Revision
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.limits import TAGS_A_SECOND
from pattern_operator.reconcile.backoff import CLOCK_SLACK
from pattern_operator.reconcile.desired import reference, span
from pattern_operator.reconcile.reached import running_revision
from pattern_operator.reconcile.registry_login import Login, SecretVersion
from pattern_operator.reconcile.repositories import Found
from pattern_operator.reconcile.state import Lookup, Lookups, Objects
from pattern_operator.source import ConnectionWaits


class RepositoryPort(Protocol):
    """Where references are looked up."""

    async def login(self, pattern: DesignPattern) -> Login: ...  # noqa: D102 - see repositories.Repositories
    async def look_up(  # noqa: D102 - see the class
        self, pattern: DesignPattern, reference: Reference, *, running: Revision | None, waits: ConnectionWaits
    ) -> Found: ...


@dataclass(frozen=True, slots=True)
class Resolved:
    """``lookups`` are to be remembered whatever was ``found``: the revision, or why there is none."""

    lookups: Lookups
    found: Revision | PatternError


async def resolve(
    pattern: DesignPattern,
    lookups: Lookups,
    *,
    objects: Objects,
    port: RepositoryPort,
    clock: Callable[[], float],
    waits: ConnectionWaits,
) -> Resolved:
    """The revision, from ``lookups`` where that is enough; ``clock`` is in seconds.

    ``objects`` is what the cluster has: a version that runs is held when it leaves the registry's list.

    Raises:
        Stalled: the spec has no reference that can be read, or its Secret is missing.
        Transient: the Secret could not be read.
    """
    wanted = reference(pattern)
    known = lookups.last
    if known is not None and known.reference == wanted and not _is_due(pattern, known, rest=lookups.rest, now=clock()):
        if not lookups.login_changed:
            return Resolved(lookups, known.revision)
        login = await port.login(pattern)
        if login.digest == known.login.digest:
            same = replace(lookups, last=replace(known, login=login), login_changed=False)
            return Resolved(same, known.revision)
    try:
        login = await port.login(pattern)
        running = running_revision(pattern, wanted.repository, objects=objects, last=known)
        found = await port.look_up(pattern, wanted, running=running, waits=waits)
    except PatternError as error:
        return Resolved(replace(lookups, last=None), error)
    rest = found.listed / TAGS_A_SECOND
    if isinstance(found.answer, PatternError):
        return Resolved(replace(lookups, last=None, rest=rest), found.answer)
    revision, held = found.answer.revision, found.answer.held
    return Resolved(Lookups(last=Lookup(wanted, revision, clock(), login), held=held, rest=rest), revision)


def is_known(pattern: DesignPattern, lookups: Lookups, *, now: float) -> bool:
    """Whether the revision is known without asking; False also for a spec that cannot be read."""
    known = lookups.last
    if known is None:
        return False
    try:
        return known.reference == reference(pattern) and not _is_due(pattern, known, rest=lookups.rest, now=now)
    except Stalled:
        return False


def _is_due(pattern: DesignPattern, known: Lookup, *, rest: float, now: float) -> bool:
    interval = max(span(pattern.spec.interval, field="interval").total_seconds(), rest)
    return known.reference.mutable and now - known.at >= interval - CLOCK_SLACK


def has_new_login(lookups: Lookups, told: SecretVersion) -> bool:
    """Whether the Secret of the login was changed, or the spec names another, since the registry was asked."""
    return lookups.last is not None and lookups.last.login.secret != told
