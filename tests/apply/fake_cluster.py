"""A cluster in memory for those who apply and delete: what an API server does to objects, and the ways in which it
refuses. Server-side apply is done field by field, lists as a whole; nothing is validated. What it makes of a
resourceVersion is what a real one does (``test_create_only``).
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from aiohttp import web
from tests.apply.fake_watches import FakeWatches, NoTasks
from tests.kube.fake_apiserver import serving

from pattern_operator.api.object import Object
from pattern_operator.apply import Applier, ApplyResult, Deleter, ManagedObjects, Notification, Owner, Transfers
from pattern_operator.kube import Discovery, KindNotFound, Resource, Session, WatchEvent, WatchEventType
from pattern_operator.kube.kind_existence import Definitions

Body = dict[str, Any]
Refusal = Callable[["Request"], web.Response | None]
CLUSTER_SCOPED = frozenset(
    {"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "ValidatingWebhookConfiguration"}
)
OWNER_LABEL = "pattern-operator.io/owner"
WEB, SHOP = Owner("webwebwebwebwebwebwebweb", "team", "web"), Owner("shopshopshopshopshopshop", "team", "shop")


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    params: dict[str, str]
    body: Any
    user: str
    content_type: str

    @property
    def is_forced(self) -> bool:
        return self.params.get("force") == "true"


class KnownKinds(Discovery):
    """Knows every kind but those in ``gone``: they are gone for good; of those in ``hidden`` nobody can say.

    ``listed`` are those of which objects can be listed.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.gone: set[str] = set()
        self.hidden: set[str] = set()
        self.invalidated = 0
        self.looks: dict[int, Definitions] = {}  # by which it was looked for kinds that are gone
        self.listed = [Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)]

    async def find(self, *, group: str, kind: str, version: str | None = None) -> Resource:
        if kind in self.gone | self.hidden:
            raise KindNotFound(group=group, kind=kind, version=version)
        namespaced = kind not in CLUSTER_SCOPED
        return Resource(group, version or "v1", kind, f"{kind.lower()}s", namespaced=namespaced)

    async def is_gone(self, *, group: str, kind: str, definitions: Definitions) -> bool:
        self.looks[id(definitions)] = definitions
        return kind in self.gone

    async def deletable(self, *, group: str | None = None) -> tuple[Resource, ...]:
        return tuple(each for each in self.listed if group in (None, each.group))

    def invalidate(self, resource: Resource | None = None) -> None:
        self.invalidated += 1


