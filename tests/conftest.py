"""The real parts that tests ask for by name: a cluster, a registry, cosign, and the operator beside them.

Each pytest-xdist worker has its own, started when the first of its tests asks and ended with the worker. A worker's
tests run one after another, so a test may kill and restart what it uses.
"""

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from tests import tracing
from tests.planted import assert_no_leak
from tests.shown import Shown
from tests.testbed import binaries
from tests.testbed import registry as registries
from tests.testbed import testbed as testbeds
from tests.testbed.cosign import Cosign, KeyPair
from tests.testbed.kubectl import Kubectl
from tests.testbed.paths import STATE
from tests.testbed.registry import Registry
from tests.testbed.repository import Repository
from tests.testbed.testbed import Testbed

RUNS = STATE / "tests"
OPERATED = {"testbed", "operated", "restricted", "noisy"}  # fixtures that give an operator

# No property is about time, and machines are busy at times. ``make test`` loads "thorough"; a mutant its own one.
settings.register_profile("thorough", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100)
settings.register_profile("ordinary", settings.get_profile("thorough"), max_examples=25)
if settings.get_current_profile_name() != "mutation":
    settings.load_profile("ordinary")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let ``make noisy`` say how long, and a search for a culprit with whom."""
    parser.addoption("--noisy-seconds", default="40", help="how long tests/e2e/test_noisy_neighbour.py makes noise")
    parser.addoption("--noisy-sorts", default="", help="the sorts of hostile patterns in it, by comma (default: all)")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs the testbed: ``-m "not e2e"`` leaves it out. The workers of ``make test`` begin with its files.

    They take the longest and mostly wait: at the end, one of them would keep one worker while the others have nothing.
    """
    for item in items:
        if "testbed_state" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.e2e)
    if not config.getoption("loadscopereorder", default=True):
        each = Counter(item.path for item in items)
        real = Counter(item.path for item in items if item.get_closest_marker("e2e") is not None)
        items.sort(key=lambda item: (-real[item.path], -each[item.path]))


@pytest.fixture
def untraced() -> Iterator[None]:
    """Let a test measure the code, and not what traces it for coverage."""
    with tracing.off():
        yield


@pytest.fixture(scope="session")
def shown() -> Shown:
    """Give what the operators of this worker showed; each thing is told once."""
    return Shown()


@pytest.fixture(autouse=True)
def nothing_leaks(request: pytest.FixtureRequest, shown: Shown) -> Iterator[None]:
    """After every test with an operator: no secret that was planted is in what the operator shows.

    It is set up last, so that it looks before anything of the test is removed.
    """
    if not OPERATED & set(request.fixturenames):
        yield
        return
    others = [name for name in request.fixturenames if name not in ("request", "nothing_leaks")]
    given = [request.getfixturevalue(name) for name in others]
    yield
    operated = {id(each): each for each in given if isinstance(each, Testbed) and each.operated}
    where = [request.getfixturevalue("testbed_state"), *(each for each in given if isinstance(each, Path))]
    logs = {log for each in where for log in each.glob("**/logs/operator*.log")}
    assert_no_leak(shown.news(*operated.values(), logs=sorted(logs)))


@pytest.fixture(scope="session")
def testbed_state(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Give the worker its directory; its processes are ended, and its logs are kept when a test failed."""
    directory = RUNS / f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{os.getpid()}"
    with binaries.locked(STATE / "sweep.lock"):
        testbeds.sweep(RUNS)
        testbeds.own(directory)
    binaries.build()
    yield directory
    testbeds.stop(directory)
    if not request.session.testsfailed:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def cluster(testbed_state: Path) -> Testbed:
    """Give a control plane with two nodes, and no operator unless another test of this worker started it."""
    return Testbed.start(testbed_state)


@pytest.fixture(scope="session")
def registry_server(testbed_state: Path) -> Registry:
    """Give the worker's registry as it was left; tests ask for ``registry``."""
    return registries.start(testbed_state)


@pytest.fixture
def registry(registry_server: Registry) -> Iterator[Registry]:
    """Give a registry that runs, behaves and has been asked nothing; ``registry.repository()`` is a fresh one."""
    if not registry_server.process.alive:
        registry_server.restart()
    registry_server.behave()
    registry_server.forget_requests()
    yield registry_server
    if registry_server.process.alive:
        registry_server.behave()


@pytest.fixture
def repository(registry: Registry, request: pytest.FixtureRequest) -> Repository:
    """Give a repository that nobody used before, named after the test."""
    return registry.repository(_short(request.node.name))


@pytest.fixture(scope="session")
def operated(cluster: Testbed, registry_server: Registry) -> Testbed:
    """Give the cluster with a registry and an operator as they were left; tests ask for ``testbed``."""
    cluster.use(registry_server)
    cluster.start_operator()
    return cluster


@pytest.fixture
def testbed(operated: Testbed, registry: Registry) -> Testbed:
    """Give a cluster, a registry and an operator that run, whatever the test before did to them."""
    if not operated.controlplane.ready():
        operated.controlplane.stop_api_server()
        operated.controlplane.start_api_server()
    if not operated.operator.process.alive:
        operated.operator.restart()
    return operated


@pytest.fixture
def unoperated(cluster: Testbed) -> Testbed:
    """Give a cluster in which no operator writes: one that another test started ends, and ``testbed`` restarts it."""
    if cluster.operates:
        cluster.operator.stop()
    return cluster


@pytest.fixture(scope="session")
def kubectl(cluster: Testbed) -> Kubectl:
    """Give kubectl as the cluster's admin: ``kubectl("get", ...)``, ``kubectl.json("get", ...)``."""
    return cluster.kubectl


@pytest.fixture
def namespace(kubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[str]:
    """Give a namespace of the test's own; nobody waits for its end."""
    name = f"{_short(request.node.name)}-{uuid4().hex[:6]}"
    kubectl.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    if kubectl.client.get("namespace", name, namespace="") is not None:
        kubectl.client.delete("namespace", name, namespace="")


@pytest.fixture(scope="session")
def cosign(testbed_state: Path) -> Cosign:
    """Give the real cosign, with a home of its own."""
    return Cosign(testbed_state / "cosign")


@pytest.fixture(scope="session")
def key_pair(cosign: Cosign) -> KeyPair:
    """Give the key pair that tests sign with when any will do."""
    return cosign.key_pair()


def _short(name: str) -> str:
    """Make a DNS label (RFC 1123) of a test's name, short enough to read in a list."""
    words = re.sub(r"[^a-z0-9]+", "-", name.removeprefix("test_").lower())
    return words[:40].strip("-")
