import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from multidict import CIMultiDict
from tests.source.fake_registry import ALICE, OCI, bearer, challenged, client, descriptor, sha256

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MAX_REDIRECTS
from pattern_operator.source import TokenCache
from pattern_operator.source.registry import blob_download
from pattern_operator.source.registry.transport import Transport

CONTENT = b"apiVersion: v1\n" * 100


# --- digests and sizes ----------------------------------------------------------------------------------------------


async def test_a_blob_that_is_what_its_descriptor_says_is_read(fake_registry, network):
    fake_registry.blob(CONTENT)

    found = await client(fake_registry, network).blob(descriptor(CONTENT))

    assert found == CONTENT


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        pytest.param(CONTENT[:-1] + b"!", Reason.DIGEST_MISMATCH, id="one byte changed"),
        pytest.param(CONTENT + b"!", Reason.SIZE_MISMATCH, id="a byte more"),
        pytest.param(CONTENT[:-1], Reason.SIZE_MISMATCH, id="a byte less"),
        pytest.param(b"", Reason.SIZE_MISMATCH, id="nothing"),
    ],
)
async def test_a_blob_that_is_something_else_is_refused(fake_registry, network, sent, reason):
    fake_registry.blobs[sha256(CONTENT)] = sent

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).blob(descriptor(CONTENT))

    assert refusal.value.reason is reason


async def test_a_blob_is_handed_on_in_pieces_as_soon_as_there_is_one(fake_registry, network, monkeypatch):
    first, last = b"x" * blob_download._PIECE, b"y"
    pieces: list[bytes] = []

    async def chunks(*_: object, **__: object) -> AsyncIterator[bytes]:
        yield first
        assert pieces == [first]
        yield last

    monkeypatch.setattr(Transport, "chunks", chunks)

    async def write(piece: bytes) -> None:
        pieces.append(piece)

    fake_registry.blob(first + last)
    await client(fake_registry, network).download(descriptor(first + last), write=write)

    assert pieces == [first, last]


async def test_reading_stops_when_a_blob_is_longer_than_its_descriptor_says(fake_registry, network):
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            sent += 65536

    fake_registry.on("GET", "/blobs/", endless)

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).blob(descriptor(CONTENT))

    assert refusal.value.reason is Reason.SIZE_MISMATCH
    await asyncio.sleep(0.1)
    assert sent < 64 * 2**20


async def test_a_connection_that_breaks_is_tried_again_later(fake_registry, network):
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
        await response.prepare(request)
        await response.write(CONTENT[:10])
        assert request.transport is not None
        request.transport.close()
        return response

    fake_registry.on("GET", "/blobs/", half)

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network).blob(descriptor(CONTENT))

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_a_tampered_manifest_is_refused_by_digest(fake_registry, network):
    digest = fake_registry.manifest([])
    media_type, body = fake_registry.manifests[str(digest)]
    fake_registry.manifests[str(digest)] = (media_type, body.replace(b"2", b"3", 1))

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).manifest(digest)

    assert refusal.value.reason is Reason.DIGEST_MISMATCH


async def test_a_manifest_that_differs_from_the_registrys_own_header_is_refused(fake_registry, network):
    fake_registry.answer("GET", "/manifests/1.0", body=b"{}", headers={"Docker-Content-Digest": sha256(b"other")})

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).manifest("1.0")

    assert refusal.value.reason is Reason.DIGEST_MISMATCH


async def test_a_manifest_beyond_the_limit_is_refused(fake_registry, network):
    fake_registry.answer("GET", "/manifests/1.0", body=b" " * (4 * 2**20 + 1))

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).manifest("1.0")

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


async def test_an_answer_that_was_encoded_on_the_way_is_refused(fake_registry, network):
    fake_registry.answer("GET", "/blobs/", body=gzip.compress(CONTENT), headers={"Content-Encoding": "gzip"})

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network).blob(descriptor(CONTENT))

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "gzip" in failure.value.message


@pytest.mark.parametrize("coding", ["aws-chunked", "AWS-CHUNKED", "gzip", "br", "as-nobody-knows", "aws-chunked, gzip"])
async def test_a_header_that_calls_the_content_encoded_is_not_believed_over_the_digest(fake_registry, network, coding):
    digest = fake_registry.manifest([fake_registry.blob(CONTENT)], tag="1.0")
    media_type, body = fake_registry.manifests[str(digest)]
    called = {"Content-Encoding": coding, "Content-Type": media_type}
    fake_registry.answer("GET", "/blobs/", body=CONTENT, headers=called)
    fake_registry.answer("GET", "/manifests/", body=body, headers=called)

    assert await client(fake_registry, network).blob(descriptor(CONTENT)) == CONTENT
    assert (await client(fake_registry, network).manifest(digest)).body == body
    assert (await client(fake_registry, network).manifest("1.0")).digest == digest


