"""patternctl; registries that it may not use without saying who it is; an API server that no operator works on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tests.cli.program import Patternctl
from tests.kube.apiserver import ApiServer
from tests.planted import Shape, value
from tests.testbed import registry as registries
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.kubectl import Kubectl
from tests.testbed.registry import Options, Registry
from tests.testbed.repository import Account

ALICE = Account("alice", value(Shape.DOCKER_AUTH))


@pytest.fixture
def patternctl(tmp_path: Path) -> Patternctl:
    """The program, for a user who has neither a kubeconfig nor a docker config."""
    home = tmp_path / "home"
    home.mkdir()
    return Patternctl(home)


@pytest.fixture
def start_registry(testbed_state: Path) -> Iterator[Callable[[Options], Registry]]:
    """Start a registry of the test's own."""
    started: list[Registry] = []

    def start(options: Options) -> Registry:
        started.append(registries.start(testbed_state, name=f"registry-{uuid4().hex[:8]}", options=options))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def guarded(start_registry: Callable[[Options], Registry]) -> Registry:
    """A registry that only ALICE may use."""
    return start_registry(Options(auth="basic", account=ALICE))


@pytest.fixture(scope="session")
def kubectl(testbed_state: Path) -> Iterator[Kubectl]:
    """kubectl at an API server that knows no DesignPatterns yet, and where nobody else changes them."""
    directory = testbed_state / "cli"
    directory.mkdir()
    server = ApiServer.start(directory)
    admin = Kubeconfig(directory / "admin.kubeconfig", server.url, server.authority.ca, server.token, "admin").write()
    yield Kubectl(admin, directory / "kubectl")
    server.stop()
