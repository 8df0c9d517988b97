import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.executors import EXECUTORS
from tests.source.fake_registry import NAME, client

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Repository
from pattern_operator.errors import Transient
from pattern_operator.executors import run_in
from pattern_operator.limits import NAME_LOOKUP_SECONDS
from pattern_operator.source import Cache, DnsResolver, Network, SystemResolver


class NameServer(asyncio.DatagramProtocol):
    """Answers with an A record where ``knows`` says so, else that there is no such name; or nothing at all."""

    def __init__(self, knows: Callable[[str], str | None] | None) -> None:
        self.knows = knows
        self.asked: list[str] = []

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address) -> None:
        labels, position = [], 12
        while data[position]:
            labels.append(data[position + 1 : position + 1 + data[position]].decode())
            position += 1 + data[position]
        name, kind = ".".join(labels), struct.unpack("!H", data[position + 1 : position + 3])[0]
        self.asked.append(name)
        if self.knows is None:
            return
        question, found = data[12 : position + 5], self.knows(name)
        answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(found) if found else b""
        answer = answer if kind == 1 else b""
        code = 0x8180 if found else 0x8183
        header = data[:2] + struct.pack("!HHHHH", code, 1, 1 if answer else 0, 0, 0)
        self.transport.sendto(header + question + answer, address)


@asynccontextmanager
async def name_server(
    knows: Callable[[str], str | None] | None,
) -> AsyncIterator[tuple[NameServer, str]]:
    """A name server, and its address and port."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: NameServer(knows), local_addr=("127.0.0.1", 0))
    yield server, f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    transport.close()


async def test_names_that_hang_hold_neither_the_cache_nor_the_processor_nor_other_names(tmp_path: Path):
    cache = Cache(tmp_path, max_size=2**20, disk=EXECUTORS.disk)
    async with name_server(None) as (_, silent), name_server(lambda _: "127.0.0.1") as (_, good):
        hanging, answering = DnsResolver(servers=[silent], seconds=30), DnsResolver(servers=[good])
        tasks = [asyncio.create_task(hanging.resolve(f"h{number}.example", 443)) for number in range(100)]
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        await cache.put(Digest.of(b"x"), b"x", scope="here")
        assert await cache.get(Digest.of(b"x"), scope="here") == b"x"
        assert await run_in(EXECUTORS.cpu, sum, [1, 2]) == 3
        assert await asyncio.get_running_loop().run_in_executor(None, sum, [1, 2]) == 3
        assert (await answering.resolve("reg.example", 443))[0]["host"] == "127.0.0.1"
        elapsed = time.monotonic() - begun
        waiting = sum(not task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await hanging.close()
        await answering.close()

    assert waiting == 100
    assert elapsed < 10  # the names hang for 30


async def test_a_registry_whose_name_hangs_is_given_up_in_time():
    async with (
        name_server(None) as (_, silent),
        Network.open(resolver=DnsResolver(servers=[silent], seconds=0.3)) as network,
    ):
        with pytest.raises(Transient) as failure:
            async with asyncio.timeout(NAME_LOOKUP_SECONDS / 2):  # not after the usual time
                await client(Repository("hangs.example", NAME), network).manifest("1.0")

    assert failure.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert "its name cannot be looked up" in failure.value.message


async def test_what_is_still_looked_up_is_given_up_when_it_is_closed():
    async with name_server(None) as (_, silent):
        names = DnsResolver(servers=[silent], seconds=30)
        looking = asyncio.create_task(names.resolve("hangs.example", 443))
        await asyncio.sleep(0)  # it begins
        async with asyncio.timeout(5):
            await names.close()
            with pytest.raises(OSError, match="cannot be looked up"):
                await looking


async def test_a_registry_is_found_by_its_name(fake_registry):
    fake_registry.manifest([], tag="1.0")
    async with name_server(lambda _: "127.0.0.1") as (server, address):  # noqa: SIM117 - the one is for the other
        async with Network.open(resolver=DnsResolver(servers=[address])) as network:
            repository = Repository(f"reg.example:{fake_registry.server.port}", NAME)
            assert (await client(repository, network).manifest("1.0")).body

    assert "reg.example" in server.asked


async def test_a_name_that_does_not_exist_is_said_at_once():
    async with name_server(lambda _: None) as (_, address):
        names = DnsResolver(servers=[address])
        with pytest.raises(OSError, match="cannot be looked up"):
            await names.resolve("none.example", 443)
        await names.close()


async def test_names_of_a_cluster_are_completed_by_its_search_domains():
    """As in a pod: its namespace's domain first, and names of few dots as they are only in the end."""
    domains = ["team.svc.cluster.local", "svc.cluster.local", "cluster.local"]

    def knows(name: str) -> str | None:
        return {"registry.team.svc.cluster.local": "127.0.0.9", "reg.example.com": "127.0.0.8"}.get(name)

    async with name_server(knows) as (server, address):
        names = DnsResolver(servers=[address], domains=domains, ndots=5)
        short = await names.resolve("registry", 443)
        longer = await names.resolve("registry.team.svc", 443)
        outside = await names.resolve("reg.example.com", 443)
        await names.close()

    assert [short[0]["host"], longer[0]["host"], outside[0]["host"]] == ["127.0.0.9", "127.0.0.9", "127.0.0.8"]
    assert server.asked.index("reg.example.com.team.svc.cluster.local") < server.asked.index("reg.example.com")


@pytest.mark.parametrize("names", [DnsResolver, lambda: SystemResolver(EXECUTORS.names)], ids=["c-ares", "the system"])
async def test_names_of_the_hosts_file_are_known(names):
    resolver = names()

    found = await resolver.resolve("localhost", 443, socket.AF_INET)
    await resolver.close()

    assert {each["host"] for each in found} == {"127.0.0.1"}
    assert {each["proto"] for each in found} <= {0, socket.IPPROTO_TCP}


async def test_no_more_addresses_are_tried_than_a_registry_has(monkeypatch):
    class Many:
        nodes = [type("Node", (), {"addr": (b"127.0.0.1", 1), "family": socket.AF_INET})] * 5_000

    names = DnsResolver()

    async def many(*_, **__):
        return Many

    monkeypatch.setattr(names, "_resolver", SimpleNamespace(getaddrinfo=many))

    assert len(await names.resolve("many.example", 443)) <= 32


async def test_a_look_up_of_the_system_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: time.sleep(1))
    names = SystemResolver(EXECUTORS.names, seconds=0.1)

    with pytest.raises(OSError, match="no name server answered"):
        await names.resolve("hangs.example", 443)
