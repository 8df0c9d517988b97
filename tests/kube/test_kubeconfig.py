"""The kubeconfig that a Secret holds: somebody else's text, of which nothing is run, read or repeated."""

import base64
import json
import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from tests.kube.apiserver import client_certificate

from pattern_operator.kube import CredentialsError, load
from pattern_operator.kube.kubeconfig import of_text

SECRET = "hunter2hunter2"


def config(*, user: Any = None, **cluster: Any) -> bytes:
    """The kubeconfig of one cluster, one user and one context."""
    return json.dumps(
        {
            "clusters": [{"name": "c", "cluster": {"server": "https://remote.example:6443", **cluster}}],
            "users": [{"name": "u", "user": {"token": SECRET} if user is None else user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
            "current-context": "x",
        }
    ).encode()


def encoded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


async def test_the_current_context_says_server_user_and_namespace():
    endpoint = of_text(config(**{"tls-server-name": "inner.example", "proxy-url": "http://proxy.example:3128"}))

    assert (endpoint.server, endpoint.namespace) == ("https://remote.example:6443", "shop")
    assert (endpoint.tls_server_name, endpoint.proxy) == ("inner.example", "http://proxy.example:3128")
    assert endpoint.tls is not None
    assert endpoint.tls.check_hostname
    assert await endpoint.authorization.header() == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("user", "header"),
    [
        pytest.param({"token": f"{SECRET}\n"}, f"Bearer {SECRET}", id="a token with the line feed of its file"),
        pytest.param({"username": "a", "password": "b"}, "Basic YTpi", id="a password"),
        pytest.param({"username": "a"}, "Basic YTo=", id="a user without password"),
        pytest.param({"token": "t", "username": "a"}, "Bearer t", id="a token counts for more"),
        pytest.param({}, "", id="nobody"),
    ],
)
async def test_what_a_user_shows(user: dict[str, str], header: str):
    assert await of_text(config(user=user)).authorization.header() == header


async def test_a_user_who_says_nothing_is_nobody():
    text = config(user={}).replace(b'"user": {}', b'"user": null')

    assert await of_text(text).authorization.header() == ""


def test_a_server_that_is_not_verified_is_only_one_that_asks_for_it():
    trusted = of_text(config(**{"insecure-skip-tls-verify": True})).tls
    asked_otherwise = of_text(config(**{"insecure-skip-tls-verify": "true"})).tls

    assert trusted is not None
    assert not trusted.check_hostname
    assert asked_otherwise is not None
    assert asked_otherwise.check_hostname


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"a: 2001-99-99", id="a date that is none"),
        pytest.param(b"[" * 50_000, id="nesting without end"),
        pytest.param(config(server="remote.example"), id="a server without scheme"),
        pytest.param(config(server="file:///etc/passwd"), id="a server that is a file"),
        pytest.param(config(server="https://"), id="a server without host"),
        pytest.param(config(server="https://admin:pw@remote.example"), id="a server with a password in it"),
        pytest.param(config(server=7), id="a server that is a number"),
        pytest.param(config(user="u"), id="a user that is text"),
        pytest.param(config(user=["u"]), id="a user that is a list"),
        pytest.param(config().replace(b'"name": "c"', b'"name": "d"'), id="a cluster that is not there"),
        pytest.param(config().replace(b'"name": "u"', b'"name": "v"'), id="a user that is not there"),
        pytest.param(config().replace(b'"current-context"', b'"context"'), id="no current context"),
    ],
)
def test_what_is_not_a_kubeconfig_is_refused(text: bytes):
    with pytest.raises(CredentialsError, match="no kubeconfig with a current context"):
        of_text(text)


@pytest.mark.parametrize("token", ["two words", "a\r\nHost: elsewhere", "tökèn", "a\x00b"])
def test_a_token_that_no_header_can_hold_is_refused_and_not_repeated(token: str):
    with pytest.raises(CredentialsError, match="characters that no token has") as refusal:
        of_text(config(user={"token": token}))

    assert token not in str(refusal.value)


