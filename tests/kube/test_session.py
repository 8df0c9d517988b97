import asyncio
import gzip
import random
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import timedelta

import kopf
import orjson
import pytest
from aiohttp import web
from tests.kube.fake_apiserver import script, serving
from tests.source.tls import serving_https
from tests.testbed.process import free_port

from pattern_operator.internal_errors import InternalErrors
from pattern_operator.kube import ApiError, ApiUnavailable, CredentialsError, Endpoint, Session
from pattern_operator.kube import response as kube_response
from pattern_operator.kube import session as module
from pattern_operator.kube.endpoint import StaticAuth
from pattern_operator.limits import MAX_REFUSAL


def throttled(seconds: str) -> web.Response:
    return web.Response(
        status=429, headers={"Retry-After": seconds}, body=b'{"kind": "Status", "message": "slow down"}'
    )


async def test_a_throttled_request_waits_as_long_as_it_is_asked_to():
    answer, asked = script(throttled("1"), web.Response(body=b"{}"))
    started = time.monotonic()

    async with serving(answer) as session:
        body = await session.request("POST", "/api/v1/events", body=b"{}")

    assert (body, len(asked)) == (b"{}", 2)
    assert 0.9 < time.monotonic() - started < 10.0


async def test_a_server_that_asks_for_a_long_wait_is_left_to_the_queue():
    answer, asked = script(throttled("300"))

    async with serving(answer) as session:
        with pytest.raises(ApiUnavailable) as refusal:
            await session.request("GET", "/api/v1/pods")

    assert refusal.value.retry_after == timedelta(seconds=300)
    assert (refusal.value.code, refusal.value.message, len(asked)) == (429, "slow down", 1)


@pytest.mark.parametrize(
    ("method", "code", "tries"),
    [
        pytest.param("GET", 503, 4, id="a gateway's fault is retried"),
        pytest.param("PATCH", 503, 4, id="so is it for an apply"),
        pytest.param("POST", 503, 1, id="but not for a create, which may have happened"),
        pytest.param("GET", 500, 1, id="a fault of the server is left to the queue"),
        pytest.param("GET", 404, 1, id="a refusal is an answer"),
        pytest.param("GET", 302, 1, id="a redirect is not followed"),
        pytest.param("GET", 300, 1, id="nor is a choice made"),
    ],
)
async def test_what_is_tried_again(method, code, tries):
    answer, asked = script(web.Response(status=code))

    async with serving(answer) as session:
        with pytest.raises(ApiError) as refusal:
            await session.request(method, "/api/v1/pods")

    assert (refusal.value.code, len(asked)) == (code, tries)
    assert isinstance(refusal.value, ApiUnavailable) is (code >= 500)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_connection_that_was_closed_while_idle_is_replaced(method):
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        # Closed in answer to the next request, as when both sides act at once: the client cannot have known.
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async with Session.open(Endpoint(server=url, authorization=StaticAuth())) as session:
        answers = [await session.request(method, "/api/v1/pods") for _ in range(3)]

    server.close()
    assert answers == [b"{}"] * 3
    assert connections == 3


async def test_no_server_is_unavailable_and_named():
    url = f"http://127.0.0.1:{free_port()}"

    async with Session.open(Endpoint(server=url, authorization=StaticAuth())) as session:
        with pytest.raises(ApiUnavailable, match=url) as refusal:
            await session.request("GET", "/api")

    assert (refusal.value.code, refusal.value.reason) == (0, "Unreachable")


async def test_a_server_whose_certificate_nobody_vouches_for_is_sent_nothing(tmp_path):
    async with serving_https(tmp_path, location="/") as (address, certificate):
        unknown = Endpoint(server=f"https://{address}", authorization=StaticAuth("Bearer swordfish"), tls=None)
        known = replace(unknown, tls=ssl.create_default_context(cafile=str(certificate)))
        async with Session.open(unknown) as session:
            with pytest.raises(ApiUnavailable, match="its certificate is refused"):
                await session.request("GET", "/api")
        async with Session.open(known) as session:
            with pytest.raises(ApiError) as answer:
                await session.request("GET", "/api")

    assert answer.value.code == 307


