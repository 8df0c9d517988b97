"""Nothing that a registry sends holds the event loop: everybody's watches, leases and probes are on it."""

import asyncio
import json
import time
from contextlib import suppress

import pytest
from aiohttp import web
from tests.looplag import MOST, longest_hold
from tests.source.fake_registry import BUNDLE, INDEX, NAME, OCI, client, index, signatures

from pattern_operator.api.reference import Digest, Reference, Repository, Revision
from pattern_operator.errors import PatternError
from pattern_operator.limits import MAX_MANIFEST
from pattern_operator.source import LayerSelector, pull, resolve

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("untraced")]


def filled(head: bytes, unit: bytes, tail: bytes, *, most: int = MAX_MANIFEST) -> bytes:
    """As many of ``unit`` as fit, with commas in between."""
    number = (most - len(head) - len(tail)) // (len(unit) + 1)
    return head + b",".join([unit] * number) + tail


def entry(number: int) -> dict[str, object]:
    return {"mediaType": OCI, "digest": f"sha256:{number:064x}", "size": 1, "artifactType": BUNDLE}


TAGS = [
    pytest.param(
        json.dumps({"tags": [f"1.{number}.0-{'x' * 100}" for number in range(10_000)]}).encode(), id="10,000 long tags"
    ),
    pytest.param(json.dumps({"tags": ["1.0.0"] * 19_000}).encode(), id="repeated names"),
    pytest.param(json.dumps({"tags": ["!"] * 19_000}).encode(), id="invalid names"),
    pytest.param(filled(b'{"tags": [', b"1", b"]}"), id="2,000,000 numbers"),
    pytest.param(filled(b'{"tags": [', b"{}", b"]}", most=50_000), id="objects"),
    pytest.param(b'{"tags": ' + b"[" * 2_000_000 + b"]" * 2_000_000 + b"}", id="depth"),
    pytest.param(filled(b'{"tags": [', b"[" * 60 + b"]" * 60, b"]}", most=2_300_000), id="lists without commas"),
    pytest.param(filled(b'{"tags": [', b'{"a":' * 60 + b"1" + b"}" * 60, b"]}"), id="objects without commas"),
    pytest.param(b'{"tags": ["' + b"\\u0041" * 690_000 + b'"]}', id="escapes"),
    pytest.param(b'{"tags": ["' + b"\\ud83d\\ude00" * 340_000 + b'"]}', id="pairs of surrogates"),
    pytest.param(b'{"tags": [' + b"1" * 4_000_000 + b"]}", id="one long number"),
    pytest.param(filled(b'{"tags": [', b"9" * 4_299, b"]}"), id="long numbers"),
    pytest.param(filled(b'{"tags": [', b"1." + b"1" * 200 + b"e-300", b"]}"), id="long fractions"),
    pytest.param(
        b"{" + b",".join(b'"k%d":%d' % (number, number) for number in range(19_000)) + b"}", id="19,000 members"
    ),
    pytest.param(b'{"tags": []' + b" " * 4_190_000 + b"}", id="spaces"),
    pytest.param(b'{"tags": ["' + b"a" * 4_190_000, id="a string without end"),
]


@pytest.mark.parametrize("body", TAGS)
async def test_a_list_of_tags_does_not_hold_it(fake_registry, network, body):
    fake_registry.answer("GET", "/tags/list", body=body)
    reference = Reference(fake_registry.repository, semver=">=1 <2 || >3 || ~4 || 5.x")

    async def work() -> None:
        with suppress(PatternError):
            await resolve(reference, registry=client(fake_registry, network))

    assert await longest_hold(work) < MOST


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(index([entry(number) for number in range(3_000)]), id="3,000 entries"),
        pytest.param(index([entry(number) for number in range(18_000)])[: MAX_MANIFEST - 1], id="18,000 entries"),
        pytest.param(
            json.dumps({"schemaVersion": 2, **{f"K{number}": number for number in range(19_000)}}).encode(), id="names"
        ),
    ],
)
async def test_an_index_does_not_hold_it(fake_registry, network, body):
    fake_registry.answer("GET", "/referrers/", body=body, headers={"Content-Type": INDEX})

    async def work() -> None:
        with suppress(PatternError):
            await signatures(Digest.of(b"x"), registry=client(fake_registry, network))

    assert await longest_hold(work) < MOST


async def test_pages_of_referrers_do_not_hold_it(fake_registry, network):
    number = 0

    async def page(_: web.Request) -> web.StreamResponse:
        nonlocal number
        number += 1
        entries = [entry(2_500 * number + each) for each in range(2_500)]
        link = f'<sha256?page={number}>; rel="next"'
        return web.Response(body=index(entries), headers={"Content-Type": INDEX, "Link": link})

    fake_registry.on("GET", "/referrers/", page)

    async def work() -> None:
        with suppress(PatternError):
            await signatures(Digest.of(b"x"), registry=client(fake_registry, network))

    assert await longest_hold(work) < MOST
    assert number > 10


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"annotations": {f"k{number}": "v" for number in range(19_000)}}, id="annotations"),
        pytest.param({"annotations": {"k": "v" * 4_000_000}}, id="one long annotation"),
        pytest.param({"layers": [entry(number) for number in range(4_000)]}, id="layers"),
    ],
)
async def test_a_manifest_does_not_hold_it(fake_registry, network, cache, more):
    document = {"schemaVersion": 2, "mediaType": OCI, "config": entry(1), "layers": [entry(2)], **more}
    digest = fake_registry.document(document, tag="1.0")
    reference = Reference(fake_registry.repository, digest=digest)

    async def work() -> None:
        with suppress(PatternError):
            registry = client(fake_registry, network)
            await pull(reference, Revision("", digest), registry=registry, cache=cache, layer=LayerSelector())
        with suppress(PatternError):
            await client(fake_registry, network).manifest("1.0")

    assert await longest_hold(work) < MOST


