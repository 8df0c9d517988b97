import gzip
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web
from tests.source.fake_registry import client
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MAX_ERROR_BODY
from pattern_operator.source.registry.connections import ConnectionLimiter, HeldConnection
from pattern_operator.source.registry.timeouts import DEFAULT_TIMEOUTS
from pattern_operator.source.registry.transport import DIRECT, Transport, host_of, place_of


@pytest.fixture
def transport(network) -> Transport:
    return Transport(network=network, user_agent="pattern-operator/test")


async def ask(transport: Transport, fake_registry, *, limit: int = 100, method: str = "GET"):
    return await transport.request(method, URL(f"http://{fake_registry.address}/x"), context="the request", limit=limit)


async def test_an_answer_is_whole_and_says_where_it_came_from(fake_registry, transport):
    fake_registry.answer("GET", "^/x$", status=201, body=b"body", headers={"X-Said": "yes"})

    answer = await ask(transport, fake_registry)

    assert (answer.status, answer.body, answer.headers["x-said"]) == (201, b"body", "yes")
    assert answer.url == URL(f"http://{fake_registry.address}/x")


async def test_a_body_is_in_no_text_about_its_answer(fake_registry, network, transport):
    digest = fake_registry.manifest([], annotations={"k": "s3cret"})
    fake_registry.answer("GET", "^/x$", body=b"s3cret")

    assert "s3cret" not in repr(await ask(transport, fake_registry))
    assert "s3cret" not in repr(await client(fake_registry, network).manifest(digest))


class Noted(ConnectionLimiter):
    """Keeps the connection that was held last."""

    held: HeldConnection

    @asynccontextmanager
    async def acquire(self, url, *, tenant, waits):
        async with super().acquire(url, tenant=tenant, waits=waits) as self.held:
            yield self.held


async def test_who_may_have_to_give_way_is_judged_by_what_was_received(fake_registry, transport):
    fake_registry.answer("GET", "^/x$", body=b"x" * 100)
    noted = Noted()

    await ask(replace(transport, network=replace(transport.network, connections=noted)), fake_registry)

    assert noted.held.received() == 100


async def test_a_request_says_who_asks_and_wants_bytes_as_they_are(fake_registry, transport):
    seen: dict[str, str] = {}

    async def note(request: web.Request) -> web.StreamResponse:
        seen.update(request.headers)
        return web.Response()

    fake_registry.on("GET", "^/x$", note)
    await ask(transport, fake_registry)

    assert seen["User-Agent"] == "pattern-operator/test"
    assert seen["Accept-Encoding"] == "identity"
    assert "Authorization" not in seen


async def test_a_success_as_long_as_the_limit_is_read_and_one_byte_more_is_refused(fake_registry, transport):
    fake_registry.answer("GET", "^/x$", body=b"x" * 100)

    assert len((await ask(transport, fake_registry, limit=100)).body) == 100
    with pytest.raises(Stalled) as refusal:
        await ask(transport, fake_registry, limit=99)

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE
    assert refusal.value.message.startswith("the request: ")


@pytest.mark.parametrize(("limit", "wanted"), [(10, 10), (2**30, MAX_ERROR_BODY)])
async def test_of_an_error_only_so_much_is_read_as_a_message_needs(fake_registry, transport, limit, wanted):
    fake_registry.answer("GET", "^/x$", status=500, body=b"x" * (MAX_ERROR_BODY + 1000))

    assert len((await ask(transport, fake_registry, limit=limit)).body) == wanted


async def test_an_answer_that_names_several_places_is_an_error_however_long_it_is(fake_registry, transport):
    fake_registry.answer("GET", "^/x$", status=300, body=b"x" * 1000)

    answer = await ask(transport, fake_registry, limit=99)

    assert (answer.status, len(answer.body)) == (300, 99)


async def test_of_an_error_of_another_host_nothing_is_read(fake_registry, transport):
    fake_registry.answer("GET", "^/x$", status=500, body=b"secret")
    url = URL(f"http://{fake_registry.address}/x")

    answer = await transport.request("GET", url, context="x", limit=100, hop=replace(DIRECT, foreign=True))

    assert answer.body == b""


async def test_a_connection_that_does_not_come_about_in_time_is_tried_again_later(network, monkeypatch):
    async def late(*_: object, **__: object) -> None:
        raise aiohttp.ConnectionTimeoutError

    monkeypatch.setattr(aiohttp.ClientSession, "_request", late)
    transport = Transport(network=network, user_agent="test")

    with pytest.raises(Transient) as failure:
        await transport.request("GET", URL("http://registry.example/x"), context="the request", limit=100)

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_an_error_that_unpacks_without_end_is_read_no_further(fake_registry, transport):
    fake_registry.answer(
        "GET", "^/x$", status=500, body=gzip.compress(bytes(2**26)), headers={"Content-Encoding": "gzip"}
    )

    assert len((await ask(transport, fake_registry)).body) == 100


async def test_a_time_to_come_back_is_counted_from_now(fake_registry, network):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    fake_registry.answer("HEAD", "/manifests/", status=429, headers={"Retry-After": later})

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network).resolve_tag("1.0")

    assert failure.value.retry_after is not None
    assert 90 <= failure.value.retry_after.total_seconds() <= 100


async def test_redirects_are_not_followed_here(fake_registry, transport):
    fake_registry.redirect("^/x$", f"http://{fake_registry.address}/y")

    assert (await ask(transport, fake_registry)).status == 307
    assert len(fake_registry.asked) == 1


def test_no_request_waits_for_ever():
    waits = (
        DEFAULT_TIMEOUTS.connect,
        DEFAULT_TIMEOUTS.headers,
        DEFAULT_TIMEOUTS.error_body,
        DEFAULT_TIMEOUTS.window,
        DEFAULT_TIMEOUTS.longest_body,
        DEFAULT_TIMEOUTS.lookup,
    )
    assert all(0 < seconds <= 300 for seconds in waits)
    assert DEFAULT_TIMEOUTS.to_headers(2**40) < 600
    assert DEFAULT_TIMEOUTS.for_body(2**40) <= 300


@pytest.mark.parametrize(("place", "most"), [(host_of, 253), (place_of, 260)])
def test_a_host_is_named_as_far_as_a_name_may_reach(place, most):
    longest = "x" * (most - len(":8080" if place is place_of else ""))

    assert len(place(URL(f"http://{longest}:8080/"))) == most
    assert "..." not in place(URL(f"http://{longest}:8080/"))
    assert place(URL(f"http://{longest}y:8080/")).startswith(longest[:200])
    assert len(place(URL(f"http://{longest}y:8080/")).encode()) <= most
