import asyncio
import base64
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.executors import EXECUTORS
from tests.kube.apiserver import ApiServer, user_at

from pattern_operator.kube import CredentialsError, credentials, kubeconfig


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def config(server: ApiServer, user: Mapping[str, object], **cluster: object) -> dict[str, object]:
    authority = {"certificate-authority-data": encoded(server.authority.ca.read_text())}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server.url, **authority, **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
            {"name": "nowhere", "context": {"cluster": "missing", "user": "u"}},
        ],
        "current-context": "here",
    }


def written(path: Path, content: dict[str, object]) -> Path:
    path.write_text(json.dumps(content))
    return path


def plugin(path: Path, *, status: dict[str, str], counter: Path) -> dict[str, object]:
    """An exec plugin that gives ``status`` and writes down that it ran."""
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    path.write_text(f"open({str(counter)!r}, 'a').write('x')\nprint({json.dumps(answer)!r})\n")
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [str(path)],
            "interactiveMode": "Never",
        }
    }


async def test_a_kubeconfig_with_a_token(server, tmp_path):
    path = written(tmp_path / "config", config(server, {"token": server.token}))

    endpoint = await credentials.load(disk=EXECUTORS.disk, kubeconfig=path)

    assert await user_at(endpoint) == "admin"
    assert endpoint.namespace == "shop"
    assert server.token not in repr(endpoint)


async def test_a_kubeconfig_with_a_client_certificate(server, tmp_path):
    user = {
        "client-certificate-data": encoded(server.client_certificate),
        "client-key-data": encoded(server.client_key),
    }
    path = written(tmp_path / "config", config(server, user))

    assert await user_at(await credentials.load(disk=EXECUTORS.disk, kubeconfig=path)) == "certified"


async def test_the_file_that_the_environment_names_is_used(server, tmp_path, monkeypatch):
    path = written(tmp_path / "config", config(server, {"token": server.other_token}))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'absent'}:{path}")

    assert await user_at(await credentials.load(disk=EXECUTORS.disk)) == "other"


async def test_an_exec_plugin_is_run_once_and_again_when_its_token_ends(server, tmp_path):
    counter = tmp_path / "runs"
    now = datetime(2030, 1, 1, tzinfo=UTC)
    expiry = (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    user = plugin(tmp_path / "p.py", status={"token": server.token, "expirationTimestamp": expiry}, counter=counter)
    path = written(tmp_path / "config", config(server, user))
    endpoint = await asyncio.to_thread(
        kubeconfig.open_files, str(path), context=None, disk=EXECUTORS.disk, now=lambda: now
    )

    names = [await user_at(endpoint), await user_at(endpoint)]
    runs = counter.read_text()
    now += timedelta(hours=1)
    names.append(await user_at(endpoint))

    assert names == ["admin"] * 3
    assert (runs, counter.read_text()) == ("x", "xx")


async def test_an_exec_plugin_is_run_again_when_its_token_is_refused(server, tmp_path):
    counter = tmp_path / "runs"
    path = written(
        tmp_path / "config", config(server, plugin(tmp_path / "p.py", status={"token": "old"}, counter=counter))
    )
    endpoint = await credentials.load(disk=EXECUTORS.disk, kubeconfig=path)
    plugin(tmp_path / "p.py", status={"token": server.token}, counter=counter)

    assert await user_at(endpoint) == "admin"
    assert counter.read_text() == "xx"


async def test_an_exec_plugin_may_give_a_client_certificate(server, tmp_path):
    status = {"clientCertificateData": server.client_certificate, "clientKeyData": server.client_key}
    path = written(
        tmp_path / "config", config(server, plugin(tmp_path / "p.py", status=status, counter=tmp_path / "n"))
    )

    assert await user_at(await credentials.load(disk=EXECUTORS.disk, kubeconfig=path)) == "certified"


async def test_a_plugin_that_fails_is_named(server, tmp_path):
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "false"}}
    path = written(tmp_path / "config", config(server, user))

    with pytest.raises(CredentialsError, match="exec plugin of user 'u'"):
        await credentials.load(disk=EXECUTORS.disk, kubeconfig=path)


