"""DesignPatterns and what runs make of them, for tests of what is pure."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from pattern_operator.api.designpattern import DesignPattern, decode
from pattern_operator.api.reference import Digest, Revision
from pattern_operator.api.report import Rendering
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import InventoryEntry, Status
from pattern_operator.api.verdict import Verdict, Vouch
from pattern_operator.apply import Health, HealthState
from pattern_operator.reconcile.progress import Progress

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 13, 0, 0, tzinfo=UTC)
REVISION = Revision("1.0.0", Digest.of(b"one"))
NEWER = Revision("2.0.0", Digest.of(b"two"))
ENTRIES = (InventoryEntry(id="team_a__ConfigMap", v="v1"), InventoryEntry(id="team_web_apps_Deployment", v="v1"))
WELL = Health(HealthState.CURRENT, "2 objects are healthy")
VOUCHED = Verdict(demanded=True, vouches=(Vouch("release-team", "bundle", "referrer sha256:0a"),))


def pattern(*, status: Status | None = None, **metadata: Any) -> DesignPattern:
    """A pattern by tag; ``spec`` among ``metadata`` adds sections."""
    spec = {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}}, **metadata.pop("spec", {})}
    body = {
        "metadata": {"name": "web", "namespace": "team", "uid": "u-1", "generation": 1, **metadata},
        "spec": spec,
    }
    made = decode(body)
    return made if status is None else msgspec.structs.replace(made, status=status)


def progress(**values: Any) -> Progress:
    """A run that went the whole way, but for what ``values`` say."""
    whole: dict[str, Any] = {
        "stage": Stage.HEALTH,
        "revision": REVISION,
        "verdict": VOUCHED,
        "rendering": Rendering(objects=(), format="Manifests"),
        "inventory": ENTRIES,
        "applied": True,
        "health": WELL,
    }
    return Progress(**{**whole, **values})
