"""A harness for the package apply with a real API server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply import (
    Applier,
    ApplyResult,
    Deleter,
    ManagedObjects,
    Notification,
    NotificationKind,
    Owner,
    inventory,
    owner_id,
)
from pattern_operator.apply.managed.managed_object import ManagedObject
from pattern_operator.kube import ApiError, Conflicts, Discovery, KindNotFound, Resource, Session, objects

PATIENCE = 20.0  # seconds; what is waited for takes milliseconds, the machine may be busy
LOOKS = 1000
CONFIG_MAP = Resource(group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True)
NAMESPACE = Resource(group="", version="v1", kind="Namespace", plural="namespaces", namespaced=False)
DEPLOYMENT = Resource(group="apps", version="v1", kind="Deployment", plural="deployments", namespaced=True)


def owner(name: str = "web") -> Owner:
    """A pattern that no other test has."""
    return Owner(owner_id(uuid4().hex), "team", name)


def config_map(
    name: str,
    namespace: str,
    /,
    *,
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
    **entries: str,
) -> Object:
    """A ConfigMap of ``entries``, and of ``data``, whose keys may be any."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if annotations:
        metadata["annotations"] = dict(annotations)
    if labels:
        metadata["labels"] = dict(labels)
    content = {**(data or {}), **entries} or {"a": "1"}
    return Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": content})


def secret(name: str, namespace: str, **text: str) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return Object.of({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": text})


def deployment(name: str, namespace: str, *, replicas: int = 1, app: str = "") -> Object:
    labels = {"app": app or name}
    container = {"name": "main", "image": "registry.example/main:1", "env": [{"name": "LEVEL", "value": "info"}]}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    metadata = {"name": name, "namespace": namespace, "labels": {"tier": "front"}}
    return Object.of({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})


def namespace_named(name: str) -> Object:
    return Object.of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def definition(kind: str, group: str, *, scope: str = "Namespaced") -> Object:
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = {
        "group": group,
        "scope": scope,
        "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
    }
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": spec,
    }
    return Object.of(body)


def two_versions(kind: str, group: str, *, served: tuple[str, ...] = ("v1beta1", "v1beta3")) -> Object:
    """A CRD whose newer version, the stored one, has a field with a default that the older one does not have."""
    fields: dict[str, dict[str, Any]] = {
        "v1beta1": {"port": {"type": "string"}, "old": {"type": "string"}},
        "v1beta3": {"port": {"type": "string"}, "accessPolicy": {"type": "string", "default": "deny"}},
    }
    made = definition(kind, group)
    versions = [
        {
            "name": name,
            "served": True,
            "storage": name == "v1beta3",
            "schema": {
                "openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {"type": "object", "properties": fields[name]}},
                }
            },
        }
        for name in served
    ]
    return Object.of({**made.body, "spec": {**made.body["spec"], "versions": versions}})


def of_version(kind: str, group: str, version: str, namespace: str, **spec: str) -> Object:
    metadata = {"name": "it", "namespace": namespace}
    return Object.of({"apiVersion": f"{group}/{version}", "kind": kind, "metadata": metadata, "spec": spec})


