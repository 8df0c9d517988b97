import asyncio

import pytest
from tests.executors import EXECUTORS
from tests.source.fake_registry import ALICE, NAME, bearer, challenged, client, hang
from tests.testbed import registry as registries
from tests.testbed.registry import Options
from tests.testbed.repository import Account
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MAX_TOKEN, MAX_TOKEN_RESPONSE
from pattern_operator.source import Credential, TokenCache
from pattern_operator.source.origin import Origin
from pattern_operator.source.registry.challenge import Challenge
from pattern_operator.source.registry.timeouts import Timeouts
from pattern_operator.source.registry.token_service import Token, fetch_token, may_send_credentials
from pattern_operator.source.registry.transport import Hop, Transport


async def test_a_token_is_asked_for_once_for_many_requests(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    bearer(fake_registry, expires_in=300)
    tokens = TokenCache()

    await asyncio.gather(*(client(fake_registry, network, tokens=tokens).manifest("1.0") for _ in range(5)))
    await client(fake_registry, network, tokens=tokens).manifest("1.0")

    asked = [URL(path) for path in fake_registry.paths("GET") if path.startswith("/token")]
    assert len(asked) == 1
    assert dict(asked[0].query) == {"service": "reg", "scope": "repository:x:pull"}


async def test_a_token_is_asked_for_with_the_credentials(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    bearer(fake_registry)

    await client(fake_registry, network, credential=ALICE).manifest("1.0")

    assert [a.authorization for a in fake_registry.asked] == ["", ALICE.basic, "Bearer t0ken"]


async def test_an_identity_token_is_exchanged_by_post(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    bearer(fake_registry)

    await client(fake_registry, network, credential=Credential("", identity_token="refresh-me")).manifest("1.0")

    posted = next(asked for asked in fake_registry.asked if asked.method == "POST")
    assert dict(URL(f"/?{posted.body}").query) == {
        "grant_type": "refresh_token",
        "client_id": "pattern-operator",
        "service": "reg",
        "scope": "repository:x:pull",
        "refresh_token": "refresh-me",
    }
    assert posted.authorization == ""


async def test_credentials_are_not_told_to_a_token_service_of_another_host(fake_registry, network):
    bearer(fake_registry, host=fake_registry.elsewhere)

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=ALICE).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_FAILED
    assert "localhost" in refusal.value.message
    assert not any(path.startswith("/token") for path in fake_registry.paths("GET"))


@pytest.mark.parametrize(
    "realm", ["", "ftp://127.0.0.1/token", "https://me:pw@127.0.0.1/t", "http://[", "/token", "what-it-was-sent"]
)
async def test_a_realm_that_is_not_an_address_is_neither_asked_nor_quoted(fake_registry, network, realm):
    challenged(fake_registry, f'Bearer realm="{realm}"', accepted="x")

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_FAILED
    assert not realm or realm not in refusal.value.message


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
        (499, ALICE, Stalled, Reason.AUTHENTICATION_FAILED),
        (500, None, Transient, Reason.REGISTRY_UNAVAILABLE),
        (502, None, Transient, Reason.REGISTRY_UNAVAILABLE),
    ],
)
async def test_what_the_token_service_says_is_about_us(fake_registry, network, status, credential, kind, reason):
    bearer(fake_registry)
    fake_registry.answer("GET", "^/token$", status=status, headers={"Location": fake_registry.elsewhere})

    with pytest.raises(kind) as failure:
        await client(fake_registry, network, credential=credential).manifest("1.0")

    assert failure.value.reason is reason


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b'{"token": 1}',
        b'{"token": "a\\nb"}',
    ],
)
async def test_a_token_answer_that_is_nonsense_is_tried_again_later(fake_registry, network, answer):
    bearer(fake_registry)
    fake_registry.answer("GET", "^/token$", body=answer)

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE


