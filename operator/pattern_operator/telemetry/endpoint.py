"""The HTTP endpoint of the process itself: /metrics, /healthz and /readyz, and nothing else."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from pattern_operator.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Serves metrics and probes. ``probe`` says whether the operator is ready to do its part, and its state.

    ``complaint`` says what does not go on and should: the process is not alive then, and wants to be restarted.
    """

    metrics: Metrics
    probe: Callable[[], tuple[bool, str]]
    complaint: Callable[[], str] = lambda: ""

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
        complaint = self.complaint()
        if complaint:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=f"{complaint}\n")
        return web.Response(text="ok\n")  # and that the loop comes round, the answer itself proves

    async def _readyz(self, _: web.Request) -> web.Response:
        ready, state = self.probe()
        return web.Response(status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, text=f"{state}\n")