@pytest.mark.parametrize(
    ("content", "context", "words"),
    [
        pytest.param("", None, "cannot be used", id="an empty file"),
        pytest.param("{", None, "cannot be used", id="no YAML"),
        pytest.param(None, None, "there is no kubeconfig", id="no file"),
        pytest.param("{clusters: [], contexts: [], users: []}", "mine", "mine", id="no such context"),
    ],
)
async def test_a_kubeconfig_that_cannot_be_used_is_refused(tmp_path, content, context, words):
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)

    with pytest.raises(CredentialsError, match=words):
        await credentials.load(disk=EXECUTORS.disk, kubeconfig=path, context=context)


async def test_no_api_server_at_all_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(CredentialsError, match="no API server is known"):
        await credentials.load(disk=EXECUTORS.disk)


def of_server(url: str) -> dict[str, object]:
    """A kubeconfig of a server with a token."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "here",
    }


async def test_the_file_at_home_is_used_where_none_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    (tmp_path / ".kube").mkdir()
    named = written(tmp_path / "named", of_server("https://named.example"))
    written(tmp_path / ".kube" / "config", of_server("https://home.example"))

    found = [await credentials.load(disk=EXECUTORS.disk, kubeconfig=each) for each in (None, named)]

    assert [each.server for each in found] == ["https://home.example", "https://named.example"]


async def test_in_a_pod_its_own_account_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setattr(credentials, "in_cluster", lambda *, host, port: (host, port))

    found: Any = await credentials.load(disk=EXECUTORS.disk)

    assert found == ("10.96.0.1", "443")


async def test_the_kubeconfig_of_a_secret_reaches_a_remote_cluster(server):
    token = config(server, {"token": server.other_token})
    certificate = config(
        server,
        {"client-certificate-data": encoded(server.client_certificate), "client-key-data": encoded(server.client_key)},
    )

    names = [await user_at(kubeconfig.of_text(json.dumps(text).encode())) for text in (token, certificate)]

    assert names == ["other", "certified"]


@pytest.mark.parametrize(
    "user",
    [
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "touch", "args": ["owned"]}},
        {"auth-provider": {"name": "gcp"}},
        {"tokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token"},
        {"client-certificate": "/etc/passwd"},
    ],
    ids=lambda user: next(iter(user)),
)
def test_the_kubeconfig_of_a_secret_runs_nothing_and_reads_no_file(server, user):
    with pytest.raises(CredentialsError, match=next(iter(user))):
        kubeconfig.of_text(json.dumps(config(server, user)).encode())


def test_the_kubeconfig_of_a_secret_takes_no_authority_from_a_file(server):
    with pytest.raises(CredentialsError, match="certificate-authority"):
        kubeconfig.of_text(json.dumps(config(server, {}, **{"certificate-authority": "/etc/ssl/ca"})).encode())


@pytest.mark.parametrize("text", [b"", b"[]", b"a: b", b"{", b"\xff", b"current-context: x\ncontexts: {}"])
def test_a_secret_that_holds_no_kubeconfig_is_refused(text):
    with pytest.raises(CredentialsError, match="no kubeconfig"):
        kubeconfig.of_text(text)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param("- a\n", "has the wrong structure", id="a list"),
        pytest.param("contexts: 5\n", "has the wrong structure", id="a number of contexts"),
        pytest.param(
            "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nusers: [{name: a, user: {}}]\n"
            "clusters: [{name: a, cluster: {server: nonsense}}]\n",
            "its server is not a URL",
            id="no server",
        ),
    ],
)
async def test_a_kubeconfig_of_another_shape_is_not_a_defect_of_ours(tmp_path, content, says):
    (tmp_path / "config").write_text(content)

    with pytest.raises(CredentialsError, match=says):
        await credentials.load(disk=EXECUTORS.disk, kubeconfig=tmp_path / "config")
