"""All that an operator shows to people, as raw text: what is searched for planted secrets after every test."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.testbed.http import request
from tests.testbed.testbed import Testbed

PATTERNS = "/apis/pattern-operator.io/v1alpha1/designpatterns"
EVENTS = "/api/v1/events?fieldSelector=reportingComponent%3Dpattern-operator.io%2Foperator"


@dataclass(slots=True)
class Shown:
    """What operators show, each thing once: of logs what is new, of objects those that changed since the last look."""

    _read: dict[Path, int] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def news(self, *testbeds: Testbed, logs: list[Path]) -> dict[str, str | bytes]:
        """Every text by where it stands; of a server that does not run there is none."""
        shown: dict[str, str | bytes] = {str(log): self._lines(log) for log in logs}
        for testbed in testbeds:
            if testbed.controlplane.ready():
                for each in _objects(testbed, PATTERNS):
                    shown |= self._object("status", each, each.get("status"))
                for each in _objects(testbed, EVENTS):
                    shown |= self._object("event", each, each)
            if testbed.operator.process.alive:
                shown["metrics"] = request("GET", testbed.operator.metrics).body
        return shown

    def _lines(self, log: Path) -> bytes:
        with log.open("rb") as lines:
            lines.seek(self._read.get(log, 0))
            new = lines.read()
            self._read[log] = lines.tell()
        return new

    def _object(self, what: str, body: dict[str, Any], told: Any) -> dict[str, str]:
        metadata = body["metadata"]
        version = f"{metadata['uid']}@{metadata['resourceVersion']}"
        if version in self._seen:
            return {}
        self._seen.add(version)
        return {f"{what} of {metadata['namespace']}/{metadata['name']}": json.dumps(told, ensure_ascii=False)}


def _objects(testbed: Testbed, path: str) -> list[dict[str, Any]]:
    """All objects of all namespaces; none where the API server does not have the kind."""
    admin = testbed.controlplane.admin
    headers = {"Authorization": f"Bearer {admin.token}"}
    found: list[dict[str, Any]] = json.loads(
        request("GET", f"{admin.server}{path}", headers=headers, ca=admin.ca).body
    ).get("items", [])
    return found
