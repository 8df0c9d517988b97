"""ConnectionLimiter of one host: a share for each tenant, no waiting within a run, and words that say who waited for
what."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from tests.source.fake_registry import FakeRegistry, bearer, client, descriptor, hang, sha256, signatures
from yarl import URL

from pattern_operator.api.artifact import Descriptor, File
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Repository
from pattern_operator.errors import Transient
from pattern_operator.limits import MAX_CONNECTIONS_PER_HOST, MEAN_RATE
from pattern_operator.source import (
    ConnectionLimiter,
    ConnectionWaits,
    DnsResolver,
    LayerSelector,
    Network,
    pull,
    push,
    resolve,
)
from pattern_operator.source.registry import connections as connections_module
from pattern_operator.source.registry.connections import HeldConnection
from pattern_operator.source.registry.timeouts import Timeouts

CONTENT = b"kind: ConfigMap"
URL_OF_A_HOST = URL("https://registry.example/v2/")
HANGING = Descriptor("text/plain", Digest("sha256", "0" * 64), 5)  # of a blob that a test makes hang
FOR_EVER = Timeouts(headers=600)  # who hangs is not given up before a test is over


@pytest.fixture
async def one_at_a_time() -> AsyncIterator[Network]:
    """A network with one connection to each host."""
    async with Network.open(resolver=DnsResolver(), connections=ConnectionLimiter(1)) as network:
        yield network


@pytest.fixture
async def tasks() -> AsyncIterator[set[asyncio.Task[object]]]:
    """Tasks that end with the test."""
    running: set[asyncio.Task[object]] = set()
    yield running
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


# --- shares -----------------------------------------------------------------------------------------------------------


async def test_a_tenant_whose_repositories_hang_leaves_connections_of_the_host_to_others(fake_registry, network, tasks):
    fake_registry.on("GET", f"/blobs/{HANGING.digest}", hang)
    fake_registry.blobs[sha256(CONTENT)] = CONTENT
    for _ in range(100):
        tasks.add(asyncio.create_task(client(fake_registry, network, tenant="slow", timeouts=FOR_EVER).blob(HANGING)))
    await until(lambda: len(fake_registry.asked) >= MAX_CONNECTIONS_PER_HOST / 2)

    async with asyncio.timeout(30):  # the others hang for ever
        for number in range(20):
            tenant = f"good-{number % 2}"
            assert await client(fake_registry, network, tenant=tenant).blob(descriptor(CONTENT)) == CONTENT

    assert (
        len([asked for asked in fake_registry.asked if asked.path.endswith(HANGING.digest.hex)])
        < MAX_CONNECTIONS_PER_HOST
    )


async def test_some_tenants_who_hang_together_leave_a_connection_to_whoever_comes_next(fake_registry, network, tasks):
    fake_registry.on("GET", f"/blobs/{HANGING.digest}", hang)
    fake_registry.blobs[sha256(CONTENT)] = CONTENT
    for number in range(200):
        slow = client(fake_registry, network, tenant=f"slow-{number % 4}", timeouts=FOR_EVER)
        tasks.add(asyncio.create_task(slow.blob(HANGING)))
    await until(lambda: len(fake_registry.asked) >= MAX_CONNECTIONS_PER_HOST / 2)
    await asyncio.sleep(0.1)

    async with asyncio.timeout(30):  # the others hang for ever
        assert await client(fake_registry, network, tenant="good").blob(descriptor(CONTENT)) == CONTENT


async def test_one_tenant_alone_has_half_of_the_connections():
    order: list[str] = []
    connections = ConnectionLimiter(8)
    holding = [asyncio.create_task(take(connections, "a", order, seconds=60)) for _ in range(20)]
    await asyncio.sleep(0.01)
    taken = len(order)
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)

    assert taken == 4
    assert connections.hosts == 0


async def test_between_tenants_whoever_holds_the_fewest_is_next_however_many_wait():
    order: list[str] = []
    connections = ConnectionLimiter(4)
    first = [asyncio.create_task(take(connections, "many", order, seconds=0.01)) for _ in range(40)]
    await asyncio.sleep(0)
    last = asyncio.create_task(take(connections, "few", order, seconds=0.01))
    await asyncio.gather(*first, last)

    assert order.index("few") <= 4
    assert connections.hosts == 0


async def test_a_request_that_gets_next_to_nothing_gives_way_to_a_tenant_that_has_no_connection():
    order: list[str] = []
    connections = ConnectionLimiter(2)
    slow = [asyncio.create_task(take(connections, f"slow-{number}", order, seconds=60)) for number in range(2)]
    await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await take(connections, "guest", order, seconds=0)
    for task in slow[1:]:
        task.cancel()
    ended = await asyncio.gather(*slow, return_exceptions=True)

    assert isinstance(ended[0], Transient)  # the one that went on for longest, and no other
    assert ended[0].reason == Reason.REGISTRY_UNAVAILABLE
    assert re.search(r"sent only 0 bytes in \d s while", ended[0].message)
    assert isinstance(ended[1], asyncio.CancelledError)
    assert connections.hosts == 0


async def test_a_time_out_of_the_request_itself_is_not_taken_for_giving_way():
    with pytest.raises(TimeoutError):
        async with ConnectionLimiter(1).acquire(URL_OF_A_HOST, tenant="a", waits=ConnectionWaits()):
            raise TimeoutError


async def test_whoever_has_a_connection_waits_and_presses_no_more():
    connections, clock = ConnectionLimiter(1), Clock()
    waits = ConnectionWaits(clock)

    async with connections.acquire(URL_OF_A_HOST, tenant="a", waits=waits):
        clock.advance(100)
        assert waits.seconds == 0
        await asyncio.sleep(0)
        assert [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "presses"] == []


async def test_a_request_that_has_ended_is_not_asked_to_give_way():
    connections = ConnectionLimiter(2)

    async with connections.acquire(URL_OF_A_HOST, tenant="a", waits=ConnectionWaits()) as held:
        async with connections.acquire(URL_OF_A_HOST, tenant="b", waits=ConnectionWaits()):
            pass
        (host,) = connections._hosts.values()
        left = list(host.held)

    assert left == [held]


async def test_a_waiting_ends_once_whether_there_is_a_connection_then_or_not():
    connections, clock = ConnectionLimiter(1), Clock()
    first, second = ConnectionWaits(clock), ConnectionWaits(clock)

    async with connections.acquire(URL_OF_A_HOST, tenant="a", waits=first):
        given_up = asyncio.create_task(hold(connections, second))
        await asyncio.sleep(0)
        clock.advance(3)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        clock.advance(100)
    first.begin("again")
    clock.advance(5)

    assert (first.seconds, second.seconds) == (5, 3)
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "presses"] == []


async def hold(connections: ConnectionLimiter, waits: ConnectionWaits) -> None:
    async with connections.acquire(URL_OF_A_HOST, tenant="b", waits=waits):
        await asyncio.sleep(3600)


async def test_a_request_that_gets_its_answer_keeps_its_connection_whoever_waits():
    order: list[str] = []
    connections = ConnectionLimiter(1)
    guest = None
    async with connections.acquire(URL_OF_A_HOST, tenant="quick", waits=ConnectionWaits()) as held:
        held.received = lambda: 1 << 30
        guest = asyncio.create_task(take(connections, "guest", order, seconds=0))
        await asyncio.sleep(3.5)
        waited = not order
    await guest

    assert waited
    assert order == ["guest"]


async def test_a_tenant_that_has_a_connection_lets_nobody_give_way():
    order: list[str] = []
    connections = ConnectionLimiter(2)
    async with connections.acquire(URL_OF_A_HOST, tenant="a", waits=ConnectionWaits()):
        second = asyncio.create_task(take(connections, "b", order, seconds=60))
        third = asyncio.create_task(take(connections, "a", order, seconds=60))
        await asyncio.sleep(3.5)
        waiting = list(order)
    for task in (second, third):
        task.cancel()
    await asyncio.gather(second, third, return_exceptions=True)

    assert waiting == ["b"]


async def test_no_host_is_asked_by_more_at_once_than_it_may_however_it_is_written():
    connections, holding, most = ConnectionLimiter(3), 0, 0
    spelled = ["https://registry.example/a", "https://REGISTRY.example.:443/b", "https://registry.example:443/c"]

    async def work(number: int) -> None:
        nonlocal holding, most
        async with connections.acquire(URL(spelled[number % 3]), tenant=str(number), waits=ConnectionWaits()):
            holding += 1
            most = max(most, holding)
            await asyncio.sleep(0.001)
            holding -= 1

    await asyncio.gather(*(work(number) for number in range(30)))

    assert most == 3


async def test_another_host_and_another_port_have_connections_of_their_own():
    connections = ConnectionLimiter(1)
    others = [URL("https://registry.example:8443/"), URL("http://registry.example/"), URL("https://b.example/")]

    async with asyncio.timeout(1), connections.acquire(URL_OF_A_HOST, tenant="a", waits=ConnectionWaits()):
        for each in others:
            async with connections.acquire(each, tenant="a", waits=ConnectionWaits()):
                assert connections.hosts == 2


async def test_whoever_is_cancelled_while_it_waits_leaves_no_connection_taken():
    order: list[str] = []
    connections = ConnectionLimiter(1)
    holder = asyncio.create_task(take(connections, "a", order, seconds=60))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(take(connections, "b", order, seconds=60)) for _ in range(5)]
    await asyncio.sleep(0)

    for task in (*waiting, holder):  # each is given the connection in the moment that it is cancelled
        task.cancel()
    await asyncio.gather(*waiting, holder, return_exceptions=True)

    assert connections.hosts == 0
    await asyncio.wait_for(take(connections, "c", order, seconds=0), timeout=1)
    assert order[-1] == "c"


# --- requests of one run ----------------------------------------------------------------------------------------------


async def test_one_connection_is_enough_for_a_host_that_is_its_own_token_service_and_redirects(
    fake_registry, one_at_a_time, cache
):
    """Every kind of request that follows from another: challenge, token, redirect, page, signature, layer."""
    bearer(fake_registry)
    digest = fake_registry.manifest([fake_registry.blob(CONTENT, "text/yaml")], tag="1.0.0")
    fake_registry.page("/tags/list", 1, body=tags("0.9.0"), link='</v2/team/web/tags/list?page=2>; rel="next"')
    fake_registry.page("/tags/list", 2, body=tags("1.0.0"))
    redirect_once(fake_registry, f"/blobs/{sha256(CONTENT)}")
    registry = client(fake_registry, one_at_a_time, tenant="a")
    reference = Reference(fake_registry.repository, semver=">=0.1")

    async with asyncio.timeout(10):
        revision = await resolve(reference, registry=registry)
        found = await signatures(revision.digest, registry=registry)
        artifact = await pull(reference, revision, registry=registry, cache=cache, layer=LayerSelector())

    assert (revision.digest, found) == (digest, ())
    assert artifact.files[0].content == CONTENT
    assert "/token" in str(fake_registry.paths("GET"))
    assert one_at_a_time.connections.hosts == 0


async def test_many_runs_that_need_tokens_of_the_same_host_end_with_one_connection(fake_registry, one_at_a_time):
    bearer(fake_registry)
    fake_registry.blobs[sha256(CONTENT)] = CONTENT
    clients = [client(fake_registry, one_at_a_time, tenant=f"tenant-{number % 3}") for number in range(30)]

    async with asyncio.timeout(20):
        found = await asyncio.gather(*(each.blob(descriptor(CONTENT)) for each in clients))

    assert set(found) == {CONTENT}


async def test_the_command_line_which_has_no_namespace_pushes_with_one_connection(fake_registry, one_at_a_time):
    bearer(fake_registry)
    files = [File("a.yaml", CONTENT)]

    async with asyncio.timeout(10):
        revision = await push(files, tag="2.0.0", registry=client(fake_registry, one_at_a_time))

    assert "2.0.0" in fake_registry.manifests
    assert revision.tag == "2.0.0"


async def test_a_request_that_fails_gives_its_connection_back(one_at_a_time, fake_registry):
    fake_registry.answer("GET", "/blobs/", status=500)
    registry = client(fake_registry, one_at_a_time)
    for _ in range(3):
        with pytest.raises(Transient):
            await registry.blob(descriptor(CONTENT))
    nowhere = client(Repository("127.0.0.1:1", "x"), one_at_a_time)
    with pytest.raises(Transient):
        await nowhere.blob(descriptor(CONTENT))

    assert one_at_a_time.connections.hosts == 0


# --- words ------------------------------------------------------------------------------------------------------------


async def test_the_time_to_answer_begins_when_there_is_a_connection(fake_registry, one_at_a_time, tasks):
    """A registry that was not asked yet is not silent."""

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.6)
        return web.Response(body=CONTENT)

    fake_registry.on("GET", "/blobs/", slow)
    timeouts = Timeouts(headers=1.0)
    clients = [client(fake_registry, one_at_a_time, tenant="a", timeouts=timeouts) for _ in range(3)]

    found = await asyncio.gather(*(each.blob(descriptor(CONTENT)) for each in clients))

    assert found == [CONTENT] * 3
    assert max(each.waits.seconds for each in clients) > 1.0


async def test_a_deadline_that_passed_in_waiting_says_what_was_waited_for(fake_registry, one_at_a_time, tasks):
    fake_registry.on("GET", f"/blobs/{HANGING.digest}", hang)
    tasks.add(asyncio.create_task(client(fake_registry, one_at_a_time, tenant="a").blob(HANGING)))
    await until(lambda: bool(fake_registry.asked))

    registry = client(fake_registry, one_at_a_time, tenant="a", timeouts=Timeouts(lookup=1.2))
    with pytest.raises(Transient) as error:
        await resolve(Reference(fake_registry.repository, tag="1.0.0"), registry=registry)

    assert error.value.reason is Reason.REGISTRY_UNAVAILABLE
    assert f"it waited 1 s for a free connection to {fake_registry.address}" in error.value.message
    assert len(fake_registry.asked) == 1


async def test_a_deadline_that_passed_without_waiting_says_nothing_of_connections(fake_registry, network):
    fake_registry.on("HEAD", "/manifests/", hang)
    with pytest.raises(Transient) as error:
        await resolve(
            Reference(fake_registry.repository, tag="1.0.0"),
            registry=client(fake_registry, network, timeouts=Timeouts(headers=5, lookup=0.5)),
        )

    assert "free connection" not in error.value.message


def test_waiting_side_by_side_counts_once():
    clock = Clock()
    waits = ConnectionWaits(clock)
    waits.begin("a:443")
    clock.advance(2)
    waits.begin("b:443")
    clock.advance(3)
    waits.end()
    waits.end()
    clock.advance(100)
    waits.begin("c:443")
    clock.advance(1)

    assert waits.seconds == 6
    assert waits.summary.startswith("it waited 6 s for a free connection to c:443")


@pytest.mark.parametrize(("seconds", "told"), [(0.9, False), (1.0, True)])
def test_a_moment_is_not_worth_a_word(seconds, told):
    clock = Clock()
    waits = ConnectionWaits(clock)
    waits.begin("a:443")
    clock.advance(seconds)
    waits.end()

    assert bool(waits.summary) is told


# --- helpers ----------------------------------------------------------------------------------------------------------


async def take(connections: ConnectionLimiter, tenant: str, order: list[str], *, seconds: float) -> None:
    async with connections.acquire(URL_OF_A_HOST, tenant=tenant, waits=ConnectionWaits()):
        order.append(tenant)
        await asyncio.sleep(seconds)


async def until(happened) -> None:
    async with asyncio.timeout(30):
        while not happened():  # noqa: ASYNC110 - a server's list of requests has no event
            await asyncio.sleep(0.01)


def tags(*names: str) -> bytes:
    return json.dumps({"name": "team/web", "tags": names}).encode()


def redirect_once(fake_registry: FakeRegistry, path: str) -> None:
    """Send whoever asks for ``path`` there again, by another query."""

    async def handler(request: web.Request) -> web.StreamResponse | None:
        return None if request.query else web.Response(status=307, headers={"Location": f"{request.path}?stored=1"})

    fake_registry.on("GET", path, handler)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(("received", "gives_way"), [(MEAN_RATE * 3 - 1, True), (MEAN_RATE * 3, False)])
async def test_a_request_that_gets_as_much_as_it_should_keeps_its_connection(received: int, gives_way: bool):
    held = HeldConnection("a", 0.0, asyncio.timeout(None), received=lambda: received)

    assert held.may_give_way(3.0) is gives_way


@pytest.mark.parametrize(("seconds", "gives_way"), [(0.0, True), (-0.25, False)])
async def test_a_request_has_some_time_before_it_may_give_way_once(seconds: float, gives_way: bool):
    begun = asyncio.get_running_loop().time()
    held = HeldConnection("a", begun, asyncio.timeout(None))
    now = begun + connections_module._TRIED + seconds
    before = held.may_give_way(now)

    with pytest.raises(TimeoutError):
        async with held.until:
            held.give_way(begun)
            await asyncio.sleep(60)

    assert (before, held.may_give_way(now)) == (gives_way, False)
