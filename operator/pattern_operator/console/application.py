"""Puts the console together: which address is answered by which page, and what holds for every request."""

from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from pattern_operator.console import assets
from pattern_operator.console.event_stream import send_signed_out
from pattern_operator.console.pages import pattern, patterns, who_am_i
from pattern_operator.console.pages.pattern import NotPossible
from pattern_operator.console.pages.sign_in import SignIn
from pattern_operator.console.request_checks import SAFE, RefusedRequest, check_host, check_site
from pattern_operator.console.security_headers import add_security_headers
from pattern_operator.console.settings import LocalSignIn
from pattern_operator.console.user import TooManyViews
from pattern_operator.console.visit import Console, SignedOut, Visit, form_of
from pattern_operator.kube import ApiError, ApiUnavailable

MAX_FORM: Final = 64 * 1024  # bytes of a form
PROBE: Final = "/healthz"  # of the kubelet, which knows no host name
UNKNOWN_USER: Final = (
    "The API server does not know who you are: log in to the cluster again, or correct the user in the kubeconfig, and"
    " reload this page."
)
_REFUSALS: Final[dict[int, tuple[HTTPStatus, str]]] = {
    HTTPStatus.UNAUTHORIZED: (HTTPStatus.UNAUTHORIZED, "Not known"),
    HTTPStatus.FORBIDDEN: (HTTPStatus.FORBIDDEN, "Not allowed"),
    HTTPStatus.NOT_FOUND: (HTTPStatus.NOT_FOUND, "Not found"),
    HTTPStatus.CONFLICT: (HTTPStatus.CONFLICT, "Changed meanwhile"),
    HTTPStatus.UNPROCESSABLE_ENTITY: (HTTPStatus.UNPROCESSABLE_ENTITY, "Refused"),
}
Page = Callable[[Visit], Awaitable[web.StreamResponse]]


def create(console: Console) -> web.Application:
    """The application, for ``aiohttp.web``; with it, everybody is signed out."""
    application = _Application(console)
    app = web.Application(middlewares=[application.guard], client_max_size=MAX_FORM)
    app.on_response_prepare.append(add_security_headers)
    for base in sorted({"", console.base}):  # a proxy may take the path off, or leave it
        application.add_routes(app.router, base)
    app.cleanup_ctx.append(application.lifetime)
    return app


