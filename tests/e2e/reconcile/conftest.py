"""What the tests of this package on a real API server share: a session to it, and tasks that end with the test."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.testbed.testbed import Testbed

from pattern_operator.kube import Endpoint, Session
from pattern_operator.kube.endpoint import StaticAuth, tls_context


@pytest.fixture
def requests() -> list[tuple[str, str]]:
    """Verb and resource of each request of ``session``."""
    return []


@pytest.fixture
async def session(cluster: Testbed, requests: list[tuple[str, str]]) -> AsyncIterator[Session]:
    """A session as the cluster's admin."""
    admin = cluster.controlplane.admin
    endpoint = Endpoint(
        server=admin.server,
        authorization=StaticAuth(f"Bearer {admin.token}"),
        tls=tls_context(ca=admin.ca.read_text()),
    )
    async with Session.open(endpoint, on_request=lambda verb, what, *_: requests.append((verb, what))) as opened:
        yield opened


@pytest.fixture
async def tasks() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group in a task of its own, because the two halves of a fixture may run in different tasks."""
    opened: asyncio.Future[asyncio.TaskGroup] = asyncio.get_running_loop().create_future()

    async def hold() -> None:
        async with asyncio.TaskGroup() as group:
            opened.set_result(group)
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    yield await opened
    holder.cancel()
    await asyncio.wait({holder})
