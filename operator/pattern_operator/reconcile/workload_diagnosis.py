"""Why workloads are not healthy: their pods are looked at, on demand, once they have been so for some seconds.

A volume claim is looked at as well: where its class waits for a pod, it is healthy without being bound.

A look costs two requests in the name of the pattern's account. It is repeated ever less often while the workload stays
as it is, for a few workloads of a pattern and a few at once of all; the first cause found usually is that of the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from pattern_operator.aio import Tasks
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.apply import ManagedObjects, owner_id
from pattern_operator.apply.pod_diagnosis import WORKLOADS
from pattern_operator.apply.pvc_diagnosis import PVC, ConsideredHealthy
from pattern_operator.errors import PatternError
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore
from pattern_operator.reconcile.tenancy import Tenancy, account_of

FIRST: Final = 5.0  # seconds for which a workload may come right by itself
LONGEST: Final = 300.0  # seconds between looks, which double
OF_PATTERN: Final = 3  # workloads of one pattern that are looked at
AT_ONCE: Final = 4  # looks of all patterns together

Run = Callable[[PatternKey], Awaitable[float | None]]
Look = Callable[[ObjectKey, str | None], Awaitable[ConsideredHealthy | str]]
CauseFound = Callable[[DesignPattern, str], None]
_LOOKED_AT: Final = WORKLOADS | {PVC}


class WorkloadDiagnosis:
    """Looks at ill workloads and claims, tells ``managed_objects`` why; ``look(key, user)`` may have nothing to say.

    ``on_cause(pattern, words)`` is told of the first cause that is found of each, as soon as it is: what Ready says may
    wait for more of the pattern.
    """

    def __init__(
        self,
        *,
        patterns: PatternStore,
        managed_objects: ManagedObjects,
        tenancy: Tenancy,
        look: Look,
        on_cause: CauseFound,
        tasks: Tasks,
        internal_errors: InternalErrors,
    ) -> None:
        self._patterns = patterns
        self._managed = managed_objects
        self._tenancy = tenancy
        self._look = look
        self._on_cause = on_cause
        self._tasks = tasks
        self._errors = internal_errors
        self._looking: dict[PatternKey, set[ObjectKey]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def after(self, run: Run) -> Run:
        """A run that begins to look at what is ill when it is over."""

        async def noticed(key: PatternKey) -> float | None:
            delay = await run(key)
            self.notice(key)
            return delay

        return noticed

    def notice(self, key: PatternKey) -> None:
        """The health of a pattern may be another now: begin to look at what is ill of it."""
        pattern = self._patterns.get(key)
        if pattern is None or pattern.metadata.deletion_timestamp:
            return
        looking = self._looking.get(key, set())
        for each in self._managed.unhealthy(owner_id(pattern.metadata.uid)):
            if len(looking) >= OF_PATTERN:
                return
            if each.group_kind in _LOOKED_AT and each not in looking:
                looking = self._looking.setdefault(key, looking)
                looking.add(each)
                self._tasks.create_task(self._explain(key, each), name=f"explain-{each}")

    async def _explain(self, key: PatternKey, workload: ObjectKey) -> None:
        pause, reported = FIRST, False
        try:
            while True:
                await asyncio.sleep(pause)
                pattern = self._patterns.get(key)
                if pattern is None or workload not in self._managed.unhealthy(owner_id(pattern.metadata.uid)):
                    return
                async with self._slots:
                    cause = await self._look(workload, account_of(pattern, tenancy=self._tenancy))
                if isinstance(cause, ConsideredHealthy):
                    self._managed.consider_healthy(workload, cause.reason)
                    return
                self._managed.explain(workload, cause)
                if cause and not reported:
                    self._on_cause(pattern, f"{workload.display_name}: {cause}")
                    reported = True
                pause = min(pause * 2, LONGEST)
        except PatternError:  # no account may be used: nobody is asked
            return
        except Exception as error:  # a defect costs this explanation
            self._errors.record("explain", error)
        finally:
            looking = self._looking.get(key, set())
            looking.discard(workload)
            if not looking:
                self._looking.pop(key, None)