async def test_a_layer_that_is_a_gzip_and_is_called_so_comes_as_it_is_stored(fake_registry, network):
    layer = gzip.compress(CONTENT)
    fake_registry.answer("GET", "/blobs/", body=layer, headers={"Content-Encoding": "gzip"})

    assert await client(fake_registry, network).blob(descriptor(layer)) == layer


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(CONTENT[:-1] + b"!", Reason.DIGEST_MISMATCH), (b"4;chunk-signature=0\r\nabcd", Reason.SIZE_MISMATCH)],
)
async def test_a_coding_that_http_does_not_know_excuses_nothing(fake_registry, network, sent, reason):
    fake_registry.answer("GET", "/blobs/", body=sent, headers={"Content-Encoding": "aws-chunked"})

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).blob(descriptor(CONTENT))

    assert refusal.value.reason is reason


async def test_a_body_in_chunks_with_trailers_is_read(network):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: aws-chunked\r\nTransfer-Encoding: chunked\r\n"
            b"Trailer: x-amz-checksum-crc32\r\n\r\n"
            b"%x;name=value\r\n%b\r\n0\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n" % (len(CONTENT), CONTENT)
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        registry = client(Repository(f"127.0.0.1:{port}", "team/web"), network)
        assert await registry.blob(descriptor(CONTENT)) == CONTENT


@pytest.mark.parametrize("body", [b"\x1f\x8b\x08", b"<html>", b""])
async def test_an_answer_without_a_digest_that_was_encoded_is_tried_again_later(fake_registry, network, body):
    fake_registry.answer("GET", "/manifests/1.0", body=body, headers={"Content-Encoding": "gzip", "Content-Type": OCI})

    with pytest.raises(Transient, match="gzip"):
        await client(fake_registry, network).manifest("1.0")


# --- who we are -----------------------------------------------------------------------------------------------------


async def test_basic_credentials_are_sent_when_asked_for_and_from_then_on_at_once(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    challenged(fake_registry, 'Basic realm="x"', accepted=ALICE.basic)
    registry = client(fake_registry, network, credential=ALICE)

    await registry.manifest("1.0")
    await registry.manifest("1.0")

    assert [asked.authorization for asked in fake_registry.asked] == ["", ALICE.basic, ALICE.basic]


async def test_without_credentials_a_basic_challenge_says_that_they_are_wanted(fake_registry, network):
    challenged(fake_registry, 'Basic realm="x"', accepted=ALICE.basic)

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_REQUIRED


async def test_wrong_credentials_are_tried_once(fake_registry, network):
    challenged(fake_registry, 'Basic realm="x"', accepted="Basic other")

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=ALICE).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_FAILED
    assert len(fake_registry.asked) == 2
    assert ALICE.password not in refusal.value.diagnostics()


async def test_a_scheme_that_is_none_is_not_quoted(fake_registry, network):
    challenged(fake_registry, f"{ALICE.password} x", accepted="x")

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=ALICE).manifest("1.0")

    assert "a scheme that nobody registered" in refusal.value.message
    assert ALICE.password not in refusal.value.diagnostics()