@pytest.mark.parametrize(
    ("status", "name", "value"),
    [
        pytest.param(401, "WWW-Authenticate", "Bearer " + "a=b," * 2_000, id="parameters"),
        pytest.param(401, "WWW-Authenticate", "a," * 4_000, id="schemes"),
        pytest.param(401, "WWW-Authenticate", 'a b="' * 1_600, id="quotes that do not end"),
        pytest.param(401, "WWW-Authenticate", 'Bearer a="' + "\\\\" * 4_000, id="escapes"),
        pytest.param(200, "Set-Cookie", "a=b; " * 1_600, id="cookies"),
        pytest.param(200, "Link", "<a>; rel=" * 800, id="links"),
        pytest.param(200, "Link", "<a>" + "; " * 4_000, id="parameters of a link"),
        pytest.param(307, "Location", "http://h/" + "%2e" * 2_600, id="a location"),
        pytest.param(429, "Retry-After", "Mon, " * 1_600, id="a date"),
        pytest.param(200, "Docker-Content-Digest", "sha256:" * 1_000, id="a digest"),
    ],
)
async def test_headers_do_not_hold_it(fake_registry, network, status, name, value):
    async def many(request: web.Request) -> web.StreamResponse:
        answer = web.Response(status=status, body=b'{"tags": []}')
        for _ in range(100):
            answer.headers.add(name, value)
        return answer

    fake_registry.on("GET", "^/v2/", many)

    async def work() -> None:
        for _ in range(3):
            with suppress(PatternError):
                await resolve(
                    Reference(fake_registry.repository, semver="1.x"), registry=client(fake_registry, network)
                )

    assert await longest_hold(work) < MOST


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(filled(b'{"errors": [', b"{}", b"]}"), id="errors"),
        pytest.param(json.dumps({"errors": [{"message": "token=" * 2_000}]}).encode(), id="what looks like secrets"),
        pytest.param(json.dumps({"errors": [{"message": "a." * 5_000}]}).encode(), id="a long word"),
    ],
)
@pytest.mark.parametrize("path", ["/manifests/", "^/token$"])
async def test_errors_and_tokens_do_not_hold_it(fake_registry, network, body, path):
    fake_registry.answer("GET", path, status=403, body=body)

    async def work() -> None:
        with suppress(PatternError):
            await client(fake_registry, network).manifest("1.0")

    assert await longest_hold(work) < MOST


async def test_a_body_in_chunks_of_one_byte_does_not_hold_it(fake_registry, network):
    async def tiny(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        transport = request.transport
        assert transport is not None
        for _ in range(4):
            transport.write(b"1\r\nx\r\n" * 20_000)
            await response.drain() if hasattr(response, "drain") else None
        transport.write(b"0\r\n\r\n")
        return response

    fake_registry.on("GET", "/tags/list", tiny)

    async def work() -> None:
        with suppress(PatternError):
            await resolve(Reference(fake_registry.repository, semver="1.x"), registry=client(fake_registry, network))

    assert await longest_hold(work) < MOST


@pytest.mark.parametrize("name", ["1.0.0", "no tag!", 7], ids=["repeated", "invalid", "of another type"])
async def test_repeated_and_invalid_names_count_as_tags(fake_registry, network, name):
    names = json.dumps({"tags": [name] * 1_001}).encode()
    for number in range(1, 12):
        fake_registry.page("/tags/list", number, body=names, link=f'<?page={number + 1}>; rel="next"')

    with pytest.raises(PatternError, match="more than 10000 tags"):
        await resolve(Reference(fake_registry.repository, semver="1.x"), registry=client(fake_registry, network))


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(b"HTTP/1.1 103 \r\n\r\n", id="provisional ones"),
        pytest.param(b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", id="final ones"),
        pytest.param(b"HTTP/1.1 103 \r\n" + b"a:\r\n" * 90 + b"\r\n", id="of many headers"),
    ],
)
async def test_answers_without_end_do_not_hold_it(network, answers):
    many, sent = answers * (2**21 // len(answers)), 0

    async def flood(reader, writer):
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        with suppress(OSError):
            while True:
                writer.write(many)
                await writer.drain()
                sent += len(many)

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    repository = Repository(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", NAME)

    async def work() -> None:
        with suppress(PatternError):
            await client(repository, network).manifest("1.0")

    begun = time.monotonic()
    held = await longest_hold(work)
    server.close()

    assert held < MOST
    assert time.monotonic() - begun < 10
    assert sent < 2**24


async def test_a_few_provisional_answers_are_passed_over(network):
    async def hint(reader, writer):
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 9)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    server = await asyncio.start_server(hint, "127.0.0.1", 0)
    repository = Repository(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", NAME)
    registry = client(repository, network)
    found = [(await registry.request("GET", "tags/list", context="x")).body for _ in range(2)]
    server.close()

    assert found == [b"{}", b"{}"]
