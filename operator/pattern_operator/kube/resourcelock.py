"""The Lease as a lock: what it says of who leads, read from any JSON and written so that only one of two wins."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from pattern_operator.api.fields import mapping_at
from pattern_operator.kube import objects
from pattern_operator.kube.objects import Body
from pattern_operator.kube.session import Session
from pattern_operator.kube.wellknown import LEASE

FIELD_MANAGER: Final = "pattern-operator"
MAX_TRANSITIONS: Final = 2**31 - 1  # an int32 of the API (coordination.k8s.io/v1): one more, and no write is taken


@dataclass(frozen=True, slots=True)
class LeaderElectionRecord:
    """What a Lease says (coordination.k8s.io/v1, LeaseSpec). Its times are the holder's, and decide nothing."""

    holder: str = ""
    duration: float | None = None  # seconds, as written
    acquired: str = ""
    renewed: str = ""
    transitions: int = 0

    @classmethod
    def of(cls, lease: Any) -> "LeaderElectionRecord":
        """Read any JSON; what is not of its type counts as not said."""
        spec = lease.get("spec") if isinstance(lease, dict) else None
        said = spec if isinstance(spec, dict) else {}
        duration = _count(said.get("leaseDurationSeconds"))
        return cls(
            holder=_text(said.get("holderIdentity")),
            duration=float(duration) if duration else None,
            acquired=_text(said.get("acquireTime")),
            renewed=_text(said.get("renewTime")),
            transitions=_count(said.get("leaseTransitions")),
        )


class LeaseLock:
    """One Lease, and who writes it. Nothing is remembered: what was seen of it is handed in."""

    def __init__(
        self, session: Session, *, namespace: str, name: str, identity: str, now: Callable[[], datetime]
    ) -> None:
        self.namespace = namespace
        self.name = name
        self._session = session
        self._identity = identity
        self._now = now

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    async def get(self) -> Body:
        """The Lease as it is now; raises ApiError ``NotFound`` where there is none."""
        return await objects.get(self._session, LEASE, namespace=self.namespace, name=self.name)

    async def write(self, holder: str, *, duration: float, seen: Body | None) -> Body:
        """Create the Lease, or replace it as it was last ``seen``; the Lease as it is then.

        Raises:
            ApiError: ``Conflict`` or ``AlreadyExists`` where someone was faster.
        """
        old = LeaderElectionRecord.of(seen)
        stamp = self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # metav1.MicroTime
        ours = old.holder == self._identity
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(1, round(duration)),
            "acquireTime": (old.acquired or stamp) if ours else stamp,
            "renewTime": stamp,
            "leaseTransitions": min(old.transitions + (0 if ours or not seen else 1), MAX_TRANSITIONS),
        }
        metadata = {**mapping_at(seen, "metadata"), "name": self.name, "namespace": self.namespace}
        body = orjson.dumps({"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": metadata, "spec": spec})
        if seen is None:
            return await objects.create(
                self._session, LEASE, body=body, namespace=self.namespace, field_manager=FIELD_MANAGER
            )
        return await objects.replace(
            self._session, LEASE, body=body, namespace=self.namespace, name=self.name, field_manager=FIELD_MANAGER
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    """A number as the API has it (int32); 0 for anything else."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and value in range(MAX_TRANSITIONS + 1)
    return value if is_count else 0
