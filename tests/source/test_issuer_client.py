"""Issuers are asked over plain http, within bounds of time and size, and never at an address of the machine's link."""

import asyncio

import pytest
from aiohttp import web
from tests.source.registry.test_network import LINK, LOOPBACK, Lies, pretended

from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError
from pattern_operator.limits import MAX_CRL, MAX_OCSP_RESPONSE
from pattern_operator.source import AddressSpace, IssuerClient, Network

pytestmark = pytest.mark.real_time


class Issuer:
    """A server that answers with what it is told to, and notes what it is asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes, str]] = []
        self.status, self.body, self.headers = 200, b"answer", dict[str, str]()
        self.silent = asyncio.Event()
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        content = await request.read()
        self.requests.append((request.method, request.path, content, request.headers.get("Content-Type", "")))
        if request.path == "/silent":
            await self.silent.wait()
        return web.Response(status=self.status, body=self.body, headers=self.headers)

    async def start(self, host: str) -> web.AppRunner:
        application = web.Application(client_max_size=2**20)
        application.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, host, 0)
        await site.start()
        self.url = f"http://{host}:{runner.addresses[0][1]}"
        return runner


@pytest.fixture
async def issuer():
    server = Issuer()
    runner = await server.start(LOOPBACK)
    yield server
    server.silent.set()
    await runner.cleanup()


@pytest.fixture
async def client():
    async with Network.open(resolver=Lies(), space_of=pretended) as network:
        yield IssuerClient(network, "test", AddressSpace.HOST, ocsp_seconds=0.2, crl_seconds=0.2)


async def refusal_of(work) -> PatternError:
    with pytest.raises(PatternError) as refused:
        await work
    return refused.value


async def test_a_responder_is_asked_by_post_and_a_list_by_get(issuer, client):
    assert await client.ocsp(f"{issuer.url}/ocsp", b"request", tenant="a") == b"answer"
    assert await client.crl(f"{issuer.url}/a.crl", tenant="a") == b"answer"

    assert issuer.requests == [
        ("POST", "/ocsp", b"request", "application/ocsp-request"),
        ("GET", "/a.crl", b"", ""),
    ]


@pytest.mark.parametrize("status", [204, 301, 404, 500])
async def test_anything_but_200_is_no_answer_and_no_redirect_is_followed(issuer, client, status):
    issuer.status, issuer.body = status, b""
    issuer.headers = {"Location": f"{issuer.url}/elsewhere"}

    assert f"status {status}" in (await refusal_of(client.crl(f"{issuer.url}/a", tenant="a"))).message
    assert len(issuer.requests) == 1


async def test_who_takes_too_long_is_not_waited_for(issuer, client):
    refusal = await refusal_of(client.ocsp(f"{issuer.url}/silent", b"", tenant="a"))

    assert "no whole answer within" in refusal.message


async def test_what_is_too_large_is_not_read(issuer, client):
    issuer.body = b"\0" * (MAX_OCSP_RESPONSE + 1)
    assert (await refusal_of(client.ocsp(issuer.url, b"", tenant="a"))).reason is Reason.ARTIFACT_TOO_LARGE

    issuer.body = b"\0" * (MAX_CRL + 1)
    patient = IssuerClient(client.network, "test", AddressSpace.HOST)
    assert (await refusal_of(patient.crl(issuer.url, tenant="a"))).reason is Reason.ARTIFACT_TOO_LARGE


async def test_the_link_of_the_machine_is_not_asked(client):
    server = Issuer()
    runner = await server.start(LINK)

    refusal = await refusal_of(client.crl(f"{server.url}/latest/meta-data", tenant="a"))
    await runner.cleanup()

    assert refusal.reason is Reason.ADDRESS_REFUSED
    assert server.requests == []


async def test_for_somebody_who_is_no_administrator_only_public_addresses_are_asked(issuer, client):
    """A root of one's own would lead the operator to any address, path and query."""
    for_tenants = IssuerClient(client.network, "test", AddressSpace.PUBLIC)

    refusal = await refusal_of(for_tenants.ocsp(f"{issuer.url}/-/quit", b"", tenant="a"))

    assert refusal.reason is Reason.ADDRESS_REFUSED
    assert issuer.requests == []


@pytest.mark.parametrize("url", ["http://[", "http://:80", "http://a:99999999/"])
async def test_what_is_not_a_url_is_not_asked(client, url):
    assert (await refusal_of(client.crl(url, tenant="a"))).message
