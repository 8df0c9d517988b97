"""patternctl; registries that it may not use without saying who it is; an API server that no operator works on."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.cli.program import Patternctl
from tests.kube.apiserver import ApiServer
from tests.planted import Shape, value
from tests.testbed import operator
from tests.testbed import registry as registries
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.kubectl import Kubectl
from tests.testbed.paths import ROOT
from tests.testbed.registry import Options, Registry
from tests.testbed.repository import Account

ALICE = Account("alice", value(Shape.DOCKER_AUTH))
DIGEST = f"sha256:{'0a1b2c3d4e5f' * 5}6789"
RUNS = {
    "observedGeneration": 1,
    "status": "Ready",
    "version": "1.4.2",
    "revision": f"1.4.2@{DIGEST}",
    "digest": DIGEST,
    "shortDigest": DIGEST[7:19],
    "verifiedBy": [
        {"authority": "release", "format": "bundle", "where": "referrer sha256:0a"},
        {"authority": "audit", "format": "cosign", "where": "sha256-0a.sig layer 1"},
    ],
    "inventory": {"count": 3, "entries": []},
}


def ready(status, reason, message):
    moment = "2026-01-01T00:00:00Z"
    condition = {"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": moment}
    return {"conditions": [condition]}


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


@pytest.fixture(scope="module")
def kubectl(testbed_state: Path, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """kubectl at an API server that knows no DesignPatterns yet, and where nobody else changes them."""
    directory = testbed_state / f"cli-{request.path.stem}"
    directory.mkdir()
    server = ApiServer.start(directory)
    admin = Kubeconfig(directory / "admin.kubeconfig", server.url, server.authority.ca, server.token, "admin").write()
    yield Kubectl(admin, directory / "kubectl")
    server.stop()


@pytest.fixture(scope="module")
def known(kubectl):
    """kubectl, at the API server that knows DesignPatterns from now on."""
    operator.install(ROOT / "crds", kubectl=kubectl)
    return kubectl


@pytest.fixture
def namespace(known):
    name = f"get-{uuid4().hex[:8]}"
    known("create", "namespace", name)
    return name


@pytest.fixture
def pattern(known, namespace):
    """Make a DesignPattern, with a status where one is given."""

    def make(name, *statuses, **spec):
        source = {"url": "oci://registry.example/patterns/web", "ref": {"tag": "1.4.2"}}
        body: dict[str, Any] = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "DesignPattern"}
        body |= {"metadata": {"name": name, "namespace": namespace}, "spec": {"source": source, **spec}}
        known("create", "-f", "-", stdin=json.dumps(body))
        for status in statuses:
            patch = json.dumps({"status": status})
            known("patch", "dp", name, "-n", namespace, "--type=merge", "--subresource=status", "-p", patch)
        return name

    return make
