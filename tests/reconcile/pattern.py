"""DesignPatterns and what runs make of them, for tests of what is pure."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from pattern_operator.api.designpattern import DesignPattern, decode
from pattern_operator.api.reference import Digest, Revision
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import InventoryEntry, Status
from pattern_operator.api.verification import VerificationResult, VerifiedSignature
from pattern_operator.apply import Health, HealthState
from pattern_operator.reconcile.results import Results

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 13, 0, 0, tzinfo=UTC)
REVISION = Revision("1.0.0", Digest.of(b"one"))
NEWER = Revision("2.0.0", Digest.of(b"two"))
ENTRIES = (InventoryEntry(id="team_a__ConfigMap", v="v1"), InventoryEntry(id="team_web_apps_Deployment", v="v1"))
KEYS = "keys-of-the-release-team"  # in place of a digest
WELL = Health(HealthState.CURRENT, "2 objects are healthy")
BUSY = Health(HealthState.IN_PROGRESS, "Deployment web: 0 of 1 replicas available")
VERIFIED = VerificationResult(
    required=True, verified_by=(VerifiedSignature("release-team", "bundle", "referrer sha256:0a"),)
)


def pattern(*, status: Status | None = None, **metadata: Any) -> DesignPattern:
    """A pattern by tag; ``spec`` among ``metadata`` adds sections."""
    spec = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}, **metadata.pop("spec", {})}
    body = {
        "metadata": {"name": "web", "namespace": "team", "uid": "u-1", "generation": 1, **metadata},
        "spec": spec,
    }
    made = decode(body)
    return made if status is None else msgspec.structs.replace(made, status=status)


def results(**values: Any) -> Results:
    """A run that went the whole way, but for what ``values`` say."""
    whole: dict[str, Any] = {
        "stage": Stage.HEALTH,
        "revision": REVISION,
        "policy": KEYS,
        "verification": VERIFIED,
        "rendering": Rendering(objects=(), format="Manifests"),
        "inventory": ENTRIES,
        "applied": True,
        "health": WELL,
    }
    return Results(**{**whole, **values})


def moved_to(tag: str) -> dict[str, Any]:
    """A spec that asks for another tag than ``pattern`` does."""
    return {"source": {"url": "oci://registry.example/web", "ref": {"tag": tag}}}


def conditions(status: Status) -> dict[str, tuple[str, str]]:
    """Status and reason of each condition, by type."""
    return {each.type: (each.status, each.reason) for each in status.conditions}


def message(status: Status, kind: str) -> str:
    return next(each.message for each in status.conditions if each.type == kind)
