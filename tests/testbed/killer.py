"""A proxy between the operator and the API server that ends the operator at a write of its choice, without luck."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from aiohttp import ClientResponse, ClientSession, TCPConnector, web
from tests.testbed.authority import Authority
from tests.testbed.kubeconfig import Kubeconfig

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
NOT_COUNTED: Final = ("/leases", "/events", "reviews", "/token")  # they change no pattern and no object of one
_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})
DRAINED: Final = 10.0  # seconds that the writes which were under way have to end


class Killer:
    """Counts the writes that come by, and calls ``kill`` when the one of the number ``at`` was answered.

    The answer does not reach the operator, and nothing that it sends afterwards reaches the API server until ``arm`` or
    ``let_by`` is called. ``killed`` says that it has happened.
    """

    def __init__(self, upstream: Kubeconfig) -> None:
        self.upstream = upstream
        self.kill: Callable[[], None] = lambda: None
        self.killed = threading.Event()
        self.port = 0
        self._at = self._count = 0
        self._path = ""
        self._refuses = False
        self._under_way = 0

    @property
    def ends(self) -> bool:
        """Whether that write has come."""
        return self._refuses

    def arm(self, at: int, *, path: str = "") -> None:
        """End the operator at the write of this number, counted from now, of those whose URL ends with ``path``."""
        self.killed.clear()
        self._at, self._count, self._path, self._refuses = at, 0, path, False

    def let_by(self) -> None:
        """Only pass on, from now on."""
        self._at, self._refuses = 0, False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass on a request, and its answer unless that is the end."""
        counts = request.method in WRITES and not any(part in request.path for part in NOT_COUNTED)
        body = await request.read()
        if self._refuses:
            return web.Response(status=503)
        headers = _headers(request.headers)
        session: ClientSession = request.app[SESSION]
        url = f"{self.upstream.server}{request.raw_path}"
        if not counts:
            return await _streamed(
                request, await session.request(request.method, url, headers=headers, data=body or None)
            )
        self._under_way += 1
        try:
            answer = await session.request(request.method, url, headers=headers, data=body or None)
            content = await answer.read()
        finally:
            self._under_way -= 1
        self._count += request.path.endswith(self._path)
        if self._at and self._count >= self._at and not self._refuses:
            await self._end()
        if self._refuses:
            return web.Response(status=503)
        return web.Response(status=answer.status, body=content, headers=_headers(answer.headers))

    async def _end(self) -> None:
        self._refuses = True
        await asyncio.to_thread(self.kill)
        for _ in range(int(DRAINED / 0.01)):
            if not self._under_way:
                break
            await asyncio.sleep(0.01)
        self.killed.set()


SESSION: Final = web.AppKey("session", ClientSession)


def _headers(found: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in found.items() if name.lower() not in _HOP}


async def _streamed(request: web.Request, answer: ClientResponse) -> web.StreamResponse:
    """A list or a watch, as it comes."""
    response = web.StreamResponse(status=answer.status, headers=_headers(answer.headers))
    await response.prepare(request)
    async for chunk in answer.content.iter_any():
        await response.write(chunk)
    return response


@contextmanager
def killer(upstream: Kubeconfig, *, authority: Authority) -> Iterator[tuple[Killer, Kubeconfig]]:
    """A killer before the API server of ``upstream``, and the kubeconfig of the same user that leads through it."""
    made = Killer(upstream)
    loop, ready = asyncio.new_event_loop(), threading.Event()
    ended = asyncio.Event()

    async def serve() -> None:
        trusted = ssl.create_default_context(cafile=str(upstream.ca))
        connector = TCPConnector(ssl=trusted, limit=0)
        async with ClientSession(connector=connector, auto_decompress=False) as session:
            app = web.Application(client_max_size=16 * 1024 * 1024)
            app[SESSION] = session
            app.router.add_route("*", "/{path:.*}", made.handle)
            runner = web.AppRunner(app, shutdown_timeout=1.0)
            await runner.setup()
            certificate = authority.serving("killer")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
            await site.start()
            made.port = runner.addresses[0][1]
            ready.set()
            await ended.wait()
            await runner.cleanup()

    def run() -> None:
        loop.run_until_complete(serve())
        for each in asyncio.all_tasks(loop):  # whose operator was killed
            each.cancel()
            with suppress(asyncio.CancelledError, Exception):
                loop.run_until_complete(each)
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10.0)
    path = upstream.path.with_name("killer.kubeconfig")
    through = Kubeconfig(path, f"https://127.0.0.1:{made.port}", authority.ca, upstream.token, upstream.user).write()
    try:
        yield made, through
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10.0)
