"""Nobody holds all of it, and who waits takes turns."""

import asyncio

import pytest
from tests.faketime import run

from pattern_operator.sandbox.shares import Shares, TooMuch


async def turns(shares: Shares, wishes: list[str]) -> list[str]:
    """The order in which ``wishes`` (tenants) are granted, each given back before the next."""
    granted: list[str] = []

    async def wish(tenant: str) -> None:
        async with shares.hold(tenant, 1, patience=5):
            granted.append(tenant)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        for tenant in wishes:
            tasks.create_task(wish(tenant))
    return granted


def test_who_asks_often_waits_behind_who_asks_once():
    async def scenario() -> list[str]:
        return await turns(Shares(1, share=1), ["a"] * 5 + ["b", "c"])

    assert run(scenario()) == ["a", "a", "b", "c", "a", "a", "a"]


def test_who_held_it_for_long_waits_behind_who_did_not():
    async def scenario() -> list[str]:
        shares, order = Shares(1, share=1), list[str]()

        async def take(tenant: str, seconds: float) -> None:
            async with shares.hold(tenant, 1, patience=5):
                order.append(tenant)
                await asyncio.sleep(seconds)

        await take("slow", 0.1)
        await take("quick", 0.02)
        async with shares.hold("anybody", 1, patience=1):
            waiting = [asyncio.create_task(take(tenant, 0)) for tenant in ("slow", "quick", "new")]
            await asyncio.sleep(0.01)
            assert shares.waiting == 3
        await asyncio.gather(*waiting)
        return order

    assert run(scenario())[2:] == ["new", "quick", "slow"]


async def test_a_tenant_holds_no_more_than_a_share_however_much_is_free():
    shares = Shares(10, share=6)

    async with shares.hold("a", 6, patience=1):
        with pytest.raises(TimeoutError):
            async with shares.hold("a", 1, patience=0.01):
                pass
        async with shares.hold("b", 4, patience=0.01):
            assert shares.free == 0
            assert shares.is_used_up("a", 1)
            assert not shares.is_used_up("b", 1)  # the others have it, and the tenant has a share left


async def test_more_than_a_share_is_never_granted_and_not_waited_for():
    with pytest.raises(TooMuch):
        async with Shares(10, share=6).hold("a", 7, patience=100):
            pass


async def test_who_waits_too_long_or_is_cancelled_takes_nothing():
    shares = Shares(1, share=1)
    async with shares.hold("a", 1, patience=1):
        waiting = asyncio.create_task(turns(shares, ["b"]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(TimeoutError):
            async with shares.hold("c", 1, patience=0.01):
                pass

    await asyncio.wait({waiting})
    assert (shares.free, shares.waiting) == (1, 0)
    assert await turns(shares, ["d"]) == ["d"]


async def test_who_is_cancelled_in_the_moment_of_the_grant_gives_it_back():
    shares = Shares(1, share=1)
    holding = shares.hold("a", 1, patience=1)
    await holding.__aenter__()
    waiting = asyncio.create_task(turns(shares, ["b"]))
    await asyncio.sleep(0.01)

    await holding.__aexit__(None, None, None)  # grants it to b, which has not run since
    waiting.cancel()
    await asyncio.wait({waiting})

    assert shares.free == 1


async def test_a_small_wish_is_not_held_up_by_a_large_one():
    shares = Shares(10, share=8)
    async with shares.hold("a", 5, patience=1):
        large = asyncio.create_task(turns_of(shares, "b", 8))
        await asyncio.sleep(0.01)

        async with shares.hold("c", 2, patience=0.1):
            assert not large.done()
    await large


async def turns_of(shares: Shares, tenant: str, amount: int) -> None:
    async with shares.hold(tenant, amount, patience=5):
        pass
