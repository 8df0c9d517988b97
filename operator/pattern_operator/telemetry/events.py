"""Kubernetes events: what ``kubectl describe`` and ``kubectl events`` show, and the same line in the log.

An event that cannot be written is logged and lost: it must not hold up, or fail, what it tells of.
"""

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import orjson

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.names import API_VERSION, FIELD_MANAGER, KIND
from pattern_operator.kube import ApiError, Resource, Session, objects

logger = logging.getLogger(__name__)

EVENT = Resource(group="events.k8s.io", version="v1", kind="Event", plural="events", namespaced=True)
MAX_NOTE = 1024  # bytes; events.k8s.io/v1, Event.note

EventType = Literal["Normal", "Warning"]


class Recorder:
    """Writes events about patterns."""

    def __init__(self, session: Session, *, instance: str, now: Callable[[], datetime]) -> None:
        self._session = session
        self._instance = instance
        self._now = now

    async def tell(self, pattern: DesignPattern, *, kind: EventType, reason: str, action: str, note: str) -> None:
        """Write one event; ``action`` is the stage."""
        where = f"pattern={pattern.metadata.namespace}/{pattern.metadata.name} stage={action} reason={reason}"
        logger.log(logging.INFO if kind == "Normal" else logging.WARNING, "%s: %s", where, note)
        moment = self._now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        metadata = pattern.metadata
        unique = hashlib.sha256(f"{metadata.uid}{moment}{reason}".encode()).hexdigest()[:16]
        event = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{metadata.name[:200]}.{unique}", "namespace": metadata.namespace},
            "eventTime": moment,
            "type": kind,
            "reason": reason,
            "action": action,
            "note": note.encode()[:MAX_NOTE].decode(errors="ignore"),
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
        try:
            await objects.create(
                self._session,
                EVENT,
                namespace=metadata.namespace,
                body=orjson.dumps(event),
                field_manager=FIELD_MANAGER,
            )
        except ApiError as error:
            logger.warning("event not written: pattern=%s/%s: %s", metadata.namespace, metadata.name, error.message)
