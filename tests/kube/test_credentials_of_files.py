"""What files say of an API server and who asks it, without one: the account of a pod, and the kubeconfig of a user."""

import asyncio
import base64
import json
import ssl
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tests.executors import EXECUTORS
from tests.kube.apiserver import client_certificate
from tests.kube.fake_apiserver import serving
from yarl import URL

from pattern_operator.kube import ApiError, CredentialsError, Endpoint, Session
from pattern_operator.kube.endpoint import StaticAuth
from pattern_operator.kube.identity import NAMESPACE, lease_namespace
from pattern_operator.kube.in_cluster import TOKEN_CHECK, TokenFile, in_cluster
from pattern_operator.kube.kubeconfig import EXPIRY_MARGIN, KubeconfigUser, open_files
from pattern_operator.kube.middleware import Authorizer

SERVER = "https://remote.example:6443"
START = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


# --- a pod ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """The files that a pod finds."""
    (tmp_path / "ca.crt").write_text(client_certificate()[0])
    (tmp_path / "namespace").write_text("patterns\n")
    (tmp_path / "token").write_text("one\n")
    return tmp_path


@pytest.mark.parametrize(
    ("host", "server"), [("10.0.0.1", "https://10.0.0.1:443"), ("fd00::1", "https://[fd00::1]:443")]
)
async def test_a_pod_uses_its_service_account(account: Path, host: str, server: str):
    endpoint = in_cluster(host=host, port="443", root=account)

    assert (endpoint.server, endpoint.namespace) == (server, "patterns")
    assert await endpoint.authorization.header() == "Bearer one"
    assert endpoint.tls is not None
    assert len(endpoint.tls.get_ca_certs()) <= 1
    assert endpoint.tls.verify_mode is ssl.CERT_REQUIRED


def test_a_pod_without_a_namespace_file_is_in_the_default_one(account: Path):
    (account / "namespace").unlink()

    assert in_cluster(host="10.0.0.1", port="443", root=account).namespace == "default"
    assert lease_namespace(account=account) == NAMESPACE


async def test_a_token_is_looked_at_again_after_a_while_of_use(account: Path):
    clock = Clock()
    clock.now = 100.0
    token = TokenFile(account / "token", clock=clock)
    (account / "token").write_text("two")

    clock.now += TOKEN_CHECK - 0.1
    assert await token.header() == "Bearer one"
    clock.now += 0.1
    assert await token.header() == "Bearer two"

    (account / "token").write_text("three")
    clock.now += TOKEN_CHECK - 0.1
    assert await token.header() == "Bearer two"  # it was looked at a moment ago


async def test_a_token_that_was_refused_is_read_again_at_once(account: Path):
    token = TokenFile(account / "token", clock=Clock())
    assert not await token.refresh(rejected="Bearer one")

    (account / "token").write_text("two")
    assert await token.refresh(rejected="Bearer one")
    assert await token.header() == "Bearer two"


async def test_who_was_refused_with_an_older_token_tries_with_the_one_that_is_known(account: Path):
    token = TokenFile(account / "token", clock=Clock())
    (account / "token").write_text("two")

    assert await token.refresh(rejected="Bearer zero")
    assert await token.header() == "Bearer one"


async def test_a_token_file_that_is_being_swapped_keeps_the_token_that_was(account: Path):
    clock = Clock()
    token = TokenFile(account / "token", clock=clock)
    (account / "token").unlink()
    clock.now += TOKEN_CHECK

    assert await token.header() == "Bearer one"


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"\xff", "cannot be read"), (b" \n", "is empty")],
    ids=["none", "not ASCII", "empty"],
)
def test_a_token_that_is_none_is_refused(account: Path, content: bytes | None, words: str):
    (account / "token").unlink()
    if content is not None:
        (account / "token").write_bytes(content)

    with pytest.raises(CredentialsError, match=words):
        in_cluster(host="10.0.0.1", port="443", root=account)


