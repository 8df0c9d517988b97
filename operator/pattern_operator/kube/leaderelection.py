"""Leading: one of several operators holds a Lease, and the others wait for it without asking.

The rules are client-go's (tools/leaderelection): the holder renews; a candidate counts the holder's time by its own
clock, from the moment it saw the last renewal, so that clocks need not agree; writes carry the resourceVersion they
were made from, so that only one of two wins. Waiting is a watch of the one Lease.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pattern_operator.aio import background_task
from pattern_operator.kube.conflict import is_overtaken
from pattern_operator.kube.errors import ApiError
from pattern_operator.kube.kind_existence import is_missing
from pattern_operator.kube.objects import Body
from pattern_operator.kube.reflector import Reflector
from pattern_operator.kube.resourcelock import LeaderElectionRecord, LeaseLock
from pattern_operator.kube.session import Session
from pattern_operator.kube.watch_event import Projection, WatchEvent, WatchEventType
from pattern_operator.kube.wellknown import LEASE
from pattern_operator.quote import one_line

RELEASE_SECONDS: Final = 3.0  # what giving the Lease back may take of a shutdown
# Bytes of a holder that are shown: a pod's name and UID have some 70. Who may write the Lease may write anything there.
MAX_HOLDER: Final = 128

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds. A holder that could not renew for ``deadline`` stops, before a candidate may start at ``duration``.

    ``longest`` is what is believed of the duration that another holder wrote: operators of every version write
    ``duration``, and one that wrote years would be waited for as long.
    """

    duration: float = 30.0
    deadline: float = 20.0
    renew: float = 10.0
    retry: float = 2.0
    longest: float = 60.0


def never_dead(_: str) -> bool:
    """Assume that every holder may still run: nothing else is known of a process on another machine."""
    return False


