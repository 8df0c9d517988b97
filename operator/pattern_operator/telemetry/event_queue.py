"""The events that wait to be written: bounded, in order for each pattern, and written behind the runs.

Events of one pattern are written one after another, so that they come to be in the order in which they were recorded;
patterns take turns, and a namespace whose events hang (a quota, a webhook) holds up its own only.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.aio import background_task, background_tasks
from pattern_operator.api.names import FIELD_MANAGER
from pattern_operator.fair_queue import FairQueue, Lanes
from pattern_operator.kube import ApiError, Session
from pattern_operator.kube.kind_existence import is_missing
from pattern_operator.kube.wellknown import EVENT

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 1_000  # events that wait to be written; each is below 2 KiB
MAX_WAITING_OF_NAMESPACE: Final = 250  # where events are not taken (a quota, a webhook), the others' are
WRITERS: Final = 4  # events written at once


@dataclass(slots=True)
class _Waiting:
    """The events of one pattern in their order, without the one that is on its way to the API server."""

    namespace: str
    bodies: deque[bytes] = field(default_factory=deque)
    is_writing: bool = False


class EventQueue:
    """Writes events to the API server while ``run`` runs, and what is left in ``drain``.

    ``on_dropped`` is called with why an event was not written: ``refused``, or ``shutdown``.
    """

    def __init__(self, session: Session, *, on_dropped: Callable[[str], None]) -> None:
        self._session = session
        self._on_dropped = on_dropped
        self._line = FairQueue[str](WRITERS)  # the UIDs of patterns whose next event can be written
        self._waiting: dict[str, _Waiting] = {}  # by UID
        self._count = 0  # of events that wait
        self._of_namespace: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def put(self, body: bytes, *, uid: str, namespace: str) -> bool:
        """Let an event (JSON) of the pattern with this UID wait to be written; False where there is no room."""
        if self._count >= MAX_WAITING or self._of_namespace[namespace] >= MAX_WAITING_OF_NAMESPACE:
            return False
        waiting = self._waiting.setdefault(uid, _Waiting(namespace))
        waiting.bodies.append(body)
        self._add(waiting, 1)
        self._empty.clear()
        self._make_next(uid)
        return True

    async def run(self) -> None:
        """Write what is put in, until cancelled."""
        self._line = FairQueue(WRITERS)  # an earlier run may have ended before a writer that it started began
        for uid, waiting in tuple(self._waiting.items()):
            waiting.is_writing = False
            self._make_next(uid)
        async with background_tasks() as writers:
            while True:
                writers.check()
                self._changed.clear()
                while (taken := self._line.pop()) is not None:
                    self._waiting[taken[0]].is_writing = True  # already now: a task begins later, and events may come
                    task = writers.create_task(self._write_next(*taken), name="event")
                    task.add_done_callback(lambda _: self._changed.set())
                await self._changed.wait()

    async def drain(self, *, seconds: float) -> None:
        """Once ``run`` has ended: write what is left, for so long at most; what is still left is dropped."""
        try:
            async with background_task(self.run(), name="last events"), asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            logger.warning("events are not written, the operator stops: count=%d", self._count)
        finally:
            for _ in range(self._count):
                self._on_dropped("shutdown")

    async def _write_next(self, uid: str, lanes: Lanes) -> None:
        """Write the next event of a pattern; where this is cancelled, it is the next again."""
        waiting = self._waiting[uid]
        body = waiting.bodies.popleft()
        self._add(waiting, -1)
        try:
            await self._write(body, namespace=waiting.namespace)
        except asyncio.CancelledError:
            waiting.bodies.appendleft(body)
            self._add(waiting, 1)
            raise
        finally:
            waiting.is_writing = False
            self._line.give_back(lanes)
            self._make_next(uid)

    async def _write(self, body: bytes, *, namespace: str) -> None:
        try:
            path = EVENT.path(namespace=namespace)
            await self._session.request("POST", path, body=body, params={"fieldManager": FIELD_MANAGER})
        except ApiError as error:
            if error.reason == "AlreadyExists" and not error.is_denial:
                return  # it was written, and who wrote it was cancelled before the answer
            self._on_dropped("refused")
            # As client-go's recorder does: nobody can write what happens in a namespace that is being deleted.
            goes = error.is_namespace_terminating or is_missing(error, namespace)
            level = logging.DEBUG if goes else logging.WARNING
            logger.log(level, "event not written: namespace=%s: %s", namespace, error.message)
        except Exception as error:  # a defect costs this event
            self._session.internal_errors.record("event", error)

    def _make_next(self, uid: str) -> None:
        """Let the next event of a pattern take its turn, unless one of them is on its way; forget who has none."""
        waiting = self._waiting[uid]
        if waiting.is_writing:
            return
        if waiting.bodies:
            self._line.push(uid, rank=0.0, lanes=(waiting.namespace,))
            self._changed.set()
            return
        del self._waiting[uid]
        if not self._waiting:
            self._empty.set()

    def _add(self, waiting: _Waiting, number: int) -> None:
        self._count += number
        self._of_namespace[waiting.namespace] += number
        if not self._of_namespace[waiting.namespace]:
            del self._of_namespace[waiting.namespace]
