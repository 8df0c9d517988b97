"""The HTTP endpoint of the process itself: /metrics, /healthz and /readyz, and nothing else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from pattern_operator.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Serves metrics and probes. ``ready`` says whether the operator has begun its work."""

    metrics: Metrics
    ready: Callable[[], bool]

    @asynccontextmanager
    async def serve(self, *, host: str, port: int) -> AsyncIterator[int]:
        """Listen while the context lasts; gives the port, which is a free one where 0 was asked."""
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")  # that the loop answers is the proof

    async def _readyz(self, _: web.Request) -> web.Response:
        if self.ready():
            return web.Response(text="ok\n")
        return web.Response(status=503, text="not yet: the patterns have not been listed\n")
