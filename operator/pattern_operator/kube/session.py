"""The one HTTP session to an API server: who asks, how many at once, and what is retried."""

import asyncio
import random
import re
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Any, Final, Protocol

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from pattern_operator.api.account import ServiceAccount
from pattern_operator.fair_queue import Lane
from pattern_operator.fair_semaphore import FairSemaphore
from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube.endpoint import Endpoint
from pattern_operator.kube.errors import ApiUnavailable, CredentialsError
from pattern_operator.kube.kopf_http import ListAnswer, Pages
from pattern_operator.kube.kopf_watch import KopfWatch
from pattern_operator.kube.middleware import Authorizer, RequestCounter
from pattern_operator.kube.own_permissions import OwnPermissions
from pattern_operator.kube.request_content import RequestContent
from pattern_operator.kube.resource import verb_and_resource
from pattern_operator.kube.response import Answer, check, lines, read_at_most

JSON: Final = "application/json"
RESOURCE_SHARE: Final = 15  # times the free requests: 60 of 64 where everybody asks for one resource
_NAMESPACE: Final = re.compile("/namespaces/([^/?]+)")
MAX_REQUESTS: Final = 64  # at once; more only queue in the API server (its own limit is 400 for everybody)
KEEP_ALIVE: Final = 60.0  # seconds; below the API server's 90, so that it is we who close an idle connection
CONNECT_TIMEOUT: Final = 10.0
TRIES: Final = 4
MAX_WAIT: Final = timedelta(seconds=10)  # a server that asks for more is left to the queue, which holds no worker
_IDEMPOTENT: Final = frozenset({"GET", "PUT", "PATCH", "DELETE"})  # our PATCHes are: server-side apply, merge patch
_RETRIED: Final = frozenset({502, 503, 504})
# What a request fails with when no answer comes; aiohttp says RuntimeError when kopf has closed the session.
_FAILURES: Final = (aiohttp.ClientError, TimeoutError, OSError, CredentialsError, RuntimeError)


class RunningWatch(Protocol):
    """A watch that runs: its ``name``, and when (seconds of the loop's clock) it last got anything or retried."""

    name: str
    last_activity: float


