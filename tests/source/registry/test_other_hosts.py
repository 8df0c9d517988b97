"""Nothing that another host than the registry says gets into what people read: the registry chose that host."""

import json
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from aiohttp import web
from tests.source.fake_registry import (
    OCI,
    FakeRegistry,
    Handler,
    bearer,
    challenged,
    client,
    descriptor,
    sha256,
    signatures,
)

from pattern_operator.api.reference import Digest, Reference
from pattern_operator.errors import PatternError
from pattern_operator.source import Network, resolve

SECRET = "sw0rdfish-of-the-cluster"
BODY = json.dumps({"secret": SECRET, "mediaType": SECRET, SECRET: 1, "errors": [{"code": SECRET, "message": SECRET}]})


def telling(
    status: int = 200,
    body: bytes = BODY.encode(),
    media_type: str = OCI,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Handler:
    """An internal page that holds a secret wherever an answer can hold one."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, reason=SECRET, body=body, headers={"Content-Type": media_type, "X-Secret": SECRET, **headers}
        )

    return handler


async def manifest_of_a_tag(fake_registry: FakeRegistry, network: Network):
    await resolve(Reference(fake_registry.repository, tag="1.0"), registry=client(fake_registry, network))


async def manifest_of_a_digest(fake_registry: FakeRegistry, network: Network):
    await client(fake_registry, network).manifest(Digest.of(b"another"))


async def blob(fake_registry: FakeRegistry, network: Network):
    await client(fake_registry, network).blob(descriptor(b"another", size=len(BODY)))


async def blob_of_another_size(fake_registry: FakeRegistry, network: Network):
    await client(fake_registry, network).blob(descriptor(b"another", size=100_000))


async def tags(fake_registry: FakeRegistry, network: Network):
    await resolve(Reference(fake_registry.repository, semver="1.x"), registry=client(fake_registry, network))


async def referrers(fake_registry: FakeRegistry, network: Network):
    await signatures(Digest.of(b"x"), registry=client(fake_registry, network))


INTERNAL = [
    pytest.param(telling(), id="an answer"),
    pytest.param(telling(media_type=f"application/{SECRET}"), id="a content type"),
    pytest.param(telling(media_type="text/html"), id="a page"),
    pytest.param(telling(body=SECRET.encode()), id="text"),
    pytest.param(telling(body=json.dumps({"tags": {SECRET: SECRET}, "manifests": SECRET}).encode()), id="of its shape"),
    pytest.param(telling(body=b'{"schemaVersion": 2, "layers": 1, "manifests": 1}'), id="two shapes"),
    pytest.param(telling(headers={"Content-Encoding": SECRET}), id="an encoding"),
    pytest.param(telling(headers={"Docker-Content-Digest": sha256(SECRET.encode())}), id="a digest"),
    pytest.param(telling(301, headers={"Location": f"gopher://{SECRET}/"}), id="a redirect"),
    *(pytest.param(telling(status), id=str(status)) for status in (400, 401, 403, 404, 418, 429, 500, 503)),
]


@pytest.mark.parametrize("internal", INTERNAL)
@pytest.mark.parametrize("work", [manifest_of_a_tag, manifest_of_a_digest, blob, blob_of_another_size, tags, referrers])
async def test_nothing_of_the_target_of_a_redirect_is_told(fake_registry, network, internal, work):
    fake_registry.on("GET", "^/internal$", internal)
    fake_registry.redirect("^/v2/", f"{fake_registry.elsewhere}/internal")
    fake_registry.answer("HEAD", "^/v2/", status=405)

    with pytest.raises(PatternError) as failure:
        await work(fake_registry, network)

    told = failure.value.diagnostics()
    assert SECRET not in told
    for hidden in (BODY.encode(), SECRET.encode(), b'{"schemaVersion": 2, "layers": 1, "manifests": 1}'):
        assert Digest.of(hidden).hex not in told
    assert "more than" not in told


@pytest.mark.parametrize("internal", INTERNAL)
async def test_nothing_of_a_token_service_is_told(fake_registry, network, internal):
    bearer(fake_registry)
    fake_registry.on("GET", "^/token$", internal)

    with pytest.raises(PatternError) as failure:
        await client(fake_registry, network).manifest("1.0")

    assert SECRET not in failure.value.diagnostics()
    assert Digest.of(BODY.encode()).hex not in failure.value.diagnostics()


async def test_how_a_token_service_encodes_is_not_told_although_it_is_at_the_registrys_own_host(fake_registry, network):
    bearer(fake_registry)
    fake_registry.answer("GET", "^/token$", body=b"x", headers={"Content-Encoding": "gzip"})

    with pytest.raises(PatternError, match="the answer is encoded although") as failure:
        await client(fake_registry, network).manifest("1.0")

    assert "gzip" not in failure.value.message


async def test_the_digest_that_another_host_names_in_a_header_is_not_told(fake_registry, network):
    digest = fake_registry.manifest([], tag="1.0")
    media_type, content = fake_registry.manifests["1.0"]
    told = sha256(SECRET.encode())

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        body = content if request.method == "GET" else b""
        return web.Response(body=body, headers={"Content-Type": media_type, "Docker-Content-Digest": told})

    async def on(_: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": f"{fake_registry.elsewhere}/elsewhere"})

    for method in ("HEAD", "GET"):
        fake_registry.on(method, "^/elsewhere$", elsewhere)
        fake_registry.on(method, "/manifests/1.0$", on)

    with pytest.raises(PatternError) as failure:
        await resolve(Reference(fake_registry.repository, tag="1.0"), registry=client(fake_registry, network))

    assert told not in failure.value.diagnostics()
    assert str(digest) not in failure.value.diagnostics()


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_the_host_and_the_status_are_told(fake_registry, network, status):
    fake_registry.on("GET", "^/internal$", telling(status))
    fake_registry.redirect("/manifests/", f"{fake_registry.elsewhere}/internal")

    with pytest.raises(PatternError) as failure:
        await client(fake_registry, network).manifest("1.0")

    assert f"the registry sent us to localhost, which answered {status}; it is retried later." in failure.value.message


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("a b", id="a space"),
        pytest.param('{"k": "v"}', id="JSON"),
        pytest.param("a:b", id="a colon"),
        pytest.param("ключ", id="letters beyond ASCII"),
        pytest.param("a\r\nX-Evil: 1", id="another header"),
        pytest.param({"k": SECRET}, id="an object"),
        pytest.param([SECRET], id="a list"),
        pytest.param(7, id="a number"),
        pytest.param("", id="nothing"),
        pytest.param("==", id="padding alone"),
    ],
)
@pytest.mark.parametrize("name", ["token", "access_token"])
async def test_a_token_that_is_none_by_the_grammar_is_sent_nowhere(fake_registry, network, name, token):
    challenged(fake_registry, f'Bearer realm="http://{fake_registry.address}/token"', accepted="x")
    fake_registry.answer("GET", "^/token$", body=json.dumps({name: token}).encode())

    with pytest.raises(PatternError) as failure:
        await client(fake_registry, network).manifest("1.0")

    assert "holds no token" in failure.value.message
    assert SECRET not in failure.value.diagnostics()
    assert [asked.authorization for asked in fake_registry.asked] == ["", ""]


@pytest.mark.parametrize("token", ["abc", "a.b-c_d~e+f/g", "YWJj==", "x" * 4000])
async def test_a_token_of_the_grammar_is_sent_to_the_registry_alone(fake_registry, network, token):
    fake_registry.manifest([], tag="1.0")
    challenged(fake_registry, f'Bearer realm="http://{fake_registry.address}/token"', accepted=f"Bearer {token}")
    fake_registry.answer("GET", "^/token$", body=json.dumps({"token": token}).encode())
    fake_registry.answer("GET", "^/internal$", body=b"x")
    registry = client(fake_registry, network)

    await registry.manifest("1.0")
    fake_registry.redirect("/blobs/", f"{fake_registry.elsewhere}/internal")
    await registry.blob(descriptor(b"x"))

    assert [asked.authorization for asked in fake_registry.asked if asked.path == "/internal"] == [""]


async def test_a_registry_that_serves_from_another_host_is_followed_with_tags_and_digests(fake_registry, network):
    """As registry.k8s.io does, also for manifests."""
    digest = fake_registry.manifest([fake_registry.blob(b"x", "text/yaml")], tag="1.0")
    media_type, content = fake_registry.manifests["1.0"]
    fake_registry.answer("GET", "^/elsewhere$", body=content, headers={"Content-Type": media_type})
    fake_registry.redirect("/manifests/", f"{fake_registry.elsewhere}/elsewhere")
    fake_registry.answer("HEAD", "^/v2/", status=405)

    found = await resolve(Reference(fake_registry.repository, tag="1.0"), registry=client(fake_registry, network))

    assert found.digest == digest
    assert (await client(fake_registry, network).manifest(digest)).body == content
