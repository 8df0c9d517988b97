"""Kubernetes events: what ``kubectl describe`` and ``kubectl events`` show, and the same line in the log.

An event is written after the run that recorded it, and neither delays nor fails that run (``event_queue``). One that
cannot be written is logged and lost. A pattern writes a burst of events and then one in five minutes, as client-go's
event recorder has it (``EventSourceObjectSpamFilter``); the next one that is written says how many were left out.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

import orjson

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import API_VERSION, KIND
from pattern_operator.kube import Session
from pattern_operator.quote import cut
from pattern_operator.telemetry.event_queue import EventQueue
from pattern_operator.telemetry.logfields import about
from pattern_operator.telemetry.secret_values import Mask, SecretValues
from pattern_operator.token_bucket import TokenBucket

logger = logging.getLogger(__name__)

MAX_NOTE = 1024  # bytes; events.k8s.io/v1, Event.note
MICROSECONDS: Final = 1_000_000  # in a second
MAX_INSTANCE = 128  # characters; events.k8s.io/v1, Event.reportingInstance

BURST: Final = 25  # events of a pattern at once, warnings and others each; client-go's defaultSpamBurst
PACE: Final = 300.0  # seconds between its further ones; client-go's defaultSpamQPS is 1/300
MAX_SOURCES: Final = 4_096  # patterns whose events are counted; client-go's maxLruCacheEntries
MAX_AGGREGATED: Final = 1_000  # events that wait for further notes
CLOSING: Final = 2.0  # seconds in which the last events are written when the operator stops, or leads no more

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
    """Logs events of patterns, and writes them to the API server while ``run`` runs, the last of them in ``aclose``.

    No note has a value of ``secrets``.

    ``on_dropped`` is called with why an event was not written: ``rate``, ``full``, ``refused`` or ``shutdown``.
    """

    def __init__(
        self,
        session: Session,
        *,
        instance: str,
        now: Callable[[], datetime],
        clock: Callable[[], float],
        on_dropped: Callable[[str], None],
        secrets: SecretValues | None = None,
        window: float = AGGREGATION_WINDOW,
    ) -> None:
        self._internal_errors = session.internal_errors
        self._instance = instance[:MAX_INSTANCE]
        self._now = now
        self._clock = clock
        self._on_dropped = on_dropped
        self._secrets = secrets or SecretValues()
        self._aggregation_window = window
        self._sources: OrderedDict[tuple[str, EventType], _Source] = OrderedDict()
        self._aggregated: dict[tuple[str, str], _AggregatedEvent] = {}
        self._timers: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._queue = EventQueue(session, on_dropped=on_dropped)

    def event(self, pattern: DesignPattern, *, kind: EventType, reason: str, action: str, note: str) -> None:
        """Log an event and queue it; ``action`` is the stage. Never waits."""
        note = self._mask(pattern).text(note)
        _log(pattern, kind=kind, reason=reason, action=action, note=note)
        self._put(pattern, kind=kind, reason=reason, action=action, note=note, at=self._now())

    def aggregate(self, pattern: DesignPattern, *, reason: str, action: str, notes: Sequence[str]) -> None:
        """Log ``notes``, and write them with those of the next ``window`` seconds as one event.

        The event has the time of the first note. The log has the first few notes, and how many there are.
        """
        if not notes:
            return
        now = _AggregatedEvent(pattern, action, self._now())
        notes = [self._mask(pattern).text(each) for each in notes]
        now.add(notes)
        _log(pattern, kind="Normal", reason=reason, action=action, note=str(now))
        key = (pattern.metadata.uid, reason)
        if key not in self._aggregated:
            if len(self._aggregated) >= MAX_AGGREGATED:
                self._on_dropped("full")
                return
            self._aggregated[key] = _AggregatedEvent(pattern, action, now.since)
            loop = asyncio.get_running_loop()
            self._timers[key] = loop.call_later(self._aggregation_window, self._put_aggregated, key)
        self._aggregated[key].add(notes)

    async def run(self) -> None:
        """Write what is recorded, until cancelled."""
        await self._queue.run()

    async def aclose(self) -> None:
        """Once ``run`` has ended: write what was recorded before, within ``CLOSING`` seconds."""
        for key in tuple(self._aggregated):
            self._timers[key].cancel()
            self._put_aggregated(key)
        await self._queue.drain(seconds=CLOSING)

    def _mask(self, pattern: DesignPattern) -> Mask:
        return self._secrets.of(f"{pattern.metadata.namespace}/{pattern.metadata.name}")

    def _put_aggregated(self, key: tuple[str, str]) -> None:
        with self._internal_errors.contain("timer"):
            del self._timers[key]
            each = self._aggregated.pop(key)
            self._put(each.pattern, kind="Normal", reason=key[1], action=each.action, note=str(each), at=each.since)

    def _put(
        self, pattern: DesignPattern, *, kind: EventType, reason: str, action: str, note: str, at: datetime
    ) -> None:
        metadata = pattern.metadata
        source = self._source(metadata.uid, kind)
        if not source.bucket.take(self._clock()):
            self._leave_out(source, "rate")
            return
        more = f" (and {source.left_out} events before this one were not written)" if source.left_out else ""
        body = self._event(
            pattern, kind=kind, reason=reason, action=action, note=cut(note, MAX_NOTE - len(more)) + more, at=at
        )
        if not self._queue.put(body, uid=metadata.uid, namespace=metadata.namespace):
            logger.warning("too many events wait, some are not written: namespace=%s", metadata.namespace)
            self._leave_out(source, "full")
            return
        source.left_out = 0

    def _leave_out(self, source: _Source, why: str) -> None:
        source.left_out += 1
        self._on_dropped(why)

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
