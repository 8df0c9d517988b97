"""What the tests of the whole way share: a scenario to tell on a cluster with an operator."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.e2e.scenario import Scenario
from tests.testbed import registry as registries
from tests.testbed.operator import RESTRICTED
from tests.testbed.registry import OPEN, Options, Registry
from tests.testbed.repository import Repository
from tests.testbed.testbed import Testbed


@pytest.fixture
def scenario(testbed: Testbed, namespace: str, repository: Repository) -> Iterator[Scenario]:
    """A DesignPattern that is not applied yet, in a namespace and with a repository of its own.

    Whatever a test does to it, the operator must never report an internal error.
    """
    log = testbed.operator.process.log
    before = log.stat().st_size
    yield Scenario(testbed.kubectl, namespace, repository)
    with log.open() as lines:
        lines.seek(before)
        said = lines.read()
    for word in ("internal error", "Traceback"):
        _, found, after = said.partition(word)
        assert not found, f"{found}{after[:4000]}"


@pytest.fixture(scope="module")
def restricted_cluster(
    testbed_state: Path, registry_server: Registry, request: pytest.FixtureRequest
) -> Iterator[Testbed]:
    """A cluster of tenants of its own, whose operator may write nothing by itself; tests ask for ``tenants``.

    It ends with the tests of the file: one that nobody asks takes more processor time within minutes than a start.
    """
    cluster = Testbed.start(testbed_state / f"restricted-{request.path.stem}")
    cluster.use(registry_server)
    yield cluster
    cluster.stop()


@pytest.fixture
def tenants(restricted_cluster: Testbed, registry: Registry) -> Testbed:
    """The cluster of tenants with the operator of manifests/restricted, whatever the test before did to it."""
    if not restricted_cluster.operates:
        restricted_cluster.start_operator(manifests=RESTRICTED)
    return restricted_cluster


@pytest.fixture
def start_registry(testbed_state: Path) -> Iterator[Callable[..., Registry]]:
    """Start a registry that nobody else asks, so that it can be counted and stopped."""
    started: list[Registry] = []

    def start(options: Options = OPEN) -> Registry:
        started.append(registries.start(testbed_state, name=f"registry-{uuid4().hex[:8]}", options=options))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def own_registry(start_registry: Callable[..., Registry]) -> Registry:
    """An open registry that nobody else asks."""
    return start_registry()


@pytest.fixture
def own_story(scenario: Scenario, own_registry: Registry) -> Scenario:
    """A scenario whose pattern pulls from ``own_registry``."""
    return scenario.another(scenario.name, repository=own_registry.repository())


@pytest.fixture
def group() -> str:
    """A group of kinds that no other test has."""
    return f"g{uuid4().hex[:8]}.example.com"
