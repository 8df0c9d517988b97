"""A registry that many tenants share: whoever's repositories are slow there holds up nobody else of the same host."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests import hostileregistry
from tests.e2e.scenario import API, Scenario, condition
from tests.testbed.http import request
from tests.testbed.testbed import Testbed

pytestmark = pytest.mark.e2e

SLOW = 32  # patterns of one tenant, each with a repository that trickles
SLOW_NAMESPACES, SLOW_EACH = 8, 12  # and many namespaces of one, each with patterns that trickle
# Seconds on a busy machine; 1 on a quiet one, 100 without shares. Each of the slow ones holds its connection for ten,
# and there are more of them than connections.
SOON = 15.0

RANGES = 40  # patterns of one tenant, each with a list of 10,000 long tags
BESIDE = RANGES // 2  # lists that are served before another tenant's pattern is ready; in one line with them, all
LISTED_EACH = 10.0  # seconds between two lists of 10,000 tags


@pytest.fixture
def host(testbed_state: Path) -> Iterator[str]:
    """A registry with repositories that work and such that trickle."""
    started, address, _ = hostileregistry.start(testbed_state)
    yield address
    started.stop()


@pytest.fixture
def slow_tenants(testbed: Testbed) -> Iterator[list[str]]:
    """Namespaces of one who wants many shares."""
    names = [f"slow-{uuid4().hex[:6]}" for _ in range(SLOW_NAMESPACES)]
    for name in names:
        testbed.kubectl("create", "namespace", name)
    yield names
    for name in names:
        testbed.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def slow_tenant(testbed: Testbed) -> Iterator[str]:
    """A namespace of its own beside the test's."""
    name = f"slow-{uuid4().hex[:6]}"
    testbed.kubectl("create", "namespace", name)
    yield name
    testbed.kubectl("delete", "namespace", name, "--wait=false")


def test_a_tenant_with_slow_repositories_leaves_a_host_that_is_shared_to_others(
    testbed: Testbed, scenario: Scenario, host: str, slow_tenant: str
):
    names = [f"slow-{number:02}" for number in range(SLOW)]
    bodies = [pattern(name, slow_tenant, f"oci://{host}/trickling-manifests/{name}") for name in names]
    testbed.kubectl.apply(*bodies)
    first = testbed.kubectl.until(
        "designpattern", names[0], lambda body: body and said(body), namespace=slow_tenant, seconds=60
    )
    assert "only" in said(first), said(first)  # so many bytes in so many seconds

    begun = time.monotonic()
    testbed.kubectl.apply(pattern(scenario.name, scenario.namespace, f"oci://{host}/well/settings"))
    scenario.until(lambda status: condition(status, "Ready").get("status") == "True")

    assert time.monotonic() - begun < SOON


def test_a_tenant_whose_ranges_match_none_of_many_long_tags_leaves_the_processor_to_others(
    testbed: Testbed, scenario: Scenario, host: str, slow_tenant: str
):
    names = [f"range-{number:02}" for number in range(RANGES)]
    repositories = [f"long-tags/{slow_tenant}/{name}" for name in names]

    def listed() -> list[int]:
        return [int(request("GET", f"http://{host}/v2/{each}/manifests/x").body) for each in repositories]

    def lists_until_ready(name: str) -> int:
        before = sum(listed())
        testbed.kubectl.apply(pattern(name, scenario.namespace, f"oci://{host}/well/{name}"))
        testbed.kubectl.until(
            "designpattern", name, lambda body: body and is_ready(body), namespace=scenario.namespace, seconds=60
        )
        lists = sum(listed()) - before
        testbed.kubectl("delete", "designpattern", name, "--namespace", scenario.namespace)  # all apply the same object
        return lists

    bodies = [
        pattern(name, slow_tenant, f"oci://{host}/{repository}", semver=">=9-0")
        for name, repository in zip(names, repositories, strict=True)
    ]
    begun = time.monotonic()
    testbed.kubectl.apply(*bodies)
    testbed.kubectl.until(
        "designpattern", names[0], lambda body: body and no_version(body), namespace=slow_tenant, seconds=60
    )
    beside = [lists_until_ready(f"beside-{number}") for number in range(3)]

    assert sorted(beside)[1] < BESIDE, beside
    testbed.kubectl.until(
        "designpattern", names[-1], lambda body: body and no_version(body), namespace=slow_tenant, seconds=60
    )
    lists = listed()
    assert min(lists) >= 1
    assert max(lists) <= 2 + (time.monotonic() - begun) / LISTED_EACH, lists  # spec.interval is 1s


@pytest.mark.parametrize("shared", [False, True], ids=["hosts of their own", "the same host"])
def test_namespaces_whose_registries_trickle_hold_up_neither_what_is_new_nor_a_repair_of_another(
    testbed: Testbed, scenario: Scenario, host: str, slow_tenants: list[str], shared: bool
):
    """More runs that trickle than there are workers, of more namespaces than would leave one of them free."""
    port = host.rpartition(":")[2]
    testbed.kubectl.apply(pattern("repaired", scenario.namespace, f"oci://{host}/well/repaired"))
    until = partial(testbed.kubectl.until, namespace=scenario.namespace, seconds=60)
    until("designpattern", "repaired", lambda body: body and is_ready(body))
    before = until("configmap", "settings", bool)
    for number, namespace in enumerate(slow_tenants):
        hosts = ["127.0.0.1" if shared else f"127.2.{number}.{each + 1}" for each in range(SLOW_EACH)]
        urls = [f"oci://{each}:{port}/trickling-manifests/{namespace}-{at}" for at, each in enumerate(hosts)]
        testbed.kubectl.apply(*(pattern(f"slow-{at}", namespace, url) for at, url in enumerate(urls)))

    for at in range(2):
        begun = time.monotonic()
        testbed.kubectl("delete", "configmap", "settings", "--namespace", scenario.namespace)
        until("configmap", "settings", lambda body: body and body != before)
        repaired = time.monotonic() - begun
        begun = time.monotonic()
        testbed.kubectl.apply(pattern(f"new-{at}", scenario.namespace, f"oci://{host}/well/new-{at}"))
        until("designpattern", f"new-{at}", has_an_answer)
        new = time.monotonic() - begun

        assert repaired < SOON, f"repaired after {repaired:.1f} s"
        assert new < SOON, f"new after {new:.1f} s"


def has_an_answer(body: dict[str, Any]) -> bool:
    """Whether it was rendered and came to apply: it may have an object that another pattern has."""
    fetched = condition((body or {}).get("status", {}), "Fetched")
    return fetched.get("status") == "True"


def is_ready(body: dict[str, Any]) -> bool:
    """Whether it is Ready."""
    return bool(condition(body.get("status", {}), "Ready").get("status") == "True")


def no_version(body: dict[str, Any]) -> bool:
    """Whether its range was compared with the tags."""
    return bool(condition(body.get("status", {}), "Ready").get("reason") == "NoMatchingVersion")


def pattern(name: str, namespace: str, url: str, **ref: str) -> dict[str, Any]:
    """A pattern that comes back as often as it may."""
    source = {"url": url, "insecure": True, "ref": ref or {"tag": "1.0.0"}}
    spec = {"interval": "1s", "retryInterval": "1s", "source": source}
    return {
        "apiVersion": API,
        "kind": "DesignPattern",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def said(body: dict[str, Any]) -> str:
    """Why it is not Ready."""
    ready = condition(body.get("status", {}), "Ready")
    return str(ready.get("message", "")) if ready.get("reason") == "RegistryUnavailable" else ""
