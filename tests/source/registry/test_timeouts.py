import asyncio
import re
import socket
import time
from typing import cast

import aiohttp
import pytest
from aiohttp import web
from tests.faketime import run
from tests.source.fake_registry import INDEX, bearer, client, descriptor, hang, index, signatures

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Revision
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source import ConnectionWaits, LayerSelector, pull, resolve
from pattern_operator.source.registry.timeouts import (
    DEFAULT_TIMEOUTS,
    Deadline,
    Timeouts,
    read_at_min_rate,
    read_prefix,
)

# Each has one deadline that is short, and others that no busy machine lets pass before it.
BODIES = Timeouts(headers=60, window=0.3, error_body=0.1, lookup=60, mean_rate=80, longest_body=60)
LOOK_UPS = Timeouts(headers=60, lookup=1.0)
SOON = 30  # seconds, half of what the deadlines that are not short take
CONTENT = b"x" * 5000


def trickling(body: bytes, **headers: str):
    """Answer one byte after the other, forever in between."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(body)), **headers})
        await response.prepare(request)
        for number in range(len(body)):
            await response.write(body[number : number + 1])
            await asyncio.sleep(0.02)
        return response

    return handler


async def pulled(fake_registry, network, cache, timeouts):
    digest = fake_registry.manifest([fake_registry.blob(CONTENT, "text/yaml")])
    reference = Reference(fake_registry.repository, digest=digest)
    return await pull(
        reference,
        Revision("", digest),
        registry=client(fake_registry, network, timeouts=timeouts),
        cache=cache,
        layer=LayerSelector(),
    )


async def resolved(fake_registry, network, cache, timeouts):
    return await resolve(
        Reference(fake_registry.repository, semver="1.x"), registry=client(fake_registry, network, timeouts=timeouts)
    )


async def tagged(fake_registry, network, cache, timeouts):
    fake_registry.answer("HEAD", "/manifests/", status=405)
    return await resolve(
        Reference(fake_registry.repository, tag="1.0"), registry=client(fake_registry, network, timeouts=timeouts)
    )


async def verified(fake_registry, network, cache, timeouts):
    return await signatures(Digest.of(b"x"), registry=client(fake_registry, network, timeouts=timeouts))


@pytest.mark.parametrize(
    ("asked", "path", "work"),
    [
        pytest.param("blob", "/blobs/", pulled, id="a blob"),
        pytest.param("manifest", "/manifests/", pulled, id="a manifest"),
        pytest.param("list of tags", "/tags/list", resolved, id="a list of tags"),
        pytest.param("manifest 1.0", "/manifests/", tagged, id="the manifest of a tag"),
        pytest.param("referrers", "/referrers/", verified, id="referrers"),
    ],
)
async def test_a_body_that_trickles_is_given_up_and_said_with_its_rate(
    fake_registry, network, cache, asked, path, work
):
    fake_registry.on("GET", path, trickling(CONTENT))
    begun = time.monotonic()

    with pytest.raises(Transient) as failure:
        await work(fake_registry, network, cache, BODIES)

    assert time.monotonic() - begun < SOON
    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert asked in failure.value.message
    assert f"{fake_registry.address} sent only" in failure.value.message
    assert "bytes a second" in failure.value.message


async def test_a_token_that_trickles_is_given_up(fake_registry, network):
    bearer(fake_registry)
    fake_registry.on("GET", "^/token$", trickling(CONTENT))

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network, timeouts=BODIES).manifest("1.0")

    assert f"for a token: {fake_registry.address} sent only" in failure.value.message


async def test_of_an_error_whose_text_trickles_the_status_counts(fake_registry, network):
    async def missing(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=404)
        await response.prepare(request)
        await response.write(b"{")
        await asyncio.sleep(60)
        return response

    fake_registry.on("GET", "/manifests/", missing)
    begun = time.monotonic()

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, timeouts=BODIES).manifest("1.0")

    assert refusal.value.reason is Reason.ARTIFACT_NOT_FOUND
    assert time.monotonic() - begun < SOON  # it trickles for 60


async def test_a_chain_of_slow_redirects_ends_with_the_look_up(fake_registry, network):
    async def on(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.4)
        return web.Response(status=307, headers={"Location": f"{request.path}x"})

    fake_registry.on("HEAD", "/manifests/", on)
    begun = time.monotonic()

    with pytest.raises(Transient) as failure:
        await resolve(
            Reference(fake_registry.repository, tag="1.0"), registry=client(fake_registry, network, timeouts=LOOK_UPS)
        )

    assert time.monotonic() - begun < SOON
    assert "took longer than 1 s" in failure.value.message


@pytest.mark.parametrize(
    ("path", "body", "work"),
    [
        pytest.param("tags/list", b'{"tags": []}', resolved, id="tags"),
        pytest.param(f"referrers/{Digest.of(b'x')}", index([]), verified, id="referrers"),
    ],
)
async def test_many_slow_pages_end_with_the_look_up(fake_registry, network, cache, path, body, work):
    async def page(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.1)
        number = int(request.query.get("page", "1")) + 1
        return web.Response(body=body, headers={"Content-Type": INDEX, "Link": f"<?page={number}>; rel=next"})

    fake_registry.on("GET", f"/{path.partition('/')[0]}/", page)
    begun = time.monotonic()

    with pytest.raises(Transient) as failure:
        await work(fake_registry, network, cache, LOOK_UPS)

    assert time.monotonic() - begun < SOON
    assert "took longer than 1 s" in failure.value.message


async def test_headers_that_do_not_come_have_a_deadline_of_their_own(fake_registry, network):
    fake_registry.on("GET", "/manifests/", hang)

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network, timeouts=Timeouts(headers=0.3)).manifest("1.0")

    assert f"manifest 1.0: {fake_registry.address} did not answer within" in failure.value.message


async def test_a_host_that_takes_no_connection_is_given_up_before_an_answer_would_be(network):
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for each in (first, second):  # one that waits is taken; to all others nobody answers
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        repository = Reference.parse(f"127.0.0.1:{full.getsockname()[1]}/team/web").repository
        async with asyncio.timeout(SOON):
            with pytest.raises(Transient):
                await client(repository, network, timeouts=Timeouts(connect=0.05, headers=60)).manifest("1.0")


@pytest.mark.parametrize(
    ("sending", "seconds"), [(0, 5), (100, 15), (1_000_000, 35)], ids=["nothing", "a body", "a body that takes long"]
)
def test_an_answer_is_waited_for_as_long_as_its_request_takes_to_send(sending, seconds):
    assert Timeouts(headers=5, mean_rate=10, longest_body=30).to_headers(sending) == seconds


@pytest.mark.parametrize(("size", "seconds"), [(0, 2), (100, 12), (1_000_000, 30)])
def test_a_body_may_take_as_long_as_its_size_needs_at_the_mean_rate(size, seconds):
    timeouts = Timeouts(window=2, mean_rate=10, longest_body=30, lookup=7)

    assert timeouts.for_body(size) == seconds
    assert timeouts.for_bodies(size) == 7 + seconds


async def test_answers_without_end_before_the_answer_are_not_an_answer(network):
    """1xx answers are not the answer (RFC 9110 section 15.2), however many come."""

    async def behave(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    server = await asyncio.start_server(behave, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    repository = Reference.parse(f"127.0.0.1:{port}/team/web").repository
    async with asyncio.timeout(SOON):
        with pytest.raises(Transient):
            await client(repository, network, timeouts=Timeouts(headers=0.3)).manifest("1.0")
    server.close()


async def test_a_body_that_is_fast_enough_is_read_however_long_it_takes(fake_registry, network):
    async def steady(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(25):
            await response.write(CONTENT)
            await asyncio.sleep(0.1)
        return response

    fake_registry.on("GET", "/blobs/", steady)
    timeouts = Timeouts(window=1.0, min_rate=1_000, mean_rate=4_000)  # two windows pass, and none of them empty

    assert len(await client(fake_registry, network, timeouts=timeouts).blob(descriptor(CONTENT * 25))) == 125_000


async def test_a_body_that_keeps_the_least_rate_ends_with_the_deadline_of_its_size(fake_registry, network):
    async def steady(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(CONTENT)
            await asyncio.sleep(0.05)

    fake_registry.on("GET", "/blobs/", steady)
    timeouts = Timeouts(window=0.2, min_rate=1_000, mean_rate=1_000_000)

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network, timeouts=timeouts).blob(descriptor(CONTENT * 100))

    assert re.search(r"sent only [0-9]+ bytes in [0-9]+ s", failure.value.message)


async def test_a_slow_disk_is_not_taken_for_a_slow_registry(fake_registry, network):
    content = CONTENT * 200
    fake_registry.blobs[str(Digest.of(content))] = content
    taken: list[bytes] = []

    async def write(piece: bytes) -> None:
        if len(taken) == 1:
            await asyncio.sleep(1.5)
        taken.append(piece)

    await client(fake_registry, network, timeouts=Timeouts(window=1.0, mean_rate=10_000_000)).download(
        descriptor(content), write=write
    )

    assert b"".join(taken) == content
    assert len(taken) > 2


async def test_a_time_out_of_the_work_itself_is_not_taken_for_the_deadline():
    deadline = Deadline.after(60, context="the look-up", waits=ConnectionWaits())

    with pytest.raises(TimeoutError):
        async with deadline.enforced():
            raise TimeoutError


def test_one_byte_every_half_second_is_given_up_well_within_a_minute():
    assert 2 * DEFAULT_TIMEOUTS.window < DEFAULT_TIMEOUTS.min_rate * DEFAULT_TIMEOUTS.window
    assert DEFAULT_TIMEOUTS.window <= 10
    assert DEFAULT_TIMEOUTS.headers <= 20
    assert DEFAULT_TIMEOUTS.lookup <= 30


# --- rates, by a clock of their own ---------------------------------------------------------------------------------

SLOW = Timeouts(window=2, min_rate=10, mean_rate=100, longest_body=100)


class Body:
    """Chunks that come so many seconds after the first is waited for; then nothing comes."""

    def __init__(self, *chunks: tuple[float, int]) -> None:
        self.left = [(second, b"x" * size) for second, size in chunks]
        self.begun: float | None = None

    async def readany(self) -> bytes:
        time = asyncio.get_running_loop().time
        self.begun = time() if self.begun is None else self.begun
        if not self.left:
            await asyncio.Event().wait()
        await asyncio.sleep(max(0.0, self.begun + self.left[0][0] - time()))
        return self.left.pop(0)[1]


def read(*chunks: tuple[float, int], size: int = 1000, pauses: float = 0) -> int:
    """How many bytes of a body are read, with a pause after the first chunk; raises as ``read_at_min_rate``."""

    async def whole() -> int:
        found = 0
        body = cast(aiohttp.StreamReader, Body(*chunks))
        async for chunk in read_at_min_rate(body, size=size, timeouts=SLOW, context="a blob", host="registry.example"):
            if not found:
                await asyncio.sleep(pauses)
            found += len(chunk)
        return found

    return run(whole())


@pytest.mark.parametrize(
    ("chunks", "said"),
    [
        pytest.param([], "0 bytes in 2 s (0 ", id="nothing comes"),
        pytest.param([(1, 19)], "19 bytes in 2 s (10 ", id="a byte too few"),
        pytest.param([(1, 20), (3, 20)], "0 bytes in 2 s (0 ", id="nothing more comes, after two windows"),
        pytest.param([(n + 0.5, 30) for n in range(12)], "360 bytes in 12 s (30 ", id="too few for its size"),
    ],
)
def test_a_body_that_comes_too_slowly_is_given_up_with_what_came_of_it(chunks, said):
    with pytest.raises(Transient) as failure:
        read(*chunks)

    assert failure.value.message.startswith(f"a blob: registry.example sent only {said}bytes a second)")


def test_a_body_that_comes_as_fast_as_it_has_to_is_whole():
    assert read((1, 20), (3, 20), (5, 20), (5.5, 0)) == 60


def test_a_pause_of_who_takes_the_body_is_not_the_senders():
    assert read((0.5, 10), (6.5, 30), (6.75, 0), pauses=5) == 40

    with pytest.raises(Transient, match="310 bytes in 12 s"):
        read((0.5, 10), *((n + 5.5, 30) for n in range(1, 11)), pauses=5)


def test_a_prefix_that_is_whole_is_not_waited_for():
    async def prefix(limit: int) -> tuple[bytes, float]:
        body = cast(aiohttp.StreamReader, Body((1, 10)))
        time = asyncio.get_running_loop().time
        begun = time()
        return await read_prefix(body, limit=limit, seconds=5), time() - begun

    assert run(prefix(4)) == (b"xxxx", 1)
    assert run(prefix(10)) == (b"x" * 10, 1)
    assert run(prefix(11)) == (b"x" * 10, 5)
