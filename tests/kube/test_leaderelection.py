import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest

from pattern_operator.kube import Endpoint, LeaderElector, Session, objects
from pattern_operator.kube import leaderelection as leases
from pattern_operator.kube.endpoint import StaticAuth
from pattern_operator.kube.leaderelection import Timing
from pattern_operator.kube.wellknown import LEASE

NAME = "leader"
TIMES = Timing(duration=3.0, deadline=2.0, renew=0.5, retry=0.2)  # a tenth of what runs
PATIENCE = 20.0


def lease(session: Session, namespace: str, identity: str, times: Timing = TIMES, **more: Any) -> LeaderElector:
    return LeaderElector(session, namespace=namespace, name=NAME, identity=identity, times=times, **more)


async def spec(session: Session, namespace: str) -> objects.Body:
    found = await objects.get(session, LEASE, namespace=namespace, name=NAME)
    held: objects.Body = found["spec"]
    return held


async def edit(session: Session, namespace: str, **changes: object) -> None:
    await objects.patch_merge(
        session, LEASE, body=orjson.dumps({"spec": changes}), namespace=namespace, name=NAME, field_manager="test"
    )


class Candidate:
    """Somebody who wants to lead, in a task of its own."""

    def __init__(self, contender: LeaderElector) -> None:
        self.leads = asyncio.Event()
        self._done = asyncio.Event()
        self._task = asyncio.create_task(self._run(contender))

    async def _run(self, contender: LeaderElector) -> None:
        async with contender.acquire():
            self.leads.set()
            await self._done.wait()

    async def resign(self) -> None:
        self._done.set()
        await self._task

    def end(self) -> None:
        self._task.cancel()

    async def ended(self) -> None:
        await asyncio.wait({self._task})

    async def die(self) -> None:
        self.end()
        await self.ended()


async def test_one_leads_and_renews_with_one_write_at_a_time(session, namespace, requests):
    requests.clear()
    async with lease(session, namespace, "a").acquire() as lost:
        held = await spec(session, namespace)
        await asyncio.sleep(1.4)
        later = await spec(session, namespace)

    assert (held["holderIdentity"], held["leaseDurationSeconds"]) == ("a", 3)
    assert later["renewTime"] > held["renewTime"]
    assert (later["acquireTime"], later["leaseTransitions"]) == (held["acquireTime"], 0)
    assert not lost.is_set()
    assert [verb for verb, _, _ in requests] == ["list", "watch", "create", "get", "update", "update", "get", "update"]


async def test_the_next_leads_as_soon_as_the_lease_is_given_back(session, namespace, requests):
    slow = Timing(duration=60.0, deadline=40.0, renew=30.0, retry=10.0)  # no timer can have woken the second
    async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE):
        await stack.enter_async_context(lease(session, namespace, "a", slow).acquire())
        second = Candidate(lease(session, namespace, "b", slow))
        await asyncio.sleep(0.5)
        led_together = second.leads.is_set()
        await stack.aclose()
        await second.leads.wait()
        held = await spec(session, namespace)
        await second.resign()

    assert not led_together
    assert (held["holderIdentity"], held["leaseTransitions"]) == ("b", 1)


async def test_a_holder_that_vanished_is_followed_when_its_time_is_over(session, namespace):
    async with lease(session, namespace, "a").acquire():
        pass
    await edit(session, namespace, holderIdentity="ghost", leaseDurationSeconds=2)
    second = Candidate(lease(session, namespace, "b"))
    started = asyncio.get_running_loop().time()

    async with asyncio.timeout(PATIENCE):
        await second.leads.wait()

    assert 1.9 < asyncio.get_running_loop().time() - started < 6.0
    await second.resign()


async def test_a_restarted_process_takes_over_from_itself_at_once(session, namespace):
    async with lease(session, namespace, "a").acquire():
        pass
    await edit(session, namespace, holderIdentity="a", leaseDurationSeconds=600)

    async with asyncio.timeout(PATIENCE), lease(session, namespace, "a").acquire() as lost:
        assert not lost.is_set()


