"""A request of somebody who is signed in, with all that a page needs to answer it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, ParamSpec, TypeVar

from aiohttp import web

from pattern_operator.console.assets import Asset
from pattern_operator.console.html import Html
from pattern_operator.console.pattern_view import PatternView, ViewPhase
from pattern_operator.console.sessions import BrowserSession, Sessions
from pattern_operator.console.settings import ConsoleSettings, Mode
from pattern_operator.executors import Threads, run_in
from pattern_operator.internal_errors import InternalErrors

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_LOADING: Final = 20.0  # seconds that a page waits for the first list


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """All that one console is made of.

    ``write_yaml`` writes an object as people read it, ``clock`` counts seconds, ``cpu`` are the threads for what would
    hold the event loop.
    """

    settings: ConsoleSettings
    sessions: Sessions
    html: Html
    assets: Mapping[str, Asset]
    errors: InternalErrors
    clock: Callable[[], float]
    now: Callable[[], datetime]
    write_yaml: Callable[[dict[str, Any]], str]
    cpu: Threads

    @property
    def base(self) -> str:
        """The path that all pages are below; empty where it is the root."""
        return self.settings.address.base

    def page(self, template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> web.Response:
        """A page for somebody who is not signed in, or whatever else has no session."""
        return _html(self.html.render(template, session=None, **values), status)


async def form_of(request: web.Request) -> Mapping[str, str]:
    """The fields of a form; files are none.

    Raises:
        web.HTTPException: it is not a form, or larger than is read.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    try:
        form = await request.post()
    except (ValueError, LookupError) as error:  # not the encoding that it names, or none that there is
        raise web.HTTPBadRequest from error
    return {name: value for name, value in form.items() if isinstance(value, str)}


class SignedOut(Exception):
    """The request is of nobody: the API server does not know the token any more, or there is no session."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request, and who makes it."""

    console: Console
    session: BrowserSession
    request: web.Request

    @property
    def may_change(self) -> bool:
        """Whether anything can be changed in the page at all."""
        return self.console.settings.mode is Mode.READ_WRITE

    def render(self, template: str, **values: Any) -> str:
        """A template, with what each page of somebody needs."""
        return self.console.html.render(template, session=self.session, read_only=not self.may_change, **values)

    def page(self, template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> web.Response:
        """A page."""
        return _html(self.render(template, **values), status)

    async def compute(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do in a thread what may take longer than the event loop can be held; it counts for the user."""
        return await run_in(self.console.cpu.of(self.session.user.info.name), work, *args, **kwargs)

    async def patterns(self, namespace: str) -> PatternView:
        """What the user sees of the patterns: of all namespaces, or where that is not allowed of this one.

        Raises:
            SignedOut: the API server does not know the user any more.
            TimeoutError: it has not answered in time.
        """
        view = await self._loaded("")
        if view.state.phase is ViewPhase.FORBIDDEN and namespace:
            view = await self._loaded(namespace)
        return view

    async def _loaded(self, namespace: str) -> PatternView:
        view = self.session.user.patterns(namespace)
        async with asyncio.timeout(LONGEST_LOADING):
            await view.loaded()
        if view.state.phase is ViewPhase.SIGNED_OUT:
            raise SignedOut
        return view


def _html(text: str, status: HTTPStatus) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
