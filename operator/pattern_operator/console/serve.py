"""Serves a console until it is cancelled."""

import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from pattern_operator.console import application
from pattern_operator.console.assets import load
from pattern_operator.console.html import Html
from pattern_operator.console.sessions import Sessions
from pattern_operator.console.settings import ConsoleSettings
from pattern_operator.console.visit import Console
from pattern_operator.executors import Threads
from pattern_operator.internal_errors import InternalErrors

SHUTDOWN: Final = 1.0  # seconds that open streams have at the end
MAX_HEAD: Final = 32 * 1024  # bytes of a header: tokens of identity providers are long


def console_of(settings: ConsoleSettings, *, cpu: Threads, write_yaml: Callable[[dict[str, Any]], str]) -> Console:
    """A console with nobody in it yet."""
    errors = InternalErrors()
    assets = load()
    now = lambda: datetime.now(UTC)  # noqa: E731 - it is one line
    return Console(
        settings=settings,
        sessions=Sessions(errors=errors, clock=time.monotonic),
        html=Html(base=settings.address.base, now=now, assets={name: asset.digest for name, asset in assets.items()}),
        assets=assets,
        errors=errors,
        clock=time.monotonic,
        now=now,
        write_yaml=write_yaml,
        cpu=cpu,
    )


@asynccontextmanager
async def serving(listener: socket.socket, console: Console) -> AsyncIterator[None]:
    """Answer on a bound socket as long as the block runs; then everybody is signed out."""
    app = application.create(console)
    # A page or stream that nobody waits for any more is ended at once.
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN, max_field_size=MAX_HEAD
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
