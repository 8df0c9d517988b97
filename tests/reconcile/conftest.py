"""Time in these tests passes only when nothing is left to do now: none of them waits.

Those that speak to a server over a socket are marked ``real_time``.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from tests.faketime import FakeTimeLoop
from tests.reconcile import world as worlds
from tests.reconcile.world import SIGNED, World


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("real_time") is not None:
        return {"real time": asyncio.new_event_loop}
    return {"fake time": FakeTimeLoop}


@pytest.fixture
def world() -> Iterator[World]:
    """Give a world whose pattern requires a signature, and follows a tag under which version one was pushed, signed."""
    made = World(**SIGNED)
    made.push("stable", "one", "a", "b")
    yield made
    made.close()


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """The registry says which artifact a tag is of once this is set."""
    answer, look_up = asyncio.Event(), worlds.Registry.look_up

    async def wait(self: worlds.Registry, *given: Any, **more: Any) -> Any:
        await answer.wait()
        return await look_up(self, *given, **more)

    monkeypatch.setattr(worlds.Registry, "look_up", wait)
    return answer
