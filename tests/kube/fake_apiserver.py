"""A fake API server that gives the answers of a test, for answers that a real one cannot be made to give."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import orjson
from aiohttp import web

from pattern_operator.kube import Endpoint, Session
from pattern_operator.kube.endpoint import Authorization, StaticAuth

Handler = Callable[[web.Request], web.StreamResponse | Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(answer: Handler, *, authorization: Authorization | None = None) -> AsyncIterator[Session]:
    """A session to a plain server that gives ``answer`` to everything."""

    async def handle(request: web.Request) -> web.StreamResponse:
        given = answer(request)
        return given if isinstance(given, web.StreamResponse) else await given

    application = web.Application(client_max_size=2**26)
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        endpoint = Endpoint(server=server, authorization=authorization or StaticAuth("Bearer t"))
        async with Session.open(endpoint) as session:
            yield session
    finally:
        await runner.cleanup()


def script(*answers: web.Response) -> tuple[Handler, list[web.Request]]:
    """Give the answers in turn, the last one forever, and write down who asked."""
    asked: list[web.Request] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request)
        given = answers[min(len(asked), len(answers)) - 1]
        return web.Response(
            status=given.status, body=given.body, headers={"Retry-After": given.headers.get("Retry-After", "")}
        )

    return answer, asked


def undefined(request: web.Request) -> web.Response | None:
    """What an API server answers to whoever looks whether a kind is gone for good, where it is; None to all else."""
    *_, plural, name = request.path.split("/")
    if plural == "customresourcedefinitions":
        details = {"name": name, "group": "apiextensions.k8s.io", "kind": plural}
        status = {"kind": "Status", "code": 404, "reason": "NotFound", "details": details}
        return web.Response(status=404, body=orjson.dumps(status))
    if name in ("apiservices", "customresourcedefinitions"):
        return web.Response(body=orjson.dumps({"metadata": {"resourceVersion": "1"}, "items": []}))
    return None