class _Application:
    """The parts that requests share."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._sign_in = SignIn.of(console)

    def add_routes(self, router: web.UrlDispatcher, base: str) -> None:
        """Add all addresses below ``base``."""
        one = f"{base}/patterns/{{namespace}}/{{name}}"
        pages: dict[str, Page] = {
            f"{base}/patterns": patterns.show,
            f"{base}/patterns/stream": patterns.stream,
            one: pattern.show,
            f"{one}/stream": pattern.stream,
            f"{one}/do/{{action}}": pattern.confirm,
            f"{base}/who-am-i": who_am_i.show,
        }
        for path, page in pages.items():
            router.add_get(path, self._for_user(page), allow_head=False)  # a stream would have no end
        router.add_post(f"{one}/do/{{action}}", self._for_user(pattern.act))
        router.add_post(f"{base}/sign-out", self._for_user(self._sign_in.sign_out))
        router.add_post(f"{base}/sign-in", self._sign_in.by_form)
        router.add_get(f"{base}/sign-in", self._sign_in.by_link, allow_head=False)
        router.add_get(f"{base}/static/{{name}}", self._asset)
        router.add_get(f"{base}/", self._first)

    async def lifetime(self, _: web.Application) -> AsyncIterator[None]:
        """Sign everybody out at the end."""
        yield
        await self._console.sessions.end_all()

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what other sites ask for, and answer what went wrong with a page that says so."""
        if request.path == PROBE:
            return web.Response(text="ok\n")
        try:
            if not request.raw_path.isascii():  # browsers send nothing else (RFC 3986, section 2)
                raise RefusedRequest("the address holds characters that no address has")
            check_host(request.headers, self._console.settings.address)
            check_site(request.method, request.headers, self._console.settings.address)
            return await handler(request)
        except RefusedRequest as error:
            return self._problem(HTTPStatus.FORBIDDEN, "Refused", str(error))
        except web.HTTPException as error:
            if error.status < HTTPStatus.BAD_REQUEST:
                raise
            return self._problem(HTTPStatus(error.status), error.reason, "The address, or what was sent, is wrong.")
        except ApiError as error:
            return self._problem(*_title_of(error), error.message)
        except TimeoutError:
            return self._problem(HTTPStatus.GATEWAY_TIMEOUT, "No answer", "The API server has not answered in time.")
        except ConnectionError:
            raise
        except Exception as error:  # a defect costs this request
            self._console.errors.record("page", error)
            return self._problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error", "The console's log has more.")

    def _for_user(self, page: Page) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                session = await self._sign_in.session_of(request)
            except SignedOut:
                return await self._nobody(request)
            visit = Visit(self._console, session, request)
            try:
                if request.method not in SAFE:
                    await _check_token(visit)
                response = await page(visit)
            except SignedOut:
                response = await self._lost(visit)
            except ApiError as error:
                response = await self._refused(visit, error)
            except NotPossible as error:
                response = visit.page(
                    "problem.html", status=HTTPStatus.CONFLICT, title="Not possible", message=str(error)
                )
            except TooManyViews:
                message = "Too many namespaces are looked at at once: close some tabs, and wait a minute."
                response = visit.page(
                    "problem.html", status=HTTPStatus.TOO_MANY_REQUESTS, title="Too many", message=message
                )
            if isinstance(response, web.Response) and session.credential and not response.prepared:
                self._sign_in.keep(request, response, session)
            return response

        return answer

    async def _nobody(self, request: web.Request) -> web.StreamResponse:
        """The answer to somebody who is not signed in; a live page then asks no more."""
        if request.path.endswith("/stream"):
            return await send_signed_out(request)
        response = self._sign_in.page(request)
        self._sign_in.forget(response)
        return response

    async def _lost(self, visit: Visit) -> web.StreamResponse:
        """The API server does not know the user: over, but for who has a kubeconfig, which may be mended."""
        if not isinstance(self._console.settings.sign_in, LocalSignIn):
            await self._console.sessions.end(visit.session)
            return await self._nobody(visit.request)
        visit.session.user.forget_views()
        if visit.request.path.endswith("/stream"):
            return await send_signed_out(visit.request)
        return visit.page("problem.html", status=HTTPStatus.UNAUTHORIZED, title="Not known", message=UNKNOWN_USER)

    async def _refused(self, visit: Visit, error: ApiError) -> web.StreamResponse:
        """The API server's own sentence."""
        if error.code == HTTPStatus.UNAUTHORIZED:
            return await self._lost(visit)
        status, title = _title_of(error)
        return visit.page("problem.html", status=status, title=title, message=error.message)

    def _problem(self, status: HTTPStatus, title: str, message: str) -> web.Response:
        return self._console.page("problem.html", status=status, title=title, message=message)

    async def _asset(self, request: web.Request) -> web.Response:
        return assets.respond(self._console.assets, request)

    async def _first(self, _: web.Request) -> web.Response:
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"{self._console.base}/patterns"})


def _title_of(error: ApiError) -> tuple[HTTPStatus, str]:
    """The status and the title of the page about a refusal."""
    if isinstance(error, ApiUnavailable):
        return HTTPStatus.SERVICE_UNAVAILABLE, "The API server does not answer"
    return _REFUSALS.get(error.code, (HTTPStatus.BAD_GATEWAY, "Refused"))


async def _check_token(visit: Visit) -> None:
    """Refuse a form that no page of this session has sent.

    Raises:
        RefusedRequest: its session token is not that of the session.
    """
    form = await form_of(visit.request)
    if not visit.session.has_token(form.get("session_token", "")):
        raise RefusedRequest("this form is of another session: go back, reload the page and try again")
