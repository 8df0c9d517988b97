"""The client that tests use waits for an object, whatever happens to its watches meanwhile."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.source.tls import serving_certificate
from tests.testbed.client import Client, Refused
from tests.testbed.kubeconfig import Kubeconfig

RESOURCE = {
    "resource": "configmaps",
    "singularResource": "configmap",
    "scope": "Namespaced",
    "responseKind": {"kind": "ConfigMap"},
}
DISCOVERED = {"items": [{"metadata": {}, "versions": [{"version": "v1", "resources": [RESOURCE]}]}]}
Watch = Callable[[web.Request], web.Response]
ENDED = {"type": "ERROR", "object": {"kind": "Status", "code": 410}}


def config_map(value: str) -> dict[str, object]:
    return {"metadata": {"name": "a", "resourceVersion": "1"}, "data": {"key": value}}


def not_ready(request: web.Request) -> web.Response:
    """What a server says while it takes a changed definition."""
    status = {"kind": "Status", "reason": "TooManyRequests", "message": "storage is (re)initializing", "code": 429}
    return web.json_response(status, status=429)


def half_a_line(request: web.Request) -> web.Response:
    return web.Response(body=b'{"type": "MODIF')


def too_old(request: web.Request) -> web.Response:
    return web.Response(body=json.dumps(ENDED).encode() + b"\n")


def nothing(request: web.Request) -> web.Response:
    return web.Response(body=b"")


async def wait(directory: Path, watches: Iterator[Watch], *, seconds: float) -> Any:
    """Wait for the value "new", which a list shows once all ``watches`` have ended."""

    async def answer(request: web.Request) -> web.Response:
        if request.path in ("/api", "/apis"):
            return web.json_response(DISCOVERED if request.path == "/api" else {"items": []})
        if "watch" in request.query:
            return next(watches)(request)
        listed.append(request.path)
        items = [config_map("new" if len(listed) > 2 else "old")]
        return web.json_response(
            {"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"resourceVersion": "1"}, "items": items}
        )

    listed: list[str] = []
    certificate, context = serving_certificate(directory)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(application, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=context)
    try:
        kubeconfig = Kubeconfig(directory / "config", f"https://127.0.0.1:{server.port}", certificate, "token", "user")
        return await asyncio.to_thread(
            lambda: Client(kubeconfig).until(
                "configmap", "a", lambda found: found["data"]["key"] == "new", namespace="b", seconds=seconds
            )
        )
    finally:
        await server.close()


@pytest.mark.parametrize("watch", [not_ready, half_a_line, too_old, nothing])
async def test_a_watch_that_does_not_begin_or_breaks_is_begun_again(tmp_path: Path, watch: Watch):
    found = await wait(tmp_path, iter([watch, watch]), seconds=60)

    assert found["data"] == {"key": "new"}


async def test_what_does_not_come_is_told_with_how_it_stood_last(tmp_path: Path):
    with pytest.raises(Refused, match='"old"'):
        await wait(tmp_path, iter([nothing]), seconds=0)
