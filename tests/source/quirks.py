"""A proxy before a real registry that misbehaves in one way, as registries in use do.

The modes of ``tests/data/field-cases/quirk.py``, which were made after public reports, and siblings of them.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

_HOP: frozenset[str] = frozenset({"host", "connection", "content-length", "transfer-encoding", "date", "server"})
UNSUPPORTED = b'{"errors":[{"code":"UNSUPPORTED","message":"no such endpoint"}]}'
EMPTY = "application/vnd.oci.empty.v1+json"


class Quirks:
    """Passes requests on to ``upstream`` and changes the answers as ``mode`` says; ``mode`` may be changed."""

    def __init__(self, upstream: str, client: aiohttp.ClientSession) -> None:
        self.mode = ""
        self.upstream = upstream
        self._client = client
        self.server: BaseTestServer | None = None

    @property
    def port(self) -> int | None:
        assert self.server is not None
        return self.server.port

    @property
    def address(self) -> str:
        """``host:port`` of the proxy."""
        assert self.server is not None
        return f"{self.server.host}:{self.server.port}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path, mode = request.raw_path, self.mode
        if mode == "head404" and request.method == "HEAD" and "/manifests/" in path:
            return web.Response(status=404)
        if "/referrers/" in path and mode.startswith("referrers"):
            return await self._no_referrers(request, how=mode.removeprefix("referrers"))
        if mode == "dashdigest":
            if "/referrers/" in path:
                return web.Response(status=404, text="404 page not found")
            path = re.sub(r"/manifests/sha256-([0-9a-f]{64})(\.sig)?$", r"/manifests/sha256:\1", path)
        sent = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        url = f"http://{self.upstream}{path}"
        async with self._client.request(request.method, url, data=await request.read() or None, headers=sent) as answer:
            body = await answer.read()
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            status = answer.status
        if "Location" in headers:
            headers["Location"] = headers["Location"].replace(self.upstream, self.address)
        if request.method in ("GET", "HEAD") and status == 200:
            body = self._changed(path, body, headers)
        return web.Response(status=status, body=body, headers=headers)

    def _changed(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        manifest = "/manifests/" in path
        if self.mode == "awschunked" and "/blobs/" in path:
            headers["Content-Encoding"] = "aws-chunked"
        if self.mode in ("octet", "json") and manifest:
            headers["Content-Type"] = "application/octet-stream" if self.mode == "octet" else "application/json"
        if "/referrers/" in path and body:
            return self._relisted(body, headers)
        return body

    def _relisted(self, body: bytes, headers: dict[str, str]) -> bytes:
        document = json.loads(body)
        for entry in document.get("manifests") or []:
            match self.mode:
                case "emptytype":
                    entry["artifactType"] = EMPTY
                case "configtype":
                    entry["artifactType"] = "application/vnd.oci.image.config.v1+json"
                case "blanktype":
                    entry["artifactType"] = ""
                case "notype":
                    entry.pop("artifactType", None)
                case "bareentries":
                    entry.pop("artifactType", None)
                    entry.pop("annotations", None)
        if self.mode == "jsonlist":
            headers["Content-Type"] = "application/json"
        return json.dumps(document).encode()

    async def _no_referrers(self, request: web.Request, *, how: str) -> web.StreamResponse:
        match how:
            case "html":
                return web.Response(text="<html>sign in</html>", content_type="text/html")
            case "login":
                return web.Response(status=302, headers={"Location": "/login"})
            case "elsewhere":
                return web.Response(status=302, headers={"Location": f"http://localhost:{request.url.port}/login"})
            case "truncated":
                return web.Response(body=b'{"schemaVersion": 2, "manifests": [{"media', content_type=_INDEX)
            case "manifest":
                return web.Response(body=b'{"schemaVersion": 2, "manifests": []}', content_type=_MANIFEST)
            case "null":
                return web.Response(body=b"null", content_type=_INDEX)
            case "empty":
                return web.Response(body=b"", content_type=_INDEX)
            case "reset":
                assert request.transport is not None
                request.transport.abort()
                await asyncio.sleep(0)
                return web.Response()
            case "401":
                return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'}, body=UNSUPPORTED)
        return web.Response(status=int(how), body=UNSUPPORTED, content_type="application/json")


_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@asynccontextmanager
async def quirks(upstream: str) -> AsyncIterator[Quirks]:
    """A proxy before the registry at ``upstream`` (host:port) as long as the block runs."""
    async with aiohttp.ClientSession(auto_decompress=False) as client:
        proxy = Quirks(upstream, client)
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", proxy.handle)
        async with TestServer(app, host="127.0.0.1") as server:
            proxy.server = server
            yield proxy
