"""What is remembered of one pattern between its runs, so that a run with nothing new asks nobody.

All of it can be lost: after a restart the first run finds everything out again, and applies what is applied already.
"""

from dataclasses import dataclass, field

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import Digest, Reference, Repository, Revision
from pattern_operator.api.spec import Apply, Layer, Render
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationPolicy, VerificationResult
from pattern_operator.apply import Notification
from pattern_operator.errors import PatternError
from pattern_operator.reconcile.changes import Changes
from pattern_operator.reconcile.login import NO_LOGIN, Login
from pattern_operator.reconcile.progress import Progress, PruneState
from pattern_operator.reconcile.reported_failure import ReportedFailure
from pattern_operator.reconcile.waking import concerns


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a reference led to, when (seconds of the clock) it was asked, and with which login."""

    reference: Reference
    revision: Revision
    at: float
    login: Login = NO_LOGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All that decides what is applied: as long as it is the same, there is nothing to do."""

    repository: Repository
    revision: Revision
    layer: Layer | None
    policy: VerificationPolicy
    render: Render
    apply: Apply


@dataclass(frozen=True, slots=True)
class Failed:
    """The last run failed: what it made, and when it is tried again (seconds of the clock; infinite: by an event).

    Without ``progress`` there is nothing that could be done until then; ``told`` says whether status speaks of it.
    """

    progress: Progress | None
    retried_at: float
    told: bool = True


@dataclass(slots=True)
class Memory:
    """One pattern's memory; all times are seconds of the clock."""

    lookup: Lookup | None = None
    held: str = ""  # why ``lookup`` led to what runs, where the registry's list has only older versions
    login_changed: bool = False  # the Secret may be another than that of ``lookup``
    verification: tuple[Digest, VerificationPolicy, VerificationResult] | None = None
    applied: Wanted | None = None  # what runs, whole; kept so whatever becomes of something newer
    settled: bool = False  # nothing asks for it to be applied again
    partly: tuple[Wanted, frozenset[ObjectKey]] | None = None  # what was applied of a revision that is not whole yet
    prune_state: PruneState = field(default_factory=PruneState)  # what left the pattern ``applied``
    notes: tuple[str, ...] = ()  # of the last apply: objects that were left alone
    let_be: frozenset[ObjectKey] = frozenset()  # wanted, not the pattern's yet, and to be skipped: no watch shows them
    refused: tuple[Wanted, Stage, PatternError] | None = None
    unbuildable: tuple[Wanted, Stage, PatternError] | None = None  # its bytes alone say so: no use in trying again
    rest: float = 0.0  # seconds until the tags may be listed again, whatever the interval: a long list takes long
    failures: int = 0  # in a row
    failed: Failed | None = None
    unkept: frozenset[ObjectKey] = frozenset()  # what drifted, and could not be put right
    unkept_until: float = 0.0  # when it is tried again
    unkept_times: int = 0  # in a row
    handled_request: str | None = None
    policy: str | None = None  # the ``policy_digest`` of the keys that were read last
    ill_since: float | None = None  # when health left Current, by the clock; None while it is Current
    sent: str = ""  # the ``sent_digest`` of what was applied
    apply_again: bool = False  # all of it, whatever is as it was applied: somebody asked for it
    followed: bool = False  # the objects of the inventory are followed, whatever may be applied
    told: ReportedFailure | None = None  # the failure that events told last
    changes: Changes = field(default_factory=Changes)  # in the cluster, that no event told yet

    def cannot_be_built(self, goal: Wanted) -> bool:
        """Whether a try showed that the artifact, whatever is tried, will not render."""
        return self.unbuildable is not None and self.unbuildable[0] == goal

    def is_ended_by(self, event: Notification) -> bool:
        """Whether what happened to an object may end the failure of the last run."""
        progress = self.failed.progress if self.failed is not None else None
        return progress is not None and concerns(event, stage=progress.stage, failed=progress.failed)

    def of_registries(self) -> "Memory":
        """What of it does not depend on the cluster: the artifact that was found, and who vouches for it."""
        return Memory(
            lookup=self.lookup,
            held=self.held,
            verification=self.verification,
            unbuildable=self.unbuildable,
            handled_request=self.handled_request,
            policy=self.policy,
            told=self.told,
        )

    def forget(self) -> None:
        """Find everything out again at the next run, and apply it again; what runs is known all the same."""
        self.lookup = self.verification = self.partly = self.refused = self.unbuildable = None
        self.settled, self.apply_again = False, True
