"""A sandbox with the limits of the operator."""

from collections.abc import AsyncIterator

import pytest
from tests.executors import EXECUTORS

from pattern_operator.sandbox import Sandbox, WorkerLimits


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox.open(executors=EXECUTORS, limits=WorkerLimits()) as opened:
        yield opened
