"""A scenario with a DesignPattern of its own: what it pulls, its status, its objects."""

import base64
import io
import json
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from tests.planted import Shape, environment, value
from tests.render.designs import published
from tests.testbed.client import Client
from tests.testbed.kubectl import Kubectl
from tests.testbed.repository import Account, Repository

API = "pattern-operator.io/v1alpha1"
YAML = "application/yaml"
CONFIG = "application/vnd.cncf.flux.config.v1+json"
LAYER = "application/vnd.cncf.flux.content.v1.tar+gzip"
POLL = 0.05  # seconds between two looks at what cannot be watched


def config_map(name: str, **data: str) -> dict[str, Any]:
    metadata = {"name": name, "annotations": {"example.com/planted": value(Shape.ANNOTATION)}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data or {"a": "1"}}


def deployment(name: str, *, replicas: int = 1, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    main = {"name": "main", "image": "registry.example/main:1", "env": environment()}
    main["args"] = ["serve", f"--password={value(Shape.ARGUMENT)}"]
    template = {
        "metadata": {"labels": {"app": name, **(labels or {})}},
        "spec": {"containers": [main]},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def secret(name: str, **data: str) -> dict[str, Any]:
    """A Secret with planted values beside ``data``."""
    planted = {"planted": value(Shape.STRING_DATA), "lines": value(Shape.MULTI_LINE), "code": value(Shape.ENCODED)}
    encoded = base64.b64encode(value(Shape.SECRET_DATA).encode()).decode()
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {"encoded": encoded}}
    return {**body, "stringData": {**planted, **data}}


def login(name: str, registry: str, account: Account) -> dict[str, Any]:
    """A Secret as ``kubectl create secret docker-registry`` makes it."""
    auth = base64.b64encode(f"{account.name}:{account.password}".encode()).decode()
    made = secret(name, **{".dockerconfigjson": json.dumps({"auths": {registry: {"auth": auth}}})})
    return {**made, "type": "kubernetes.io/dockerconfigjson"}


def annotated(body: dict[str, Any], **annotations: str) -> dict[str, Any]:
    """``body`` with annotations of ours, named by their last word."""
    ours = {f"pattern-operator.io/{name}": text for name, text in annotations.items()}
    return {
        **body,
        "metadata": {**body["metadata"], "annotations": {**body["metadata"].get("annotations", {}), **ours}},
    }


def widgets(group: str) -> dict[str, Any]:
    """The definition of the kind Widget in a group of its own."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def widget(group: str, name: str) -> dict[str, Any]:
    return {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {"size": 1}}


def push(repository: Repository, tag: str | None, *objects: dict[str, Any]) -> str:
    """Push objects as one YAML file; the digest."""
    return repository.push(tag, [(YAML, "\n---\n".join(map(json.dumps, objects)).encode())])


def push_files(repository: Repository, tag: str | None, files: Mapping[str, bytes]) -> str:
    """Push files as ``flux push artifact`` and Meshery's own build do, one tar; the digest."""
    return repository.push(tag, [(LAYER, tar(files))], config=(CONFIG, b"{}"))


def push_design(repository: Repository, tag: str | None, name: str) -> str:
    """Push a published design of tests/data/designs with all its files; the digest."""
    return push_files(repository, tag, {file.path: file.content for file in published(name)})


def tar(files: Mapping[str, bytes]) -> bytes:
    """A gzipped tar of files by path."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def eventually(done: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Look again and again until ``done`` is true: for what nobody can be asked to tell of."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(POLL)


@dataclass(frozen=True)
class Scenario:
    """The DesignPattern ``name`` in ``namespace``, which pulls from ``repository``."""

    kubectl: Kubectl
    namespace: str
    repository: Repository
    name: str = "web"

    @property
    def _client(self) -> Client:
        return self.kubectl.client

    def another(self, name: str, *, repository: Repository | None = None) -> "Scenario":
        """A second DesignPattern in the same namespace."""
        return replace(self, name=name, repository=repository or self.repository)

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
        self.edit("dp", self.name, {"spec": spec})

    def annotate(self, annotation: str) -> None:
        """As ``kubectl annotate --overwrite``: ``name=value``, or ``name-`` to take it away."""
        name, sets, text = annotation.partition("=")
        change = {"metadata": {"annotations": {name if sets else name.removesuffix("-"): text if sets else None}}}
        self._client.patch("dp", self.name, change, namespace=self.namespace, manager="kubectl-annotate")

    def request(self) -> dict[str, Any]:
        """Ask to reconcile now, and wait until that was done; the status then."""
        token = uuid4().hex
        self.annotate(f"pattern-operator.io/requestedAt={token}")
        return self.until(lambda status: status.get("lastHandledReconcileAt") == token)

    def delete(self) -> None:
        """Delete, without waiting."""
        self.remove("dp", self.name)

    # --- what it says -----------------------------------------------------------------------------------------------

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("dp", self.name).get("status", {})
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
        """Wait until the artifact of this digest is Ready; the status."""
        runs = lambda s: s.get("digest") == digest and condition(s, "Ready")["status"] == "True"  # noqa: E731 - it is one line
        return self.until(runs, seconds=seconds)

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
        found = self._client.find("events", namespace=self.namespace, fieldSelector=about)
        return [each for each in found if reason in (None, each["reason"])]

    # --- what runs --------------------------------------------------------------------------------------------------

    def names(self, kind: str = "configmap") -> list[str]:
        """The objects of a kind that carry an owner label, sorted."""
        listed = self._client.find(kind, namespace=self.namespace, labelSelector="pattern-operator.io/owner")
        return sorted(each["metadata"]["name"] for each in listed)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self._client.get(kind, name, namespace=self.namespace)
        assert found is not None, f"there is no {kind} {self.namespace}/{name}"
        return found

    def there(self, kind: str, name: str) -> bool:
        """Whether there is such an object, whoever's it is."""
        return self._client.get(kind, name, namespace=self.namespace) is not None

    def make(self, *objects: dict[str, Any]) -> None:
        """Apply objects as the cluster's admin; those that name no namespace go to the pattern's."""
        placed = ({**each, "metadata": {"namespace": self.namespace, **each["metadata"]}} for each in objects)
        self.kubectl.apply(*placed)

    def edit(self, kind: str, name: str, change: Mapping[str, Any]) -> None:
        """Merge a change into an object, as somebody who uses kubectl."""
        self._client.patch(kind, name, change, namespace=self.namespace, manager="kubectl-patch")

    def remove(self, kind: str, name: str) -> None:
        """Delete an object, without waiting for its end."""
        self._client.delete(kind, name, namespace=self.namespace)

    def until_object(self, kind: str, name: str, done: Callable[[Any], object], *, seconds: float = 60.0) -> Any:
        """Wait until ``done`` is true of an object (None when there is none); the object."""
        return self.kubectl.until(kind, name, done, namespace=self.namespace, seconds=seconds)


def condition(status: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The condition of this type, empty when there is none."""
    found: dict[str, Any] = next((each for each in status.get("conditions", ()) if each["type"] == kind), {})
    return found
