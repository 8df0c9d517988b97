"""Secrets and ConfigMaps are read once, and again after a watch told of a change, which wakes who uses them."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.kube.fake_collection import Collection, until

from pattern_operator.aio import background_tasks
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled, Transient
from pattern_operator.kube import Resource
from pattern_operator.kube.wellknown import CONFIG_MAP, SECRET
from pattern_operator.reconcile import PatternKey, config_sources
from pattern_operator.reconcile.config_sources import MAX_USED, ConfigSources, Reader

pytestmark = pytest.mark.real_time
WEB, SHOP = PatternKey("team", "web"), PatternKey("team", "shop")


@asynccontextmanager
async def reading(secrets: Collection) -> AsyncIterator[tuple[ConfigSources, list[Reader]]]:
    woken: list[Reader] = []
    async with secrets.serve() as session, background_tasks() as tasks:
        yield ConfigSources(session, wake=woken.append, tasks=tasks), woken


async def read(sources: ConfigSources, name: str = "login", *, reader: PatternKey = WEB, of: Resource = SECRET) -> Any:
    return await sources.read(of, namespace="team", name=name, reader=reader)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def secrets() -> Collection:
    found = Collection(SECRET)
    found.put("login", data={"token": encoded("one")})
    return found


async def test_a_secret_is_decoded_and_read_once(secrets: Collection):
    async with reading(secrets) as (sources, _):
        found = [await read(sources, reader=each) for each in (WEB, SHOP, WEB)]

    assert found == [{"token": b"one"}] * 3
    assert [secrets.asked.count(f"{verb} secrets") for verb in ("get", "list", "watch")] == [1, 1, 1]


async def test_a_config_map_is_text():
    maps = Collection(CONFIG_MAP)
    maps.put("keys", data={"cosign.pub": "a key", "odd": 7})
    async with reading(maps) as (sources, _):
        found = await read(sources, "keys", of=CONFIG_MAP)

    assert found == {"cosign.pub": b"a key"}


async def test_a_change_wakes_those_who_use_it_and_is_read_anew(secrets: Collection):
    secrets.put("other", data={})
    async with reading(secrets) as (sources, woken):
        await read(sources)
        await read(sources, "other", reader=SHOP)
        woken.clear()  # of the first list
        now = secrets.put("login", data={"token": encoded("two")})
        await until(lambda: woken != [])
        found = await read(sources)
        version = sources.known_version(SECRET, namespace="team", name="login")

    assert (woken, found) == ([WEB], {"token": b"two"})
    assert version == int(now["metadata"]["resourceVersion"])


async def test_of_what_nobody_uses_or_that_did_not_change_no_version_is_known(secrets: Collection):
    async with reading(secrets) as (sources, _):
        await read(sources)

        assert sources.known_version(SECRET, namespace="team", name="login") == 101  # the first list tells of it
        assert sources.known_version(SECRET, namespace="team", name="other") == 0


async def test_a_secret_that_is_deleted_wakes_and_is_missing(secrets: Collection):
    async with reading(secrets) as (sources, woken):
        await read(sources)
        woken.clear()
        secrets.drop("login")
        await until(lambda: woken != [])
        with pytest.raises(Stalled) as missing:
            await read(sources)

    assert missing.value.reason is Reason.SECRET_NOT_FOUND
    assert str(missing.value).startswith(
        "Secret team/login does not exist; create it, or correct the name in the spec."
    )


async def test_who_found_none_is_woken_when_it_comes(secrets: Collection):
    async with reading(secrets) as (sources, woken):
        with pytest.raises(Stalled):
            await read(sources, "late")
        secrets.put("late", data={"token": encoded("here")})
        await until(lambda: woken != [])

        assert await read(sources, "late") == {"token": b"here"}


async def test_a_pattern_that_is_gone_is_not_woken_and_what_only_it_used_is_dropped(secrets: Collection):
    async with reading(secrets) as (sources, woken):
        await read(sources)
        sources.forget(WEB)
        woken.clear()
        secrets.put("login", data={"token": encoded("two")})
        secrets.put("other", data={})
        await read(sources, "other", reader=SHOP)
        secrets.put("other", data={"a": encoded("b")})
        await until(lambda: woken != [])

        assert woken == [SHOP]
        assert sources.known_version(SECRET, namespace="team", name="login") == 0
        assert await read(sources, reader=SHOP) == {"token": b"two"}
        sources.forget(WEB)  # of whom nothing is known any more


async def test_what_another_pattern_uses_is_kept(secrets: Collection):
    async with reading(secrets) as (sources, woken):
        await read(sources)
        await read(sources, reader=SHOP)
        sources.forget(WEB)
        await read(sources, reader=SHOP)
        woken.clear()
        secrets.put("login", data={})
        await until(lambda: woken != [])

    assert woken == [SHOP]
    assert secrets.asked.count("get secrets") == 1


async def test_what_a_pattern_used_long_before_wakes_it_no_longer(secrets: Collection):
    names = [f"s{number}" for number in range(MAX_USED)]
    for each in (*names, "another"):
        secrets.put(each, data={})
    async with reading(secrets) as (sources, woken):
        for each in names:
            await read(sources, each)
        await read(sources, names[0])  # it is used again, and newer than the next one then
        await read(sources, "login")
        await read(sources, "another")
        woken.clear()
        for each in (names[1], names[2], names[0], names[3]):
            secrets.put(each, data={"a": encoded("b")})
        await until(lambda: len(woken) > 1)

        assert [sources.known_version(SECRET, namespace="team", name=names[each]) for each in (1, 2)] == [0, 0]
        assert len(woken) == 2


@pytest.mark.parametrize("data", ["planted-no-base64", "YWJj-YWJj"])
async def test_what_is_not_base64_is_said_without_its_content(secrets: Collection, data: str):
    secrets.put("login", data={"token": data})
    async with reading(secrets) as (sources, _):
        with pytest.raises(Stalled) as invalid:
            await read(sources)

    assert invalid.value.reason is Reason.SECRET_INVALID
    assert str(invalid.value) == "Secret team/login has an entry 'token' that is not base64: correct it."


@pytest.mark.parametrize(
    ("refusal", "reason", "words"),
    [
        ((403, "Forbidden"), Reason.FORBIDDEN, "the operator may not read Secret team/login: "),
        ((500, "InternalError"), Reason.API_SERVER_UNAVAILABLE, "Secret team/login could not be read: "),
    ],
)
async def test_a_secret_that_cannot_be_read_is_tried_again(secrets: Collection, refusal, reason: Reason, words: str):
    secrets.refuse["get"] = refusal
    async with reading(secrets) as (sources, _):
        with pytest.raises(Transient) as error:
            await read(sources)

    assert error.value.reason is reason
    assert str(error.value).startswith(words)


async def test_without_a_watch_each_reading_asks_and_is_held_up_once(secrets: Collection, monkeypatch):
    monkeypatch.setattr(config_sources, "SYNC_TIMEOUT", 0.05)
    secrets.refuse["list"] = (403, "Forbidden")
    async with reading(secrets) as (sources, _):
        first = await read(sources)
        secrets.put("login", data={"token": encoded("two")})
        second = await read(sources)

    assert (first, second) == ({"token": b"one"}, {"token": b"two"})
    assert secrets.asked.count("get secrets") == 2


async def test_while_a_watch_is_broken_what_was_read_is_read_again(secrets: Collection, monkeypatch):
    """A key that is taken out of a Secret would count as long as nobody tells of it."""
    monkeypatch.setattr(config_sources, "SYNC_TIMEOUT", 0.5)
    async with reading(secrets) as (sources, _):
        before = await read(sources)
        secrets.refuse = {"watch": (403, "Forbidden")}
        secrets.fail_watches(403, "Forbidden")
        await until(lambda: secrets.asked[-2:] == ["list secrets", "watch secrets"])
        secrets.put("login", data={"token": encoded("two")})
        found = [await read(sources)]
        async with asyncio.timeout(10):  # the operator knows of it once the refusal has come to it, not when it is sent
            while found[-1] == before:
                await asyncio.sleep(0.005)
                found.append(await read(sources))

    assert (before, found[-1]) == ({"token": b"one"}, {"token": b"two"})


async def test_what_was_read_before_a_change_that_is_known_already_is_not_kept(secrets: Collection):
    """An API server behind the one that the watch asks answers with an older state."""
    async with reading(secrets) as (sources, woken):
        await read(sources)
        woken.clear()
        old = dict(secrets.objects["team", "login"])
        secrets.put("login", data={"token": encoded("two")})
        await until(lambda: woken != [])
        new = secrets.objects["team", "login"]
        secrets.objects["team", "login"] = old
        stale = await read(sources)
        secrets.objects["team", "login"] = new

        assert (stale, await read(sources)) == ({"token": b"one"}, {"token": b"two"})


async def test_what_one_account_may_read_is_not_remembered_for_another(secrets: Collection):
    async with reading(secrets) as (sources, _):
        asked = [None, "ann", "ann", "bob", None]
        found = [
            await sources.read(SECRET, namespace="team", name="login", reader=WEB, account=account) for account in asked
        ]

    assert found == [{"token": b"one"}] * 5
    assert secrets.asked.count("get secrets") == 3


async def test_a_change_is_read_again_for_every_account(secrets: Collection):
    async with reading(secrets) as (sources, woken):
        for account in (None, "ann"):
            await sources.read(SECRET, namespace="team", name="login", reader=WEB, account=account)
        woken.clear()
        secrets.put("login", data={"token": encoded("two")})
        await until(lambda: bool(woken))
        found = [
            await sources.read(SECRET, namespace="team", name="login", reader=WEB, account=account)
            for account in (None, "ann")
        ]

    assert found == [{"token": b"two"}] * 2
