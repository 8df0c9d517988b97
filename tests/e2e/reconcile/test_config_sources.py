"""Secrets and ConfigMaps that patterns refer to: read once, and told of when they change. On a real API server."""

import asyncio
import json
from collections.abc import Callable
from typing import NoReturn

import pytest
from tests.testbed.kubectl import Kubectl

from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.kube import Reflector, Session
from pattern_operator.kube.wellknown import CONFIG_MAP, SECRET
from pattern_operator.reconcile import ConfigSources, PatternKey
from pattern_operator.reconcile.config_sources import MAX_USED, Reader

KEY = PatternKey("team", "web")
PATIENCE = 20.0


class Woken:
    """Who was woken, and a way to wait for the next one."""

    def __init__(self) -> None:
        self.keys: list[Reader] = []
        self._more = asyncio.Event()

    def wake(self, key: Reader) -> None:
        self.keys.append(key)
        self._more.set()

    def forget(self) -> None:
        self.keys.clear()
        self._more.clear()

    async def next(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._more.wait()
        self._more.clear()


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def config_sources(session: Session, tasks: asyncio.TaskGroup, woken: Woken) -> ConfigSources:
    return ConfigSources(session, wake=woken.wake, tasks=tasks)


@pytest.fixture
def put(kubectl: Kubectl, namespace: str) -> Callable[..., None]:
    """Apply a Secret (``kind``) with these entries."""

    def put(name: str, *, kind: str = "Secret", **entries: str) -> None:
        field = "stringData" if kind == "Secret" else "data"
        kubectl.apply(
            {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, field: entries}
        )

    return put


async def test_a_secret_is_read_once(config_sources, put, namespace, requests):
    put("key", pem="one")

    found = [await config_sources.read(SECRET, namespace=namespace, name="key", reader=KEY) for _ in range(3)]

    assert found == [{"pem": b"one"}] * 3
    assert requests.count(("get", "secrets")) == 1


async def test_a_config_map_is_read_as_text(config_sources, put, namespace):
    put("key", kind="ConfigMap", pem="one")

    assert await config_sources.read(CONFIG_MAP, namespace=namespace, name="key", reader=KEY) == {"pem": b"one"}


async def test_a_change_wakes_who_read_it_and_is_read_again(config_sources, put, namespace, woken):
    put("key", pem="one")
    await config_sources.read(SECRET, namespace=namespace, name="key", reader=KEY)
    woken.forget()

    put("key", pem="two")
    await woken.next()

    assert set(woken.keys) == {KEY}
    assert await config_sources.read(SECRET, namespace=namespace, name="key", reader=KEY) == {"pem": b"two"}


async def test_what_is_missing_is_said_and_wakes_when_it_comes(config_sources, put, namespace, woken):
    with pytest.raises(Stalled, match=f"Secret {namespace}/key does not exist; create it") as refusal:
        await config_sources.read(SECRET, namespace=namespace, name="key", reader=KEY)

    put("key", pem="one")
    await woken.next()

    assert refusal.value.reason is Reason.SECRET_NOT_FOUND
    assert await config_sources.read(SECRET, namespace=namespace, name="key", reader=KEY) == {"pem": b"one"}


async def test_what_nobody_reads_wakes_nobody(config_sources, put, namespace, woken):
    put("mine", pem="one")
    put("other", pem="one")
    await config_sources.read(SECRET, namespace=namespace, name="mine", reader=KEY)
    woken.forget()

    put("other", pem="two")
    put("mine", pem="two")  # comes later in the same watch, so the other was told before
    await woken.next()

    assert woken.keys == [KEY]


async def test_a_pattern_that_is_gone_is_woken_no_more(config_sources, put, namespace, woken):
    put("key", pem="one")
    other = PatternKey("team", "other")
    for reader in (KEY, other):
        await config_sources.read(SECRET, namespace=namespace, name="key", reader=reader)
    woken.forget()

    config_sources.forget(KEY)
    put("key", pem="two")
    await woken.next()

    assert woken.keys == [other]


def test_the_content_of_a_secret_is_in_no_message_about_it():
    body = {"data": {"pem": "not base64 but s3cret"}}
    from pattern_operator.reconcile.config_sources import ConfigSource, _decode

    with pytest.raises(Stalled) as refusal:
        _decode(body, ConfigSource("Secret", "team", "key"))

    assert "s3cret" not in json.dumps(refusal.value.diagnostics())


async def test_a_kind_that_cannot_be_watched_is_waited_for_once_and_not_by_every_reader(
    session: Session, tasks, namespace: str, monkeypatch: pytest.MonkeyPatch
):
    class Mute(Reflector):
        async def run(self) -> NoReturn:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr("pattern_operator.reconcile.config_sources.Reflector", Mute)
    monkeypatch.setattr("pattern_operator.reconcile.config_sources.SYNC_TIMEOUT", 1.0)
    reading = ConfigSources(session, wake=lambda _: None, tasks=tasks)
    begun = asyncio.get_running_loop().time()

    for number in range(30):
        with pytest.raises(Stalled):
            await reading.read(SECRET, namespace=namespace, name=f"none{number}", reader=PatternKey(namespace, "web"))

    assert asyncio.get_running_loop().time() - begun < 15.0  # and not 30


async def test_a_pattern_is_woken_by_what_it_used_lately_and_keeps_no_more(
    config_sources: ConfigSources, namespace: str
):
    for number in range(MAX_USED + 20):
        with pytest.raises(Stalled):
            await config_sources.read(SECRET, namespace=namespace, name=f"none{number}", reader=KEY)

    assert len(config_sources._users) == MAX_USED
    config_sources.forget(KEY)
    assert not config_sources._users
