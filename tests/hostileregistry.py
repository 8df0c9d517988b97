"""A registry that does everything to hold up who asks it: ``python -m tests.hostileregistry PORT HOLE``.

What a repository does is its name. HOLE is a port that takes no connection: who connects waits. It listens on loopback
only, by plain HTTP, until it is ended.
"""

import asyncio
import hashlib
import json
import socket
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from tests.testbed import process
from tests.testbed.http import answers
from tests.testbed.process import Process

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
YAML: Final = "application/yaml"
KIB: Final = 1024
MIB: Final = 1024 * KIB
CONTENT: Final = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '1'}\n# " + b"x" * 600 * KIB
SLOW: Final = 0.5  # seconds between two bytes
READY: Final = 20.0

LISTED: Final = web.AppKey("listed", Counter)  # how often tags were listed, by repository
Answer = Callable[[web.Request, str], Coroutine[Any, Any, web.StreamResponse]]


def start(directory: Path) -> tuple[Process, str, str]:
    """Start the registry beside a testbed: its process, its address, and an address that nobody answers at."""
    port, hole = process.free_port(), process.free_port()
    command = [sys.executable, "-m", "tests.hostileregistry", str(port), str(hole)]
    started = process.start("hostile", ["env", f"PYTHONPATH={Path.cwd()}", *command], directory=directory)
    started.wait_until(lambda: answers(f"http://127.0.0.1:{port}/ready"), seconds=READY)
    return started, f"127.0.0.1:{port}", f"127.0.0.1:{hole}"


# --- what repositories do ---------------------------------------------------------------------------------------------


async def well(request: web.Request, what: str) -> web.StreamResponse:
    """Answer as a registry does: one artifact, whatever its tag."""
    if what == "blobs":
        wanted = request.path.rpartition("/")[2]
        content = next((each for each in _layers() if _digest(each) == wanted), b"")
        return web.Response(body=content) if content else web.Response(status=404)
    if what == "manifests":
        return web.Response(
            body=_manifest(), headers={"Content-Type": MANIFEST, "Docker-Content-Digest": _digest(_manifest())}
        )
    if what == "tags":
        return web.json_response({"name": "x", "tags": ["1.0.0"]})
    return web.Response(status=404)


async def trickling_blobs(request: web.Request, what: str) -> web.StreamResponse:
    """Send a byte of the layer every half second."""
    if what != "blobs":
        return await well(request, what)
    return await _trickle(request, CONTENT)


async def trickling_manifests(request: web.Request, what: str) -> web.StreamResponse:
    """Send a byte of the manifest every half second."""
    return await _trickle(request, _manifest(), {"Content-Type": MANIFEST}) if what == "manifests" else web.Response()


async def silent(request: web.Request, what: str) -> web.StreamResponse:
    """Take the request and say nothing."""
    await asyncio.sleep(3600)
    return web.Response()


async def many_tags(request: web.Request, what: str) -> web.StreamResponse:
    """List tags in pages without end: names that are none, names that come again, and versions among them."""
    if what != "tags":
        return await well(request, what)
    page = int(request.query.get("page", "0"))
    names = [f"{page}.{number}.0-rc.{number}" for number in range(20_000)]
    names += ["1.0.0"] * 60_000 + ["no tag\n" * 3] * 20_000 + [f"é{number}" for number in range(40_000)]
    link = f'</v2/{request.match_info["name"]}/tags/list?page={page + 1}>; rel="next"'
    return web.json_response({"name": "x", "tags": names}, headers={"Link": link})


async def tags_of_nothing(request: web.Request, what: str) -> web.StreamResponse:
    """List a million values that are not names."""
    if what != "tags":
        return await well(request, what)
    return web.Response(body=b'{"tags":[' + b",".join([b"0"] * 1_000_000) + b"]}")


async def long_tags(request: web.Request, what: str) -> web.StreamResponse:
    """List 10,000 versions of 120 letters each, and say how often they were asked for under ``manifests``."""
    if what == "manifests":
        return web.Response(text=str(request.app[LISTED][request.match_info["name"]]))
    request.app[LISTED][request.match_info["name"]] += 1
    return web.Response(body=_long_list(), content_type="application/json")