async def test_a_holder_that_has_certainly_ended_is_succeeded_at_once(session, namespace):
    async with lease(session, namespace, "a").acquire():
        pass
    await edit(session, namespace, holderIdentity="killed", leaseDurationSeconds=600)
    asked: list[str] = []

    def ended(holder: str) -> bool:
        asked.append(holder)
        return holder == "killed"

    async with asyncio.timeout(PATIENCE), lease(session, namespace, "b", holder_is_dead=ended).acquire():
        held = await spec(session, namespace)

    assert (held["holderIdentity"], held["leaseTransitions"]) == ("b", 1)
    assert set(asked) == {"killed"}


async def test_a_holder_that_may_still_live_keeps_its_time(session, namespace):
    async with lease(session, namespace, "a").acquire():
        pass
    await edit(session, namespace, holderIdentity="lives", leaseDurationSeconds=600)
    second = Candidate(lease(session, namespace, "b", holder_is_dead=lambda holder: holder != "lives"))

    await asyncio.sleep(1.0)

    assert not second.leads.is_set()
    await second.die()
    assert (await spec(session, namespace))["holderIdentity"] == "lives"


async def test_who_may_not_watch_the_lease_does_not_lead_and_says_why(server, namespace, monkeypatch):
    anonymous = Endpoint(server=server.url, authorization=StaticAuth(), tls=server.endpoint().tls)
    said: asyncio.Queue[str] = asyncio.Queue()
    monkeypatch.setattr(leases.logger, "warning", lambda text, *values: said.put_nowait(text % values))

    async with Session.open(anonymous) as session:
        candidate = Candidate(lease(session, namespace, "a"))
        async with asyncio.timeout(PATIENCE):
            warning = await said.get()
        await candidate.die()

    assert not candidate.leads.is_set()
    assert warning.startswith(f"cannot watch the Lease {namespace}/leader, and so not lead: ")
    assert "system:anonymous" in warning or "Unauthorized" in warning


async def test_who_is_pushed_out_is_told_and_gives_nothing_back(session, namespace):
    async with lease(session, namespace, "a").acquire() as lost:
        await edit(session, namespace, holderIdentity="b", leaseDurationSeconds=60)
        async with asyncio.timeout(PATIENCE):
            await lost.wait()

    assert (await spec(session, namespace))["holderIdentity"] == "b"


async def test_an_edit_by_someone_else_does_not_cost_the_lease(session, namespace):
    async with lease(session, namespace, "a").acquire() as lost:
        await edit(session, namespace, leaseDurationSeconds=77)
        await asyncio.sleep(1.2)
        held = await spec(session, namespace)

    assert not lost.is_set()
    assert (held["holderIdentity"], held["leaseDurationSeconds"]) == ("a", 3)


async def test_a_holder_that_is_cut_off_stops_before_another_may_start(server, door, namespace):
    async with Session.open(server.endpoint(port=door.port)) as cut, lease(cut, namespace, "a").acquire() as lost:
        await door.close()
        started = asyncio.get_running_loop().time()
        async with asyncio.timeout(PATIENCE):
            await lost.wait()
        waited = asyncio.get_running_loop().time() - started

    assert TIMES.deadline - TIMES.renew - 0.1 < waited < TIMES.duration


async def test_of_many_who_start_together_one_leads(session, namespace):
    everybody = [Candidate(lease(session, namespace, f"c{number}")) for number in range(6)]

    await asyncio.sleep(1.5)
    leading = [candidate for candidate in everybody if candidate.leads.is_set()]

    assert len(leading) == 1
    for candidate in sorted(everybody, key=lambda each: each.leads.is_set()):  # the leader last
        await candidate.die()
    assert (await spec(session, namespace))["holderIdentity"] == ""


