"""Fixtures: the fake registry, and clients of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.executors import EXECUTORS
from tests.source.fake_registry import FakeRegistry, serving

from pattern_operator.source import Cache, DnsResolver, Network


@pytest.fixture
async def fake_registry() -> AsyncIterator[FakeRegistry]:
    async with serving() as fake_registry:
        yield fake_registry


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    async with Network.open(resolver=DnsResolver()) as network:
        yield network


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", max_size=2**30, disk=EXECUTORS.disk)