@dataclass
class FakeCluster:
    """The cluster, and an applier and a deleter at it. What a watch shows is shown by ``show``."""

    objects: dict[str, Body] = field(default_factory=dict)  # by path
    requests: list[Request] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    told: list[tuple[str, Notification]] = field(default_factory=list)
    patterns: dict[str, Owner] = field(default_factory=dict)  # that live, by id
    admission: Callable[[Body], None] = lambda _: None  # changes what is stored by an apply
    takes_any_version: bool = False  # as an aggregated API server may: an apply is refused for no resourceVersion
    _version: int = 100

    @asynccontextmanager
    async def serve(self, *living: Owner) -> AsyncIterator["FakeCluster"]:
        """Serve it, and put those who apply and delete at it; these patterns live."""
        self.patterns |= {each.id: each for each in living}
        async with serving(self._answer) as session:
            self.session = session
            self.discovery = KnownKinds(session)
            self.watches = FakeWatches()
            self.managed_objects = ManagedObjects(
                session,
                tasks=NoTasks(),
                on_change=lambda owner, notification: self.told.append((owner, notification)),
                now=lambda: datetime.now(UTC),
            )
            self.managed_objects._watches = self.watches
            self.transfers = Transfers()
            self.applier = Applier(
                session,
                self.discovery,
                managed_objects=self.managed_objects,
                transfers=self.transfers,
                holder=lambda label, _: self.patterns.get(label),
            )
            self.deleter = Deleter(
                session, self.discovery, managed_objects=self.managed_objects, transfers=self.transfers
            )
            yield self

    async def apply(self, *desired: Object, by: Owner = WEB, **more: Any) -> ApplyResult:
        """As ``Applier.apply_all``: with no force, and of a pattern that has nothing, where nothing else is said."""
        return await self.applier.apply_all(desired, owner=by, **{"conflicts": "Fail", "owned": (), **more})

    def put(self, desired: Object, *, owner: str = "", **metadata: Any) -> Body:
        """Make an object as somebody else does, with the label of ``owner``."""
        path = path_of(desired)
        labels = {OWNER_LABEL: owner} if owner else {}
        given = desired.body.get("metadata", {})
        body = deepcopy(desired.body) | {
            "metadata": {
                **given,
                "uid": uuid4().hex,
                "creationTimestamp": "2026-05-01T12:00:00Z",
                "labels": {**given.get("labels", {}), **labels},
                "managedFields": [managed("kubectl", "Update", fields_of(desired.body))],
                **metadata,
            }
        }
        return self._store(path, body)

    def show(self, desired: Object, kind: WatchEventType = WatchEventType.MODIFIED) -> None:
        """Let the watch show an object as it is."""
        key = desired.key
        resource = Resource(key.group, "v1", key.kind, f"{key.kind.lower()}s", namespaced=bool(key.namespace))
        self.managed_objects._events.handle(resource, WatchEvent(kind, deepcopy(self.objects[path_of(desired)])))

    def at(self, desired: Object) -> Body:
        """The object as it is, which is there."""
        return self.objects[path_of(desired)]

    def has(self, desired: Object) -> bool:
        """Whether the object is there."""
        return path_of(desired) in self.objects

    def sent(self, method: str, desired: Object) -> list[Request]:
        """The requests of this method about the object."""
        return [each for each in self.requests if (each.method, each.path) == (method, path_of(desired))]

    def refuse(self, method: str, desired: Object, *answers: web.Response) -> None:
        """Give these answers to the next requests of this method about the object."""
        left, path = list(answers), path_of(desired)

        def refuse(request: Request) -> web.Response | None:
            return left.pop(0) if left and (request.method, request.path) == (method, path) else None

        self.refusals.append(refuse)

    def lose_answers(self, method: str, desired: Object) -> None:
        """Do what requests of this method about the object ask, and answer as a proxy that lost its connection."""
        do, path = {"PATCH": self._apply, "DELETE": self._delete}[method], path_of(desired)

        def lose(request: Request) -> web.Response | None:
            if (request.method, request.path) != (method, path):
                return None
            do(request, self.objects.get(path))
            return web.Response(status=503)

        self.refusals.append(lose)

    async def _answer(self, request: web.Request) -> web.Response:
        content = await request.read()
        seen = Request(
            request.method,
            request.path,
            dict(request.query),
            orjson.loads(content) if content else None,
            request.headers.get("Impersonate-User", ""),
            request.headers.get("Content-Type", ""),
        )
        self.requests.append(seen)
        for each in self.refusals:
            if (refused := each(seen)) is not None:
                return refused
        name = seen.path.rpartition("/")[2]
        found = self.objects.get(seen.path)
        match seen.method:
            case "GET" if found is None and not is_collection(seen.path):
                return missing(name)
            case "GET" if found is None:
                items = [each for path, each in self.objects.items() if path.startswith(f"{seen.path}/")]
                return answer({"metadata": {"resourceVersion": str(self._version)}, "items": items})
            case "GET" if found is not None and "PartialObjectMetadata" in request.headers.get("Accept", ""):
                return answer({"metadata": found["metadata"]})
            case "GET":
                return answer(found)
            case "DELETE":
                return self._delete(seen, found)
            case "PATCH" if "apply-patch" in request.headers["Content-Type"]:
                return self._apply(seen, found)
            case "PATCH":
                return missing(name) if found is None else self._merge(seen, found)
        return status(405, "MethodNotAllowed", "no")

    def _store(self, path: str, body: Body) -> Body:
        before = self.objects.get(path)
        if before is not None and {**before, "metadata": None} == {**body, "metadata": None}:
            same = {**before["metadata"], "managedFields": None} == {**body["metadata"], "managedFields": None}
            if same and before["metadata"].get("managedFields") == body["metadata"].get("managedFields"):
                return before
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        self.objects[path] = body
        return body

    def _delete(self, request: Request, found: Body | None) -> web.Response:
        name = request.path.rpartition("/")[2]
        if found is None:
            return missing(name)
        if request.body.get("preconditions", {}).get("uid") not in (None, found["metadata"]["uid"]):
            return conflict(request.path, "the UID in the precondition (a) does not match the UID in record (b).")
        if found["metadata"].get("finalizers"):
            changed = deepcopy(found)
            changed["metadata"]["deletionTimestamp"] = "2026-05-01T13:00:00Z"
            return answer(self._store(request.path, changed))
        del self.objects[request.path]
        return answer({"kind": "Status", "status": "Success"})

    def _apply(self, request: Request, found: Body | None) -> web.Response:
        name = request.path.rpartition("/")[2]
        body, manager = deepcopy(request.body), request.params["fieldManager"]
        uid, version = body["metadata"].pop("uid", ""), body["metadata"].pop("resourceVersion", "")
        if uid and (found is None or found["metadata"]["uid"] != uid):
            why = "uid mismatch: the provided object specified uid a, and no existing object was found"
            return conflict(request.path, why) if found is None else another_uid(name)
        ours = fields_of(body)
        now: Body = deepcopy(found) if found is not None else {"metadata": {"uid": uuid4().hex}}
        entries = [e for e in now["metadata"].get("managedFields", []) if e["manager"] != manager]
        held = [
            (path, each["manager"])
            for each in entries
            for path in leaves(ours)
            if has(each["fieldsV1"], path) and value_at(now, path) != value_at(body, path)
        ]
        if held and not request.is_forced:
            causes = [
                {"reason": "FieldManagerConflict", "message": f'conflict with "{who}"', "field": ".".join(path)}
                for path, who in held
            ]
            return status(409, "Conflict", "Apply failed with conflicts", name=name, causes=causes)
        is_other = found is not None and version not in ("", found["metadata"]["resourceVersion"])
        if is_other and not self.takes_any_version:
            return conflict(request.path)
        for each in entries:
            for path, who in held:
                if who == each["manager"]:
                    drop(each["fieldsV1"], path)
        before = next((e for e in now["metadata"].get("managedFields", []) if e["manager"] == manager), None)
        for path in leaves(before["fieldsV1"]) if before else ():
            if not has(ours, path) and not any(has(each["fieldsV1"], path) for each in entries):
                remove(now, path)
        merge(now, body)
        now["metadata"]["managedFields"] = [*entries, managed(manager, "Apply", ours)]
        now["metadata"].setdefault("creationTimestamp", "2026-05-01T12:00:00Z")
        self.admission(now)
        if request.params.get("dryRun"):
            return answer(now)
        return answer(self._store(request.path, now))

    def _merge(self, request: Request, found: Body) -> web.Response:
        metadata = request.body.get("metadata", {})
        if metadata.get("resourceVersion", "") not in ("", found["metadata"]["resourceVersion"]):
            return conflict(request.path)
        now = deepcopy(found)
        merge(now, request.body)
        now["metadata"]["managedFields"] = [e for e in now["metadata"].get("managedFields", []) if e]
        return answer(self._store(request.path, now))