# --- what is asked --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        pytest.param('service="reg",scope="a:b:pull"', {"service": "reg", "scope": "a:b:pull"}, id="what it says"),
        pytest.param('service="reg"', {"service": "reg", "scope": f"repository:{NAME}:pull"}, id="without a scope"),
        pytest.param('scope="a b&c=d"', {"scope": "a b&c=d"}, id="odd letters, without a service"),
        pytest.param('scope=""', {"scope": f"repository:{NAME}:pull"}, id="an empty scope"),
    ],
)
async def test_the_service_is_asked_for_what_the_registry_says(fake_registry, network, parameters, query):
    fake_registry.manifest([], tag="1.0")
    challenged(
        fake_registry,
        f'Bearer realm="http://{fake_registry.address}/token?own=1",{parameters}',
        accepted="Bearer t0ken",
    )
    fake_registry.answer("GET", "^/token$", body=b'{"token": "t0ken"}')

    await client(fake_registry, network).manifest("1.0")

    asked = next(URL(path) for path in fake_registry.paths("GET") if path.startswith("/token"))
    assert dict(asked.query) == {"own": "1", **query}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b'{"token": "t0ken"}', id="token"),
        pytest.param(b'{"access_token": "t0ken"}', id="access_token, as OAuth has it"),
        pytest.param(b'{"token": "t0ken", "access_token": "other"}', id="both: the first"),
        pytest.param(b'{"token": "t0ken", "expires_in": null, "issued_at": "2026"}', id="no life"),
        pytest.param(b'{"token": "t0ken", "expires_in": true}', id="a life that is not a number of anything"),
        pytest.param(b'{"token": "t0ken", "expires_in": 1e999}', id="a life without end"),
        pytest.param(b'{"token": "t0ken", "expires_in": 0}', id="a life of nothing"),
    ],
)
async def test_each_answer_with_a_token_lets_us_in(fake_registry, network, answer):
    digest = fake_registry.manifest([], tag="1.0")
    bearer(fake_registry)
    fake_registry.answer("GET", "^/token$", body=answer)

    assert (await client(fake_registry, network).manifest("1.0")).digest == digest


@pytest.mark.parametrize(
    ("answer", "lives"),
    [
        (b'{"token": "t"}', 60),
        (b'{"token": "t", "expires_in": 300}', 300),
        (b'{"token": "t", "expires_in": 1e999}', 86_400),
        (b'{"token": "t", "expires_in": 123456789012345678901234567890}', 86_400),
        (b'{"token": "t", "expires_in": 299.5}', 299.5),
        (b'{"token": "t", "expires_in": 0.5}', 0.5),
        (b'{"token": "t", "expires_in": "300"}', 300),
        (b'{"token": "t", "expires_in": " 300.5 "}', 300.5),
        (b'{"token": "t", "expires_in": "1e999"}', 86_400),
        (b'{"token": "t", "expires_in": "nan"}', 60),
        (b'{"token": "t", "expires_in": "soon"}', 60),
        (b'{"token": "t", "expires_in": ""}', 60),
        (b'{"token": "t", "expires_in": -300}', 60),
        (b'{"token": "t", "expires_in": "-1"}', 60),
        (b'{"token": "t", "expires_in": 0}', 60),
        (b'{"token": "t", "expires_in": {"seconds": 300}}', 60),
    ],
)
async def test_a_token_lives_as_long_as_it_says_and_a_day_at_most(fake_registry, network, answer, lives):
    fake_registry.answer("GET", "^/token$", body=answer)

    assert await fetched(fake_registry, network) == Token("t", lives)


async def fetched(fake_registry, network) -> Token:
    """A token from the service of the fake registry."""
    challenge = Challenge("bearer", {"realm": f"http://{fake_registry.address}/token"})
    return await fetch_token(
        challenge,
        registry=URL(f"http://{fake_registry.address}"),
        named=None,
        lacking="",
        credential=None,
        scope="x",
        transport=Transport(network=network, user_agent="test"),
        hop=Hop(foreign=True),
        cpu=EXECUTORS.cpu,
        context="manifest 1.0",
    )


@pytest.mark.parametrize(("status", "said"), [(404, "for a token (404): "), (403, "for a token: ")])
async def test_the_status_of_a_refusal_is_said_where_its_meaning_does_not_say_it(fake_registry, network, status, said):
    fake_registry.answer("GET", "^/token$", status=status)

    with pytest.raises(Stalled) as refusal:
        await fetched(fake_registry, network)

    assert said in refusal.value.message


async def test_a_token_as_long_as_one_may_be_is_taken(fake_registry, network):
    fake_registry.answer("GET", "^/token$", body=b'{"token": "%s"}' % (b"t" * MAX_TOKEN))

    assert len((await fetched(fake_registry, network)).value) == MAX_TOKEN


async def test_a_token_longer_than_any_header_is_refused(fake_registry, network):
    bearer(fake_registry)
    fake_registry.answer("GET", "^/token$", body=b'{"token": "%s"}' % (b"t" * (MAX_TOKEN + 1)))

    with pytest.raises(Transient) as refusal:
        await client(fake_registry, network).manifest("1.0")

    assert refusal.value.reason is Reason.REGISTRY_UNAVAILABLE


