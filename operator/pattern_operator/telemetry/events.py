"""Kubernetes events: what ``kubectl describe`` and ``kubectl events`` show, and the same line in the log.

An event is written after the run that recorded it, and neither delays nor fails that run. One that cannot be written
is logged and lost. A pattern writes a burst of events and then one in five minutes, as client-go's event recorder has
it (``EventSourceObjectSpamFilter``); the next one that is written says how many were left out.
"""

import asyncio
import hashlib
import itertools
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import orjson

from pattern_operator.aio import background_tasks
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import API_VERSION, FIELD_MANAGER, KIND
from pattern_operator.fair_queue import FairQueue, Lanes
from pattern_operator.kube import ApiError, Session, objects
from pattern_operator.kube.wellknown import EVENT
from pattern_operator.telemetry.logfields import about
from pattern_operator.token_bucket import TokenBucket

logger = logging.getLogger(__name__)

MAX_NOTE = 1024  # bytes; events.k8s.io/v1, Event.note
MICROSECONDS: Final = 1_000_000  # in a second
MAX_INSTANCE = 128  # characters; events.k8s.io/v1, Event.reportingInstance

BURST: Final = 25  # events of a pattern at once, warnings and others each; client-go's defaultSpamBurst
PACE: Final = 300.0  # seconds between its further ones; client-go's defaultSpamQPS is 1/300
MAX_SOURCES: Final = 4_096  # patterns whose events are counted; client-go's maxLruCacheEntries
MAX_WAITING: Final = 1_000  # events that wait to be written; each is below 2 KiB
MAX_WAITING_OF_NAMESPACE: Final = 250  # where events are not taken (a quota, a webhook), the others' are
WRITERS: Final = 4  # events written at once

AGGREGATION_WINDOW: Final = 5.0  # seconds in which repairs are aggregated to one event: 300 deletions take two or three
NAMED: Final = 5  # notes that an aggregated event quotes; the rest is counted

EventType = Literal["Normal", "Warning"]


@dataclass(slots=True)
class _Source:
    """One pattern's events of one type; ``left_out`` since the last that was written."""

    bucket: TokenBucket = field(default_factory=lambda: TokenBucket(BURST, PACE))
    left_out: int = 0


@dataclass(slots=True)
class _AggregatedEvent:
    """Notes that become one event: the first few, each once, how many there were, and how many others.

    ``since`` is the time of the first.
    """

    pattern: DesignPattern
    action: str
    since: datetime
    first: list[str] = field(default_factory=list)
    count: int = 0
    others: int = 0

    def add(self, notes: Sequence[str]) -> None:
        for note in notes:
            self.count += 1
            if note in self.first:
                continue
            if len(self.first) < NAMED:
                self.first.append(note)
            else:
                self.others += 1

    def __str__(self) -> str:
        """One note as it is; of several the first few, and how many there are."""
        if self.count == 1:
            return self.first[0]
        more = f"; and {self.others} more" if self.others else ""
        return f"{self.count} times: {'; '.join(self.first)}{more}"