def is_collection(path: str) -> bool:
    parts = path.strip("/").split("/")
    return len(parts[2 if parts[0] == "api" else 3 :]) % 2 == 1


def path_of(desired: Object) -> str:
    key = desired.key
    group, _, version = desired.api_version.rpartition("/")
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    space = f"/namespaces/{key.namespace}" if key.namespace else ""
    return f"{root}{space}/{key.kind.lower()}s/{key.name}"


def answer(body: Any) -> web.Response:
    return web.Response(body=orjson.dumps(body))


def status(code: int, reason: str, message: str, *, name: str = "", causes: Any = ()) -> web.Response:
    details = {"name": name, "causes": list(causes)} if name or causes else {}
    body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    return web.Response(status=code, body=orjson.dumps(body | {"details": details}))


CHANGED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(path: str, why: str = CHANGED) -> web.Response:
    """A write of the object at this path is refused, because somebody was faster; in the API server's words."""
    *rest, plural, name = path.strip("/").split("/")
    resource = plural if rest[0] == "api" else f"{plural}.{rest[1]}"
    return status(409, "Conflict", f'Operation cannot be fulfilled on {resource} "{name}": {why}', name=name)


def another_uid(name: str) -> web.Response:
    """An apply names another UID than the object has."""
    rule = 'Invalid value: "a": field is immutable'
    cause = {"reason": "FieldValueInvalid", "field": "metadata.uid", "message": rule}
    return status(422, "Invalid", f'ConfigMap "{name}" is invalid: metadata.uid', name=name, causes=[cause])


def denied(code: int, reason: str = "", *, name: str = "", causes: Any = ()) -> web.Response:
    """An admission webhook refuses it, with a code, a reason and details of its choice."""
    words = 'admission webhook "guard.example.com" denied the request: not allowed by the policy of the team'
    return status(code, reason, words, name=name, causes=causes)


def missing(name: str) -> web.Response:
    """There is no such object."""
    return status(404, "NotFound", f'configmaps "{name}" not found', name=name)


def not_served() -> web.Response:
    """Nothing is served at the path."""
    return web.Response(status=404, text="404 page not found\n")


def managed(manager: str, operation: str, fields: Body) -> Body:
    entry: Body = {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1"}
    return entry | {"fieldsV1": fields, "time": "2026-05-01T12:00:00Z"}


def fields_of(body: Body) -> Body:
    """The fields of a manifest, as managedFields writes them."""
    left = {name: each for name, each in body.items() if name not in ("apiVersion", "kind", "status")}
    metadata = {
        name: each for name, each in left.pop("metadata", {}).items() if name in ("labels", "annotations", "finalizers")
    }
    return _tree(left | ({"metadata": metadata} if metadata else {}))


def _tree(value: Any) -> Body:
    return {f"f:{name}": _tree(each) for name, each in value.items()} if isinstance(value, dict) else {}


def leaves(fields: Body, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not fields:
        return [at] if at else []
    return [path for name, inner in fields.items() for path in leaves(inner, (*at, name[2:]))]


def has(fields: Body, path: tuple[str, ...]) -> bool:
    for name in path:
        if f"f:{name}" not in fields:
            return False
        fields = fields[f"f:{name}"]
    return True


def drop(fields: Body, path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        fields = fields.get(f"f:{name}", {})
    fields.pop(f"f:{path[-1]}", None)


def value_at(body: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def remove(body: Body, path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        body = body.get(name, {})
    body.pop(path[-1], None)


def merge(into: Body, patch: Body) -> None:
    """JSON merge patch (RFC 7386)."""
    for name, each in patch.items():
        if each is None:
            into.pop(name, None)
        elif isinstance(each, dict):
            if not isinstance(into.get(name), dict):
                into[name] = {}
            merge(into[name], each)
        else:
            into[name] = each
