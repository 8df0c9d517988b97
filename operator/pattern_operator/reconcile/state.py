"""What is remembered of one pattern between its runs, so that a run with nothing new asks nobody. Pure.

It is one frozen value, which each run replaces as a whole, and can be lost at any time: after a restart the first run
finds everything out again. ``objects`` says what the cluster has of the pattern; ``failed`` and ``refused`` stand
beside it, so that what runs stays known whatever becomes of something newer. All times are seconds of the clock.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from pattern_operator.api.dependency import Dependency
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import Reference, Revision
from pattern_operator.api.stage import Stage
from pattern_operator.apply import Notification, NotificationKind
from pattern_operator.errors import PatternError
from pattern_operator.reconcile.changes import NO_CHANGES, Changes
from pattern_operator.reconcile.checked import Checked
from pattern_operator.reconcile.desired import DesiredState
from pattern_operator.reconcile.hook_record import awaited_key
from pattern_operator.reconcile.registry_login import NO_LOGIN, Login
from pattern_operator.reconcile.reported_failure import ReportedFailure
from pattern_operator.reconcile.results import (
    NOTHING_LEAVES,
    AppliedObjects,
    Leaving,
    Observed,
    PrunedObjects,
    RepairedObjects,
    Results,
)

# --- what the cluster has of the pattern ----------------------------------------------------------------------------

_MOST_REGENERATED: Final = 5  # notes


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing is known of any object."""


@dataclass(frozen=True, slots=True)
class Followed:
    """The objects of the inventory are watched; what they should be like is not known."""


@dataclass(frozen=True, slots=True)
class Applying:
    """The cluster is on its way to ``desired``; ``applied`` are the objects that are there already."""

    desired: DesiredState
    applied: frozenset[ObjectKey] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """All of ``desired`` was applied. Unless it is ``settled``, all of it is to be applied again."""

    desired: DesiredState
    settled: bool = True
    sent: str = ""  # ``comparison.Sent.whole`` of what was applied
    notes: tuple[str, ...] = ()  # what people should know of it as long as it runs
    regenerated: tuple[str, ...] = ()  # the same, until it is rendered of something else
    skipped: frozenset[ObjectKey] = frozenset()  # desired, not the pattern's yet, and paused: no watch shows them
    leaving: Leaving = NOTHING_LEAVES
    depends_on: tuple[Dependency, ...] = ()  # what its artifact names
    trusted: bool = True  # else its artifact does not pass the policies any longer: nothing of it is applied

    def with_regenerated(self, notes: tuple[str, ...]) -> "Running":
        """With these notes on generated values, too; each is said once, and of many the last ones."""
        said = tuple(dict.fromkeys((*self.regenerated, *notes)))
        return replace(self, regenerated=said[-_MOST_REGENERATED:])

    def with_notes(self, notes: tuple[str, ...]) -> "Running":
        """With these notes, too; each is said once."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))


Objects = Nothing | Followed | Applying | Running

# --- what did not succeed -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refused:
    """A desired state that is refused again however often it is tried."""

    desired: DesiredState
    stage: Stage
    error: PatternError


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The last run failed: what it made, and when it is retried (infinite: by an event).

    Without ``results`` there is nothing that could be done until then; ``reported`` says whether status speaks of it.
    """

    results: Results | None
    retry_at: float
    reported: bool = True


@dataclass(frozen=True, slots=True)
class Unrepaired:
    """What drifted and could not be repaired so many ``times`` in a row; it is retried at ``retry_at``."""

    keys: frozenset[ObjectKey]
    retry_at: float
    times: int


# --- caches ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a reference led to, when it was asked, and with which login."""

    reference: Reference
    revision: Revision
    at: float
    login: Login = NO_LOGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """The last look-up, and when the next one may be. ``login_changed``: the Secret may be another than its."""

    last: Lookup | None = None
    held: str = ""  # why ``last`` led to what runs, where the registry's list has only older versions
    login_changed: bool = False
    rest: float = 0.0  # seconds until tags may be listed again, whatever the interval: a long list takes long