@pytest.mark.parametrize("content", [None, "no PEM"])
def test_an_authority_that_is_none_is_refused(account: Path, content: str | None):
    (account / "ca.crt").unlink()
    if content is not None:
        (account / "ca.crt").write_text(content)

    with pytest.raises(CredentialsError, match="cannot be used"):
        in_cluster(host="10.0.0.1", port="443", root=account)


# --- a kubeconfig -----------------------------------------------------------------------------------------------------


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def config(user: Any, **cluster: Any) -> dict[str, Any]:
    context = {"cluster": "c", "user": "u", "namespace": "shop"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": SERVER, **cluster}}],
        "users": [{"name": "other", "user": {"token": "other"}}, {"name": "u", "user": user}],
        "contexts": [
            {"name": "here", "context": context},
            {"name": "there", "context": {"cluster": "c", "user": "other"}},
        ],
        "current-context": "here",
    }


def plugin(folder: Path, **status: str) -> tuple[dict[str, Any], Callable[[], int]]:
    """An exec plugin that gives this status, and how often it ran."""
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    counter, script = folder / "ran", folder / "plugin.py"
    script.write_text(f"open({str(counter)!r}, 'a').write('x')\nprint({json.dumps(answer)!r})\n")
    called = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": [str(script)]}
    return {"exec": {**called, "interactiveMode": "Never"}}, lambda: len(counter.read_text())


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Endpoint]:
    """Write a kubeconfig and open it; the time is ``START``."""
    file = tmp_path / "config"

    def open_(content: dict[str, Any] | str, *, context: str | None = None, now: Any = lambda: START) -> Endpoint:
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return open_files(str(file), context=context, disk=EXECUTORS.disk, now=now)

    return open_


async def test_the_current_context_says_server_user_and_namespace(opened):
    endpoint = opened(config({"token": "secret"}, **{"tls-server-name": "inner.example", "proxy-url": "http://p:1"}))

    assert (endpoint.server, endpoint.namespace) == (SERVER, "shop")
    assert (endpoint.tls_server_name, endpoint.proxy) == ("inner.example", "http://p:1")
    assert endpoint.tls.verify_mode is ssl.CERT_REQUIRED
    assert await endpoint.authorization.header() == "Bearer secret"


async def test_another_context_is_used_where_it_is_asked_for(opened):
    endpoint = opened(config({"token": "secret"}), context="there")

    assert endpoint.namespace == "default"
    assert await endpoint.authorization.header() == "Bearer other"


async def test_a_server_in_the_clear_has_no_tls_and_one_that_is_not_verified_asks_for_it(opened):
    assert opened(config({"token": "t"}, server="http://127.0.0.1:8001")).tls is None
    assert opened(config({"token": "t"}, **{"insecure-skip-tls-verify": True})).tls.verify_mode is ssl.CERT_NONE


async def test_only_the_authority_of_the_kubeconfig_is_trusted(opened):
    certificate, _ = client_certificate()
    trusted = opened(config({"token": "t"}, **{"certificate-authority-data": encoded(certificate)}))

    assert trusted.tls.cert_store_stats()["x509"] == 1


