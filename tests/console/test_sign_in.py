"""Signing in and out: what a browser keeps, whose a session is, and what every response has."""

from dataclasses import replace

import orjson
import pytest
from aiohttp import web
from tests.console.browser import token_of
from tests.console.conftest import ORIGIN, hosted
from tests.kube.fake_apiserver import serving

from pattern_operator.console.security_headers import HEADERS
from pattern_operator.console.settings import Address, LocalSignIn
from pattern_operator.kube import Endpoint
from pattern_operator.kube.endpoint import StaticAuth

USERS = {"alices-token": "alice", "alices-next-token": "alice", "bobs-token": "bob"}


def known_users(request):
    """What an API server with these users and no patterns answers."""
    name = USERS.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
    if name is None:
        status = {"kind": "Status", "code": 401, "reason": "Unauthorized", "message": "Unauthorized"}
        return web.Response(status=401, body=orjson.dumps(status))
    if request.path.endswith("selfsubjectreviews"):
        return web.Response(body=orjson.dumps({"status": {"userInfo": {"username": name, "groups": ["people"]}}}))
    if request.query.get("watch"):
        return web.Response(status=500)
    table = {"kind": "Table", "metadata": {"resourceVersion": "7"}, "columnDefinitions": [], "rows": []}
    return web.Response(body=orjson.dumps(table if request.path.endswith("designpatterns") else {"status": {}}))


@pytest.fixture
async def endpoint():
    """An API server that knows alice and bob."""
    async with serving(known_users) as session:
        yield Endpoint(server=session.server, authorization=StaticAuth())


@pytest.fixture
async def running(start, endpoint):
    return await start(hosted(endpoint))


@pytest.fixture
async def local(start, endpoint):
    """A console on the machine of alice; its address is made up, and its requests say so."""
    way = LocalSignIn(replace(endpoint, authorization=StaticAuth("Bearer alices-token")), "one-time")
    return await start(hosted(endpoint, address=Address.of_loopback(8080), sign_in=way))


async def test_a_pasted_token_signs_in_and_leads_back(running):
    browser = running.browser()

    asked = await browser.get("/who-am-i?namespace=a")
    done = await browser.post("/sign-in", {"bearer": " Bearer alices-token\n", "target": "/who-am-i?namespace=a"})

    assert (asked.status, 'value="/who-am-i?namespace=a"' in asked.text) == (401, True)
    assert (done.status, done.headers["Location"]) == (303, "/who-am-i?namespace=a")
    assert "alice" in (await browser.get("/who-am-i")).plain
    cookie = done.headers["Set-Cookie"]
    assert cookie.startswith("__Host-pattern-operator=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "alices-token" not in cookie


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/a\nb",
        "",
        "patterns",
        "/sign-in?token=a",
        "/patterns/stream",
    ],
)
async def test_a_sign_in_leads_nowhere_else(running, target):
    done = await running.browser().post("/sign-in", {"bearer": "alices-token", "target": target})

    assert done.headers["Location"] == "/"


@pytest.mark.parametrize("token", ["unknown", "", "two words", "a\nb", "x" * 20_000, "\u00e4"])
async def test_a_token_that_nobody_knows_is_refused(running, token):
    browser = running.browser()

    refused = await browser.post("/sign-in", {"bearer": token, "target": "/patterns"})

    assert refused.status == 401
    assert not token or len(token) < 8 or token not in refused.text
    assert len(running.console.sessions) == 0


async def test_an_api_server_that_is_away_is_said(start):
    running = await start(hosted(Endpoint("http://127.0.0.1:1", StaticAuth())))

    refused = await running.browser().sign_in("alices-token")

    assert (refused.status, "cannot be reached" in refused.plain) == (503, True)


async def test_a_proxy_signs_in_by_its_token_and_may_renew_it(running):
    browser = running.browser(authorization="Bearer alices-token")
    page = await browser.get("/who-am-i")
    cookie = dict(browser.cookies)
    again = await browser.get("/who-am-i")
    browser.authorization = "Bearer alices-next-token"
    renewed = await browser.post("/sign-out", {"session_token": token_of(page.text)})

    assert "alice" in page.plain
    assert token_of(page.text) == token_of(again.text)
    assert cookie
    assert renewed.status == 200


async def test_the_cookie_of_one_user_with_the_token_of_another_is_the_other_user(running):
    browser = running.browser(authorization="Bearer alices-token")
    of_alice = await browser.get("/who-am-i")
    browser.authorization = "Bearer bobs-token"

    page = await browser.get("/who-am-i")
    forged = await browser.post("/sign-out", {"session_token": token_of(of_alice.text)})

    assert "bob" in page.plain
    assert "alice" not in page.plain
    assert forged.status == 403


async def test_a_proxy_whose_token_is_unknown_signs_nobody_in(running):
    browser = running.browser(authorization="Bearer unknown")

    assert (await browser.get("/patterns")).status == 401
    assert len(running.console.sessions) == 0