@pytest.mark.parametrize("turns", range(4))
async def test_who_is_ended_just_when_the_lease_is_given_back_ends(session, namespace, turns):
    waiting: list[Candidate] = []

    def ending() -> float:
        """The clock that the waiting one looks at when it sees a change; some turns of the loop later it is ended."""
        if waiting:
            after(turns, waiting.pop().end)
        return time.monotonic()

    async with asyncio.timeout(PATIENCE):
        async with lease(session, namespace, "a").acquire():
            candidate = Candidate(lease(session, namespace, "b", clock=ending))
            await asyncio.sleep(0.3)
            waiting.append(candidate)
        await candidate.ended()


def after(turns: int, act: Callable[[], None]) -> None:
    """Act when the loop has turned as often: between any two steps of a task."""
    loop = asyncio.get_running_loop()
    loop.call_soon(act if not turns else lambda: after(turns - 1, act))


@pytest.mark.parametrize("moment", ["waiting", "leading"])
async def test_ending_at_any_moment_leaves_no_task_behind(session, namespace, moment):
    before = asyncio.all_tasks()
    async with AsyncExitStack() as stack:
        if moment == "waiting":
            await stack.enter_async_context(lease(session, namespace, "first").acquire())
        candidate = Candidate(lease(session, namespace, "second"))
        await asyncio.sleep(0.5)
        await candidate.die()

    assert asyncio.all_tasks() == before


IMPATIENT = Timing(duration=1.0, deadline=0.7, renew=0.3, retry=0.2, longest=1.5)
FAR = "2999-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    "written",
    [
        {"leaseDurationSeconds": 2**31 - 1},
        {"leaseDurationSeconds": 2**31 - 1, "renewTime": FAR, "acquireTime": FAR},
        {"leaseDurationSeconds": 600, "leaseTransitions": 2**31 - 1},
        {"leaseDurationSeconds": None},
    ],
    ids=["endless", "in the future", "transitions at their end", "no duration"],
)
async def test_a_holder_that_never_renews_is_not_waited_for_longer_than_is_believed(session, namespace, written):
    async with lease(session, namespace, "a").acquire():
        pass
    await edit(session, namespace, holderIdentity="attacker", **written)
    waiting = lease(session, namespace, "b", IMPATIENT)
    second = Candidate(waiting)
    started = asyncio.get_running_loop().time()

    async with asyncio.timeout(PATIENCE):
        await second.leads.wait()

    assert asyncio.get_running_loop().time() - started < 5.0
    assert (await spec(session, namespace))["holderIdentity"] == "b"
    await second.resign()


async def test_writes_that_renew_nothing_do_not_lengthen_the_holders_time(session, namespace):
    async with lease(session, namespace, "a").acquire():
        pass
    await edit(session, namespace, holderIdentity="ghost", leaseDurationSeconds=600)
    second = Candidate(lease(session, namespace, "b", IMPATIENT))

    async with asyncio.timeout(PATIENCE):
        for number in range(100):
            if second.leads.is_set():
                break
            body = orjson.dumps({"metadata": {"annotations": {"touched": str(number)}}})
            await objects.patch_merge(session, LEASE, body=body, namespace=namespace, name=NAME, field_manager="test")
            await asyncio.sleep(0.1)

    assert second.leads.is_set()
    await second.resign()


async def test_a_candidate_stands_by_only_while_the_holders_time_lasts(session, namespace):
    async with lease(session, namespace, "a").acquire():
        pass
    await edit(session, namespace, holderIdentity="gone\n", leaseDurationSeconds=600)
    clock = [0.0]
    waiting = lease(session, namespace, "b", Timing(longest=60.0), clock=lambda: clock[0])
    candidate = Candidate(waiting)
    await asyncio.sleep(0.5)
    stands_by = waiting.holder

    clock[0] = 61.0

    assert (stands_by, waiting.holder) == ("gone", "")
    await candidate.die()
