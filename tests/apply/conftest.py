"""Fixtures: the harness with the testbed's cluster."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from uuid import uuid4

import orjson
import pytest
from tests.apply.harness import NAMESPACE, Harness, namespace_named, now
from tests.testbed.testbed import Testbed

from pattern_operator.apply import Applier, Deleter, ManagedObjects, Notification, Owner, Transfers
from pattern_operator.kube import Discovery, Endpoint, Session, objects
from pattern_operator.kube.endpoint import StaticAuth, tls_context

OpenRoom = Callable[[], AbstractAsyncContextManager[Harness]]


@pytest.fixture
def open_room(cluster: Testbed) -> OpenRoom:
    """Make a harness as of an operator that has just started."""
    return lambda: _open(cluster)


@pytest.fixture
async def harness(open_room: OpenRoom) -> AsyncIterator[Harness]:
    """A harness with the cluster, as its administrator."""
    async with open_room() as harness:
        yield harness


@pytest.fixture
async def namespace(cluster: Testbed) -> AsyncIterator[str]:
    """A namespace of the test's own, made by nobody who is counted; nobody waits for its end."""
    name = f"t-{uuid4().hex[:8]}"
    body = orjson.dumps(namespace_named(name).body)
    async with Session.open(_endpoint(cluster)) as session:
        await objects.create(session, NAMESPACE, body=body, namespace="", field_manager="test")
        yield name
        await objects.delete(session, NAMESPACE, namespace="", name=name)


def _endpoint(cluster: Testbed) -> Endpoint:
    admin = cluster.controlplane.admin
    return Endpoint(
        server=admin.server,
        authorization=StaticAuth(f"Bearer {admin.token}"),
        tls=tls_context(ca=admin.ca.read_text()),
    )


@asynccontextmanager
async def _open(cluster: Testbed) -> AsyncIterator[Harness]:
    requests: list[tuple[str, str, int]] = []
    count = lambda verb, resource, code, _: requests.append((verb, resource, code))  # noqa: E731 - it is one line
    events: list[tuple[str, Notification]] = []
    moved = asyncio.Event()

    def told(owner: str, event: Notification) -> None:
        events.append((owner, event))
        moved.set()

    living: dict[str, Owner] = {}
    group: asyncio.Future[asyncio.TaskGroup] = asyncio.get_running_loop().create_future()
    holder = asyncio.create_task(_hold(group))
    async with Session.open(_endpoint(cluster), on_request=count) as session:
        discovery = Discovery(session)
        managed_objects = ManagedObjects(session, tasks=await group, on_change=told, now=now)
        transfers = Transfers(on_change=told)
        try:
            yield Harness(
                session=session,
                discovery=discovery,
                managed_objects=managed_objects,
                applier=Applier(
                    session,
                    discovery,
                    managed_objects=managed_objects,
                    transfers=transfers,
                    holder=lambda label, _: living.get(label),
                ),
                deleter=Deleter(session, discovery, managed_objects=managed_objects, transfers=transfers),
                requests=requests,
                events=events,
                living=living,
                moved=moved,
            )
        finally:
            holder.cancel()
            with suppress(asyncio.CancelledError):
                await holder


async def _hold(group: asyncio.Future[asyncio.TaskGroup]) -> None:
    """Keep a task group open in a task of its own: a fixture's two halves may run in different tasks."""
    async with asyncio.TaskGroup() as tasks:
        group.set_result(tasks)
        await asyncio.Event().wait()
