"""Tokens of a registry: which is shown to whom, and when another one is asked for."""

import pytest
from aiohttp import web
from tests.executors import EXECUTORS
from tests.source.fake_registry import ALICE, FakeRegistry, bearer, client, descriptor
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source import Credential, Credentials, TokenCache
from pattern_operator.source.registry.authenticator import Authenticator

CONTENT = b"apiVersion: v1\n" * 100


async def test_a_token_of_one_credential_is_not_used_for_another(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    bearer(fake_registry)
    tokens = TokenCache()

    await client(fake_registry, network, credential=ALICE, tokens=tokens).manifest("1.0")
    await client(fake_registry, network, credential=Credential("bob", "b"), tokens=tokens).manifest("1.0")

    assert len([path for path in fake_registry.paths("GET") if path.startswith("/token")]) == 2


async def test_an_expired_token_is_replaced(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    bearer(fake_registry, expires_in=100)
    time = 0.0
    registry = client(fake_registry, network, tokens=TokenCache(clock=lambda: time))

    await registry.manifest("1.0")
    time = 89.0
    await registry.manifest("1.0")
    before = len([path for path in fake_registry.paths("GET") if path.startswith("/token")])
    time = 91.0
    await registry.manifest("1.0")

    assert before == 1
    assert len([path for path in fake_registry.paths("GET") if path.startswith("/token")]) == 2


async def test_a_token_that_the_registry_no_longer_takes_is_replaced_once(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    bearer(fake_registry, expires_in=3600)
    tokens = TokenCache()
    registry = client(fake_registry, network, tokens=tokens)
    scope = await registry._auth.scope("GET")
    tokens.put(scope, "Bearer stale", seconds=3600)

    await registry.manifest("1.0")

    kept = tokens.get(scope)
    assert kept is not None
    assert kept.authorization == "Bearer t0ken"


async def test_a_token_that_was_refused_is_not_shown_again_where_no_other_is_to_be_had(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    bearer(fake_registry)
    fake_registry.answer("GET", "^/token$", status=500)
    tokens = TokenCache()
    registry = client(fake_registry, network, tokens=tokens)
    tokens.put(await registry._auth.scope("GET"), "Bearer stale", seconds=3600)

    for _ in range(2):
        with pytest.raises(Transient):
            await registry.manifest("1.0")

    assert [asked.authorization for asked in fake_registry.asked].count("Bearer stale") == 1


def refusing(fake_registry: FakeRegistry, *, accepted: list[str]) -> None:
    """Challenge who shows no token, and refuse with 403 who shows another than the one in ``accepted``."""
    header = f'Bearer realm="http://{fake_registry.address}/token",service="reg"'

    async def guard(request: web.Request) -> web.StreamResponse | None:
        shown = request.headers.get("Authorization", "")
        if not shown:
            return web.json_response({}, status=401, headers={"WWW-Authenticate": header})
        if shown == f"Bearer {accepted[0]}":
            return None
        return web.json_response({"errors": [{"code": "DENIED"}]}, status=403)

    for method in ("GET", "HEAD"):
        fake_registry.on(method, "^/v2/", guard)

    async def token(_: web.Request) -> web.StreamResponse:
        return web.json_response({"token": accepted[0], "expires_in": 3600})

    fake_registry.on("GET", "^/token$", token)


def tokens_asked(fake_registry: FakeRegistry) -> int:
    return len([path for path in fake_registry.paths("GET") if path.startswith("/token")])


@pytest.mark.parametrize("asks", ["manifest", "resolve_tag"])
async def test_a_token_that_was_withdrawn_is_replaced_though_the_registry_says_403(fake_registry, network, asks):
    digest = fake_registry.manifest([], tag="1.0")
    accepted = ["first"]
    refusing(fake_registry, accepted=accepted)
    registry = client(fake_registry, network)
    await registry.manifest("1.0")
    accepted[0] = "second"

    found = await getattr(registry, asks)("1.0")

    assert getattr(found, "digest", found) == digest
    assert tokens_asked(fake_registry) == 2


async def test_a_blob_is_had_with_a_new_token_where_the_old_one_is_refused_with_403(fake_registry, network):
    blob = fake_registry.blob(b"content")
    fake_registry.manifest([blob], tag="1.0")
    accepted = ["first"]
    refusing(fake_registry, accepted=accepted)
    registry = client(fake_registry, network)
    await registry.manifest("1.0")
    accepted[0] = "second"

    assert await registry.blob(descriptor(b"content")) == b"content"


async def test_a_right_that_is_granted_later_is_used_at_the_next_request(fake_registry, network):
    digest = fake_registry.manifest([], tag="1.0")
    accepted = ["granted"]
    refusing(fake_registry, accepted=accepted)
    fake_registry.answer("GET", "^/token$", body=b'{"token": "poor", "expires_in": 3600}')
    registry = client(fake_registry, network)
    with pytest.raises(Stalled) as refusal:
        await registry.manifest("1.0")
    assert refusal.value.reason is Reason.ACCESS_DENIED
    assert tokens_asked(fake_registry) == 1  # a token that was just given is not asked for again
    fake_registry.answer("GET", "^/token$", body=b'{"token": "granted", "expires_in": 3600}')

    assert (await registry.manifest("1.0")).digest == digest
    assert tokens_asked(fake_registry) == 2


async def test_basic_credentials_that_are_refused_with_403_are_not_sent_twice(fake_registry, network):
    async def denied(request: web.Request) -> web.StreamResponse:
        if not request.headers.get("Authorization"):
            return web.json_response({}, status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        return web.json_response({}, status=403)

    fake_registry.on("GET", "^/v2/", denied)
    registry = client(fake_registry, network, credential=ALICE)
    for _ in range(2):
        with pytest.raises(Stalled, match="credentials that have expired"):
            await registry.manifest("1.0")

    assert [bool(asked.authorization) for asked in fake_registry.asked] == [False, True, True]


NONE, ONE = (Credentials.only("reg.example", each, lacking="it has none") for each in (None, ALICE))


@pytest.mark.parametrize(
    ("given", "looked_up", "lacks"),
    [
        pytest.param(NONE, True, True, id="none is for it"),
        pytest.param(NONE, False, False, id="nobody has looked yet"),
        pytest.param(ONE, True, False, id="one is for it"),
        pytest.param(None, True, False, id="none were given"),
    ],
)
async def test_what_is_lacking_is_said_only_of_credentials_that_were_given_and_looked_for(
    network, given: Credentials | None, looked_up: bool, lacks: bool
):
    registry = client(Repository("reg.example", "team/web"), network)
    authenticator = Authenticator(
        home=URL("https://reg.example"),
        host="reg.example",
        name="team/web",
        credentials=given,
        token_service=None,
        tokens=TokenCache(),
        transport=registry._transport,
        executors=EXECUTORS,
    )
    if looked_up:
        await authenticator.credential()

    assert bool(authenticator.lacking) is lacks


@pytest.mark.parametrize("who", ["another host", "the registry, which gives the content all the same"])
async def test_only_a_registry_that_refuses_is_answered_with_a_token(fake_registry, network, who: str):
    content = b"kind: ConfigMap"
    fake_registry.blob(content)
    challenge = {"WWW-Authenticate": f'Bearer realm="http://{fake_registry.address}/token",service="reg"'}
    fake_registry.answer("GET", "^/token$", body=b'{"token": "t0ken"}')
    if who == "another host":
        fake_registry.redirect("/blobs/", f"http://localhost:{fake_registry.server.port}/elsewhere")
        fake_registry.answer("GET", "^/elsewhere$", status=401, headers=challenge)
        with pytest.raises((Stalled, Transient)):
            await client(fake_registry, network, credential=ALICE).blob(descriptor(content))
    else:
        fake_registry.answer("GET", "/blobs/", body=content, headers=challenge)
        assert await client(fake_registry, network, credential=ALICE).blob(descriptor(content)) == content

    assert tokens_asked(fake_registry) == 0
    assert {asked.authorization for asked in fake_registry.asked} == {""}