@pytest.mark.parametrize(
    "headers",
    [
        ["Negotiate", 'Basic realm="x"'],
        ['Negotiate, Basic realm="x"'],
        ["Negotiate YIIabc==, NTLM, Basic"],
        ['Digest realm="x", qop="auth,auth-int", nonce="a"', "NTLM TlRM", "BASIC"],
    ],
    ids=str,
)
async def test_of_several_schemes_basic_is_found(fake_registry, network, headers):
    digest = fake_registry.manifest([], tag="1.0")

    async def guard(request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("Authorization") == ALICE.basic:
            return None
        return web.Response(status=401, headers=CIMultiDict([("WWW-Authenticate", header) for header in headers]))

    fake_registry.on("GET", "^/v2/", guard)

    assert (await client(fake_registry, network, credential=ALICE).manifest("1.0")).digest == digest


@pytest.mark.parametrize("before", ["NTLM", "Negotiate YII=", 'Digest realm="x", nonce="a,b"'])
async def test_of_several_schemes_bearer_is_found(fake_registry, network, before):
    digest = fake_registry.manifest([], tag="1.0")
    bearer(fake_registry)
    challenged(
        fake_registry,
        f'{before}, Bearer realm="http://{fake_registry.address}/token",service=reg',
        accepted="Bearer t0ken",
    )

    assert (await client(fake_registry, network, credential=ALICE).manifest("1.0")).digest == digest


# --- one server in several spellings --------------------------------------------------------------------------------


async def test_a_redirect_to_another_spelling_of_the_registry_stays_at_home(fake_registry, network):
    digest = fake_registry.manifest([], tag="1.0")
    port = fake_registry.server.port
    fake_registry.redirect("/manifests/moved$", f"http://localhost:{port}/v2/team/web/manifests/1.0")
    challenged(fake_registry, 'Basic realm="x"', accepted=ALICE.basic)
    fake_registry.redirect("/manifests/moved$", f"HTTP://LocalHost:{port}/v2/team/web/manifests/1.0")
    shouted = Repository(f"LOCALHOST:{port}", "team/web")

    found = await client(shouted, network, credential=ALICE).manifest("moved")

    assert found.digest == digest
    assert fake_registry.asked[-1].authorization == ALICE.basic


@pytest.mark.parametrize("more", [0, 1])
async def test_as_many_redirects_are_followed_as_a_registry_needs(fake_registry, network, more: int):
    digest = fake_registry.manifest([], tag="1.0")
    last = MAX_REDIRECTS + more
    for number in range(1, last + 1):
        target = "1.0" if number == last else f"r{number + 1}"
        fake_registry.redirect(f"/manifests/r{number}$", f"/v2/{fake_registry.repository.name}/manifests/{target}")

    if more:
        with pytest.raises(Transient, match="more than"):
            await client(fake_registry, network).manifest("r1")
    else:
        assert (await client(fake_registry, network).manifest("r1")).digest == digest


async def test_a_redirect_to_another_name_of_the_same_machine_is_not_told_who_we_are(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    fake_registry.redirect("/manifests/moved$", f"{fake_registry.elsewhere}/v2/team/web/manifests/1.0")
    tokens = TokenCache()
    challenged(fake_registry, 'Basic realm="x"', accepted=ALICE.basic)
    registry = client(fake_registry, network, credential=ALICE, tokens=tokens)
    await registry.manifest("1.0")
    fake_registry.redirect("/manifests/moved$", f"{fake_registry.elsewhere}/v2/team/web/manifests/1.0")

    with pytest.raises(Transient):
        await registry.manifest("moved")

    assert fake_registry.asked[-1].authorization == ""


@pytest.mark.parametrize(
    ("one", "other", "scheme"),
    [
        ("reg.example:443", "REG.example", "https"),
        ("reg.example:80", "reg.example", "http"),
        ("docker.io:443", "index.docker.io", "https"),
        ("[0::1]:5000", "[::1]:5000", "https"),
    ],
)
async def test_one_registry_has_one_place_in_the_cache_however_it_is_written(network, one, other, scheme):
    places = {client(Repository(host, "team/web"), network, scheme=scheme).cache_scope for host in (one, other)}

    assert len(places) == 1


async def test_an_unknown_scheme_is_an_error_that_says_so(fake_registry, network):
    challenged(fake_registry, "Negotiate", accepted="x")

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=ALICE).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_FAILED
    assert "negotiate" in refusal.value.message


# --- a web page in its place ----------------------------------------------------------------------------------------

PAGE = b"<html><body>Please log in</body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(PAGE, HTML, id="HTML"),
        pytest.param(b"\n  <!DOCTYPE html>", {}, id="without a type"),
        pytest.param(b"\xef\xbb\xbf<html>", {"Content-Type": "application/json"}, id="called JSON"),
        pytest.param(b"", HTML, id="an empty page"),
        pytest.param(b"Sign in", HTML, id="words"),
    ],
)
@pytest.mark.parametrize("by", ["tag", "digest"])
async def test_a_web_page_is_no_manifest_and_has_no_digest(fake_registry, network, body, headers, by):
    fake_registry.answer("GET", "/manifests/", body=body, headers=headers)
    fake_registry.answer("HEAD", "/manifests/", headers=headers)
    registry = client(fake_registry, network)

    with pytest.raises(Transient, match=r"answered with a web page .* source\.url") as failure:
        await (registry.resolve_tag("1.0") if by == "tag" else registry.manifest(Digest.of(b"{}")))

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "log in" not in failure.value.message


async def test_a_login_page_that_the_registry_leads_to_is_a_web_page(fake_registry, network):
    fake_registry.redirect("/manifests/", "/login", status=302)
    fake_registry.answer("GET", "^/login$", body=PAGE, headers=HTML)

    with pytest.raises(Transient, match="web page"):
        await client(fake_registry, network).manifest("1.0")


