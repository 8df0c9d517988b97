import asyncio
import json
import ssl
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from tests.source.peer import NAME, Peer, client, hang, sha256
from yarl import URL

from pattern_operator.api.artifact import Descriptor
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source import Credential, TokenCache

ALICE = Credential("alice", "s3cret-of-alice")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CONTENT = b"apiVersion: v1\n" * 100


def descriptor(content: bytes, *, size: int | None = None) -> Descriptor:
    return Descriptor("text/plain", Digest.of(content), len(content) if size is None else size)


def challenge(peer: Peer, header: str, *, accepted: str) -> None:
    """Let in only who sends the Authorization header ``accepted``."""
    plain = peer.handle

    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != accepted:
            return web.json_response({}, status=401, headers={"WWW-Authenticate": header})
        peer.instead.remove(rule)
        try:
            return await plain(request)
        finally:
            peer.asked.pop()
            peer.instead.insert(0, rule)

    rule = ("GET", "^/v2/", guarded)
    peer.instead.insert(0, rule)


def bearer(peer: Peer, *, host: str | None = None, accepted: str = "t0ken", **token: object) -> None:
    base = host or f"http://{peer.address}"
    challenge(
        peer, f'Bearer realm="{base}/token",service="reg",scope="repository:x:pull"', accepted=f"Bearer {accepted}"
    )
    peer.answer("GET", "^/token$", body=json.dumps({"token": "t0ken", **token}).encode())
    peer.answer("POST", "^/token$", body=json.dumps({"access_token": "t0ken", **token}).encode())


# --- digests and sizes ----------------------------------------------------------------------------------------------


async def test_a_blob_that_is_what_its_descriptor_says_is_read(peer, http):
    peer.blob(CONTENT)

    found = await client(peer, http).blob(descriptor(CONTENT))

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
async def test_a_blob_that_is_something_else_is_refused(peer, http, sent, reason):
    peer.blobs[sha256(CONTENT)] = sent

    with pytest.raises(Stalled) as refusal:
        await client(peer, http).blob(descriptor(CONTENT))

    assert refusal.value.reason is reason


async def test_reading_stops_when_a_blob_is_longer_than_its_descriptor_says(peer, http):
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            sent += 65536

    peer.on("GET", "/blobs/", endless)

    with pytest.raises(Stalled) as refusal:
        await client(peer, http).blob(descriptor(CONTENT))

    assert refusal.value.reason is Reason.SIZE_MISMATCH
    await asyncio.sleep(0.1)
    assert sent < 64 * 2**20


async def test_a_connection_that_breaks_is_tried_again_later(peer, http):
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
        await response.prepare(request)
        await response.write(CONTENT[:10])
        request.transport.close()
        return response

    peer.on("GET", "/blobs/", half)

    with pytest.raises(Transient) as failure:
        await client(peer, http).blob(descriptor(CONTENT))

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_a_tampered_manifest_is_refused_by_digest(peer, http):
    digest = peer.manifest([])
    media_type, body = peer.manifests[str(digest)]
    peer.manifests[str(digest)] = (media_type, body.replace(b"2", b"3", 1))

    with pytest.raises(Stalled) as refusal:
        await client(peer, http).manifest(digest)

    assert refusal.value.reason is Reason.DIGEST_MISMATCH


async def test_a_manifest_that_differs_from_the_registrys_own_header_is_refused(peer, http):
    peer.answer("GET", "/manifests/1.0", body=b"{}", headers={"Docker-Content-Digest": sha256(b"other")})

    with pytest.raises(Stalled) as refusal:
        await client(peer, http).manifest("1.0")

    assert refusal.value.reason is Reason.DIGEST_MISMATCH


async def test_a_manifest_beyond_the_limit_is_refused(peer, http):
    peer.answer("GET", "/manifests/1.0", body=b" " * (4 * 2**20 + 1))

    with pytest.raises(Stalled) as refusal:
        await client(peer, http).manifest("1.0")

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


async def test_an_encoded_answer_is_refused_and_identity_is_asked_for(peer, http):
    encodings = []

    async def encoded(request: web.Request) -> web.StreamResponse:
        encodings.append(request.headers["Accept-Encoding"])
        response = web.Response(body=CONTENT)
        response.enable_compression(web.ContentCoding.gzip)
        response.headers["X"] = "y"
        response._compression_force = web.ContentCoding.gzip
        return response

    peer.on("GET", "/blobs/", encoded)

    with pytest.raises(Transient) as failure:
        await client(peer, http).blob(descriptor(CONTENT))

    assert encodings == ["identity"]
    assert "gzip" in failure.value.message