class EventRecorder:
    """Logs events of patterns, and writes them to the API server while ``run`` runs.

    ``on_dropped`` is called with why an event was not written: ``rate``, ``full`` or ``refused``.
    """

    def __init__(
        self,
        session: Session,
        *,
        instance: str,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        on_dropped: Callable[[str], None],
        window: float = AGGREGATION_WINDOW,
    ) -> None:
        self._session = session
        self._instance = instance[:MAX_INSTANCE]
        self._now = now
        self._clock = clock
        self._on_dropped = on_dropped
        self._aggregation_window = window
        self._sources: OrderedDict[tuple[str, EventType], _Source] = OrderedDict()
        self._aggregated: dict[tuple[str, str], _AggregatedEvent] = {}
        self._line = FairQueue[int](WRITERS)
        self._waiting: dict[int, tuple[str, bytes]] = {}  # namespace and body
        self._of_namespace: Counter[str] = Counter()
        self._numbers = itertools.count()
        self._changed = asyncio.Event()

    def event(self, pattern: DesignPattern, *, kind: EventType, reason: str, action: str, note: str) -> None:
        """Log an event and queue it; ``action`` is the stage. Never waits."""
        _log(pattern, kind=kind, reason=reason, action=action, note=note)
        self._put(pattern, kind=kind, reason=reason, action=action, note=note, at=self._now())

    def aggregate(self, pattern: DesignPattern, *, reason: str, action: str, notes: Sequence[str]) -> None:
        """Log ``notes``, and write them with those of the next ``window`` seconds as one event.

        The event has the time of the first note. The log has the first few notes, and how many there are.
        """
        if not notes:
            return
        now = _AggregatedEvent(pattern, action, self._now())
        now.add(notes)
        _log(pattern, kind="Normal", reason=reason, action=action, note=str(now))
        key = (pattern.metadata.uid, reason)
        if key not in self._aggregated:
            if len(self._aggregated) >= MAX_WAITING:
                self._on_dropped("full")
                return
            self._aggregated[key] = _AggregatedEvent(pattern, action, now.since)
            asyncio.get_running_loop().call_later(self._aggregation_window, self._put_aggregated, key)
        self._aggregated[key].add(notes)

    def _put_aggregated(self, key: tuple[str, str]) -> None:
        with self._session.internal_errors.contain("timer"):
            each = self._aggregated.pop(key)
            self._put(each.pattern, kind="Normal", reason=key[1], action=each.action, note=str(each), at=each.since)

    def _put(
        self, pattern: DesignPattern, *, kind: EventType, reason: str, action: str, note: str, at: datetime
    ) -> None:
        metadata = pattern.metadata
        source = self._source(metadata.uid, kind)
        dropped = None
        if not source.bucket.take(self._clock()):
            dropped = "rate"
        elif len(self._waiting) >= MAX_WAITING or self._of_namespace[metadata.namespace] >= MAX_WAITING_OF_NAMESPACE:
            dropped = "full"
            logger.warning("too many events wait, some are not written: namespace=%s", metadata.namespace)
        if dropped is not None:
            source.left_out += 1
            self._on_dropped(dropped)
            return
        more = f" (and {source.left_out} events before this one were not written)" if source.left_out else ""
        source.left_out = 0
        number = next(self._numbers)
        body = self._event(pattern, kind=kind, reason=reason, action=action, note=_cut(note, more), at=at)
        self._waiting[number] = (metadata.namespace, body)
        self._of_namespace[metadata.namespace] += 1
        self._line.push(number, rank=0.0, lanes=(metadata.namespace,))
        self._changed.set()

    async def run(self) -> None:
        """Write what is recorded, until cancelled."""
        async with background_tasks() as writers:
            while True:
                writers.check()
                self._changed.clear()
                while (taken := self._line.pop()) is not None:
                    task = writers.create_task(self._write(*taken), name="event")
                    task.add_done_callback(lambda _: self._changed.set())
                await self._changed.wait()

    async def _write(self, number: int, lanes: Lanes) -> None:
        namespace, body = self._waiting.pop(number)
        self._of_namespace[namespace] -= 1
        if not self._of_namespace[namespace]:
            del self._of_namespace[namespace]
        try:
            await objects.create(self._session, EVENT, namespace=namespace, body=body, field_manager=FIELD_MANAGER)
        except ApiError as error:
            self._on_dropped("refused")
            logger.warning("event not written: namespace=%s: %s", namespace, error.message)
        except Exception as error:  # a defect costs this event
            self._session.internal_errors.record("event", error)
        finally:
            self._line.give_back(lanes)

    def _source(self, uid: str, kind: EventType) -> _Source:
        source = self._sources.setdefault((uid, kind), _Source())
        self._sources.move_to_end((uid, kind))
        if len(self._sources) > MAX_SOURCES:
            self._sources.popitem(last=False)
        return source

    def _event(
        self, pattern: DesignPattern, *, kind: EventType, reason: str, action: str, note: str, at: datetime
    ) -> bytes:
        moment = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        metadata = pattern.metadata
        # As client-go names them: by the time, because kubectl describe sorts events of this API by name.
        unique = hashlib.sha256(f"{metadata.uid}{moment}{reason}{note}".encode(errors="replace")).hexdigest()[:8]
        unique = f"{int(at.timestamp() * MICROSECONDS):014x}{unique}"
        event = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{metadata.name[:200]}.{unique}", "namespace": metadata.namespace},
            "eventTime": moment,
            "type": kind,
            "reason": reason,
            "action": action,
            "note": note,
            "reportingController": "pattern-operator.io/operator",
            "reportingInstance": self._instance,
            "regarding": {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "name": metadata.name,
                "namespace": metadata.namespace,
                "uid": metadata.uid,
            },
        }
        return orjson.dumps(event)


def _log(pattern: DesignPattern, *, kind: EventType, reason: str, action: str, note: str) -> None:
    where = f"pattern={pattern.metadata.namespace}/{pattern.metadata.name} stage={action} reason={reason}"
    level = logging.INFO if kind == "Normal" else logging.WARNING
    logger.log(level, "%s: %s", where, note, extra=about(pattern, stage=action, reason=reason))


def _cut(note: str, more: str) -> str:
    """``note``, cut so that ``more`` fits after it."""
    return note.encode(errors="replace")[: MAX_NOTE - len(more)].decode(errors="ignore") + more