async def test_an_answer_beyond_the_limit_is_not_read(fake_registry, network):
    bearer(fake_registry)
    fake_registry.answer("GET", "^/token$", body=b'{"token": "t0ken"}' + b" " * MAX_TOKEN_RESPONSE)

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).manifest("1.0")

    assert refusal.value.reason is Reason.ARTIFACT_TOO_LARGE


async def test_a_service_that_does_not_answer_is_asked_again_later(fake_registry, network):
    bearer(fake_registry)
    fake_registry.on("GET", "^/token$", hang)

    with pytest.raises(Transient) as failure:
        await client(fake_registry, network, timeouts=Timeouts(headers=0.2)).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "token" in failure.value.message


async def test_a_registry_that_does_not_take_its_own_token_is_asked_once(fake_registry, network):
    bearer(fake_registry, accepted="another")

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_REQUIRED
    assert len(fake_registry.asked) == 3


# --- who is told ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "credential",
    [ALICE, Credential("", identity_token="refresh-me"), None],
    ids=["password", "identity token", "anonymous"],
)
async def test_nothing_is_told_to_nor_taken_from_the_service_of_a_stranger(fake_registry, network, credential):
    bearer(fake_registry, host=fake_registry.elsewhere)

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=credential).manifest("1.0")

    assert "nothing was sent there" in refusal.value.message
    assert refusal.value.message.endswith(f"set source.tokenService: {fake_registry.elsewhere.removeprefix('http://')}")
    assert len(fake_registry.asked) == 1


@pytest.mark.parametrize("credential", [ALICE, None], ids=["password", "anonymous"])
async def test_the_token_service_that_the_user_named_is_told(fake_registry, network, credential):
    fake_registry.manifest([], tag="1.0")
    bearer(fake_registry, host=fake_registry.elsewhere)
    named = fake_registry.elsewhere.removeprefix("http://").upper()

    await client(fake_registry, network, credential=credential, token_service=named).manifest("1.0")

    basic = "" if credential is None else credential.basic
    assert [asked.authorization for asked in fake_registry.asked] == ["", basic, "Bearer t0ken"]


@pytest.mark.parametrize("named", ["localhost", "localhost:1", "auth.example:{port}", "127.0.0.1", "{other}:{port}"])
async def test_another_service_than_the_one_that_the_user_named_is_not_told(fake_registry, network, named):
    bearer(fake_registry, host=fake_registry.elsewhere)
    named = named.format(port=fake_registry.server.port, other="xlocalhost")

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=ALICE, token_service=named).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_FAILED
    assert f"source.tokenService is '{named}'" in refusal.value.message
    assert len(fake_registry.asked) == 1


async def test_what_a_named_service_gave_is_not_used_by_who_did_not_name_it(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    bearer(fake_registry, host=fake_registry.elsewhere)
    tokens = TokenCache()
    await client(
        fake_registry, network, tokens=tokens, token_service=fake_registry.elsewhere.removeprefix("http://")
    ).manifest("1.0")

    with pytest.raises(Stalled):
        await client(fake_registry, network, tokens=tokens).manifest("1.0")


async def test_a_registry_that_offers_basic_beside_the_service_of_a_stranger_is_shown_the_password_itself(
    fake_registry, network
):
    fake_registry.manifest([], tag="1.0")
    challenged(fake_registry, f'Bearer realm="{fake_registry.elsewhere}/token", Basic realm="x"', accepted=ALICE.basic)

    await client(fake_registry, network, credential=ALICE).manifest("1.0")

    assert [(asked.path, asked.authorization) for asked in fake_registry.asked] == [
        (f"/v2/{NAME}/manifests/1.0", ""),
        (f"/v2/{NAME}/manifests/1.0", ALICE.basic),
    ]


async def test_a_password_is_not_told_by_plain_http_to_the_service_of_a_registry_of_https(fake_registry, network):
    challenge = Challenge("bearer", {"realm": f"http://{fake_registry.address}/token"})

    with pytest.raises(Stalled) as refusal:
        await fetch_token(
            challenge,
            registry=URL(f"https://{fake_registry.address}"),
            named=fake_registry.address,
            lacking="",
            credential=ALICE,
            scope="x",
            transport=Transport(network=network, user_agent="test"),
            hop=Hop(foreign=True),
            cpu=EXECUTORS.cpu,
            context="manifest 1.0",
        )

    assert "not an https address" in refusal.value.message
    assert fake_registry.asked == []


@pytest.mark.parametrize(
    ("named", "realm", "known"),
    [
        ("auth.example.com", "http://auth.example.com/token", False),
        ("AUTH.example.com.", "http://auth.example.com:80/token", False),
        ("auth.example.com:443", "http://auth.example.com/token", False),
        ("auth.example.com", "http://auth.example.com:443/token", False),
        ("[2001:db8::1]", "http://[2001:db8::1]/token", False),
        ("auth.example.com:80", "http://auth.example.com/token", True),
        ("auth.example.com:5001", "http://auth.example.com:5001/token", True),
        ("auth.example.com", "https://auth.example.com/token", True),
        ("auth.example.com:443", "https://auth.example.com/token", True),
        ("[2001:db8::1]", "https://[2001:db8::1]/token", True),
    ],
)
def test_a_service_named_without_a_port_is_the_one_of_https(named, realm, known):
    assert (Origin.named_safely(named, scheme=URL(realm).scheme) == Origin.of(URL(realm))) is known


async def test_the_name_that_a_service_of_plain_http_is_to_be_given_has_its_port(fake_registry, network):
    challenged(fake_registry, 'Bearer realm="http://auth.other.example/token"', accepted="x")

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=ALICE, token_service="auth.other.example").manifest("1.0")

    assert refusal.value.message.endswith("set source.tokenService: auth.other.example:80")


