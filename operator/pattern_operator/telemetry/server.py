"""The HTTP server for /metrics, /healthz and /readyz."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from pattern_operator.telemetry.connections import REQUEST_SECONDS, ConnectionLimiter, limited_connections
from pattern_operator.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthServer:
    """Serves metrics and probes. ``readiness`` returns whether the operator is ready, and its state in words.

    ``liveness_error`` returns why the process is stuck and must be restarted; empty while it is not.
    """

    metrics: Metrics
    readiness: Callable[[], tuple[bool, str]]
    liveness_error: Callable[[], str] = lambda: ""
    connections: ConnectionLimiter = field(default_factory=ConnectionLimiter)
    request_seconds: float = REQUEST_SECONDS

    @asynccontextmanager
    async def serve(self, *, host: str, port: int) -> AsyncIterator[int]:
        """Listen while the context lasts; gives the port, which is a free one where 0 was asked."""
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            server = await self._listen(runner, host=host, port=port)
            try:
                yield server.sockets[0].getsockname()[1]
            finally:
                server.close()
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner, *, host: str, port: int) -> asyncio.Server:
        application = runner.server
        if application is None:
            raise AssertionError("setup() makes the server")
        protocol = limited_connections(application, self.connections, seconds=self.request_seconds)
        return await asyncio.get_running_loop().create_server(protocol, host, port)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _healthz(self, _: web.Request) -> web.Response:
        liveness_error = self.liveness_error()
        if liveness_error:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=f"{liveness_error}\n")
        return web.Response(text="ok\n")  # the answer itself shows that the event loop runs

    async def _readyz(self, _: web.Request) -> web.Response:
        ready, state = self.readiness()
        return web.Response(status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, text=f"{state}\n")