async def test_who_signed_out_is_nobody(running):
    browser = running.browser()
    await browser.sign_in("alices-token")
    kept = dict(browser.cookies)
    done = await browser.press("/who-am-i", "/sign-out")
    browser.cookies = kept

    assert (done.status, len(running.console.sessions)) == (200, 0)
    assert (await browser.get("/who-am-i")).status == 401


async def test_a_token_that_has_expired_ends_the_session(monkeypatch, running):
    browser = running.browser()
    await browser.sign_in("bobs-token")
    monkeypatch.delitem(USERS, "bobs-token")

    assert (await browser.get("/who-am-i")).status == 401
    assert len(running.console.sessions) == 0


async def test_the_eleventh_browser_of_a_user_ends_the_first(running):
    browsers = [running.browser() for _ in range(11)]
    other = running.browser()
    await other.sign_in("bobs-token")
    for browser in browsers:
        await browser.sign_in("alices-token")

    statuses = [(await browser.get("/who-am-i")).status for browser in browsers]

    assert statuses == [401, *[200] * 10]
    assert (await other.get("/who-am-i")).status == 200


async def test_the_link_is_good_once(local):
    first, second = local.browser(), local.browser()

    guessed = await second.get("/sign-in?token=one-tim")
    used = await first.get("/sign-in?token=one-time", Sec_Fetch_Site="none")
    again = await second.get("/sign-in?token=one-time")

    assert (guessed.status, used.status, again.status) == (401, 200, 401)
    assert "Secure" not in used.headers["Set-Cookie"]
    assert (await first.get("/who-am-i")).status == 200
    assert (await second.get("/who-am-i")).status == 401


async def test_a_link_stays_good_while_nobody_can_be_signed_in(start, endpoint):
    away = LocalSignIn(Endpoint("http://127.0.0.1:1", StaticAuth()), "one-time")
    running = await start(hosted(endpoint, address=Address.of_loopback(8080), sign_in=away))
    browser = running.browser()

    statuses = [(await browser.get("/sign-in?token=one-time")).status for _ in range(2)]

    assert statuses == [503, 503]


async def test_on_their_own_machine_nobody_signs_in_by_a_token(local):
    browser = local.browser(authorization="Bearer bobs-token")

    assert (await browser.get("/who-am-i")).status == 401
    assert (await browser.sign_in("bobs-token")).status == 401


async def test_a_kubeconfig_that_is_not_known_any_more_can_be_mended(monkeypatch, local):
    browser = local.browser()
    await browser.get("/sign-in?token=one-time")
    with monkeypatch.context() as gone:
        gone.delitem(USERS, "alices-token")
        refused = await browser.get("/who-am-i")

    assert (refused.status, "log in to the cluster again" in refused.plain) == (401, True)
    assert (await browser.get("/who-am-i")).status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/patterns", 401),
        ("/patterns/stream", 200),
        ("/missing", 404),
        ("/static/live.js", 200),
        ("/static/missing", 404),
        ("/static/..%2f__init__.py", 404),
        ("/healthz", 200),
        ("/", 303),
        ("/sign-out", 405),
    ],
)
async def test_every_response_has_the_security_headers(running, path, status):
    answer = await running.browser().get(path)

    assert answer.status == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["Cache-Control"] == ("no-cache" if path.endswith("live.js") else "no-store")


async def test_a_refusal_has_the_security_headers_too(running):
    answers = [
        await running.browser().get("/patterns", Host="evil.example"),
        await running.browser().post("/sign-in", {"bearer": "alices-token"}, Sec_Fetch_Site="cross-site"),
        await running.browser().post("/sign-in", {"bearer": "x" * 70_000}),
    ]

    assert [each.status for each in answers] == [403, 403, 413]
    for each in answers:
        assert {name: each.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"bearer=%ff", "application/x-www-form-urlencoded; charset=nonsense", 400),
        (b"\xff=\xff", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"--x", "multipart/form-data; boundary=x", 415),
    ],
)
async def test_what_is_not_a_form_is_refused(running, content, kind, status):
    browser = running.browser()
    headers = browser.headers(Origin=ORIGIN, Content_Type=kind)

    async with running.http.post(f"http://127.0.0.1:{running.port}/sign-in", data=content, headers=headers) as answer:
        assert answer.status == status


async def test_it_works_below_a_path(start, endpoint):
    address = Address.of_url(f"{ORIGIN}/sub/path")
    running = await start(hosted(endpoint, address=address))
    browser = running.browser()

    done = await browser.post("/sub/path/sign-in", {"bearer": "alices-token", "target": "/sub/path/who-am-i"})
    kept, taken_off = await browser.get("/sub/path/who-am-i"), await browser.get("/who-am-i")

    assert done.headers["Location"] == "/sub/path/who-am-i"
    assert (kept.status, taken_off.status) == (200, 200)
    assert 'href="/sub/path/patterns"' in taken_off.text
    assert 'href="/patterns' not in kept.text
