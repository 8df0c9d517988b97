"""A peer that plays the registry, and a session to reach it."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from tests.source.peer import Peer, serving

from pattern_operator.source import Cache


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with serving() as peer:
        yield peer


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", max_size=2**30)
