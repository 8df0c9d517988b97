"""Who only names an object holds up nobody; who is about to make it holds up others for a moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.apply.harness import PATIENCE, Harness, config_map, owner

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply import Notification, NotificationKind, Owner, object_locks
from pattern_operator.apply.object_locks import LockTimeout, ObjectLock, ObjectLocks
from pattern_operator.kube import ApiError, ApiUnavailable

KEY = ObjectKey("", "ConfigMap", "team", "settings")
MALLORY = "system:serviceaccount:mallory:deployer"
REFUSED = ApiError(code=403, reason="Forbidden", message="no")
LOST = ApiUnavailable(code=0, reason="Timeout", message="no answer")


async def gives(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


async def take(lock: ObjectLock, answer: Any, *, since: int) -> Any:
    try:
        return await lock.run(lambda: gives(answer), since=since)
    except ApiError as error:
        return error


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({}, None, id="made: it is to be looked at again"),
        pytest.param(LOST, None, id="maybe made: it is to be looked at again"),
        pytest.param(REFUSED, "mine", id="refused: nothing has changed"),
    ],
)
async def test_who_looked_before_somebody_took_the_object_has_to_look_again(first: Any, second: str | None):
    lock = ObjectLocks().at(KEY)
    since = lock.uses

    await take(lock, first, since=since)

    assert await take(lock, "mine", since=since) == second
    assert await take(lock, "mine", since=lock.uses) == "mine"


async def test_who_has_to_look_again_keeps_nobody_else_from_the_object():
    lock = ObjectLocks().at(KEY)
    await take(lock, {}, since=lock.uses)
    looked = lock.uses

    again = await take(lock, "late", since=looked - 1)

    assert again is None
    assert await take(lock, "mine", since=looked) == "mine"


async def test_a_turn_that_does_not_end_is_not_waited_for_for_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(object_locks, "PATIENCE", 0.05)
    lock = ObjectLocks().at(KEY)
    hanging = asyncio.create_task(lock.run(asyncio.Event().wait, since=0))
    await asyncio.sleep(0)

    with pytest.raises(LockTimeout, match="another DesignPattern names it"):
        await lock.run(lambda: gives("mine"), since=0)

    hanging.cancel()
    await asyncio.wait({hanging})
    assert await lock.run(lambda: gives("mine"), since=1) == "mine"


async def test_nothing_is_kept_of_an_object_that_nobody_is_about_to_apply():
    several = ObjectLocks()
    lock = several.at(KEY)
    assert several.at(KEY) is lock

    del lock

    assert not several._locks_by_key


@asynccontextmanager
async def hanging(harness: Harness, desired: list[Object], *, by: Owner, at: str, method: str) -> AsyncIterator[None]:
    """Mallory's pattern applies ``desired``, and her request with ``method`` to a path that ends in ``at`` hangs."""
    original, hangs = harness.session.request, asyncio.Event()

    async def request(sent: str, path: str, **more: Any) -> bytes:
        if more.get("impersonate") == MALLORY and sent == method and at in path:
            hangs.set()
            await asyncio.Event().wait()
        return await original(sent, path, **more)

    harness.replace_request(request)
    work = harness.applier.apply_all(desired, owner=by, conflicts="Fail", owned=(), impersonate=MALLORY)
    task = asyncio.create_task(work)
    try:
        async with asyncio.timeout(PATIENCE):
            await hangs.wait()
        for _ in range(100):  # all the others of the wave have got as far as they get
            await asyncio.sleep(0.002)
        yield
    finally:
        harness.replace_request(original)
        task.cancel()
        await asyncio.wait({task})


@pytest.mark.parametrize(
    "at", ["/slow", pytest.param("/settings", id="the look at the object itself, in her account's name")]
)
async def test_what_another_pattern_names_in_vain_is_made_again_at_once(harness: Harness, namespace: str, at: str):
    victim, mallory, desired = owner("victim"), owner("mallory"), config_map("settings", namespace)
    harness.living |= {each.id: each for each in (victim, mallory)}
    await harness.apply(desired, by=victim)
    slow = [config_map(f"slow{number}", namespace) for number in range(40)]

    async with hanging(harness, [*slow, desired], by=mallory, at=at, method="GET"):
        await harness.delete(desired.key)
        await harness.told(NotificationKind.GONE, desired.key, of=victim)  # although somebody else is about to apply it
        async with asyncio.timeout(object_locks.PATIENCE - 1):
            applied = await harness.apply(desired, by=victim, owned=[desired.key])

    assert applied.applied == (desired.key,)
    assert (victim.id, Notification(NotificationKind.GONE, desired.key)) in harness.events


async def test_what_a_pattern_has_is_repaired_while_an_apply_of_another_hangs(harness: Harness, namespace: str):
    victim, mallory, desired = owner("victim"), owner("mallory"), config_map("settings", namespace)
    harness.living |= {each.id: each for each in (victim, mallory)}
    await harness.apply(desired, by=victim)
    await harness.caught_up(await harness.get(desired.key), desired.key)
    lock = harness.applier._object._locks.at(desired.key)
    other = asyncio.create_task(lock.run(asyncio.Event().wait, since=lock.uses))
    await asyncio.sleep(0)
    changed = await harness.patch(desired.key, {"data": {"a": "theirs"}})
    await harness.caught_up(changed, desired.key)

    async with asyncio.timeout(object_locks.PATIENCE - 1):
        applied = await harness.apply(desired, by=victim, owned=[desired.key])

    assert applied.applied == (desired.key,)
    assert (await harness.get(desired.key))["data"] == {"a": "1"}
    other.cancel()
    await asyncio.wait({other})


async def test_an_apply_that_hangs_fails_who_would_adopt_the_object_after_a_moment_and_says_why(
    harness: Harness, namespace: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(object_locks, "PATIENCE", 0.1)
    desired = config_map("settings", namespace)
    await harness.put(desired, manager="somebody")
    lock = harness.applier._object._locks.at(desired.key)
    other = asyncio.create_task(lock.run(asyncio.Event().wait, since=lock.uses))
    await asyncio.sleep(0)

    applied = await harness.apply(desired, by=owner())

    assert [(each.key, each.reason) for each in applied.failures] == [(desired.key, Reason.APPLY_FAILED)]
    assert "another DesignPattern names it, too" in applied.failures[0].message
    assert applied.disowned == {desired.key}
    other.cancel()
    await asyncio.wait({other})
