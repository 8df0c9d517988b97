"""The HTTP endpoint of the process itself: /metrics, /healthz and /readyz, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from pattern_operator.telemetry.connections import REQUEST_SECONDS, Connections, counted
from pattern_operator.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Serves metrics and probes. ``probe`` says whether the operator is ready to do its part, and its state.

    ``complaint`` says what does not go on and should: the process is not alive then, and wants to be restarted.
    """

    metrics: Metrics
    probe: Callable[[], tuple[bool, str]]
    complaint: Callable[[], str] = lambda: ""
    connections: Connections = field(default_factory=Connections)
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
            raise AssertionError("it was set up")
        protocol = counted(application, self.connections, seconds=self.request_seconds)
        return await asyncio.get_running_loop().create_server(protocol, host, port)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _healthz(self, _: web.Request) -> web.Response:
        complaint = self.complaint()
        if complaint:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=f"{complaint}\n")
        return web.Response(text="ok\n")  # and that the loop comes round, the answer itself proves

    async def _readyz(self, _: web.Request) -> web.Response:
        ready, state = self.probe()
        return web.Response(status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, text=f"{state}\n")
