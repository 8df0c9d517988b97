"""What every request of a session passes, kopf's too: credentials are put on it, and its answer is counted."""

import time
from collections.abc import Callable

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube.endpoint import Endpoint
from pattern_operator.kube.resource import verb_and_resource


class Authorizer:
    """Puts the credentials on each request to the server they are for, and on none to another."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._origin = URL(endpoint.server).origin()

    async def authorize(self, request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        """Send a request with the credentials; after a 401 once more, with newer ones."""
        if request.url.origin() != self._origin:
            return await handler(request)
        header = await self._put_on(request)
        response = await handler(request)
        if response.status != 401 or not await self._endpoint.authorization.refresh(rejected=header):
            return response
        response.close()  # its words are not read, and its connection is used no more (``Answer``)
        await self._put_on(request)
        return await handler(request)

    async def _put_on(self, request: aiohttp.ClientRequest) -> str:
        header = await self._endpoint.authorization.header()
        if header:
            request.headers["Authorization"] = header
        if self._endpoint.tls_server_name:
            request.server_hostname = self._endpoint.tls_server_name
        return header


class RequestCounter:
    """Tells the hook of every request that is sent, repetitions and kopf's included."""

    def __init__(self, hook: Callable[[str, str, int, float], None], errors: InternalErrors) -> None:
        self._hook = hook
        self._errors = errors

    async def count(self, request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
        """Send a request, and call the hook when the headers of the answer are there, or none came."""
        verb, resource = verb_and_resource(request.method, request.url.path, request.url.query)
        started, code = time.monotonic(), 0
        try:
            response = await handler(request)
            code = response.status
        finally:
            with self._errors.contain("request_hook"):
                self._hook(verb, resource, code, time.monotonic() - started)
        return response