async def test_a_server_that_does_not_answer_in_time_is_unavailable():
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async with Session.open(Endpoint(server=url, authorization=StaticAuth())) as session:
        with pytest.raises(ApiUnavailable) as refusal:
            await session.request("GET", "/api", timeout=0.2)

    server.close()
    assert refusal.value.reason == "Timeout"


async def test_credentials_go_to_the_api_server_and_to_nobody_else():
    answer, asked = script(web.Response(body=b"{}"))
    elsewhere, overheard = script(web.Response(body=b"{}"))

    async with serving(answer) as session, serving(elsewhere) as other:
        await session.request("GET", "/api")
        async with session.http.get(other.server + "/api"):
            pass

    assert asked[0].headers["Authorization"] == "Bearer t"
    assert "Authorization" not in overheard[0].headers


async def test_lines_of_any_length_come_whole():
    lines = [b"a" * 3, b"b" * 1_500_000, b"", b"c" * 70_000]
    answer, _ = script(web.Response(body=b"\n".join(lines) + b"\n"))

    async with serving(answer) as session, aclosing(session.stream("/api/v1/pods")) as stream:
        received = [line async for line in stream]

    assert received == lines


async def test_a_refused_stream_raises_the_servers_words():
    answer, _ = script(web.Response(status=403, body=b'{"kind": "Status", "reason": "Forbidden", "message": "no"}'))

    async with serving(answer) as session:
        with pytest.raises(ApiError, match="no") as refusal:
            await anext(session.stream("/api/v1/pods"))

    assert refusal.value.reason == "Forbidden"


async def test_a_watch_is_not_followed_to_another_place():
    asked: list[str] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with serving(answer) as session:
        with pytest.raises(ApiError) as refusal:
            await anext(session.stream("/api/v1/pods"))

    assert (refusal.value.code, asked) == (302, ["/api/v1/pods"])


@pytest.mark.parametrize(
    ("method", "body", "told"), [("PATCH", b"{}", "application/merge-patch+json"), ("GET", None, None)]
)
async def test_what_a_body_is_is_said_where_there_is_one(method: str, body: bytes | None, told: str | None):
    asked: list[str | None] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request.headers.get("Content-Type"))
        return web.Response(body=b"{}")

    async with serving(answer) as session:
        await session.request(method, "/api/v1/pods/a", body=body, content_type="application/merge-patch+json")

    assert asked == [told]


async def test_unexpected_errors_are_told_to_who_opened_the_session():
    errors = InternalErrors()

    async with Session.open(
        Endpoint(server="http://127.0.0.1:1", authorization=StaticAuth()), internal_errors=errors
    ) as session:
        assert session.internal_errors is errors


async def test_a_session_to_nobody_in_particular_counts_unexpected_errors_by_itself():
    async with serving(lambda _: web.Response()) as opened:
        endpoint = Endpoint(server=opened.server, authorization=StaticAuth())
        session = Session(endpoint=endpoint, http=opened.http, kopf_http=opened.kopf_http)

    assert isinstance(session.internal_errors, InternalErrors)


async def test_a_session_that_kopf_closed_is_unavailable():
    answer, _ = script(web.Response(body=b"{}"))

    async with serving(answer) as session:
        await session.http.close()
        with pytest.raises(ApiUnavailable):
            await session.request("GET", "/api")


async def test_a_watch_over_a_session_that_kopf_closed_is_unavailable():
    answer, _ = script(web.Response(body=b"{}"))

    async with serving(answer) as session:
        await session.http.close()
        with pytest.raises(ApiUnavailable):
            await anext(session.stream("/api/v1/pods"))


class Unlucky:
    """Credentials that cannot be had now: a plugin that fails, or a file that is just being replaced."""

    async def header(self) -> str:
        raise CredentialsError("the exec plugin of user 'u' gave no credentials: run it by hand")

    async def refresh(self, *, rejected: str) -> bool:
        raise AssertionError(f"never refused: {refused}")


async def test_without_credentials_nothing_is_asked_and_it_may_work_later():
    answer, asked = script(web.Response(body=b"{}"))

    async with serving(answer, authorization=Unlucky()) as session:
        with pytest.raises(ApiUnavailable, match="run it by hand") as request:
            await session.request("GET", "/api")
        with pytest.raises(ApiUnavailable, match="run it by hand"):
            await anext(session.stream("/api/v1/pods"))

    assert (request.value.code, request.value.reason) == (0, "NoCredentials")
    assert asked == []