def custom(kind: str, group: str, name: str, namespace: str) -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return Object.of({"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, "spec": {"size": 1}})


@dataclass
class Harness:
    """The parts of the package that reach a cluster, and the notifications of the managed objects."""

    session: Session
    discovery: Discovery
    managed_objects: ManagedObjects
    applier: Applier
    deleter: Deleter
    requests: list[tuple[str, str, int]]
    living: dict[str, Owner] = field(default_factory=dict)  # the patterns that have what carries their label, by id
    events: list[tuple[str, Notification]] = field(default_factory=list)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def apply(self, *desired: Object, by: Owner, conflicts: str = "Fail", **more: Any) -> ApplyResult:
        return await self.applier.apply_all(
            desired, owner=by, conflicts="Take" if conflicts == "Take" else "Fail", owned=more.pop("owned", ()), **more
        )

    def replace_request(self, request: Callable[..., Awaitable[bytes]]) -> None:
        """Send what is asked from now on by ``request``, which may hand it on to the one that was there."""
        pytest.MonkeyPatch().setattr(self.session, "request", request)

    def managed(self, key: ObjectKey) -> ManagedObject:
        """What is known of an object; there is something."""
        found = self.managed_objects.get(key)
        assert found is not None
        return found

    async def resource(self, key: ObjectKey, *, version: str | None = None) -> Resource:
        return await self.discovery.find(group=key.group, kind=key.kind, version=version)

    async def get(self, key: ObjectKey, *, version: str | None = None) -> dict[str, Any]:
        resource = await self.resource(key, version=version)
        return await objects.get(self.session, resource, namespace=key.namespace, name=key.name)

    async def put(self, desired: Object, *, manager: str) -> dict[str, Any]:
        """Apply as somebody else."""
        resource = await self.resource(desired.key)
        return await objects.apply(
            self.session,
            resource,
            body=orjson.dumps(desired.body),
            namespace=desired.key.namespace,
            name=desired.key.name,
            field_manager=manager,
            conflicts=Conflicts.FORCE,
        )

    async def patch(
        self, key: ObjectKey, change: dict[str, Any], *, subresource: str = "", version: str | None = None
    ) -> dict[str, Any]:
        """Merge a change as somebody else."""
        return await objects.patch_merge(
            self.session,
            await self.resource(key, version=version),
            body=orjson.dumps(change),
            namespace=key.namespace,
            name=key.name,
            field_manager="somebody",
            subresource=subresource,
        )

    async def delete(self, key: ObjectKey) -> None:
        await objects.delete(self.session, await self.resource(key), namespace=key.namespace, name=key.name)

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not done():
                self.moved.clear()
                await self.moved.wait()

    def next_event(self) -> Callable[[], bool]:
        """Whether an event was told since this was called; for ``until``."""
        before = len(self.events)
        return lambda: len(self.events) > before

    async def told(self, kind: NotificationKind, key: ObjectKey, *, of: Owner) -> None:
        """Wait for an event."""
        await self.until(lambda: (of.id, Notification(kind, key)) in self.events)

    async def eventually(self, done: Callable[[], Awaitable[bool]]) -> None:
        """Look again and again: for what no event tells of."""
        for _ in range(LOOKS):
            if await done():
                return
            await asyncio.sleep(PATIENCE / LOOKS)
        raise TimeoutError("it has not come about")

    async def until_served(self, group: str, kind: str, *, version: str | None = None) -> None:
        """Wait until the API server shows a kind that was just defined."""

        async def is_served() -> bool:
            self.discovery.invalidate()
            try:
                await self.discovery.find(group=group, kind=kind, version=version)
            except KindNotFound:
                return False
            return True

        await self.eventually(is_served)

    async def until_dropped(self, group: str, kind: str, *, version: str) -> None:
        """Wait until the API server does not serve a version of a kind any more."""

        async def is_dropped() -> bool:
            self.discovery.invalidate()
            try:
                await self.discovery.find(group=group, kind=kind, version=version)
            except KindNotFound:
                return True
            return False

        await self.eventually(is_dropped)

    async def caught_up(self, body: dict[str, Any], key: ObjectKey) -> None:
        """Wait until the watch of the key's kind has told of this version of the object."""
        version = int(body["metadata"]["resourceVersion"])

        async def told() -> bool:
            managed = self.managed_objects.get(key)
            return managed is not None and managed.observed.version >= version

        await self.eventually(told)

    async def is_there(self, key: ObjectKey) -> bool:
        try:
            await self.get(key)
        except ApiError as error:
            if error.code == 404:
                return False
            raise
        return True

    def kinds_told(self, of: Owner) -> list[NotificationKind]:
        return [event.kind for told_to, event in self.events if told_to == of.id]


def entries(*desired: Object) -> inventory.Entries:
    return inventory.entries_of(desired)


def now(*, ahead: timedelta = timedelta()) -> datetime:
    return datetime.now(UTC) + ahead