class LeaderElector:
    """The right to lead, as ``identity`` (a pod's name: a restarted process takes over from itself at once).

    ``holder_is_dead`` says of a holder's identity whether that holder has certainly ended, such as a process of
    this host that was killed: its time is then not waited for. It is asked whenever the Lease changes and when the
    holder's time is over, is called in the loop, and must not raise.
    """

    def __init__(
        self,
        session: Session,
        *,
        namespace: str,
        name: str,
        identity: str,
        holder_is_dead: Callable[[str], bool] = never_dead,
        times: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._session = session
        self._lock = LeaseLock(session, namespace=namespace, name=name, identity=identity, now=now or _now)
        self._identity = identity
        self._holder_is_dead = holder_is_dead
        self._times = times or Timing()
        self._clock = clock
        self._object: Body | None = None  # as last seen; None: there is none
        self._held = LeaderElectionRecord()
        self._seen_at = 0.0
        self._changed = asyncio.Event()
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the Lease could not be watched or written when that was last tried; empty where it could."""
        return self._problem

    @property
    def holder(self) -> str:
        """The leader that a candidate stands by for, fit to be shown; empty where the Lease is free or over."""
        return one_line(self._held.holder, MAX_HOLDER) if self._remaining() > 0 else ""

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncio.Event]:
        """Wait until the Lease is ours, keep it while the block runs, give it back at its end.

        Yields an event that is set when the Lease was lost: the leader must then stop, at once.
        """
        await self._acquire()
        lost = asyncio.Event()
        try:
            async with background_task(self._keep(lost), name=f"lease {self._lock}") as renewal:
                # However the renewal ends, leadership ends with it.
                renewal.add_done_callback(lambda ended: None if ended.cancelled() else lost.set())
                yield lost
        finally:
            if not lost.is_set():
                await self._release()

    async def _acquire(self) -> None:
        watch = Reflector(
            self._session,
            LEASE,
            namespace=self._lock.namespace,
            field_selector=f"metadata.name={self._lock.name}",
            projection=Projection.FULL,
            on_change=self._observe,
            on_problem=self._troubled,
        )
        async with background_task(watch.run(), name=f"watch lease {self._lock}"):
            await watch.synced.wait()
            while not await self._try():
                # A renewal, a release or a deletion wakes us, or the end of the holder's time.
                await self._wait_for_change(max(self._remaining(), 0.05))
                self._changed.clear()

    async def _wait_for_change(self, seconds: float) -> None:
        # Not asyncio.wait_for: until Python 3.12 it forgets a cancellation that comes together with the change.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def _observe(self, change: WatchEvent) -> None:
        self._problem = ""
        self._see(None if change.type is WatchEventType.DELETED else change.object)
        self._changed.set()

    def _troubled(self, error: ApiError) -> None:
        self._problem = f"cannot watch the Lease {self._lock}, and so not lead: {error}"
        logger.warning("cannot watch the Lease %s, and so not lead: %s", self._lock, error)

    def _see(self, lease: Body | None) -> None:
        """Take the Lease in; the holder's time starts again only where it renewed, as in client-go."""
        held = LeaderElectionRecord.of(lease)
        if held != self._held:
            self._held, self._seen_at = held, self._clock()
        self._object = lease

    def _remaining(self) -> float:
        """Seconds that the holder's time still lasts, as far as we can know."""
        held = self._held
        if not held.holder or held.holder == self._identity or self._holder_is_dead(held.holder):
            return 0.0
        duration = min(held.duration or self._times.duration, self._times.longest)
        return self._seen_at + duration - self._clock()

    async def _try(self) -> bool:
        """Take the Lease if it is free, over or already ours; whether it is ours now."""
        if self._remaining() > 0:
            return False
        self._changed.clear()
        try:
            await self._write(self._identity, duration=self._times.duration)
        except ApiError as error:
            if not self._is_overtaken(error):
                self._problem = f"cannot take the Lease {self._lock}: {error}"
                logger.warning("cannot take the Lease %s: %s", self._lock, error)
            await self._wait_for_change(self._times.retry)
            return False
        return True

    async def _keep(self, lost: asyncio.Event) -> None:
        """Renew until cancelled, or until the Lease is lost."""
        renewed = self._clock()
        pause = self._times.renew
        while not lost.is_set():
            await asyncio.sleep(pause)
            pause = self._times.retry
            try:
                async with asyncio.timeout(max(renewed + self._times.deadline - self._clock(), 0.01)):
                    started = self._clock()
                    await self._renew(self._identity, duration=self._times.duration)
                renewed, pause = started, self._times.renew
            except _TakenOverError as error:
                logger.critical("lost the Lease %s: %s", self._lock, error)
                lost.set()
            except (ApiError, TimeoutError) as error:
                self._problem = f"cannot renew the Lease {self._lock}: {str(error) or 'no answer'}"
                logger.warning("cannot renew the Lease %s: %s", self._lock, str(error) or "no answer")
                if self._clock() - renewed >= self._times.deadline:
                    logger.critical("lost the Lease %s: not renewed in time", self._lock)
                    lost.set()

    async def _renew(self, holder: str, *, duration: float) -> None:
        """Write the Lease that is ours, also where somebody edited it, or our last write was not answered."""
        try:
            await self._write(holder, duration=duration)
        except ApiError as error:
            if not self._is_overtaken(error):
                raise
            await self._look_again()
            await self._write(holder, duration=duration)

    def _is_overtaken(self, error: ApiError) -> bool:
        """Whether someone was faster: a webhook or a quota that refuses the Lease says 409, too."""
        return is_overtaken(error, LEASE, self._lock.name) or is_missing(error, self._lock.name)

    async def _look_again(self) -> None:
        """After a conflict: someone edited the Lease, or someone took it."""
        try:
            lease = await self._lock.get()
        except ApiError as error:
            if not is_missing(error, self._lock.name):
                raise
            raise _TakenOverError("it was deleted") from error
        holder = LeaderElectionRecord.of(lease).holder
        if holder != self._identity:
            raise _TakenOverError(f"{one_line(holder, MAX_HOLDER) or 'nobody'} holds it")
        self._see(lease)

    async def _release(self) -> None:
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._renew("", duration=1.0)
        except (ApiError, TimeoutError, _TakenOverError) as error:  # it runs out by itself
            logger.warning("cannot release the Lease %s: %s", self._lock, str(error) or "no answer")

    async def _write(self, holder: str, *, duration: float) -> None:
        self._see(await self._lock.write(holder, duration=duration, seen=self._object))
        self._problem = ""


class _TakenOverError(Exception):
    """The Lease is not ours any more; the message says whose it is."""


def _now() -> datetime:
    return datetime.now(UTC)
