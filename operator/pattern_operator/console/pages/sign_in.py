"""Signing in and out: by the one-time link of ``patternctl console``, by a pasted token, or by a proxy's token."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from aiohttp import web

from pattern_operator.console.sessions import BrowserSession
from pattern_operator.console.settings import LocalSignIn, TokenSignIn
from pattern_operator.console.visit import Console, SignedOut, Visit, form_of
from pattern_operator.kube import ApiError

MAX_TOKEN: Final = 16_384  # characters; those of identity providers with many groups have some thousand
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")  # what a header can hold, without spaces (RFC 9110, "Field Values")


@dataclass(slots=True)
class OneTimeToken:
    """A token that is good for one sign-in."""

    _token: str = field(repr=False)

    def exchange(self, given: str) -> bool:
        """Whether ``given`` is the token, and nobody had it before."""
        good = bool(self._token) and secrets.compare_digest(self._token.encode(), given.encode(errors="replace"))
        if good:
            self._token = ""
        return good

    def give_back(self, given: str) -> None:
        """Let it be exchanged again: nobody could be signed in."""
        self._token = given


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who may be who, by the settings of ``console``."""

    console: Console
    one_time_token: OneTimeToken

    @classmethod
    def of(cls, console: Console) -> "SignIn":
        """As the console's settings say."""
        way = console.settings.sign_in
        return cls(console, OneTimeToken(way.one_time_token if isinstance(way, LocalSignIn) else ""))

    async def session_of(self, request: web.Request) -> BrowserSession:
        """Whose request it is.

        Raises:
            SignedOut: nobody's.
            ApiError: a proxy sent a token, and the API server could not be asked whose it is.
        """
        session = await self.console.sessions.find(request.cookies.get(self.console.settings.address.cookie, ""))
        way = self.console.settings.sign_in
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if isinstance(way, TokenSignIn) and scheme.lower() == "bearer":
            return await self._of_proxy(session, token.strip(), way)
        if session is None:
            raise SignedOut
        return session

    async def _of_proxy(self, session: BrowserSession | None, token: str, way: TokenSignIn) -> BrowserSession:
        """The session of the token that came with the request; another token is another session."""
        if not _is_token(token):
            raise SignedOut
        if session is not None and session.credential == _digest(token):
            return session
        if (found := self.console.sessions.with_credential(_digest(token))) is not None:
            return found
        try:
            begun = await self.console.sessions.begin(way.endpoint_of(token), credential=_digest(token))
        except ApiError as error:
            if error.code == HTTPStatus.UNAUTHORIZED:
                raise SignedOut from error
            raise
        if session is not None and session.user.info == begun.user.info:
            begun.token = session.token  # the token of the proxy was renewed: pages that are open go on
        return begun

    def page(self, request: web.Request, *, problem: str = "") -> web.Response:
        """What somebody sees who is not signed in."""
        template = "sign_in_local.html" if isinstance(self.console.settings.sign_in, LocalSignIn) else "sign_in.html"
        target = _inside(self.console.base, request.path_qs)
        return self.console.page(template, status=HTTPStatus.UNAUTHORIZED, problem=problem, target=target)

    async def by_link(self, request: web.Request) -> web.Response:
        """Exchange the one-time token of the URL for a cookie."""
        way = self.console.settings.sign_in
        token = request.query.get("token", "")
        if not isinstance(way, LocalSignIn) or not self.one_time_token.exchange(token):
            return self.page(request, problem="This link was used already, or is not of this console.")
        try:
            session = await self.console.sessions.begin(way.endpoint)
        except ApiError:
            self.one_time_token.give_back(token)
            raise
        response = self.console.page("signed_in.html")
        self.remember(response, session)
        return response

    async def by_form(self, request: web.Request) -> web.Response:
        """Take a pasted token."""
        way = self.console.settings.sign_in
        form = await form_of(request)
        token = form.get("bearer", "").strip().removeprefix("Bearer ").strip()
        target = _inside(self.console.base, form.get("target", ""))
        if not isinstance(way, TokenSignIn):
            return self.page(request)
        if not _is_token(token):
            return self._again(target, "That is not a bearer token: it has no spaces and no line breaks.")
        try:
            session = await self.console.sessions.begin(way.endpoint_of(token), credential=_digest(token))
        except ApiError as error:
            if error.code != HTTPStatus.UNAUTHORIZED:
                raise
            return self._again(target, "The API server does not know this token: it is wrong, or has expired.")
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": target})
        self.remember(response, session)
        return response

    def _again(self, target: str, problem: str) -> web.Response:
        return self.console.page("sign_in.html", status=HTTPStatus.UNAUTHORIZED, problem=problem, target=target)

    async def sign_out(self, visit: Visit) -> web.Response:
        """Forget who it was."""
        await self.console.sessions.end(visit.session)
        response = self.console.page("signed_out.html")
        self.forget(response)
        return response

    def remember(self, response: web.Response, session: BrowserSession) -> None:
        """Give the browser the cookie."""
        address = self.console.settings.address
        response.set_cookie(
            address.cookie, session.id, path="/", secure=address.is_secure, httponly=True, samesite="Strict"
        )

    def keep(self, request: web.Request, response: web.Response, session: BrowserSession) -> None:
        """Give the browser the cookie of a session that began with this request, by the token of a proxy."""
        if request.cookies.get(self.console.settings.address.cookie) != session.id and not response.cookies:
            self.remember(response, session)

    def forget(self, response: web.StreamResponse) -> None:
        """Take the cookie back."""
        address = self.console.settings.address
        response.del_cookie(address.cookie, path="/", secure=address.is_secure, httponly=True, samesite="Strict")


def _is_token(text: str) -> bool:
    return len(text) <= MAX_TOKEN and _TOKEN.fullmatch(text) is not None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _inside(base: str, target: str) -> str:
    """``target`` where it is a page of the console, else its first page."""
    inside = target.startswith(f"{base}/") and not target.startswith((f"{base}//", f"{base}/sign-"))
    plain = target.isascii() and target.isprintable() and "\\" not in target and not target.startswith("//")
    return target if inside and plain and "/stream" not in target else f"{base}/"