# --- statuses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "credential", "kind", "reason"),
    [
        (401, None, Stalled, Reason.AUTHENTICATION_REQUIRED),
        (401, ALICE, Stalled, Reason.AUTHENTICATION_FAILED),
        (403, None, Stalled, Reason.ACCESS_DENIED),
        (403, ALICE, Stalled, Reason.ACCESS_DENIED),
        (404, None, Stalled, Reason.ARTIFACT_NOT_FOUND),
        (418, None, Stalled, Reason.ARTIFACT_UNSUPPORTED),
        (429, None, Transient, Reason.REGISTRY_THROTTLED),
        (500, None, Transient, Reason.REGISTRY_UNAVAILABLE),
        (503, None, Transient, Reason.REGISTRY_UNAVAILABLE),
    ],
)
async def test_each_status_has_its_meaning(peer, http, status, credential, kind, reason):
    body = json.dumps({"errors": [{"code": "SOME_CODE", "message": "in the\nregistry's words"}]}).encode()
    peer.answer("GET", "/manifests/", status=status, body=body)

    with pytest.raises(kind) as failure:
        await client(peer, http, credential=credential).manifest("1.0")

    assert failure.value.reason is reason
    assert "SOME_CODE: in the registry's words" in failure.value.message
    assert "manifest 1.0" in failure.value.message


async def test_a_registry_that_echoes_the_password_does_not_get_it_into_the_message(peer, http):
    body = json.dumps({"errors": [{"code": "DENIED", "message": f"bad password {ALICE.password}"}]}).encode()
    peer.answer("GET", "/manifests/", status=403, body=body)

    with pytest.raises(Stalled) as refusal:
        await client(peer, http, credential=ALICE).manifest("1.0")

    assert ALICE.password not in refusal.value.diagnostics()
    assert "bad password ***" in refusal.value.message


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        pytest.param("120", timedelta(seconds=120), id="seconds"),
        pytest.param("Tue, 24 Nov 2026 12:00:30 GMT", timedelta(seconds=30), id="a date"),
        pytest.param("Tue, 24 Nov 2026 11:00:00 GMT", timedelta(), id="a date that has passed"),
        pytest.param("9999999999999", timedelta(hours=6), id="years"),
        pytest.param("soon", None, id="nonsense"),
        pytest.param("-5", None, id="negative"),
    ],
)
async def test_retry_after_is_honoured(peer, http, header, wanted):
    peer.answer("GET", "/manifests/", status=429, headers={"Retry-After": header})

    with pytest.raises(Transient) as failure:
        await client(peer, http, now=lambda: NOW).manifest("1.0")

    assert failure.value.retry_after == wanted


async def test_a_registry_that_does_not_answer_is_unavailable(peer, http):
    peer.on("GET", "/manifests/", hang)

    with pytest.raises(Transient) as failure:
        await client(peer, http, timeout=aiohttp.ClientTimeout(total=0.1)).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "in time" in failure.value.message


async def test_a_registry_that_is_not_there_is_unavailable(http, unused_tcp_port):
    with pytest.raises(Transient) as failure:
        await client(Repository(f"127.0.0.1:{unused_tcp_port}", NAME), http).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_plain_http_behind_https_says_how_to_go_on(peer, http):
    with pytest.raises(Stalled) as refusal:
        await client(peer, http, scheme="https").manifest("1.0")

    assert refusal.value.reason is Reason.TLS_FAILED
    assert "insecure" in refusal.value.message


# --- who we are -----------------------------------------------------------------------------------------------------


async def test_basic_credentials_are_sent_when_asked_for_and_from_then_on_at_once(peer, http):
    peer.manifest([], tag="1.0")
    challenge(peer, 'Basic realm="x"', accepted=ALICE.basic)
    registry = client(peer, http, credential=ALICE)

    await registry.manifest("1.0")
    await registry.manifest("1.0")

    assert [asked.authorization for asked in peer.asked] == ["", ALICE.basic, ALICE.basic]


async def test_without_credentials_a_basic_challenge_says_that_they_are_wanted(peer, http):
    challenge(peer, 'Basic realm="x"', accepted=ALICE.basic)

    with pytest.raises(Stalled) as refusal:
        await client(peer, http).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_REQUIRED


async def test_wrong_credentials_are_tried_once(peer, http):
    challenge(peer, 'Basic realm="x"', accepted="Basic other")

    with pytest.raises(Stalled) as refusal:
        await client(peer, http, credential=ALICE).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_FAILED
    assert len(peer.asked) == 2
    assert ALICE.password not in refusal.value.diagnostics()


