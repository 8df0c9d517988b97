import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from tests.source.fake_registry import NAME, FakeRegistry, challenged, client, descriptor, hang, serving, sha256
from tests.source.tls import serving_https
from yarl import URL

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.errors import Stalled, Transient
from pattern_operator.limits import MAX_CONNECTIONS_PER_HOST
from pattern_operator.source import Network, RegistryNetwork
from pattern_operator.source.registry.address_space import AddressSpace
from pattern_operator.source.registry.timeouts import Timeouts

CONTENT = b"kind: ConfigMap\n"
PUBLIC, PRIVATE, LOOPBACK, LINK = "127.1.0.1", "127.2.0.1", "127.3.0.1", "127.4.0.1"  # all of them are on this machine


def pretended(address: str) -> AddressSpace:
    """The reach that tests give to addresses of this machine: the second number says which."""
    known = {"127.1": AddressSpace.PUBLIC, "127.2": AddressSpace.PRIVATE, "127.4": AddressSpace.LINK}
    return known.get(address.rpartition(".0.")[0], AddressSpace.HOST)


class Lies(AbstractResolver):
    """A name server that says something else each time; the last answer stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(said) for name, said in answers.items()}
        self.asked: list[str] = []
        self.closed = 0

    async def resolve(self, host, port=0, family=socket.AF_INET):
        self.asked.append(host)
        said = self.answers[host]
        now = said.pop(0) if len(said) > 1 else said[0]
        return [
            {"hostname": host, "host": each, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for each in now
        ]

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
async def public() -> AsyncIterator[FakeRegistry]:
    async with serving(host=PUBLIC) as fake_registry:
        yield fake_registry


@pytest.fixture
async def private() -> AsyncIterator[FakeRegistry]:
    async with serving(host=PRIVATE) as fake_registry:
        yield fake_registry


@pytest.fixture
async def loopback() -> AsyncIterator[FakeRegistry]:
    async with serving(host=LOOPBACK) as fake_registry:
        yield fake_registry


@pytest.fixture
async def link() -> AsyncIterator[FakeRegistry]:
    async with serving(host=LINK) as fake_registry:
        yield fake_registry


def opened(allowed: RegistryNetwork = RegistryNetwork.ANY, *, resolver: AbstractResolver | None = None):
    return Network.open(allowed, resolver=resolver or Lies(), space_of=pretended)


async def refusal_of(work) -> Transient:
    with pytest.raises(Transient) as failure:
        await work
    return failure.value


# --- --registry-network=Public --------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [PRIVATE, LOOPBACK, "[::1]", "[::ffff:127.2.0.1]", "private.example"])
async def test_with_public_a_registry_at_another_address_is_never_asked(host, private, loopback):
    port = {PRIVATE: private, LOOPBACK: loopback}.get(host, private).server.port
    async with opened(RegistryNetwork.PUBLIC, resolver=Lies(private_example=[[PRIVATE]])) as network:
        error = await refusal_of(client(Repository(f"{host}:{port}", NAME), network).manifest("1.0"))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert "--registry-network=Public" in error.message
    assert private.asked == loopback.asked == []


async def test_with_public_a_public_registry_is_asked(public):
    public.manifest([], tag="1.0")

    async with opened(RegistryNetwork.PUBLIC) as network:
        assert (await client(public, network).manifest("1.0")).body


async def test_with_public_there_is_no_session_that_goes_anywhere_else():
    async with opened(RegistryNetwork.PUBLIC) as network:
        assert list(network.sessions) == [AddressSpace.PUBLIC]


async def test_who_looks_names_up_is_closed_with_the_sessions():
    names = Lies()
    async with opened(resolver=names):
        before = names.closed

    assert (before, names.closed) == (0, 1)


async def test_an_authority_that_the_system_does_not_trust_is_not_trusted(tmp_path: Path):
    async with serving_https(tmp_path, location="/elsewhere") as (address, _), opened() as network:
        with pytest.raises(Stalled, match="certificate was refused") as failure:
            await client(Repository(address, NAME), network, scheme="https").manifest("1.0")

    assert failure.value.reason is Reason.TLS_FAILED


async def test_of_several_addresses_only_public_ones_are_connected_to(public):
    public.manifest([], tag="1.0")
    names = Lies(mixed_example=[[PRIVATE, LOOPBACK, PUBLIC]])

    async with opened(RegistryNetwork.PUBLIC, resolver=names) as network:
        repository = Repository(f"mixed.example:{public.server.port}", NAME)
        assert (await client(repository, network).manifest("1.0")).body


async def test_a_name_that_changes_to_a_private_address_is_checked_again(public, monkeypatch):
    """DNS rebinding: the address that is checked is the one that is connected to, each time."""
    monkeypatch.setattr("pattern_operator.source.registry.network._REMEMBERED", 0)
    async with serving(host=PRIVATE) as private:

        async def close(_: web.Request) -> web.StreamResponse:
            return web.Response(status=404, headers={"Connection": "close"})

        public.on("GET", "/manifests/", close)
        names = Lies(evil_example=[[PUBLIC], [PRIVATE]])
        async with opened(RegistryNetwork.PUBLIC, resolver=names) as network:
            registry = client(Repository(f"evil.example:{public.server.port}", NAME), network)
            with pytest.raises(Exception, match="404"):
                await registry.manifest("1.0")
            await asyncio.sleep(0.05)
            error = await refusal_of(registry.manifest("1.0"))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert private.asked == []


# --- where a registry may send us -----------------------------------------------------------------------------------


async def sent_on(start: FakeRegistry, target: FakeRegistry, network: Network):
    """The blob that ``start`` says is at ``target``."""
    target.answer("GET", "^/store$", body=CONTENT)
    start.redirect("/blobs/", f"http://{target.address}/store")
    return await client(start, network).blob(descriptor(CONTENT))


@pytest.mark.parametrize(
    ("start", "target"),
    [("public", "private"), ("public", "loopback"), ("private", "loopback"), ("private", "link"), ("loopback", "link")],
)
@pytest.mark.parametrize("allowed", list(RegistryNetwork))
async def test_a_registry_sends_us_nowhere_less_public_than_it_is(
    public, private, loopback, link, start, target, allowed
):
    places = {"public": public, "private": private, "loopback": loopback, "link": link}
    start, target = places[start], places[target]
    async with opened(allowed) as network:
        error = await refusal_of(sent_on(start, target, network))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert target.asked == []


@pytest.mark.parametrize(
    ("start", "target"),
    [
        *(("public", "public"), ("private", "private"), ("loopback", "loopback")),
        *(("private", "public"), ("loopback", "private"), ("loopback", "public")),
    ],
)
async def test_a_registry_may_send_us_to_where_it_is_and_further_out(public, private, loopback, start, target):
    places = {"public": public, "private": private, "loopback": loopback}
    start, target = places[start], places[target]
    async with opened() as network:
        assert await sent_on(start, target, network) == CONTENT


async def test_a_registry_on_the_link_sends_us_to_itself_and_to_no_other_host_there(link):
    """169.254.169.254 is where clouds keep the credentials of their machines."""
    async with opened() as network, serving(host="127.4.0.2") as other:
        assert await sent_on(link, link, network) == CONTENT
        error = await refusal_of(sent_on(link, other, network))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert other.asked == []


async def test_a_token_service_on_the_link_is_asked_by_no_registry_of_another_name(link):
    names = Lies(reg_evil_example=[[LINK]], auth_evil_example=[["127.4.0.2"]])
    async with opened(resolver=names) as network, serving(host="127.4.0.2") as other:
        realm = f"http://auth.evil.example:{other.port}/token"
        challenged(link, f'Bearer realm="{realm}"', accepted="Bearer x")
        repository = Repository(f"reg.evil.example:{link.port}", NAME)
        error = await refusal_of(client(repository, network).manifest("1.0"))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert other.asked == []


async def test_an_upload_is_sent_to_no_other_host_on_the_link(link):
    async with opened() as network, serving(host="127.4.0.2") as other:
        link.answer("POST", "/uploads/", status=202, headers={"Location": f"http://{other.address}/upload"})
        registry = client(link, network)
        begun = await registry.request("POST", "blobs/uploads/", context="upload", expect=(202,))
        target = URL(f"http://{other.address}/upload")
        error = await refusal_of(registry.request("PUT", target, context="upload", body=b"x", given_by=begun))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert other.asked == []


async def test_whom_a_public_host_was_asked_on_the_way_leads_no_further_in(private, public, loopback):
    private.redirect("/blobs/", f"http://{public.address}/on")
    public.redirect("^/on$", f"http://{private.address}/store")

    async with opened() as network:
        error = await refusal_of(client(private, network).blob(descriptor(CONTENT)))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert len(private.asked) == 1


async def test_a_connection_that_another_registry_may_use_is_not_used_for_one_that_may_not(private, public):
    async with opened() as network:
        assert await sent_on(private, private, network) == CONTENT
        before = len(private.asked)
        error = await refusal_of(sent_on(public, private, network))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert len(private.asked) == before


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_a_token_service_at_a_less_public_address_is_not_asked(public, private, scheme):
    names = Lies(reg_evil_example=[[PUBLIC]], auth_evil_example=[[PRIVATE]])
    challenged(public, f'{scheme} realm="http://auth.evil.example:{private.server.port}/token"', accepted="Bearer x")
    private.answer("GET", "^/token$", body=json.dumps({"access_token": "of-the-cluster"}).encode())

    async with opened(resolver=names) as network:
        repository = Repository(f"reg.evil.example:{public.server.port}", NAME)
        error = await refusal_of(client(repository, network).manifest("1.0"))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert private.asked == []


async def test_a_token_service_at_the_registrys_own_name_is_checked_as_well(public, monkeypatch):
    """Its name may have another address by then."""
    monkeypatch.setattr("pattern_operator.source.registry.network._REMEMBERED", 0)
    names = Lies(evil_example=[[PUBLIC], [PRIVATE]])
    challenged(public, f'Bearer realm="http://evil.example:{public.server.port}/token"', accepted="Bearer x")

    async with opened(resolver=names) as network:
        repository = Repository(f"evil.example:{public.server.port}", NAME)
        error = await refusal_of(client(repository, network).manifest("1.0"))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert not any(asked.path.startswith("/token") for asked in public.asked)


async def test_an_upload_is_sent_nowhere_less_public(public, private):
    public.answer("POST", "/uploads/", status=202, headers={"Location": f"http://{private.address}/upload"})
    async with opened() as network:
        registry = client(public, network)
        begun = await registry.request("POST", "blobs/uploads/", context="upload", expect=(202,))
        target = URL(f"http://{private.address}/upload")
        error = await refusal_of(registry.request("PUT", target, context="upload", body=b"x", given_by=begun))

    assert error.reason is Reason.ADDRESS_REFUSED
    assert private.asked == []


async def test_what_is_refused_tells_neither_the_address_nor_what_is_there(public, private):
    names = Lies(secret_example=[[PRIVATE]])
    public.redirect("/blobs/", f"http://secret.example:{private.server.port}/store")

    async with opened(resolver=names) as network:
        error = await refusal_of(client(public, network).blob(descriptor(CONTENT)))

    assert "secret.example" in error.message
    assert PRIVATE not in error.diagnostics()


async def test_a_proxy_of_the_environment_is_not_asked(public, private, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{private.address}")
    public.manifest([], tag="1.0")

    async with opened(RegistryNetwork.PUBLIC) as network:
        await client(public, network).manifest("1.0")

    assert private.asked == []


# --- shares ---------------------------------------------------------------------------------------------------------


async def test_a_host_that_hangs_takes_no_connection_from_another(public, private):
    public.on("GET", "/blobs/", hang)
    private.blobs[sha256(CONTENT)] = CONTENT
    async with opened() as network:
        timeouts = Timeouts(headers=60)
        hanging = [
            asyncio.create_task(client(public, network, timeouts=timeouts).blob(descriptor(CONTENT)))
            for _ in range(150)
        ]
        await asyncio.sleep(0.3)
        async with asyncio.timeout(30):  # the others hang for 60
            found = await client(private, network, timeouts=timeouts).blob(descriptor(CONTENT))
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    assert found == CONTENT
    assert len(public.asked) <= MAX_CONNECTIONS_PER_HOST


async def test_requests_to_one_host_are_answered_at_the_same_time(public):
    together = asyncio.Barrier(3)

    async def answer(_: web.Request) -> web.StreamResponse:
        await together.wait()
        return web.Response(body=CONTENT)

    public.on("GET", "/blobs/", answer)
    async with opened() as network:
        registry = client(public, network, timeouts=Timeouts(headers=20))
        found = await asyncio.gather(*(registry.blob(descriptor(CONTENT)) for _ in range(3)))

    assert found == [CONTENT] * 3


# --- answers without end --------------------------------------------------------------------------------------------

HINT = b"HTTP/1.1 103 Early Hints\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def saying(*pieces: bytes) -> AsyncIterator[tuple[Repository, list[asyncio.StreamWriter]]]:
    """A server that sends these pieces, one by one, after each request; and its ends of the connections."""
    ends: list[asyncio.StreamWriter] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.append(writer)
        with suppress(asyncio.IncompleteReadError, OSError):
            while await reader.readuntil(b"\r\n\r\n"):
                for piece in pieces:
                    writer.write(piece)
                    await asyncio.sleep(0.005)  # they are read one by one, too
        writer.close()

    server = await asyncio.start_server(behave, PUBLIC, 0)
    try:
        yield Repository(f"{PUBLIC}:{server.sockets[0].getsockname()[1]}", NAME), ends
    finally:
        server.close()
        for each in ends:
            each.close()


async def test_each_request_of_a_connection_may_have_sixteen_answers(network):
    async with saying(HINT * 15, ANSWER) as (repository, ends):
        registry = client(repository, network)
        found = [(await registry.request("GET", "tags/list", context="x")).body for _ in range(2)]

        assert found == [b"{}", b"{}"]
        assert len(ends) == 1


async def test_a_request_that_has_more_answers_fails_before_its_time_is_over(network):
    async with saying(HINT * 17) as (repository, _), asyncio.timeout(5):
        error = await refusal_of(client(repository, network).manifest("1.0"))

    assert error.reason is Reason.REGISTRY_UNAVAILABLE


async def test_a_peer_that_answers_without_being_asked_is_cut_off(network):
    async with saying(ANSWER) as (repository, ends):
        await client(repository, network).request("GET", "tags/list", context="x")
        ends[0].write(HINT * 17)
        async with asyncio.timeout(5):
            await ends[0].wait_closed()


async def test_what_is_read_more_slowly_than_it_comes_is_whole(public, network):
    content = bytes(range(256)) * 4096
    public.blobs[sha256(content)] = content
    found = bytearray()

    async def write(piece: bytes) -> None:
        await asyncio.sleep(0.001)
        found.extend(piece)

    async with asyncio.timeout(30):
        await client(public, network).download(descriptor(content), write=write)

    assert found == content
