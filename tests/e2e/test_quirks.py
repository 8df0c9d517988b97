"""Registries that misbehave in one way, as reports tell: what is good runs, and a failure to ask is not a verdict."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, push
from tests.source.quirks import Quirks, quirks
from tests.testbed.cosign import Cosign, KeyPair
from tests.testbed.registry import Registry

SETTINGS = config_map("settings")


@pytest.fixture
async def proxy(registry: Registry) -> AsyncIterator[Quirks]:
    """A proxy before the registry of the testbed."""
    async with quirks(registry.address) as proxy:
        yield proxy


def behind(proxy: Quirks, scenario: Scenario, name: str) -> Scenario:
    """The scenario with its repository behind the proxy."""
    return scenario.another(name, repository=replace(scenario.repository, registry=proxy.address))


def requiring(key: KeyPair) -> dict[str, object]:
    """``spec.verify`` that wants a signature with this key."""
    return {"authorities": [{"name": "release-team", "key": {"data": key.pem}}]}


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("awschunked", "bundle"),
        ("octet", "bundle"),
        ("json", "cosign"),
        ("head404", "bundle"),
        ("emptytype", "bundle"),
        ("notype", "bundle"),
        ("referrers400", "cosign"),
        ("referrers401", "cosign"),
        ("referrers405", "cosign"),
        ("referrers410", "cosign"),
        ("referrershtml", "cosign"),
        ("referrersreset", "cosign"),
    ],
)
async def test_what_is_signed_runs_whatever_the_registry_does(
    scenario: Scenario, proxy: Quirks, cosign: Cosign, key_pair: KeyPair, mode: str, form: str
) -> None:
    digest = await asyncio.to_thread(push, scenario.repository, "1.0.0", SETTINGS)
    sign = cosign.sign_bundle if form == "bundle" else cosign.sign_classic
    await asyncio.to_thread(sign, scenario.repository.at(digest), key=key_pair)
    there = behind(proxy, scenario, "web")
    proxy.mode = mode

    await asyncio.to_thread(lambda: there.want(verify=requiring(key_pair)))
    status = await asyncio.to_thread(there.until_runs, digest)

    assert [each["format"] for each in status["verifiedBy"]] == [form]


async def test_a_place_that_cannot_be_asked_is_not_a_missing_signature_and_is_asked_again(
    scenario: Scenario, proxy: Quirks, cosign: Cosign, key_pair: KeyPair
) -> None:
    digest = await asyncio.to_thread(push, scenario.repository, "1.0.0", SETTINGS)
    await asyncio.to_thread(cosign.sign_bundle, scenario.repository.at(digest), key=key_pair)
    there = behind(proxy, scenario, "web")
    proxy.mode = "referrers503"

    await asyncio.to_thread(lambda: there.want(verify=requiring(key_pair)))
    failed = await asyncio.to_thread(there.until_says, "Verified", "RegistryUnavailable")
    proxy.mode = ""
    status = await asyncio.to_thread(there.until_runs, digest)

    assert "So far none of its signatures was seen" in failed["message"]
    assert failed["status"] != "True"
    assert condition(status, "Verified")["status"] == "True"
