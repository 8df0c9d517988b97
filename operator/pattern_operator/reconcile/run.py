"""One run of one pattern: what was asked, what is known, and what the steps gave so far.

It is the shell around the steps, which know nothing of it. ``state`` and ``results`` are frozen values, and each step
replaces them as a whole; both are true at any moment, also when the run is cut short.
"""

import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Final

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import Revision
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import HooksStatus
from pattern_operator.errors import PatternError, Transient
from pattern_operator.reconcile.cluster import Cluster
from pattern_operator.reconcile.comparison import Comparison
from pattern_operator.reconcile.deadline import (
    PROMPT,
    Aside,
    Beside,
    Ending,
    RegistryTimeout,
    Result,
    Work,
    stay,
    within,
)
from pattern_operator.reconcile.desired import span
from pattern_operator.reconcile.drift import paused_words, remaining_words
from pattern_operator.reconcile.owner import owner_of
from pattern_operator.reconcile.pattern_store import PatternKey, key_of
from pattern_operator.reconcile.repositories import Repositories
from pattern_operator.reconcile.results import Entries, Observed, Results
from pattern_operator.reconcile.state import State
from pattern_operator.reconcile.steps.observe import observe, observe_if_known
from pattern_operator.telemetry import Mask, SecretValues

WriteHooks = Callable[[HooksStatus, Entries], Awaitable[None]]  # with the inventory as it is, or is about to be
OnRecord = Callable[[Entries, Revision], AbstractAsyncContextManager[None]]


def _nothing_is_applied(_: Entries, __: Revision) -> AbstractAsyncContextManager[None]:
    raise AssertionError("a run that only looks after what runs was about to apply something new")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What runs may do: each step is given the one port that it needs.

    ``clock`` is monotonic, in seconds; ``jitter`` gives numbers in [0, 1); ``aside`` is how the run of a pattern gives
    its worker to others while it waits for a registry. ``secrets`` is what no text about a pattern may have.
    """

    repositories: Repositories
    cluster: Cluster
    clock: Callable[[], float]
    jitter: Callable[[], float] = random.random
    aside: Callable[[PatternKey], Aside] = lambda _: stay
    secrets: SecretValues = field(default_factory=SecretValues)

    def mask(self, pattern: DesignPattern) -> Mask:
        """What is taken out of texts about a pattern."""
        return self.secrets.of(str(key_of(pattern)))


async def _no_hook_is_run(_: HooksStatus, __: Entries) -> None:
    raise AssertionError("a run that only looks after what runs was about to run a hook")


class Run:
    """``pattern`` is as it was when the run began. During ``on_record`` it is known to the cluster what is being made.

    ``beside`` is what is done while a registry is waited for. ``state`` and ``results`` are all that changes.
    """

    def __init__(
        self,
        pattern: DesignPattern,
        state: State,
        *,
        ports: Ports,
        results: Results | None = None,
        on_record: OnRecord = _nothing_is_applied,
        beside: Beside | None = None,
        write_hooks: WriteHooks = _no_hook_is_run,
    ) -> None:
        self.state = state
        self.results = results if results is not None else Results(policy=state.caches.policy)
        self.pattern: Final = pattern
        self.repositories: Final = ports.repositories
        self.cluster: Final = ports.cluster
        self.clock: Final = ports.clock
        self.jitter: Final = ports.jitter
        self.on_record: Final = on_record
        self.write_hooks: Final = write_hooks
        self._aside: Final = ports.aside(key_of(pattern))
        self._beside: Final = beside

    def enter(self, stage: Stage) -> None:
        """A step of this stage begins."""
        self.results = replace(self.results, stage=stage)

    def fail(self, stage: Stage, error: PatternError) -> None:
        """A step failed; nothing else of the way is gone."""
        self.results = replace(self.results, stage=stage, failure=error)

    async def parameters(self) -> bytes:
        """What the pattern is rendered with; raises as ``values_from.parameters_of``, or where it needs an account."""
        return await self.repositories.parameters(self.pattern, account=self.cluster.account(self.pattern))

    def registry_timeout(self, seconds: float) -> RegistryTimeout:
        """So long the run waits for a registry; what is done beside it is done."""
        return RegistryTimeout.of(self.pattern, seconds, clock=self.clock, beside=self._beside, aside=self._aside)

    def uninterrupted_timeout(self, seconds: float) -> RegistryTimeout:
        """As ``registry_timeout``, where nothing else is done meanwhile: the objects themselves are looked after."""
        return RegistryTimeout.of(self.pattern, seconds, clock=self.clock, aside=self._aside)

    async def wait(self, work: Work[Result], *, seconds: float, late: Callable[[], Transient]) -> Result:
        """The result of ``work``, which waits for other patterns: they have the run's worker meanwhile.

        Raises:
            Transient: what ``late`` makes, after so many seconds, or when others have waited too long for a worker.
            Superseded: nobody wants it any more.
        """
        try:
            async with self._aside(PROMPT) as gives_way:
                return await within(seconds, work, late=late, beside=self._beside, ending=Ending(gives_way, late))
        finally:
            work.close()  # where it was never begun

    def observe(self) -> None:
        """Take in what the watches say of the objects. Asks nobody."""
        since = self.state.unhealthy_since
        self._take(observe(self.pattern, unhealthy_since=since, now=self.clock(), port=self.cluster))

    def observe_if_known(self) -> None:
        """As ``observe``, where anything is known of an object."""
        since = self.state.unhealthy_since
        seen = observe_if_known(self.pattern, unhealthy_since=since, now=self.clock(), port=self.cluster)
        if seen is not None:
            self._take(seen)

    def observe_running(self) -> None:
        """All of the desired state is applied: say of it what the watches and the apply tell.

        Raises:
            Stalled: the spec says for how long to wait in a way that cannot be read.
        """
        running = self.state.running
        assert running is not None  # noqa: S101 - it was just applied, or found to be
        self.enter(Stage.HEALTH)
        managed = self.cluster.managed
        self.results = replace(self.results, unwatched=self.results.unwatched or bool(running.skipped))
        span(self.pattern.spec.timeout, field="timeout")
        self.observe()
        self.results = replace(
            self.results,
            notes=(
                *running.notes,
                *running.regenerated,
                *paused_words(self.pattern, managed=managed),
                *remaining_words(self.pattern, managed=managed),
            ),
            comparison=Comparison(running.sent, managed.fingerprints(owner_of(self.pattern).id)),
        )

    @property
    def hooks(self) -> HooksStatus | None:
        """How far the hooks are."""
        return self.pattern.status.hooks if self.results.hooks is None else self.results.hooks

    def note_hooks(self, record: HooksStatus) -> None:
        """So far the hooks are; status says it at the end of the run."""
        self.results = replace(self.results, hooks=record)

    async def write_ahead_hooks(self, record: HooksStatus) -> None:
        """Put into status how far the hooks are, before anything follows from it."""
        entries = self.pattern.status.inventory.entries if self.results.inventory is None else self.results.inventory
        await self.write_hooks(record, entries)

    def _take(self, seen: Observed) -> None:
        self.state = self.state.with_observed(seen)
        self.results = self.results.with_observed(seen)
