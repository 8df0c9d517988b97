"""A fake registry: real HTTP on 127.0.0.1, content in memory, and any answer replaced by the test's."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from tests.executors import EXECUTORS

from pattern_operator.api.artifact import Descriptor, Signature
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.source import Credential, Credentials, Network, RepositoryClient, TokenCache, fetch_signatures

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
COSIGN = "application/vnd.dev.cosign.artifact.sig.v1+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
NAME = "team/web"

ALICE = Credential("alice", "s3cret-of-alice")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    authorization: str
    body: str = ""


@dataclass
class FakeRegistry:
    """One repository, ``team/web``; ``instead`` replaces what is answered to a method and path (regular expression).

    The newest rule is asked first; one that answers None leaves it to the next, and at last to the content.
    """

    server: BaseTestServer | None = None
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    referrers: list[dict[str, Any]] | None = field(default_factory=list)
    instead: list[tuple[str, str, Handler]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def port(self) -> int | None:
        assert self.server is not None
        return self.server.port

    @property
    def address(self) -> str:
        assert self.server is not None
        return f"{self.server.host}:{self.server.port}"

    @property
    def elsewhere(self) -> str:
        """The same server under another host name, as far as a client can tell."""
        assert self.server is not None
        return f"http://localhost:{self.server.port}"

    @property
    def repository(self) -> Repository:
        return Repository(self.address, NAME)

    def paths(self, method: str) -> list[str]:
        return [asked.path for asked in self.asked if asked.method == method]

    def on(self, method: str, pattern: str, handler: Handler) -> None:
        self.instead.insert(0, (method, pattern, handler))

    def answer(
        self,
        method: str,
        pattern: str,
        *,
        status: int = 200,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        async def handler(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, body=body, headers=dict(headers or {}))

        self.on(method, pattern, handler)

    def redirect(self, pattern: str, location: str, *, status: int = 307) -> None:
        self.answer("GET", pattern, status=status, headers={"Location": location})

    def page(self, path: str, number: int, *, body: bytes, link: str = "", media_type: str = "text/plain") -> None:
        """Answer ``?page=<number>``, the first one also without it."""

        async def handler(request: web.Request) -> web.StreamResponse | None:
            if request.query.get("page", "1") != str(number):
                return None
            headers = {"Content-Type": media_type, **({"Link": link} if link else {})}
            return web.Response(body=body, headers=headers)

        self.on("GET", path, handler)

    def blob(self, content: bytes, media_type: str = "application/octet-stream", **more: Any) -> dict[str, Any]:
        self.blobs[sha256(content)] = content
        return {"mediaType": media_type, "digest": sha256(content), "size": len(content), **more}

    def manifest(
        self, layers: Sequence[dict[str, Any]], *, tag: str | None = None, subject: Digest | None = None, **more: Any
    ) -> Digest:
        document = {"schemaVersion": 2, "mediaType": OCI, "config": self.blob(b"{}", EMPTY), "layers": list(layers)}
        if subject is not None:
            document["subject"] = {"mediaType": OCI, "digest": str(subject), "size": 1}
        return self.document({**document, **more}, tag=tag)

    def document(self, document: dict[str, Any] | bytes, *, tag: str | None = None, media_type: str = OCI) -> Digest:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.manifests[sha256(body)] = (media_type, body)
        if tag is not None:
            self.manifests[tag] = (media_type, body)
        return Digest.parse(sha256(body))

    def refer(self, digest: Digest, artifact_type: str) -> None:
        assert self.referrers is not None
        size = len(self.manifests[str(digest)][1]) if str(digest) in self.manifests else 1
        entry = {"mediaType": OCI, "digest": str(digest), "size": size, "artifactType": artifact_type}
        self.referrers.append(entry)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text() if request.content_type.startswith("application/x-www-form") else ""
        asked = Asked(request.method, request.path_qs, request.headers.get("Authorization", ""), body)
        self.asked.append(asked)
        for method, pattern, handler in self.instead:
            if method == request.method and re.search(pattern, request.path):
                answer = await handler(request)
                if answer is not None:
                    return answer
        kind, _, reference = request.path.removeprefix(f"/v2/{NAME}/").partition("/")
        if request.method in ("POST", "PUT"):
            return await self._take(request, kind=kind, reference=reference)
        if kind == "manifests" and reference in self.manifests:
            media_type, content = self.manifests[reference]
            headers = {"Content-Type": media_type, "Docker-Content-Digest": sha256(content)}
            return web.Response(body=content, headers=headers)
        if kind == "blobs" and reference in self.blobs:
            return web.Response(body=self.blobs[reference])
        if kind == "referrers" and self.referrers is not None:
            return web.Response(body=index(self.referrers), headers={"Content-Type": INDEX})
        return web.json_response({"errors": [{"code": "UNKNOWN", "message": "no such thing"}]}, status=404)

    async def _take(self, request: web.Request, *, kind: str, reference: str) -> web.StreamResponse:
        """What is pushed, believing it as no registry should."""
        if request.method == "POST":
            return web.Response(status=202, headers={"Location": f"/v2/{NAME}/blobs/uploads/1?state=a%2Fb"})
        if kind == "blobs":
            self.blobs[request.query["digest"]] = await request.read()
            return web.Response(status=201)
        digest = self.document(await request.read(), tag=reference, media_type=request.content_type)
        return web.Response(status=201, headers={"Docker-Content-Digest": str(digest)})


def descriptor(content: bytes, *, size: int | None = None) -> Descriptor:
    return Descriptor("text/plain", Digest.of(content), len(content) if size is None else size)


def index(entries: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)}).encode()


@asynccontextmanager
async def serving(*, host: str = "127.0.0.1") -> AsyncIterator[FakeRegistry]:
    fake_registry = FakeRegistry()
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", fake_registry.handle)
    async with TestServer(app, host=host) as server:
        fake_registry.server = server
        yield fake_registry


def client(
    fake_registry: FakeRegistry | Repository,
    network: Network,
    *,
    credential: Credential | None = None,
    tokens: TokenCache | None = None,
    **more: Any,
) -> RepositoryClient:
    repository = fake_registry.repository if isinstance(fake_registry, FakeRegistry) else fake_registry
    return RepositoryClient(
        repository,
        network=network,
        credentials=more.pop("credentials", None if credential is None else Credentials({repository.host: credential})),
        scheme=more.pop("scheme", "http"),
        tokens=tokens or TokenCache(),
        user_agent="test",
        executors=EXECUTORS,
        **more,
    )


async def signatures(digest: Digest, *, registry: RepositoryClient) -> tuple[Signature, ...]:
    """All that claims to sign ``digest``; the first failure to ask is raised, even where another place has some."""
    found = await fetch_signatures(digest, registry=registry)
    for failure in found.failures:
        raise failure
    return found.signatures


def challenged(fake_registry: FakeRegistry, header: str, *, accepted: str) -> None:
    """Let in only who sends the Authorization header ``accepted``."""

    async def guard(request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("Authorization") == accepted:
            return None
        return web.json_response({}, status=401, headers={"WWW-Authenticate": header})

    fake_registry.on("GET", "^/v2/", guard)


def bearer(fake_registry: FakeRegistry, *, host: str | None = None, accepted: str = "t0ken", **token: object) -> None:
    base = host or f"http://{fake_registry.address}"
    challenged(
        fake_registry,
        f'Bearer realm="{base}/token",service="reg",scope="repository:x:pull"',
        accepted=f"Bearer {accepted}",
    )
    fake_registry.answer("GET", "^/token$", body=json.dumps({"token": "t0ken", **token}).encode())
    fake_registry.answer("POST", "^/token$", body=json.dumps({"access_token": "t0ken", **token}).encode())


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3600)
    raise AssertionError