async def test_kopf_ends_its_own_session_and_no_other():
    answer, _ = script(web.Response(body=b"{}"))

    async with serving(answer) as session:
        await session.kopf_http.close()
        assert await session.request("GET", "/api") == b"{}"


async def test_kopf_takes_the_session_for_its_own_requests(server, session, requests):
    login = kopf.AiohttpSession(aiohttp_session=session.kopf_http, server=session.server)

    async with login.aiohttp_session.get(login.server + "/api/v1/namespaces/default") as response:
        answered = response.status

    assert answered == 200
    assert requests == [("get", "namespaces", 200)]


# --- the body of a refusal ------------------------------------------------------------------------------------------


def refused(words: str) -> bytes:
    return orjson.dumps({"kind": "Status", "code": 422, "reason": "Invalid", "message": words})


async def trickle(body: bytes, *, of: int, pause: float = 0.01) -> AsyncIterator[bytes]:
    for start in range(0, len(body), of):
        yield body[start : start + of]
        await asyncio.sleep(pause)


@pytest.mark.parametrize("length", [10, 9_000, 70_000, 1_500_000])
@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_a_refusal_of_any_length_is_read_whole_however_it_arrives(length: int, encoding: str):
    causes = [
        {"field": "spec.x", "reason": "FieldValueInvalid", "message": f'Invalid value: "{"x" * length}": must be y'}
    ]
    body = orjson.dumps({"kind": "Status", "reason": "Invalid", "message": "m", "details": {"causes": causes}})
    if encoding:
        body = gzip.compress(body)
    headers = {"Content-Encoding": encoding} if encoding else {}

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=422, headers=headers)
        await response.prepare(request)
        async for part in trickle(body, of=max(1, len(body) // 7)):
            await response.write(part)
        return response

    async with serving(answer) as session:
        with pytest.raises(ApiError) as refusal:
            await session.request("PATCH", "/api/v1/pods", body=b"{}")

    assert (refusal.value.code, refusal.value.reason) == (422, "Invalid")
    assert refusal.value.message == "spec.x: Invalid value: must be y"


@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_a_refusal_without_end_is_not_read_and_not_shown(encoding: str):
    body = refused("hunter2 " * (MAX_REFUSAL // 8))
    body, headers = (gzip.compress(body), {"Content-Encoding": "gzip"}) if encoding else (body, {})

    def answer(_: web.Request) -> web.Response:
        return web.Response(status=422, headers=headers, body=body)

    async with serving(answer) as session:
        with pytest.raises(ApiError, match="could not be read whole") as refusal:
            await session.request("PATCH", "/api/v1/pods", body=b"{}")

    assert (refusal.value.code, refusal.value.reason) == (422, "Invalid")
    assert "hunter2" not in str(refusal.value)


async def test_a_refusal_that_trickles_or_breaks_off_is_known_by_its_status(monkeypatch):
    monkeypatch.setattr(kube_response, "REFUSAL_TIMEOUT", 0.2)

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=403)
        await response.prepare(request)
        with suppress(ConnectionError):
            async for part in trickle(refused("hunter2"), of=1, pause=0.5):
                await response.write(part)
        return response

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=403, headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(refused("hunter2"))
        assert request.transport is not None
        request.transport.close()
        return response

    for answer in (slow, broken):
        async with serving(answer) as session:
            with pytest.raises(ApiError, match="could not be read whole") as refusal:
                await session.request("POST", "/api/v1/pods", body=b"{}")
            assert (refusal.value.code, refusal.value.reason) == (403, "Forbidden")
            assert "hunter2" not in str(refusal.value)


async def test_no_answer_repeats_a_value_of_the_request():
    words = (
        b'{"kind": "Status", "code": 400, "message": "admission webhook \\"w\\" denied the request: no tulipwood here"}'
    )
    answer, _ = script(web.Response(status=400, body=words))
    body = orjson.dumps({"apiVersion": "v1", "kind": "Pod", "spec": {"args": ["--password=tulipwood"]}})

    async with serving(answer) as session:
        with pytest.raises(ApiError) as refusal:
            await session.request("PATCH", "/api/v1/pods/p", body=body)

    assert refusal.value.message == 'admission webhook "w" denied the request: no *** here'


async def test_who_names_the_objects_of_another_in_vain_takes_no_share_of_that_ones_requests():
    """The API server lets an account wait (API Priority and Fairness), and the same requests of others come at once."""
    names, over = "/api/v1/namespaces/victim/configmaps", asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Impersonate-User") == "mallory":
            await over.wait()
        return web.Response(body=b"{}")

    async with serving(answer) as session:
        asked = (session.request("GET", f"{names}/{number}", impersonate="mallory") for number in range(200))
        hanging = [asyncio.create_task(each) for each in asked]
        await asyncio.sleep(0.2)
        try:
            async with asyncio.timeout(20):  # the others hang for ever
                answers = [await session.request("GET", f"{names}/{n}", impersonate="victim") for n in range(3)]
        finally:
            over.set()
            await asyncio.wait(hanging)

    assert answers == [b"{}"] * 3


async def test_a_defect_in_a_request_is_raised_as_it_is(monkeypatch):
    async with serving(lambda _: web.Response()) as session:

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("a defect")

        monkeypatch.setattr(session.http, "request", fail)
        with pytest.raises(RuntimeError, match="a defect"):
            await session.request("GET", "/api")


async def test_the_name_that_the_certificate_is_to_be_for_may_be_another_than_that_of_the_address(tmp_path):
    async with serving_https(tmp_path, location="/") as (address, certificate):
        tls = ssl.create_default_context(cafile=str(certificate))
        known = Endpoint(f"https://{address}", authorization=StaticAuth(), tls=tls, tls_server_name="inner.example")
        async with Session.open(known) as session:
            with pytest.raises(ApiUnavailable, match="its certificate is refused"):
                await session.request("GET", "/api")


async def test_what_never_changes_is_not_looked_at_again():
    assert await StaticAuth("Bearer x").refresh(rejected="Bearer x") is False


@pytest.mark.parametrize(("method", "connections"), [("GET", 2), ("PATCH", 2), ("POST", 1)])
async def test_a_server_that_ends_each_connection_is_unavailable_after_a_second_one(method: str, connections: int):
    seen = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async with Session.open(Endpoint(server=url, authorization=StaticAuth())) as session, asyncio.timeout(10):
        with pytest.raises(ApiUnavailable):
            await session.request(method, "/api/v1/pods")

    server.close()
    assert seen == connections


async def test_a_path_is_asked_for_as_it_is_given():
    asked: list[str] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.Response(body=b"{}")

    async with serving(answer) as session:
        await session.request("GET", "/api/v1/namespaces/team/secrets/a%3Ab")

    assert asked == ["/api/v1/namespaces/team/secrets/a%3Ab"]


def unavailable(code: int, *, retry_after: float | None = None) -> ApiUnavailable:
    waits = timedelta(seconds=retry_after) if retry_after is not None else None
    return ApiUnavailable(code=code, reason="", message="", retry_after=waits)


@pytest.mark.parametrize(("share", "waits"), [(0.5, [0.1, 0.2, 0.4]), (1.5, [0.3, 0.6, 1.2])])
def test_each_try_waits_twice_as_long_as_the_one_before_spread_by_half(share: float, waits: list[float], monkeypatch):
    monkeypatch.setattr(random, "uniform", lambda low, high: {0.5: low, 1.5: high}[share])

    found = [module._wait(unavailable(503), method="GET", attempt=attempt) for attempt in range(1, 5)]

    assert found == [*map(pytest.approx, waits), None]


@pytest.mark.parametrize(("asked", "waits"), [(10.0, 10.0), (10.5, None)])
def test_what_a_server_asks_for_is_waited_up_to_ten_seconds(asked: float, waits: float | None):
    assert module._wait(unavailable(429, retry_after=asked), method="POST", attempt=1) == waits


def test_a_peer_that_vanished_is_noticed_within_a_minute():
    with module._socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80))) as made:
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        idle, interval, count = (made.getsockopt(socket.IPPROTO_TCP, each) for each in options)

    assert (idle, interval, count) == (30, 10, 3)
    assert idle + interval * count <= 60
