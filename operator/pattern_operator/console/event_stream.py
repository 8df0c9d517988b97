"""Server-sent events: parts of a page, sent again when they change.

Source: HTML Living Standard, "Server-sent events". Nothing is queued for a browser that is slow: it gets the newest
when it has taken the last.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from pattern_operator.console.pattern_view import PatternView, ViewPhase
from pattern_operator.console.visit import SignedOut, Visit

MAX_STREAMS: Final = 32  # of one browser; it opens no more than six to one host itself (HTTP/1.1)
HEARTBEAT: Final = 15.0  # seconds; proxies close what is silent for a minute, and ages grow
PAUSE: Final = 0.25  # seconds between two parts: many changes at once are one
SHARE: Final = 10  # times what a part took to make: however much changes, a tab takes a tenth of the loop at most
_ENDS: Final = {ViewPhase.FORBIDDEN: "forbidden", ViewPhase.SIGNED_OUT: "signed-out", ViewPhase.IDLE: "again"}


@dataclass(frozen=True, slots=True)
class EventStream:
    """An open stream to one browser."""

    response: web.StreamResponse

    async def send(self, event: str, data: str = "") -> None:
        """Send one event; the lines of ``data`` are joined again by the browser."""
        lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
        await self.response.write(f"event: {event}\n{lines}\n".encode())

    async def beat(self) -> None:
        """Send a comment, which nobody reads."""
        await self.response.write(b":\n\n")


async def stream_view(visit: Visit, view: PatternView, part: Callable[[], Awaitable[str]]) -> web.StreamResponse:
    """Send ``part`` at once and after each change of ``view``, as long as the browser listens and the user may look."""
    if visit.session.streams >= MAX_STREAMS:
        text = "too many tabs of this browser are live: close some\n"
        return web.Response(status=HTTPStatus.TOO_MANY_REQUESTS, text=text)
    response = _response()
    visit.session.streams += 1
    view.enter()
    try:
        with visit.console.errors.contain("page"), suppress(ConnectionError):  # the browser has left
            await response.prepare(visit.request)
            await _follow(EventStream(response), view, part, request=visit.request)
    finally:
        view.leave()
        visit.session.streams -= 1
    return response


async def send_signed_out(request: web.Request) -> web.StreamResponse:
    """Tell a browser that nobody is signed in: an EventSource does not see the status of an answer."""
    response = _response()
    await response.prepare(request)
    await EventStream(response).send("signed-out")
    return response


def _end_of(view: PatternView, request: web.Request) -> str:
    """What a browser is told at the end; who has a proxy that renews tokens asks again, with the newest."""
    renewed = view.state.phase is ViewPhase.SIGNED_OUT and "Authorization" in request.headers
    return "again" if renewed else _ENDS[view.state.phase]


async def _follow(
    stream: EventStream, view: PatternView, part: Callable[[], Awaitable[str]], *, request: web.Request
) -> None:
    loop = asyncio.get_running_loop()
    last = live = ""
    while True:
        seen, state = view.changes, view.state
        if state.ended:
            await stream.send(_end_of(view, request), state.message)
            return
        began = loop.time()
        try:
            text = await part()
        except SignedOut:
            view.sign_out()
            continue
        took = loop.time() - began
        if text != last:
            last = text
            await stream.send("part", text)
        if (now := f"{state.phase.value}\n{state.message}") != live:
            live = now
            await stream.send(state.phase.value, state.message)
        await asyncio.sleep(max(PAUSE, SHARE * took))
        try:
            async with asyncio.timeout(HEARTBEAT):
                await view.changed(seen)
        except TimeoutError:
            await stream.beat()


def _response() -> web.StreamResponse:
    # X-Accel-Buffering: nginx would keep events back until it has some kilobytes.
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
    return web.StreamResponse(headers=headers)
