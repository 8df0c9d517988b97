import asyncio

import pytest

from pattern_operator.aio import background_task


async def for_ever() -> None:
    await asyncio.Event().wait()


async def failing() -> None:
    raise ValueError("the work failed")


async def test_the_work_ends_with_the_block():
    async with background_task(for_ever(), name="work") as work:
        await asyncio.sleep(0)
        assert not work.done()

    assert work.cancelled()


async def test_work_that_ends_by_itself_is_no_matter():
    async with background_task(asyncio.sleep(0), name="work") as work:
        await asyncio.wait({work})

    assert not work.cancelled()


async def test_the_error_of_the_work_is_raised_at_the_end_of_the_block():
    reached = False

    with pytest.raises(ValueError, match="the work failed"):
        async with background_task(failing(), name="work") as work:
            await asyncio.wait({work})
            reached = True

    assert reached


async def test_the_error_of_the_block_ends_the_work():
    with pytest.raises(KeyError):
        async with background_task(for_ever(), name="work") as work:
            raise KeyError

    assert work.cancelled()


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_that_comes_at_any_moment_of_the_end_is_not_lost(turns: int):
    went_on = False

    async def block() -> None:
        nonlocal went_on
        async with background_task(for_ever(), name="work"):
            leaving.set()
        await asyncio.Event().wait()
        went_on = True

    leaving = asyncio.Event()
    task = asyncio.create_task(block())
    await leaving.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait({task})

    assert task.cancelled()
    assert not went_on