async def test_an_unknown_scheme_is_an_error_that_says_so(peer, http):
    challenge(peer, "Negotiate", accepted="x")

    with pytest.raises(Stalled) as refusal:
        await client(peer, http, credential=ALICE).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_FAILED
    assert "negotiate" in refusal.value.message


async def test_a_token_is_asked_for_once_for_many_requests(peer, http):
    peer.manifest([], tag="1.0")
    bearer(peer, expires_in=300)
    tokens = TokenCache()

    await asyncio.gather(*(client(peer, http, tokens=tokens).manifest("1.0") for _ in range(5)))
    await client(peer, http, tokens=tokens).manifest("1.0")

    asked = [URL(path) for path in peer.paths("GET") if path.startswith("/token")]
    assert len(asked) == 1
    assert dict(asked[0].query) == {"service": "reg", "scope": "repository:x:pull"}


async def test_a_token_is_asked_for_with_the_credentials(peer, http):
    peer.manifest([], tag="1.0")
    bearer(peer)

    await client(peer, http, credential=ALICE).manifest("1.0")

    assert [a.authorization for a in peer.asked] == ["", ALICE.basic, "Bearer t0ken"]


async def test_a_token_of_one_credential_is_not_used_for_another(peer, http):
    peer.manifest([], tag="1.0")
    bearer(peer)
    tokens = TokenCache()

    await client(peer, http, credential=ALICE, tokens=tokens).manifest("1.0")
    await client(peer, http, credential=Credential("bob", "b"), tokens=tokens).manifest("1.0")

    assert len([path for path in peer.paths("GET") if path.startswith("/token")]) == 2


async def test_an_expired_token_is_replaced(peer, http):
    peer.manifest([], tag="1.0")
    bearer(peer, expires_in=100)
    time = 0.0
    registry = client(peer, http, tokens=TokenCache(clock=lambda: time))

    await registry.manifest("1.0")
    time = 89.0
    await registry.manifest("1.0")
    before = len([path for path in peer.paths("GET") if path.startswith("/token")])
    time = 91.0
    await registry.manifest("1.0")

    assert before == 1
    assert len([path for path in peer.paths("GET") if path.startswith("/token")]) == 2


async def test_a_token_that_the_registry_no_longer_takes_is_replaced_once(peer, http):
    peer.manifest([], tag="1.0")
    bearer(peer, expires_in=3600)
    tokens = TokenCache()
    registry = client(peer, http, tokens=tokens)
    scope = await registry._scope("GET")
    tokens.put(scope, "Bearer stale", seconds=3600)

    await registry.manifest("1.0")

    assert tokens.get(scope).authorization == "Bearer t0ken"


async def test_an_identity_token_is_exchanged_by_post(peer, http):
    peer.manifest([], tag="1.0")
    bearer(peer)

    await client(peer, http, credential=Credential("", identity_token="refresh-me")).manifest("1.0")

    posted = next(asked for asked in peer.asked if asked.method == "POST")
    assert dict(URL(f"/?{posted.body}").query) == {
        "grant_type": "refresh_token",
        "client_id": "pattern-operator",
        "service": "reg",
        "scope": "repository:x:pull",
        "refresh_token": "refresh-me",
    }
    assert posted.authorization == ""


async def test_credentials_are_not_told_to_a_token_service_of_another_host(peer, http):
    bearer(peer, host=peer.elsewhere)

    with pytest.raises(Stalled) as refusal:
        await client(peer, http, credential=ALICE).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_FAILED
    assert "localhost" in refusal.value.message
    assert not any(path.startswith("/token") for path in peer.paths("GET"))


async def test_an_anonymous_token_may_come_from_another_host(peer, http):
    digest = peer.manifest([], tag="1.0")
    bearer(peer, host=peer.elsewhere)

    found = await client(peer, http).manifest("1.0")

    assert found.digest == digest


@pytest.mark.parametrize("realm", ["", "ftp://127.0.0.1/token", "https://me:pw@127.0.0.1/t", "http://[", "/token"])
async def test_a_realm_that_is_no_address_is_not_asked(peer, http, realm):
    challenge(peer, f'Bearer realm="{realm}"', accepted="x")

    with pytest.raises(Stalled) as refusal:
        await client(peer, http).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_FAILED


