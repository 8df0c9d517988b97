"""Leader election against an API server in memory: whoever does not hold the Lease any more stops at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.kube.fake_collection import Collection, until

from pattern_operator.kube import LeaderElector, Session
from pattern_operator.kube.leaderelection import Timing
from pattern_operator.kube.wellknown import LEASE

FAST = Timing(duration=3.0, deadline=2.0, renew=0.05, retry=0.02)
SLOW = Timing(duration=60.0, deadline=40.0, renew=0.05, retry=0.02)  # a leader that is not told would lead on for 40 s


@pytest.fixture
def leases() -> Collection:
    return Collection(LEASE)


@pytest.fixture
async def session(leases: Collection) -> AsyncIterator[Session]:
    async with leases.serve() as session:
        yield session


def elector(session: Session, identity: str = "a", timing: Timing = SLOW) -> LeaderElector:
    return LeaderElector(session, namespace="team", name="leader", identity=identity, times=timing)


def taken_by(leases: Collection, holder: str) -> None:
    leases.put("leader", spec={"holderIdentity": holder, "leaseDurationSeconds": 60})


def holder(leases: Collection) -> str:
    return str(leases.objects["team", "leader"]["spec"]["holderIdentity"])


async def test_a_leader_that_was_pushed_out_stops_at_once_and_gives_nothing_back(leases, session):
    async with elector(session).acquire() as lost, asyncio.timeout(5):
        taken_by(leases, "b")
        await lost.wait()

    assert holder(leases) == "b"


async def test_a_leader_whose_lease_was_deleted_stops_at_once(leases, session):
    async with elector(session).acquire() as lost, asyncio.timeout(5):
        leases.drop("leader")
        await lost.wait()

    assert not leases.objects


async def test_a_renewal_that_dies_of_an_unexpected_error_ends_leadership(leases, session, monkeypatch):
    one = elector(session)

    async def die(*_: object, **__: object) -> None:
        raise TypeError("a defect")

    monkeypatch.setattr(one, "_renew", die)
    stopped = False
    with pytest.raises(TypeError, match="a defect"):
        async with one.acquire() as lost:
            async with asyncio.timeout(5):
                await lost.wait()
            stopped = True

    assert stopped
    assert holder(leases) == "a"  # nobody knows what else is wrong: the Lease runs out


async def test_a_leader_that_cannot_renew_in_time_stops(leases, session):
    loop = asyncio.get_running_loop()
    async with elector(session, timing=Timing(duration=3.0, deadline=0.3, renew=0.05, retry=0.02)).acquire() as lost:
        started = loop.time()
        leases.refuse["replace"] = (500, "InternalError")
        async with asyncio.timeout(5):
            await lost.wait()

    assert 0.2 < loop.time() - started < 2.0


async def test_a_renewal_that_failed_once_is_tried_again_and_costs_nothing(leases, session):
    one = elector(session)
    async with one.acquire() as lost:
        leases.refuse["replace"] = (500, "InternalError")
        await until(lambda: bool(one.problem))
        del leases.refuse["replace"]
        await until(lambda: not one.problem)
        assert not lost.is_set()

    assert holder(leases) == ""


@pytest.mark.parametrize("refusal", [(409, "Conflict"), (409, "AlreadyExists"), (404, "NotFound")])
async def test_a_lease_that_is_refused_for_another_reason_than_that_someone_was_faster_is_told_of(
    leases, session, refusal: tuple[int, str]
):
    """As by a webhook or a quota: the operator waited without a word."""
    leases.refuse["create"] = refusal
    one = elector(session)
    waiting = asyncio.create_task(_lead(one))
    await until(lambda: one.problem.startswith("cannot take the Lease"))
    del leases.refuse["create"]
    async with asyncio.timeout(5):
        await waiting


async def test_a_leader_that_ends_gives_the_lease_back(leases, session):
    async with elector(session).acquire():
        while_it_leads = holder(leases)

    assert (while_it_leads, holder(leases)) == ("a", "")


async def test_a_leader_whose_last_renewal_was_not_answered_gives_the_lease_back_all_the_same(leases, session):
    async with elector(session, timing=Timing(renew=30.0)).acquire():
        leases.put("leader", spec=leases.objects["team", "leader"]["spec"])  # of another version than it knows

    assert holder(leases) == ""


async def test_a_lease_that_its_holder_deleted_is_taken_at_once(leases, session):
    taken_by(leases, "b")
    one = elector(session)
    waiting = asyncio.create_task(_lead(one))
    await until(lambda: bool(one.holder))
    leases.drop("leader")
    async with asyncio.timeout(5):
        await waiting

    assert holder(leases) == ""


async def test_of_two_candidates_that_write_together_the_slower_waits(leases, session):
    leases.put("leader", spec={"holderIdentity": ""})
    first, second = elector(session, "a"), elector(session, "b")
    leads = asyncio.Event()

    async def lead(one: LeaderElector) -> None:
        async with one.acquire():
            leads.set()
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(lead(each)) for each in (first, second)]
    async with asyncio.timeout(5):
        await leads.wait()
    await until(lambda: bool(first.holder or second.holder))
    winner = holder(leases)

    assert {first.holder, second.holder} == {"", winner}
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def _lead(one: LeaderElector) -> None:
    async with one.acquire():
        return


async def test_a_leader_renews_now_and_then_and_not_all_the_time(leases, session):
    async with elector(session, timing=Timing(renew=30.0)).acquire():
        await asyncio.sleep(0.1)

        assert leases.asked.count("replace leases") == 0


async def test_a_lease_that_cannot_be_looked_at_after_a_conflict_is_not_lost_yet(leases, session):
    one = elector(session)
    async with one.acquire() as lost:
        leases.refuse["get"] = (500, "InternalError")
        leases.put("leader", spec=leases.objects["team", "leader"]["spec"])  # of another version than it knows
        await until(lambda: one.problem.startswith("cannot renew the Lease"))
        still_leads = not lost.is_set()
        del leases.refuse["get"]
        await until(lambda: not one.problem)

    assert still_leads
    assert holder(leases) == ""


async def test_a_lease_that_cannot_be_given_back_runs_out_by_itself(leases, session, caplog):
    async with elector(session, timing=Timing(renew=30.0)).acquire():
        leases.refuse["replace"] = (403, "Forbidden")

    assert holder(leases) == "a"
    assert "cannot release the Lease" in caplog.text


async def test_who_cannot_watch_the_lease_says_so_until_it_can(leases, session):
    leases.refuse["list"] = (403, "Forbidden")
    one = elector(session)
    waiting = asyncio.create_task(_lead(one))
    await until(lambda: bool(one.problem))
    said, done = one.problem, waiting.done()
    del leases.refuse["list"]
    async with asyncio.timeout(5):
        await waiting

    assert said.startswith("cannot watch the Lease")
    assert not done
    assert one.problem == ""


@pytest.mark.parametrize(
    ("told", "lasts"),
    [pytest.param(60, 60.0, id="as the holder says"), pytest.param(0, 3.0, id="as our own where it does not say")],
)
async def test_a_holder_is_stood_by_for_until_its_time_is_over(leases, session, told: int, lasts: float):
    now = [100.0]
    one = LeaderElector(session, namespace="team", name="leader", identity="a", times=FAST, clock=lambda: now[0])
    leases.put("leader", spec={"holderIdentity": "b", "leaseDurationSeconds": told})
    one._see(leases.objects["team", "leader"])
    holders, tries = [one.holder], list[bool]()
    for moment in (100.0 + lasts - 0.5, 100.0 + lasts):
        now[0] = moment
        holders.append(one.holder)
        tries.append(await one._try())

    assert holders == ["b", "b", ""]
    assert tries == [False, True]
    assert holder(leases) == "a"


async def test_who_is_refused_the_lease_does_not_lead(leases, session):
    leases.refuse["create"] = (403, "Forbidden")
    one = elector(session, timing=Timing(retry=0.01))
    waiting = asyncio.create_task(_lead(one))
    await until(lambda: waiting.done() or leases.asked.count("create leases") == 3)
    leads = waiting.done()
    waiting.cancel()
    await asyncio.wait({waiting})

    assert not leads


async def test_who_is_refused_the_lease_waits_before_it_asks_again(leases, session, monkeypatch: pytest.MonkeyPatch):
    leases.refuse["create"] = (403, "Forbidden")
    one, waits = elector(session, timing=Timing(retry=30.0)), list[float]()
    wait = one._wait_for_change

    async def told(seconds: float) -> None:
        waits.append(seconds)
        await wait(seconds)

    monkeypatch.setattr(one, "_wait_for_change", told)
    waiting = asyncio.create_task(_lead(one))
    await until(lambda: 30.0 in waits)
    asked = leases.asked.count("create leases")
    waiting.cancel()
    await asyncio.wait({waiting})

    assert asked == 1


async def test_who_is_refused_a_lease_that_is_free_waits_too_before_it_asks_again(leases, session, monkeypatch):
    leases.put("leader", spec={"holderIdentity": ""})
    leases.refuse["replace"] = (403, "Forbidden")
    one, waits = elector(session, timing=Timing(retry=30.0)), list[float]()
    wait = one._wait_for_change

    async def told(seconds: float) -> None:
        waits.append(seconds)
        await wait(seconds)

    monkeypatch.setattr(one, "_wait_for_change", told)
    waiting = asyncio.create_task(_lead(one))
    await until(lambda: 30.0 in waits)
    waiting.cancel()
    await asyncio.wait({waiting})

    assert waits == [30.0]


async def test_leadership_is_over_at_the_end_of_its_time_and_not_only_after_it(leases, session):
    now = [100.0]
    timing = Timing(duration=60.0, deadline=40.0, renew=0.01, retry=0.01)
    one = LeaderElector(session, namespace="team", name="leader", identity="a", times=timing, clock=lambda: now[0])
    async with one.acquire() as lost, asyncio.timeout(5):
        leases.refuse["replace"] = (500, "InternalError")
        await until(lambda: bool(one.problem))
        still_leads = not lost.is_set()
        now[0] = 140.0
        await lost.wait()

    assert still_leads


async def test_who_could_not_watch_the_lease_has_no_problem_once_it_sees_whose_it_is(leases, session):
    leases.refuse["list"] = (403, "Forbidden")
    one = elector(session)
    waiting = asyncio.create_task(_lead(one))
    await until(lambda: bool(one.problem))
    taken_by(leases, "b")
    del leases.refuse["list"]
    await until(lambda: one.holder == "b")
    problem = one.problem
    waiting.cancel()
    await asyncio.wait({waiting})

    assert problem == ""


async def test_a_renewal_may_take_its_time(leases, session, monkeypatch: pytest.MonkeyPatch):
    one, renewed = elector(session, timing=Timing(duration=60.0, deadline=40.0, renew=0.01, retry=0.01)), list[str]()
    renew = one._renew

    async def slowly(*given: Any, **more: Any) -> None:
        await asyncio.sleep(0.03)
        await renew(*given, **more)
        renewed.append("once")

    async with one.acquire() as lost:
        monkeypatch.setattr(one, "_renew", slowly)
        await until(lambda: len(renewed) > 1)

        assert (lost.is_set(), one.problem) == (False, "")


async def test_a_renewal_takes_no_longer_than_leadership_lasts(leases, session, monkeypatch: pytest.MonkeyPatch):
    one = elector(session, timing=Timing(duration=3.0, deadline=0.1, renew=0.02, retry=0.02))

    async def hang(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as hanging:
        async with one.acquire() as lost:
            hanging.setattr(one, "_renew", hang)
            async with asyncio.timeout(5):
                await lost.wait()

    assert one.problem.startswith("cannot renew the Lease")


async def test_a_renewal_that_is_refused_is_not_written_again_at_once(leases, session):
    one = elector(session, timing=Timing(renew=0.02, retry=30.0))
    async with one.acquire():
        leases.refuse["replace"] = (500, "InternalError")
        await until(lambda: bool(one.problem))
        asked = list(leases.asked)
        del leases.refuse["replace"]

    assert "get leases" not in asked
