"""One collection of an API server in memory: list, watch, get, create and replace, and the ways in which they fail."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from tests.kube.fake_apiserver import serving

from pattern_operator.kube import Resource, Session
from pattern_operator.kube.wellknown import CRD, NAMESPACE

Body = dict[str, Any]


@dataclass
class Collection:
    """The objects of one kind. Of any other kind there are none, and reviews are answered with nothing."""

    resource: Resource
    objects: dict[tuple[str, str], Body] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # ``verb plural``, in order
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)  # verb -> code and reason
    _version: int = 100
    _oldest: int = 0
    _closed: bool = False
    _events: list[tuple[int, bytes]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[Session]:
        """A session to it."""
        async with serving(self.answer) as session:
            try:
                yield session
            finally:
                self._closed = True
                self._changed.set()

    def put(self, name: str, *, namespace: str = "team", **fields: Any) -> Body:
        """Create or change an object as somebody else does."""
        before = self.objects.get((namespace, name))
        metadata = {"name": name, "namespace": namespace}
        if before is not None:
            metadata["uid"] = before["metadata"]["uid"]
        kind = {"apiVersion": self.resource.api_version, "kind": self.resource.kind}
        body = {**kind, "metadata": metadata | fields.pop("metadata", {}), **fields}
        return self._store((namespace, name), body, "ADDED" if before is None else "MODIFIED")

    def drop(self, name: str, *, namespace: str = "team") -> None:
        """Delete an object as somebody else does."""
        body = self.objects.pop((namespace, name))
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        self._tell({"type": "DELETED", "object": body})

    def forget_the_past(self) -> None:
        """Let every watch end with 410, as after a compaction: nobody can go on from the versions before now."""
        self._version += 1
        self._oldest = self._version
        self.fail_watches(410, "Expired")

    def fail_watches(self, code: int, reason: str) -> None:
        """End every watch with an ERROR event."""
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
        self._tell({"type": "ERROR", "object": {**status, "metadata": {}, "message": f"a test: {reason}"}})

    def end_watches(self) -> None:
        """End every watch as the server does when its time is over."""
        self._events.append((self._version, b""))
        self._notify()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        _, found, rest = request.path.partition(f"/{self.resource.version}/")
        parts = rest.split("/") if found else []
        if self.resource.plural not in parts:
            return self._elsewhere(request)
        namespace = parts[1] if parts[0] == "namespaces" and len(parts) > 2 else ""
        name = "".join(parts[parts.index(self.resource.plural) + 1 :][:1])
        verb = self._verb(request, name)
        self.asked.append(f"{verb} {self.resource.plural}")
        if verb in self.refuse:
            return _refusal(*self.refuse[verb])
        if verb == "watch":
            response = web.StreamResponse()
            with suppress(ConnectionResetError):  # whoever watched has left
                await response.prepare(request)
                await self._watch(request, response)
            return response
        if verb == "list":
            items = list(self.objects.values())
            return _json({"metadata": {"resourceVersion": str(self._version)}, "items": items})
        return await self._one(request, verb, (namespace, name))

    def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            return _json({"status": {}}, status=201)
        found = _discovered(request.path, (self.resource, CRD, NAMESPACE))
        return _json(found or {"metadata": {"resourceVersion": "1"}, "items": []})

    @property
    def _named(self) -> str:
        """As the API server names the kind in what it refuses."""
        return f"{self.resource.plural}.{self.resource.group}" if self.resource.group else self.resource.plural

    @staticmethod
    def _verb(request: web.Request, name: str) -> str:
        if request.method != "GET":
            return {"POST": "create", "PUT": "replace", "DELETE": "delete", "PATCH": "patch"}[request.method]
        return "get" if name else ("watch" if request.query.get("watch") else "list")

    async def _one(self, request: web.Request, verb: str, key: tuple[str, str]) -> web.StreamResponse:
        if verb == "create":
            body = orjson.loads(await request.read())
            key = (key[0], body["metadata"]["name"])
            if key in self.objects:
                return _refusal(409, "AlreadyExists", f'{self._named} "{key[1]}" already exists', name=key[1])
            return _json(self._store(key, body, "ADDED"), status=201)
        now = self.objects.get(key)
        if now is None:
            return _refusal(404, "NotFound", f'{self._named} "{key[1]}" not found', name=key[1])
        if verb == "replace":
            body = orjson.loads(await request.read())
            if body["metadata"].get("resourceVersion") not in (None, now["metadata"]["resourceVersion"]):
                changed = f'Operation cannot be fulfilled on {self._named} "{key[1]}": the object has been modified'
                return _refusal(409, "Conflict", changed, name=key[1])
            return _json(self._store(key, body, "MODIFIED"))
        return _json(now)

    def _store(self, key: tuple[str, str], body: Body, event: str) -> Body:
        self._version += 1
        body["metadata"].setdefault("uid", f"uid-{self._version}")
        body["metadata"]["resourceVersion"] = str(self._version)
        self.objects[key] = body
        self._tell({"type": event, "object": body})
        return body

    def _tell(self, event: Body) -> None:
        self._events.append((self._version, orjson.dumps(event) + b"\n"))
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _watch(self, request: web.Request, response: web.StreamResponse) -> None:
        since = int(request.query.get("resourceVersion") or self._version)
        if since < self._oldest:
            await response.write(orjson.dumps({"type": "ERROR", "object": {"kind": "Status", "code": 410}}) + b"\n")
            return
        seen = len([each for each, _ in self._events if each <= since])
        while not self._closed:
            changed = self._changed
            for _, line in self._events[seen:]:
                seen += 1
                if not line:
                    return
                await response.write(line)
                if line.startswith(b'{"type":"ERROR"'):
                    return
            await changed.wait()


async def until(done: Callable[[], bool], *, patience: float = 10.0) -> None:
    """Look every few turns of the loop until it is so: of what is waited for nobody is told."""
    async with asyncio.timeout(patience):
        for _ in range(2_000):
            if done():
                return
            await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")


def _discovered(path: str, kinds: tuple[Resource, ...]) -> Body:
    """What discovery says at a path, in its older form, which kopf reads; empty for any other path."""
    match path.strip("/").split("/"):
        case ["api"]:
            return {"versions": ["v1"]}
        case ["apis"]:
            versions = {each.group: {"version": each.version} for each in kinds if each.group}
            groups = [{"name": group, "versions": [each], "preferredVersion": each} for group, each in versions.items()]
            return {"groups": groups}
        case ["api", _] | ["apis", _, _] as parts:
            group = parts[1] if len(parts) == 3 else ""
            verbs = ["list", "watch", "patch"]
            found = [
                {"name": each.plural, "kind": each.kind, "singularName": "", "namespaced": True, "verbs": verbs}
                for each in kinds
                if each.group == group
            ]
            return {"resources": found}
    return {}


def _json(body: Body, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")


def _refusal(code: int, reason: str, message: str = "", *, name: str = "") -> web.Response:
    status = {"kind": "Status", "code": code, "reason": reason, "message": message or reason}
    return _json(status | {"details": {"name": name}}, status=code)