@dataclass(frozen=True, slots=True, kw_only=True)
class Caches:
    """What registries and keys said: true whatever happens to the cluster."""

    lookups: Lookups = Lookups()
    checked: Checked | None = None
    unbuildable: Refused | None = None  # its bytes alone say so: no use in trying again
    policy: str | None = None  # the ``policy_digest`` of the keys that were read last

    def why_unbuildable(self, desired: DesiredState) -> Refused | None:
        """Why the artifact of ``desired`` will not render, whatever is tried, where that is known."""
        known = self.unbuildable
        return known if known is not None and known.desired == desired else None


# --- all of it ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that is remembered of one pattern."""

    objects: Objects = Nothing()
    failed: Failed | None = None  # the last run, where it failed
    failures: int = 0  # runs in a row that a back-off follows
    refused: Refused | None = None  # something newer than what runs, mostly
    candidate: DesiredState | None = None  # what went the steps last: status tells how it was rendered
    unrepaired: Unrepaired | None = None
    unhealthy_since: float | None = None  # when health left Current
    reapply: bool = False  # all objects, whatever is as it was applied: somebody asked for it
    handled_request: str | None = None
    caches: Caches = Caches()
    reported: ReportedFailure | None = None  # the failure that events told last
    changes: Changes = NO_CHANGES  # in the cluster, that no event told yet

    @property
    def running(self) -> Running | None:
        """What runs, whole; it stays so whatever becomes of something newer."""
        return self.objects if isinstance(self.objects, Running) else None

    def is_settled_on(self, desired: DesiredState) -> bool:
        """Whether ``desired`` runs, and nothing asks for it to be applied again."""
        running = self.running
        return running is not None and running.settled and running.desired == desired

    def is_told_of(self, desired: DesiredState) -> bool:
        """Whether nothing but ``desired`` went the steps since: else status tells how something else was rendered."""
        return self.candidate is None or replace(self.candidate, policy=desired.policy) == desired

    def is_ended_by(self, event: Notification) -> bool:
        """Whether what happened to an object may end the failure of the last run."""
        results = self.failed.results if self.failed is not None else None
        if results is not None and awaited_key(results.hooks) == event.key:
            return True
        return results is not None and concerns(event, stage=results.stage, failed=results.failed)

    def errors(self) -> tuple[PatternError, ...]:
        """Every error that is remembered."""
        refusals = tuple(each.error for each in (self.refused, self.caches.unbuildable) if each is not None)
        results = self.failed.results if self.failed is not None else None
        return refusals if results is None or results.failure is None else (*refusals, results.failure)

    # --- what others ask ---

    def of_registries(self) -> "State":
        """What of it does not depend on the cluster: the artifact that was found, and who signed it."""
        lookups = Lookups(last=self.caches.lookups.last, held=self.caches.lookups.held)
        caches = replace(self.caches, lookups=lookups)
        return State(caches=caches, handled_request=self.handled_request, reported=self.reported)

    def asked_again(self) -> "State":
        """Find everything out again at the next run, and apply it again; what runs is known all the same."""
        objects: Objects = self.objects
        match objects:
            case Running():
                objects = replace(objects, settled=False)
            case Applying():
                objects = Nothing()
        lookups = replace(self.caches.lookups, last=None)
        checked = self.caches.checked.asked_again() if self.caches.checked is not None else None
        caches = replace(self.caches, lookups=lookups, checked=checked, unbuildable=None)
        return replace(self, objects=objects, caches=caches, refused=None, reapply=True)

    # --- what the steps gave ---

    def with_lookups(self, lookups: Lookups) -> "State":
        """With what the registry was asked for."""
        return replace(self, caches=replace(self.caches, lookups=lookups))

    def with_checked(self, checked: Checked) -> "State":
        """With what was found by the verification policy."""
        return replace(self, caches=replace(self.caches, checked=checked))

    def without_verdict(self) -> "State":
        """What was found does not hold any longer; the signatures that were read are judged anew."""
        checked = self.caches.checked
        return self if checked is None else self.with_checked(checked.unjudged())

    def with_policy(self, policy: str) -> "State":
        """With the ``policy_digest`` of the keys as they are now."""
        return replace(self, caches=replace(self.caches, policy=policy))

    def with_unbuildable(self, refused: Refused) -> "State":
        """With an artifact that will not render, whatever is tried."""
        return replace(self, caches=replace(self.caches, unbuildable=refused))

    def following(self) -> "State":
        """The objects of the inventory are watched from now on."""
        return replace(self, objects=Followed()) if isinstance(self.objects, Nothing) else self

    def applying(self, desired: DesiredState, applied: frozenset[ObjectKey] = frozenset()) -> "State":
        """On the way to ``desired``: what ran before does not run as a whole any more."""
        return replace(self, objects=Applying(desired, applied))

    def with_applied(
        self, desired: DesiredState, made: AppliedObjects, *, depends_on: tuple[Dependency, ...] = ()
    ) -> "State":
        """With what the apply step made of an artifact that names ``depends_on``."""
        found = replace(self, changes=self.changes.joined(made.changes))
        if made.error is not None:
            return found.applying(desired, made.applied)
        before = self.running
        running = Running(
            desired=desired,
            sent=made.sent,
            notes=made.notes,
            regenerated=before.regenerated if before is not None and before.desired.inputs == desired.inputs else (),
            skipped=made.skipped,
            leaving=made.leaving,
            depends_on=depends_on,
        )
        return replace(found, objects=running.with_regenerated(made.regenerated), reapply=False)

    def with_repaired(self, made: RepairedObjects) -> "State":
        """With what a repair made."""
        if made.error is not None or not isinstance(self.objects, Running):
            return self
        running = self.objects.with_notes(made.notes).with_regenerated(made.regenerated)
        return replace(self, objects=replace(running, settled=running.settled and not made.unresolved))

    def with_pruned(self, made: PrunedObjects) -> "State":
        """With what pruning made."""
        found = replace(self, changes=self.changes.joined(made.changes))
        if not isinstance(self.objects, Running):
            return found
        return replace(found, objects=replace(self.objects.with_notes(made.notes), leaving=made.leaving))

    def with_observed(self, seen: Observed) -> "State":
        """With what the watches say."""
        return replace(self, unhealthy_since=seen.unhealthy_since)

    def with_trust(self, desired: DesiredState) -> "State":
        """What runs passes the policies as they are now."""
        running = self.running
        return self if running is None else replace(self, objects=replace(running, desired=desired, trusted=True))

    def without_trust(self) -> "State":
        """What runs does not pass the policies any longer."""
        running = self.running
        return self if running is None else replace(self, objects=replace(running, trusted=False))

    def unsettled(self) -> "State":
        """All of what runs is to be applied again."""
        running = self.running
        return self if running is None else replace(self, objects=replace(running, settled=False))

    def without_leaving(self, key: ObjectKey) -> "State":
        """What left is gone; what has its name now is another, and is not deleted in its place."""
        running = self.running
        if running is None:
            return self
        return replace(self, objects=replace(running, leaving=running.leaving.without(key)))

    def with_notes(self, notes: tuple[str, ...]) -> "State":
        """With more that people should know of what runs."""
        return replace(self, objects=self.objects.with_notes(notes)) if isinstance(self.objects, Running) else self


def concerns(event: Notification, *, stage: Stage, failed: Collection[ObjectKey]) -> bool:
    """Whether what happened to an object may end a failure of ``stage`` in which the objects ``failed`` failed.

    Only the apply step fails by objects: one that was refused may be taken when somebody changed or deleted it. Its
    health says nothing of that, and changes all the time.
    """
    changed = event.kind in (NotificationKind.GONE, NotificationKind.DRIFTED)
    return stage is Stage.APPLY and changed and event.key in failed
