import asyncio

import pytest
from tests.source.peer import ALICE, bearer, challenged, client
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled, Transient
from pattern_operator.source import Credential, TokenCache


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
    challenged(peer, f'Bearer realm="{realm}"', accepted="x")

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