async def test_an_identity_token_is_not_a_password_for_a_basic_challenge(fake_registry, network):
    challenged(fake_registry, 'Basic realm="x"', accepted="x")

    with pytest.raises(Stalled) as refusal:
        await client(fake_registry, network, credential=Credential("", identity_token="refresh-me")).manifest("1.0")

    assert refusal.value.reason is Reason.AUTHENTICATION_FAILED
    assert len(fake_registry.asked) == 1


async def test_of_two_challenges_the_token_is_preferred(fake_registry, network):
    fake_registry.manifest([], tag="1.0")
    bearer(fake_registry)
    realm = f'Basic realm="x", Bearer realm="http://{fake_registry.address}/token"'
    challenged(fake_registry, realm, accepted="Bearer t0ken")

    await client(fake_registry, network, credential=ALICE).manifest("1.0")

    assert [asked.authorization for asked in fake_registry.asked] == ["", ALICE.basic, "Bearer t0ken"]


# --- a real one -----------------------------------------------------------------------------------------------------


async def test_a_real_registrys_token_is_replaced_when_it_has_ended(testbed_state, network):
    account = Account(ALICE.username, ALICE.password)
    options = Options(auth="bearer", account=account, token_ttl="2s")
    real = registries.start(testbed_state, name="short-lived", options=options)
    pushed = real.repository()
    digest = Digest.parse(pushed.push("1.0", [("text/plain", b"x")]))
    time = 0.0
    tokens = TokenCache(clock=lambda: time)
    registry = client(Repository(pushed.registry, pushed.name), network, credential=ALICE, tokens=tokens)
    real.forget_requests()

    first, second = await registry.resolve_tag("1.0"), await registry.resolve_tag("1.0")
    before = real.requests()["GET token"]
    time = 1.5
    third = await registry.resolve_tag("1.0")
    after = real.requests()["GET token"]
    real.stop()

    assert first == second == third == digest
    assert (before, after) == (1, 2)


@pytest.mark.parametrize(
    ("realm", "registry", "named", "may"),
    [
        ("https://registry.example/token", "https://registry.example", None, True),
        ("https://registry.example:8443/token", "https://registry.example", None, True),
        ("https://auth.example.com/token", "https://registry.example.com", None, True),
        ("https://auth.stranger.com/token", "https://registry.example.com", None, False),
        ("https://b.github.io/token", "https://a.github.io", None, False),
        ("https://auth.stranger.com/token", "https://registry.example.com", "auth.stranger.com", True),
        ("https://auth.stranger.com:8443/token", "https://registry.example.com", "auth.stranger.com", False),
        ("http://auth.stranger.com/token", "http://registry.example.com", "auth.stranger.com", False),
        ("https://10.0.0.2/token", "https://10.0.0.3", None, False),
    ],
)
async def test_credentials_go_to_the_owner_of_the_registry_and_to_whom_the_user_named(realm, registry, named, may):
    assert await may_send_credentials(URL(realm), registry=URL(registry), named=named, cpu=EXECUTORS.cpu) is may
