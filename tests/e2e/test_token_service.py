"""A registry whose token service has another host: the user names it, or nothing is told to it; and what of a Secret
is for other registries is said."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from tests.e2e.scenario import Scenario, config_map, login, push
from tests.planted import Shape, value
from tests.source.quirks import Quirks, quirks
from tests.testbed.registry import Options, Registry
from tests.testbed.repository import Account

ALICE = Account("alice", value(Shape.DOCKER_AUTH))


@pytest.fixture
async def elsewhere(start_registry: Callable[..., Registry]) -> AsyncIterator[tuple[Quirks, Registry]]:
    """A registry at localhost that sends to 127.0.0.1 for a token, and the real one behind it."""
    real = start_registry(Options(auth="bearer", account=ALICE))
    async with quirks(real.address) as proxy:
        yield proxy, real


async def test_a_token_service_of_another_host_is_told_only_where_the_spec_names_it(
    scenario: Scenario, elsewhere: tuple[Quirks, Registry]
) -> None:
    proxy, real = elsewhere
    assert proxy.server is not None
    pushed = real.repository()
    digest = await asyncio.to_thread(push, pushed, "1.0.0", config_map("settings"))
    host = f"localhost:{proxy.server.port}"
    there = scenario.another("web", repository=replace(pushed, registry=host))
    await asyncio.to_thread(scenario.make, login("pull", host, ALICE))
    source = {"secretRef": {"name": "pull"}}
    real.forget_requests()

    await asyncio.to_thread(lambda: there.want(source=source))
    refused = await asyncio.to_thread(there.until_says, "Ready", "AuthenticationFailed")
    told = real.requests().get("GET token", 0)
    await asyncio.to_thread(there.change, {"source": {**source, "tokenService": real.address}})
    await asyncio.to_thread(there.until_runs, digest)

    assert refused["message"].endswith(f"set source.tokenService: {real.address}")
    assert told == 0


async def test_a_secret_without_an_entry_for_the_registry_says_so_and_names_no_other(
    scenario: Scenario, elsewhere: tuple[Quirks, Registry]
) -> None:
    proxy, real = elsewhere
    assert proxy.server is not None
    host = f"localhost:{proxy.server.port}"
    there = scenario.another("web", repository=replace(real.repository(), registry=host))
    await asyncio.to_thread(scenario.make, login("pull", "other.example", ALICE))

    source = {"secretRef": {"name": "pull"}, "tokenService": real.address}
    await asyncio.to_thread(lambda: there.want(source=source))
    refused = await asyncio.to_thread(there.until_says, "Ready", "AuthenticationRequired")

    assert f"Secret {scenario.namespace}/pull has one entry, and none is for {host}: add one" in refused["message"]
    assert "other.example" not in refused["message"]