async def test_a_certificate_is_shown_in_place_of_a_header(opened, monkeypatch):
    shown: list[str] = []
    certificate, key = client_certificate()
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", lambda _, cert, key: shown.append(Path(cert).read_text()))

    endpoint = opened(config({"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}))

    assert await endpoint.authorization.header() == ""
    assert shown == [certificate]
    assert await endpoint.authorization.refresh(rejected="")  # the files may hold another one now
    assert len(shown) == 2


async def test_a_static_token_that_was_refused_is_not_tried_again(opened):
    endpoint = opened(config({"token": "t"}))

    assert not await endpoint.authorization.refresh(rejected="Bearer t")
    assert await endpoint.authorization.refresh(rejected="Bearer older")


async def test_a_token_of_a_plugin_is_replaced_before_it_ends_and_not_sooner(opened, tmp_path: Path):
    time = [START]
    user, runs = plugin(tmp_path, token="t", expirationTimestamp=f"{START + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
    endpoint = opened(config(user), now=lambda: time[0])

    time[0] += timedelta(hours=1) - EXPIRY_MARGIN - timedelta(seconds=1)
    assert (await endpoint.authorization.header(), runs()) == ("Bearer t", 1)
    time[0] += timedelta(seconds=1)
    assert (await endpoint.authorization.header(), runs()) == ("Bearer t", 2)


async def test_a_plugin_that_gives_nothing_is_refused(opened, tmp_path: Path):
    user, _ = plugin(tmp_path)

    with pytest.raises(CredentialsError, match=r"exec plugin of user 'u' in .* gave no credentials"):
        opened(config(user))


async def test_a_plugin_may_give_a_certificate_in_place_of_a_token(opened, tmp_path: Path):
    certificate, key = client_certificate()
    user, _ = plugin(tmp_path, clientCertificateData=certificate, clientKeyData=key)

    assert await opened(config(user)).authorization.header() == ""


@pytest.mark.parametrize(("ends", "runs"), [("2999-01-01T00:00:00Z", 1), ("2001-01-01T00:00:00Z", 3)])
async def test_whether_a_token_ends_is_told_by_the_clock_of_the_machine(tmp_path: Path, ends: str, runs: int):
    user, ran = plugin(tmp_path, token="t", expirationTimestamp=ends)
    file = tmp_path / "config"
    file.write_text(json.dumps(config(user)))
    endpoint = open_files(str(file), context=None, disk=EXECUTORS.disk)

    assert [await endpoint.authorization.header() for _ in range(2)] == ["Bearer t"] * 2
    assert ran() == runs


async def test_a_user_of_whom_nothing_is_said_is_nobody(opened):
    assert await opened(config({})).authorization.header() == ""


async def test_a_plugin_of_another_user_is_not_missed(opened, tmp_path: Path):
    whole = config({})
    whole["users"][0]["user"], _ = plugin(tmp_path)

    assert await opened(whole).authorization.header() == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("users: [", "cannot be used", id="not YAML"),
        pytest.param(config({"token": "t"}, server="remote.example"), "server is not a URL", id="no URL"),
        pytest.param(config({"token": "t"}, server=""), "has no server for this context", id="no server"),
        pytest.param({**config({}), "current-context": "nowhere"}, "cannot be used", id="no such context"),
        pytest.param({**config({}), "clusters": [7]}, "cannot be used|wrong structure", id="of another shape"),
    ],
)
def test_a_kubeconfig_that_is_none_is_refused(opened, content: Any, words: str):
    with pytest.raises(CredentialsError, match=words):
        opened(content)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    missing = tmp_path / "missing"
    with pytest.raises(CredentialsError, match=f"there is no kubeconfig at {missing}"):
        KubeconfigUser(str(missing), context=None, disk=EXECUTORS.disk, now=lambda: START).endpoint()


# --- what is sent with each request -----------------------------------------------------------------------------------


class Tokens:
    """Gives one token after another, each time one is refused."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)

    async def header(self) -> str:
        return self._tokens[0]

    async def refresh(self, *, rejected: str) -> bool:
        assert rejected == self._tokens[0]
        if len(self._tokens) > 1:
            del self._tokens[0]
            return True
        return False


@pytest.mark.parametrize(
    ("tokens", "asked", "code"),
    [(["old", "new"], ["old", "new"], 200), (["old"], ["old"], 401), (["new"], ["new"], 200)],
    ids=["a newer one", "no newer one", "the right one"],
)
async def test_after_a_401_a_request_is_sent_once_more_with_newer_credentials(tokens, asked, code: int):
    seen: list[str | None] = []

    def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(status=200 if seen[-1] == "new" else 401, body=b"{}")

    async with serving(answer, authorization=Tokens(*tokens)) as session:
        if code == 200:
            await session.request("GET", "/api")
        else:
            with pytest.raises(ApiError) as refusal:
                await session.request("GET", "/api")
            assert refusal.value.code == code

    assert seen == asked


@pytest.mark.parametrize("kopf", [False, True])
async def test_after_a_401_no_request_is_sent_over_the_same_connection(kopf: bool):
    """A client certificate is shown once for all requests of a connection: there, a newer one would not be seen."""
    ports: list[int] = []

    def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        return web.Response(status=401 if len(ports) == 1 else 200, body=b"{}")

    async with serving(answer, authorization=Tokens("old", "new")) as session:
        http = session.kopf_http if kopf else session.http
        for _ in range(2):
            async with http.get(session.server + "/api") as response:
                await response.read()

    assert len(ports) == 3
    assert ports[0] not in ports[1:]
    assert ports[1] == ports[2]


async def test_after_a_401_whose_words_come_later_no_request_is_sent_over_the_same_connection():
    ports: list[int] = []
    asked = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        response = web.StreamResponse(status=401)
        await response.prepare(request)
        await asked.wait()
        await response.write(b"{}")
        return response

    async with serving(answer, authorization=Tokens("old")) as session:
        for _ in range(2):
            async with session.http.get(session.server + "/api") as response:
                asked.set()
                await response.read()

    assert ports[0] != ports[1]


async def test_a_401_whose_words_do_not_end_is_left_before_the_next_try():
    left: list[bool] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers["Authorization"] == "new":
            async with asyncio.timeout(10):
                await over.wait()
            return web.Response(body=b"{}")
        response = web.StreamResponse(status=401)
        await response.prepare(request)
        try:
            async with asyncio.timeout(10):
                while True:
                    await response.write(b" ")
                    await asyncio.sleep(0.01)
        except ConnectionError:
            left.append(True)
            over.set()
        return response

    over = asyncio.Event()
    async with serving(answer, authorization=Tokens("old", "new")) as session:
        assert await session.request("GET", "/api") == b"{}"

    assert left == [True]


async def test_the_words_of_a_401_are_read_where_there_are_no_newer_credentials():
    words = b'{"kind": "Status", "code": 401, "message": "who are you?"}'
    async with serving(lambda _: web.Response(status=401, body=words), authorization=Tokens("old")) as session:
        with pytest.raises(ApiError, match="who are you"):
            await session.request("GET", "/api")


async def test_without_credentials_nothing_is_put_on_a_request():
    seen: list[bool] = []

    def answer(request: web.Request) -> web.Response:
        seen.append("Authorization" in request.headers)
        return web.Response(body=b"{}")

    async with serving(answer, authorization=Tokens("")) as session:
        await session.request("GET", "/api")

    assert seen == [False]


async def test_what_goes_to_another_server_carries_no_credentials():
    handled: list[dict[str, str]] = []

    async def handler(request: aiohttp.ClientRequest) -> Any:
        handled.append(dict(request.headers))
        return None

    authorizer = Authorizer(Endpoint(server="https://a.example", authorization=Tokens("secret")))
    elsewhere: Any = type("Request", (), {"url": URL("https://b.example/x"), "headers": {}})()
    await authorizer.authorize(elsewhere, handler)

    assert handled == [{}]


async def test_each_request_is_counted_and_a_hook_that_fails_costs_none():
    counted: list[tuple[str, str, int, bool]] = []

    def hook(verb: str, resource: str, code: int, seconds: float) -> None:
        counted.append((verb, resource, code, 0 <= seconds < 60))
        raise TypeError("a defect")

    def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/broken"):
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=404 if request.path.endswith("/missing") else 200, body=b"{}")

    async with (
        serving(answer) as plain,
        Session.open(Endpoint(server=plain.server, authorization=StaticAuth()), on_request=hook) as session,
    ):
        await session.request("GET", "/api/v1/namespaces/team/configmaps/c")
        with pytest.raises(ApiError):
            await session.request("GET", "/apis/apps/v1/namespaces/team/deployments/missing")
        with pytest.raises(aiohttp.ClientError):
            await session.http.post(f"{plain.server}/api/v1/namespaces/team/pods/broken")

    assert counted == [
        ("get", "configmaps", 200, True),
        ("get", "deployments.apps", 404, True),
        ("create", "pods", 0, True),
    ]