@pytest.mark.parametrize(
    ("status", "credential", "kind", "reason"),
    [
        (401, ALICE, Stalled, Reason.AUTHENTICATION_FAILED),
        (401, None, Stalled, Reason.AUTHENTICATION_REQUIRED),
        (403, ALICE, Stalled, Reason.ACCESS_DENIED),
        (404, None, Stalled, Reason.AUTHENTICATION_REQUIRED),  # proves no absence
        (404, ALICE, Stalled, Reason.AUTHENTICATION_FAILED),
        (302, ALICE, Stalled, Reason.AUTHENTICATION_FAILED),
        (429, ALICE, Transient, Reason.REGISTRY_THROTTLED),
        (502, None, Transient, Reason.REGISTRY_UNAVAILABLE),
    ],
)
async def test_what_the_token_service_says_is_about_us(peer, http, status, credential, kind, reason):
    bearer(peer)
    peer.answer("GET", "^/token$", status=status, headers={"Location": peer.elsewhere})

    with pytest.raises(kind) as failure:
        await client(peer, http, credential=credential).manifest("1.0")

    assert failure.value.reason is reason


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b'{"token": 1}',
        b'{"token": "a\\nb"}',
        b'{"token": "a", "expires_in": "x"}',
        b'{"token":"a","expires_in":-1}',
    ],
)
async def test_a_token_answer_that_is_nonsense_is_tried_again_later(peer, http, answer):
    bearer(peer)
    peer.answer("GET", "^/token$", body=answer)

    with pytest.raises(Transient) as failure:
        await client(peer, http).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


# --- where we are sent ----------------------------------------------------------------------------------------------


async def test_a_redirect_is_followed_and_credentials_stay_behind(peer, http):
    peer.blob(CONTENT)
    peer.redirect("/blobs/", f"{peer.elsewhere}/store/x%2Fy?sig=a%2Bb")
    challenge(peer, 'Basic realm="x"', accepted=ALICE.basic)
    peer.answer("GET", "^/store/", body=CONTENT)

    found = await client(peer, http, credential=ALICE).blob(descriptor(CONTENT))

    assert found == CONTENT
    stored = next(asked for asked in peer.asked if asked.path.startswith("/store/"))
    assert stored.authorization == ""
    assert stored.path == "/store/x%2Fy?sig=a%2Bb"


async def test_another_hosts_challenge_is_not_answered(peer, http):
    peer.redirect("/blobs/", f"{peer.elsewhere}/store")
    peer.answer("GET", "^/store", status=401, headers={"WWW-Authenticate": 'Basic realm="steal"'})

    with pytest.raises(Transient):
        await client(peer, http, credential=ALICE).blob(descriptor(CONTENT))

    assert {asked.authorization for asked in peer.asked} == {""}


async def test_a_404_of_another_host_proves_no_absence(peer, http):
    peer.redirect("/manifests/", f"{peer.elsewhere}/nowhere")

    with pytest.raises(Transient) as failure:
        await client(peer, http).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_redirects_end(peer, http):
    peer.redirect("/blobs/", f"http://{peer.address}/v2/{NAME}/blobs/again")

    with pytest.raises(Transient) as failure:
        await client(peer, http).blob(descriptor(CONTENT))

    assert len(peer.asked) == 6
    assert "5 times" in failure.value.message


@pytest.mark.parametrize(
    "location", ["ftp://127.0.0.1/x", "http://user:pw@127.0.0.1/x", "http://[", "file:///etc/passwd"]
)
async def test_a_redirect_to_no_address_is_not_followed(peer, http, location):
    peer.redirect("/blobs/", location)

    with pytest.raises(Transient) as failure:
        await client(peer, http).blob(descriptor(CONTENT))

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert len(peer.asked) == 1


async def test_an_upload_is_not_redirected(peer, http):
    peer.answer("POST", "/uploads/", status=307, headers={"Location": f"{peer.elsewhere}/x"})

    with pytest.raises(Transient):
        await client(peer, http).ask("POST", "blobs/uploads/", what="upload")

    assert len(peer.asked) == 1


def test_docker_hub_is_asked_where_it_is_and_for_what_it_calls_things():
    official = client(Repository("docker.io", "nginx"), http=None)
    other = client(Repository("docker.io", "team/web"), http=None)

    assert str(official._url("tags/list")) == "http://registry-1.docker.io/v2/library/nginx/tags/list"
    assert str(other._url("tags/list")) == "http://registry-1.docker.io/v2/team/web/tags/list"


async def test_https_is_not_left_for_http(http, tmp_path, peer):
    from tests.source.tls import serving_https

    async with serving_https(tmp_path, location=f"http://{peer.address}/x") as (address, ca):
        context = ssl.create_default_context(cafile=ca)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as trusting:
            registry = client(Repository(address, NAME), trusting, scheme="https")
            with pytest.raises(Transient) as failure:
                await registry.blob(descriptor(CONTENT))
        with pytest.raises(Stalled) as refusal:
            await client(Repository(address, NAME), http, scheme="https").blob(descriptor(CONTENT))

    assert "plain http" in failure.value.message
    assert peer.asked == []
    assert refusal.value.reason is Reason.TLS_FAILED
