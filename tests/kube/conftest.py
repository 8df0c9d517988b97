"""Fixtures: a real API server, a session to it, and a proxy in front of it that can refuse connections."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from tests.kube.apiserver import ApiServer

from pattern_operator.kube import Resource, Session, objects

CONFIG_MAP = Resource(group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True)
NAMESPACE = Resource(group="", version="v1", kind="Namespace", plural="namespaces", namespaced=False)


@pytest.fixture(scope="module")
def server(testbed_state: Path, request: pytest.FixtureRequest) -> Iterator[ApiServer]:
    """An API server without controllers, apart from the testbed's: tests of this package end it and start it again.

    It ends with the tests of the file: one that nobody asks takes more processor time within minutes than a start.
    """
    directory = testbed_state / f"kube-{request.path.stem}"
    directory.mkdir()
    server = ApiServer.start(directory)
    yield server
    server.stop()


@pytest.fixture
def requests() -> list[tuple[str, str, int]]:
    """The requests that ``session`` has sent: verb, resource, code."""
    return []


@pytest.fixture
async def session(server: ApiServer, requests: list[tuple[str, str, int]]) -> AsyncIterator[Session]:
    """A session as an administrator."""
    count = lambda verb, resource, code, _: requests.append((verb, resource, code))  # noqa: E731 - it is one line
    async with Session.open(server.endpoint(), on_request=count) as session:
        yield session


@pytest.fixture
async def namespace(session: Session) -> str:
    """A namespace of the test's own."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await objects.create(session, NAMESPACE, body=orjson.dumps(body), namespace="", field_manager="test")
    return name


class Door:
    """Forwards bytes to a port; closed, it cuts what is open and refuses what comes."""

    def __init__(self, *, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def open(self) -> None:
        """Listen; after the first time on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut and refuse."""
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._open |= {writer, inner_writer}
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def door(server: ApiServer) -> AsyncIterator[Door]:
    """An open door to the API server."""
    door = Door(port=server.port)
    await door.open()
    yield door
    await door.close()
