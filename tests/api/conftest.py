"""An API server with the CRD and without an operator: what it says is what users are told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.scenario import eventually
from tests.kube.apiserver import ApiServer
from tests.testbed import operator
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.kubectl import Kubectl
from tests.testbed.paths import ROOT

from pattern_operator.api.names import GROUP, PLURAL


@pytest.fixture(scope="module")
def kubectl(testbed_state: Path, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """kubectl at an API server that knows DesignPatterns, and ends with the tests of the file."""
    directory = testbed_state / f"api-{request.path.stem}"
    directory.mkdir()
    server = ApiServer.start(directory)
    try:
        path, ca = directory / "admin.kubeconfig", server.authority.ca
        admin = Kubeconfig(path, server.url, ca, server.token, "admin").write()
        kubectl = Kubectl(admin, directory / "kubectl")
        operator.install(ROOT / "crds", kubectl=kubectl)
        # Discovery names a kind a moment after it is served; kubectl explains only what is named there.
        eventually(lambda: f"{PLURAL}.{GROUP}" in kubectl("api-resources", "--api-group", GROUP, "--output=name"))
        yield kubectl
    finally:
        server.stop()