def test_a_broken_kubeconfig_is_refused_without_quoting_it():
    with pytest.raises(CredentialsError) as refusal:
        of_text(f"token: {SECRET}: {{".encode())

    assert refusal.value.__cause__ is None
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        pytest.param({"certificate-authority-data": "%"}, "certificate-authority-data", id="no base64"),
        pytest.param({"certificate-authority-data": encoded(b"\xff")}, "not base64 of a PEM file", id="no text"),
        pytest.param({"certificate-authority-data": encoded(b"hello")}, "certificates of the kubeconfig", id="no PEM"),
    ],
)
def test_an_authority_that_is_none_is_refused(part: dict[str, str], words: str):
    with pytest.raises(CredentialsError, match=words):
        of_text(config(**part))


def test_a_certificate_without_its_key_is_refused():
    certificate, _ = client_certificate()

    with pytest.raises(CredentialsError, match="certificates of the kubeconfig"):
        of_text(config(user={"client-certificate-data": encoded(certificate.encode())}))


def test_a_key_that_wants_a_password_is_refused_and_nobody_is_asked_for_it():
    certificate, _ = client_certificate()
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    user = {"client-certificate-data": encoded(certificate.encode()), "client-key-data": encoded(key)}

    with pytest.raises(CredentialsError, match="certificates of the kubeconfig"):
        of_text(config(user=user))


def test_a_key_passes_through_a_file_that_nobody_else_can_read_and_that_is_gone_after(monkeypatch):
    certificate, key = client_certificate()
    passed: list[tuple[Path, int, str]] = []
    load_chain = ssl.SSLContext.load_cert_chain

    def load_cert_chain(self: ssl.SSLContext, file: Path, password: str) -> None:
        passed.append((file, stat.S_IMODE(file.stat().st_mode), file.read_text()))
        load_chain(self, file, password=password)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load_cert_chain)
    of_text(
        config(
            user={"client-certificate-data": encoded(certificate.encode()), "client-key-data": encoded(key.encode())}
        )
    )

    [(file, mode, text)] = passed
    assert (mode, text) == (0o600, f"{certificate}\n{key}\n")
    assert not file.exists()


def test_an_endpoint_shows_no_secret():
    endpoint = of_text(config(**{"proxy-url": f"http://me:{SECRET}@proxy.example"}))

    assert SECRET not in repr(endpoint)


_NAMES = st.sampled_from(
    ["clusters", "users", "contexts", "current-context", "name", "cluster", "user", "context", "server", "token", "c"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | _NAMES | st.just("https://a.example"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(st.binary() | st.text().map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_a_kubeconfig_or_refused(text: bytes):
    try:
        of_text(text)
    except CredentialsError as refusal:
        assert str(refusal)


@given(value=_VALUES, at=st.sampled_from(["server", "token", "user", "cluster", "context", "users", "current-context"]))
def test_any_value_in_any_place_is_read_or_refused(value: Any, at: str):
    def put(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: value if name == at else put(child) for name, child in node.items()}
        return [put(item) for item in node] if isinstance(node, list) else node

    try:
        of_text(yaml.safe_dump(put(json.loads(config()))).encode())
    except CredentialsError as refusal:
        assert str(refusal)


async def test_a_kubeconfig_that_is_not_yaml_is_told_by_its_line_and_not_by_what_is_in_it(tmp_path):
    file = tmp_path / "config"
    file.write_text("users:\n- user: {token: tulipwood, other: 'tulipwood\n")

    with ThreadPoolExecutor(1) as disk, pytest.raises(CredentialsError, match="cannot be used") as refusal:
        await load(kubeconfig=file, disk=disk)

    assert "tulipwood" not in str(refusal.value)


async def test_the_line_is_the_one_with_the_fault(tmp_path):
    file = tmp_path / "config"
    file.write_text("a: 1\nb: [1, 2\nc: 3\n")

    with ThreadPoolExecutor(1) as disk, pytest.raises(CredentialsError, match="line 3"):
        await load(kubeconfig=file, disk=disk)


@pytest.mark.parametrize("name", ["exec", "auth-provider", "tokenFile", "client-key"])
def test_what_would_run_or_read_with_the_rights_of_the_operator_is_refused(name: str):
    with pytest.raises(CredentialsError, match=f"uses {name}, which would run or read"):
        of_text(config(user={"token": SECRET, name: "x"}))