async def test_of_another_host_nobody_is_told_that_it_has_a_web_page(fake_registry, network):
    fake_registry.redirect("/manifests/", f"{fake_registry.elsewhere}/login", status=302)
    fake_registry.answer("GET", "^/login$", body=PAGE, headers=HTML)

    with pytest.raises(Transient, match="something that is not a manifest") as failure:
        await client(fake_registry, network).manifest("1.0")

    assert "web page" not in failure.value.message


@pytest.mark.parametrize("content", [b"longer than the page is, much longer, than the page that comes", b"short"])
async def test_a_web_page_in_the_place_of_a_blob_is_tried_again_later(fake_registry, network, content):
    fake_registry.answer("GET", "/blobs/", body=PAGE, headers=HTML)

    with pytest.raises(Transient, match="web page"):
        await client(fake_registry, network).blob(descriptor(content))


async def test_a_blob_that_is_called_a_web_page_and_is_what_its_digest_names_is_read(fake_registry, network):
    fake_registry.answer("GET", "/blobs/", body=PAGE, headers=HTML)

    assert await client(fake_registry, network).blob(descriptor(PAGE)) == PAGE


async def test_a_manifest_that_is_called_a_web_page_is_one_all_the_same(fake_registry, network):
    digest = fake_registry.manifest([], tag="1.0")
    body = fake_registry.manifests["1.0"][1]
    fake_registry.answer("GET", "/manifests/", body=body, headers=HTML)

    assert (await client(fake_registry, network).manifest("1.0")).digest == digest


# --- where it is ----------------------------------------------------------------------------------------------------


async def test_docker_hub_is_asked_where_it_is_and_for_what_it_calls_things(network):
    official = client(Repository("docker.io", "nginx"), network)
    other = client(Repository("docker.io", "team/web"), network)

    assert str(official._url("tags/list")) == "http://registry-1.docker.io/v2/library/nginx/tags/list"
    assert str(other._url("tags/list")) == "http://registry-1.docker.io/v2/team/web/tags/list"
    assert str(other._url("tags/list?last=a%7Eb")).endswith("?last=a%7Eb")  # as it was given


async def test_a_tag_is_resolved_by_what_a_head_says_or_else_by_its_manifest(fake_registry, network):
    digest = fake_registry.manifest([], tag="1.0")

    by_head = await client(fake_registry, network).resolve_tag("1.0")
    asked = [each.method for each in fake_registry.asked]
    fake_registry.asked.clear()
    fake_registry.answer("HEAD", "/manifests/", status=405)
    by_manifest = await client(fake_registry, network).resolve_tag("1.0")

    assert (by_head, asked) == (digest, ["HEAD"])
    assert (by_manifest, [each.method for each in fake_registry.asked]) == (digest, ["HEAD", "GET"])


async def test_what_a_tag_was_resolved_to_may_be_read_without_another_question(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    registry = client(fake_registry, network)
    digest = await registry.resolve_tag("1.0")
    fake_registry.asked.clear()

    await registry.ensure_readable(digest)

    assert fake_registry.asked == []


@pytest.mark.parametrize(
    ("status", "tag", "reason"),
    [(404, "", Reason.ARTIFACT_NOT_FOUND), (403, "1.0", Reason.ACCESS_DENIED)],
    ids=["it has no tag", "it is refused"],
)
async def test_a_manifest_is_asked_for_by_its_tag_only_where_it_is_not_there_by_its_digest(
    fake_registry, network, status: int, tag: str, reason: Reason
):
    digest = fake_registry.manifest([], tag="1.0")
    fake_registry.answer("GET", f"/manifests/{digest}", status=status)

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).manifest_of(digest, tag=tag)

    assert refusal.value.reason is reason
    assert len(fake_registry.asked) == 1


# --- what was seen before ---------------------------------------------------------------------------------------------


async def test_what_a_head_showed_is_not_asked_for_again(fake_registry, network):
    digest, registry = fake_registry.manifest([]), client(fake_registry, network)

    await registry.ensure_readable(digest)
    await registry.ensure_readable(digest)

    assert [asked.method for asked in fake_registry.asked] == ["HEAD"]


async def test_what_is_had_by_its_tag_alone_is_not_asked_for_again(fake_registry, network):
    wanted = fake_registry.manifest([], tag="1.0")
    del fake_registry.manifests[str(wanted)]
    fake_registry.answer("HEAD", "/manifests/", status=405)
    registry = client(fake_registry, network)
    sha512 = Digest.of(fake_registry.manifests["1.0"][1], "sha512")

    for digest in (wanted, sha512):
        await registry.ensure_readable(digest, tag="1.0")
        fake_registry.asked.clear()
        await registry.ensure_readable(digest, tag="1.0")
        assert fake_registry.asked == []