class Session:
    """Requests to one API server.

    ``kopf_http`` and ``server`` are for kopf: return ``kopf.AiohttpSession(aiohttp_session=session.kopf_http,
    server=session.server)`` from ``@kopf.on.login``. The credentials are put on by a middleware of both, request by
    request, so tokens rotate for kopf too, and its requests are counted with ours. kopf closes its own when it ends,
    and ``open`` both; every request after that raises ``ApiUnavailable``. ``own_permissions`` knows what kopf was
    refused, and what else is noted there; ``kopf_watch`` filters what kopf is told.

    ``on_request(verb, resource, code, seconds)`` is called when the headers of an answer are there (``code`` 0: no
    answer). ``resource`` is ``plural[.group][/subresource]``. ``internal_errors`` takes the unexpected
    errors of all that is called back from here, such as the callbacks of watches.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        http: aiohttp.ClientSession,
        kopf_http: aiohttp.ClientSession,
        internal_errors: InternalErrors | None = None,
        own_permissions: OwnPermissions | None = None,
        kopf_watch: KopfWatch | None = None,
    ) -> None:
        self.server = endpoint.server
        self.http = http
        self.kopf_http = kopf_http
        self.internal_errors = internal_errors or InternalErrors()
        self.own_permissions = own_permissions or OwnPermissions()
        self.kopf_watch = kopf_watch or KopfWatch()
        self.watches: set[RunningWatch] = set()  # those that run now
        self._slots = FairSemaphore(MAX_REQUESTS)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        endpoint: Endpoint,
        *,
        on_request: Callable[[str, str, int, float], None] | None = None,
        internal_errors: InternalErrors | None = None,
    ) -> AsyncIterator["Session"]:
        """Open a session; nothing is sent yet."""
        # Watches hold a connection each forever, so the connector is unlimited and requests are counted by slots.
        # Names as the system looks them up, not by c-ares: a kubeconfig may name what only a VPN of a person knows.
        connector = aiohttp.TCPConnector(
            limit=0,
            ssl=endpoint.tls or True,
            keepalive_timeout=KEEP_ALIVE,
            socket_factory=_socket,
            resolver=aiohttp.ThreadedResolver(),
        )
        errors, own_permissions, kopf_watch = internal_errors or InternalErrors(), OwnPermissions(), KopfWatch()
        counters = (RequestCounter(on_request, errors).count,) if on_request else ()
        opened = partial(
            aiohttp.ClientSession,
            connector=connector,
            proxy=endpoint.proxy,
            headers={"User-Agent": f"pattern-operator/{version('pattern-operator')}"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        middlewares = (Authorizer(endpoint).authorize, *counters)
        async with (
            opened(response_class=Answer, middlewares=middlewares) as http,
            opened(
                connector_owner=False,
                response_class=ListAnswer,
                middlewares=(kopf_watch.filter, Pages().fit, own_permissions.note, *middlewares),
            ) as kopf_http,
        ):
            yield cls(
                endpoint=endpoint,
                http=http,
                kopf_http=kopf_http,
                internal_errors=errors,
                own_permissions=own_permissions,
                kopf_watch=kopf_watch,
            )

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str = JSON,
        params: Mapping[str, str] | None = None,
        accept: str | None = None,
        impersonate: str | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - it bounds one try, not the call
        most: int | None = None,
    ) -> bytes:
        """Ask, and return the body of the answer.

        ``impersonate`` is a user name, such as ``system:serviceaccount:<namespace>:<name>``. Throttled requests (429)
        and, where a repetition changes nothing, gateways' errors are tried ``TRIES`` times; ``timeout`` is seconds
        for each try. Of an answer no more than ``most`` bytes are read.

        Raises:
            ApiError: the server refused; ``ApiUnavailable`` when the same request may work later, ``AnswerTooLarge``
                where the answer is longer than ``most``.
        """
        headers = _headers(accept=accept, impersonate=impersonate)
        if body is not None:
            headers["Content-Type"] = content_type
        lanes = _lanes(method, path, impersonate)
        for attempt in range(1, TRIES + 1):
            try:
                async with self._slots.acquire(*lanes):
                    return await self._try(
                        method, path, body=body, params=params, headers=headers, seconds=timeout, most=most
                    )
            except ApiUnavailable as error:
                wait = _wait(error, method=method, attempt=attempt)
                if wait is None:
                    raise
            await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def stream(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        accept: str | None = None,
        impersonate: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of the whole stream, which is long
        opened: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a watch as they come, of any length, without the line feed.

        ``opened`` is called once the server has accepted it; the first line may come a minute later.

        Close it (``contextlib.aclosing``) to drop the connection at once. Nothing is retried.

        Raises:
            ApiError: as ``request``; also when the connection breaks midway.
        """
        headers = _headers(accept=accept, impersonate=impersonate)
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_TIMEOUT)
        try:
            async with self.http.get(
                self._url(path), params=params, headers=headers, timeout=limits, allow_redirects=False
            ) as response:
                await check(response, request=RequestContent(None, path))
                opened()
                async for line in lines(response.content):
                    yield line
        except _FAILURES as error:
            raise self._unavailable(error) from error

    async def _try(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None,
        params: Mapping[str, str] | None,
        headers: CIMultiDict[str],
        seconds: float,
        most: int | None,
    ) -> bytes:
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_TIMEOUT)
        again = method == "PATCH"  # aiohttp itself repeats the other idempotent methods, once, on a fresh connection
        while True:
            try:
                async with self.http.request(
                    method,
                    self._url(path),
                    data=body,
                    params=params,
                    headers=headers,
                    timeout=limits,
                    allow_redirects=False,
                ) as response:
                    await check(response, request=RequestContent(body, path))
                    return await read_at_most(response, most)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if not again or isinstance(error, aiohttp.ClientConnectorError):
                    raise self._unavailable(error) from error
                again = False
            except _FAILURES as error:
                raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> ApiUnavailable:
        """What the failure of a request means; an error that is a defect is raised as it is."""
        if isinstance(error, CredentialsError):
            return ApiUnavailable.without_credentials(self.server, error=error)
        if isinstance(error, RuntimeError) and not self.http.closed:
            raise error
        return ApiUnavailable.unreachable(self.server, error=error)

    def _url(self, path: str) -> URL:
        return URL(self.server + path, encoded=True)


def _lanes(method: str, path: str, who: str | None) -> tuple[Hashable, Lane]:
    """What a request counts for, so that what is slow holds its share only.

    It is the resource, or what is discovered; first its namespace, because a webhook may be slow for one namespace, and
    the tenant that is impersonated, because the API server may delay one. That is the namespace of the account, because
    more accounts cost a tenant nothing.
    """
    _, resource = verb_and_resource(method, path, {})
    named = path if resource == "discovery" else resource
    namespace = _NAMESPACE.search(path)
    account = ServiceAccount.of_user(who) if who is not None else None
    tenant = account.namespace if account is not None else who
    return (named, namespace and namespace[1], tenant), Lane(named, RESOURCE_SHARE)


def _headers(*, accept: str | None, impersonate: str | None) -> CIMultiDict[str]:
    headers = CIMultiDict({"Accept": accept or JSON})
    if impersonate:
        # The API server adds the groups of a service account by itself. To name them would need the right to
        # impersonate groups, which the operator should not have.
        headers["Impersonate-User"] = impersonate
    return headers


def _wait(error: ApiUnavailable, *, method: str, attempt: int) -> float | None:
    """Seconds until the next try, or None when there is none."""
    retried = error.code == 429 or (error.code in _RETRIED and method in _IDEMPOTENT)
    if not retried or attempt == TRIES:
        return None
    if error.retry_after is None:
        return 0.1 * (1 << attempt) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, no secret
    return error.retry_after.total_seconds() if error.retry_after <= MAX_WAIT else None


def _socket(info: Any) -> socket.socket:
    """Make a socket that notices a peer that vanished without notice within a minute: a watch is silent for long."""
    family, kind, protocol, *_ = info
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):  # macOS has no TCP_KEEPIDLE
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made
