"""What a chart may know of a cluster is read once, and bounded."""

from typing import Any

import pytest

from pattern_operator.api.capabilities import Capabilities
from pattern_operator.kube import Resource, capabilities
from pattern_operator.kube.capabilities import ServerCapabilities

KINDS = (
    Resource(group="", version="v1", kind="Secret", plural="secrets", namespaced=True),
    Resource(group="apps", version="v1", kind="Deployment", plural="deployments", namespaced=True),
)


class Server:
    """A session and a discovery."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.now = 0.0

    async def request(self, method: str, path: str) -> bytes:
        self.asked.append(f"{method} {path}")
        return b'{"gitVersion": "v1.34.1+x", "major": "1"}'

    async def kinds(self) -> tuple[Resource, ...]:
        return KINDS


def of(server: Any) -> ServerCapabilities:
    return ServerCapabilities(server, server, clock=lambda: server.now)


async def test_versions_and_kinds_are_told():
    found = await of(Server()).read()

    assert found == Capabilities("v1.34.1+x", ("apps/v1", "apps/v1/Deployment", "v1", "v1/Secret"))


async def test_the_version_is_read_again_after_a_while():
    server = Server()
    read = of(server).read
    for server.now in (0.0, 100.0, 300.0, 301.0):
        await read()

    assert server.asked == ["GET /version"] * 2


async def test_kinds_are_left_out_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(capabilities, "MAX_API_VERSIONS", 3)

    assert (await of(Server()).read()).api_versions == ("apps/v1", "v1")