async def huge_tokens(request: web.Request, what: str) -> web.StreamResponse:
    """Give another token of 250 kB to each who asks, and want yet another."""
    if what == "token":
        token = hashlib.sha256(str(request.query_string).encode()).hexdigest() * 3_900
        return web.json_response({"token": token, "expires_in": 3600})
    if "Authorization" in request.headers and what == "manifests" and request.method == "HEAD":
        return await well(request, what)
    realm = f'Bearer realm="http://{request.host}/v2/{request.match_info["name"]}/token",service="{_serial()}"'
    return web.Response(status=401, headers={"WWW-Authenticate": realm})


async def internal_realm(request: web.Request, what: str) -> web.StreamResponse:
    """Send whoever asks to another host of the network for a token."""
    realm = f'Bearer realm="http://localhost:{request.url.port}/v2/silent/token",service="s"'
    return web.Response(status=401, headers={"WWW-Authenticate": realm})


async def huge_refusals(request: web.Request, what: str) -> web.StreamResponse:
    """Refuse with megabytes of reasons."""
    errors = [{"code": "DENIED", "message": "m" * 200, "detail": {"n": number}} for number in range(20_000)]
    return web.json_response({"errors": errors}, status=403)


async def endless_challenges(request: web.Request, what: str) -> web.StreamResponse:
    """Refuse with a challenge of thousands of parameters."""
    parameters = ",".join(f'p{number}="\\"v\\""' for number in range(500))
    return web.Response(status=401, headers={"WWW-Authenticate": f"Bearer {parameters}"})


async def endless_redirects(request: web.Request, what: str) -> web.StreamResponse:
    """Send whoever asks round and round."""
    return web.Response(status=307, headers={"Location": f"{request.path}?{_serial()}"})


async def large_manifests(request: web.Request, what: str) -> web.StreamResponse:
    """Give a manifest of almost 4 MiB, of small parts."""
    if what != "manifests":
        return await well(request, what)
    layers = b",".join([b"{}"] * (1_300_000))
    body = b'{"schemaVersion":2,"layers":[' + layers + b"]}"
    return web.Response(body=body, headers={"Content-Type": MANIFEST, "Docker-Content-Digest": _digest(body)})


REPOSITORIES: Final[dict[str, Answer]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        *(well, trickling_blobs, trickling_manifests, silent, many_tags, long_tags, tags_of_nothing, huge_tokens),
        *(internal_realm,),
        *(huge_refusals, endless_challenges, endless_redirects, large_manifests),
    )
}


# --- the server -------------------------------------------------------------------------------------------------------


async def _answer(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"].split("/")[0]
    return await REPOSITORIES[name](request, request.match_info["what"])


async def _trickle(request: web.Request, body: bytes, headers: dict[str, str] | None = None) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(body)), **(headers or {})})
    await response.prepare(request)
    with suppress(ConnectionResetError):  # whoever asks gives up
        for byte in body if request.method == "GET" else b"":
            await response.write(bytes([byte]))
            await asyncio.sleep(SLOW)
    return response


def _layers() -> tuple[bytes, bytes]:
    return CONTENT, b"{}"


def _manifest() -> bytes:
    layer, config = ({"digest": _digest(each), "size": len(each)} for each in _layers())
    described = {"mediaType": "application/vnd.oci.empty.v1+json", **config}
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": described,
        "layers": [{"mediaType": YAML, **layer}],
    }
    return json.dumps(manifest).encode()


@cache
def _long_list() -> bytes:
    pre = ".".join(["0"] * 56)
    return json.dumps({"name": "x", "tags": [f"1.0.{number}-{pre}" for number in range(10_000)]}).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _serial() -> str:
    return hashlib.sha256(str(asyncio.get_running_loop().time()).encode()).hexdigest()


async def _ready(_: web.Request) -> web.Response:
    return web.Response(text="ready")


async def _serve(port: int, hole: int) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", hole))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # they fill the queue, and nobody takes them out of it
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", hole))
        application = web.Application()
        application[LISTED] = Counter()
        application.router.add_get("/ready", _ready)
        application.router.add_route(
            "*", "/v2/{name:.+?}/{what:tags|manifests|blobs|referrers|token}{rest:.*}", _answer
        )
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104 - all of 127.0.0.0/8 leads here: many hosts
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
