"""A DesignPattern of a test's own, behind short words: what it pulls, what it says, what it runs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.testbed.kubectl import Kubectl
from tests.testbed.repository import Repository

API = "pattern-operator.io/v1alpha1"
YAML = "application/yaml"
LAYER = "application/vnd.cncf.flux.content.v1.tar+gzip"


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"a": "1"}}


def deployment(name: str, *, replicas: int = 1, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": name, **(labels or {})}},
        "spec": {"containers": [{"name": "main", "image": "registry.example/main:1"}]},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def push(repository: Repository, tag: str | None, *objects: dict[str, Any]) -> str:
    """Push objects as ``oras push`` does, one YAML file; the digest."""
    return repository.push(tag, [(YAML, "\n---\n".join(map(json.dumps, objects)).encode())])


@dataclass(frozen=True)
class Story:
    """The DesignPattern ``name`` in ``namespace``, which pulls from ``repository``."""

    kubectl: Kubectl
    namespace: str
    repository: Repository
    name: str = "web"

    # --- what is asked ----------------------------------------------------------------------------------------------

    def want(self, **spec: Any) -> None:
        """Apply the DesignPattern: ``ref``, ``source`` (more of it), and other sections of the spec."""
        source = {"url": self.repository.oci, "insecure": True, "ref": spec.pop("ref", {"tag": "1.0.0"})}
        source |= spec.pop("source", {})
        metadata = {"name": self.name, "namespace": self.namespace}
        spec = {"interval": "1h", "retryInterval": "2s", "source": source, **spec}
        self.kubectl.apply({"apiVersion": API, "kind": "DesignPattern", "metadata": metadata, "spec": spec})

    def change(self, spec: Mapping[str, Any]) -> None:
        """Merge into the spec."""
        self.kubectl("-n", self.namespace, "patch", "dp", self.name, "--type=merge", "-p", json.dumps({"spec": spec}))

    def annotate(self, annotation: str) -> None:
        self.kubectl("-n", self.namespace, "annotate", "--overwrite", "dp", self.name, annotation)

    def delete(self) -> None:
        """Delete, without waiting."""
        self.kubectl("-n", self.namespace, "delete", "dp", self.name, "--wait=false")

    # --- what it says -----------------------------------------------------------------------------------------------

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.kubectl.json("-n", self.namespace, "get", "dp", self.name).get("status", {})
        return found

    def condition(self, kind: str) -> dict[str, Any]:
        return condition(self.status, kind)

    def until(self, done: Callable[[dict[str, Any]], object], *, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until ``done`` is true of a status that speaks of the newest spec; that status."""

        def seen(pattern: Any) -> object:
            if pattern is None or "status" not in pattern:
                return False
            status = pattern["status"]
            return status["observedGeneration"] == pattern["metadata"]["generation"] and done(status)

        found = self.kubectl.until("designpattern", self.name, seen, namespace=self.namespace, seconds=seconds)
        status: dict[str, Any] = found["status"]
        return status

    def until_runs(self, digest: str, *, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until the artifact of this digest is Ready."""
        return self.until(lambda s: s.get("digest") == digest and condition(s, "Ready")["status"] == "True")

    def until_says(self, kind: str, reason: str, *, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until a condition has this reason; the condition."""
        status = self.until(lambda s: condition(s, kind).get("reason") == reason, seconds=seconds)
        return condition(status, kind)

    def until_gone(self, *, seconds: float = 60.0) -> None:
        gone = lambda pattern: pattern is None  # noqa: E731 - it is one line
        self.kubectl.until("designpattern", self.name, gone, namespace=self.namespace, seconds=seconds)

    def events(self, reason: str | None = None) -> list[dict[str, Any]]:
        """The events about it, with this reason."""
        about = f"involvedObject.kind=DesignPattern,involvedObject.name={self.name}"
        found = self.kubectl.json("-n", self.namespace, "get", "events", "--field-selector", about)["items"]
        return [each for each in found if reason in (None, each["reason"])]

    # --- what runs --------------------------------------------------------------------------------------------------

    def names(self, kind: str = "configmap") -> list[str]:
        """The objects of a kind that carry an owner label, sorted."""
        listed = self.kubectl.json("-n", self.namespace, "get", kind, "-l", "pattern-operator.io/owner")
        return sorted(each["metadata"]["name"] for each in listed["items"])

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.kubectl.json("-n", self.namespace, "get", kind, name)
        return found

    def until_object(self, kind: str, name: str, done: Callable[[Any], object], *, seconds: float = 60.0) -> Any:
        """Wait until ``done`` is true of an object (None when there is none); the object."""
        return self.kubectl.until(kind, name, done, namespace=self.namespace, seconds=seconds)


def condition(status: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The condition of this type, empty when there is none."""
    found: dict[str, Any] = next((each for each in status.get("conditions", ()) if each["type"] == kind), {})
    return found
