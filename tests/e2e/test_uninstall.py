"""Taking the operator out of a cluster, and putting it back: nothing hangs or is lost, and it says what it lacks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.story import Story, condition, config_map, eventually, push
from tests.testbed import operator
from tests.testbed.http import request
from tests.testbed.registry import Registry
from tests.testbed.testbed import Testbed

pytestmark = pytest.mark.e2e

CRD = "designpatterns.pattern-operator.io"
TEAM = "team"


@pytest.fixture(scope="module")
def bare(testbed_state: Path, registry_server: Registry) -> Iterator[Testbed]:
    """A cluster of this file's own, for the tests take the operator out of it."""
    cluster = Testbed.start(testbed_state / "uninstall")
    cluster.use(registry_server)
    cluster.kubectl("create", "namespace", TEAM)
    cluster.kubectl("-n", TEAM, "create", "serviceaccount", "deployer")
    rights = ("--clusterrole=cluster-admin", f"--serviceaccount={TEAM}:deployer")
    cluster.kubectl("-n", TEAM, "create", "rolebinding", "deployer", *rights)
    yield cluster
    cluster.stop()


@pytest.fixture(params=["default", "restricted"])
def manifests(request: pytest.FixtureRequest) -> Path:
    """An installation."""
    return Path("manifests") / str(request.param)


@pytest.fixture
def told(bare: Testbed, manifests: Path, registry: Registry, request: pytest.FixtureRequest) -> Iterator[Story]:
    """A pattern that runs, in a cluster with the operator of ``manifests``."""
    bare.start_operator(manifests=manifests)
    story = Story(bare.kubectl, TEAM, registry.repository(f"uninstall-{manifests.name}-{abs(hash(request.node.name))}"))
    digest = push(story.repository, "1.0.0", config_map("settings"), config_map("more"))
    story.want(apply={"serviceAccountName": "deployer"})
    story.until_runs(digest)
    yield story
    if bare.operates:
        bare.operator.stop()


def ready(testbed: Testbed) -> tuple[int, str]:
    """What the probe for readiness says."""
    answer = request("GET", f"http://{testbed.operator.address}/readyz")
    return answer.status, answer.body.decode()


def without_pod(testbed: Testbed, *words: str | Path) -> str:
    """kubectl delete, with the operator ended as its pod is when the Deployment goes."""
    testbed.operator.stop()
    return testbed.kubectl("delete", "--ignore-not-found", *words, seconds=90.0)


def removed(testbed: Testbed) -> None:
    """All patterns with what they hold, the operator and the CRD."""
    testbed.kubectl("delete", "dp", "--all", "--all-namespaces")
    testbed.operator.stop()
    testbed.kubectl("delete", "crd", CRD)


def test_deleting_the_manifests_hangs_on_nothing_and_another_installation_goes_on(
    bare: Testbed, told: Story, manifests: Path
) -> None:
    said = without_pod(bare, "-k", manifests)
    left = told.names()
    bare.start_operator(manifests=manifests)
    told.remove("configmap", "settings")
    told.until_object("configmap", "settings", lambda body: body is not None)

    assert "customresourcedefinition" not in said
    assert left == ["more", "settings"]
    removed(bare)
    assert told.names() == []


def test_readyz_says_which_right_the_operator_lacks_and_that_it_has_it_again(
    bare: Testbed, told: Story, manifests: Path
) -> None:
    bindings = ["pattern-operator", "pattern-operator-applier"]
    bare.kubectl("delete", "clusterrolebinding", "--ignore-not-found", *bindings)
    told.change({"suspend": True})  # which is a status to be written
    eventually(lambda: ready(bare)[0] == 503)
    says = ready(bare)[1]
    operator.install(manifests, kubectl=bare.kubectl)
    eventually(lambda: ready(bare)[0] == 200)

    assert "the operator itself may not patch designpatterns.pattern-operator.io/status (403)" in says
    told.change({"suspend": False})
    told.until(lambda status: condition(status, "Ready")["status"] == "True")
    removed(bare)


def test_readyz_says_that_the_crd_is_gone_while_the_operator_works(bare: Testbed, told: Story) -> None:
    bare.kubectl("delete", "crd", CRD)  # which deletes every pattern, and the operator what they hold
    eventually(lambda: ready(bare)[0] == 503)
    eventually(lambda: "kubectl apply -k crds" in ready(bare)[1])

    assert told.names() == []
    log = bare.operator.process.log.read_text()
    assert "Traceback" not in log, log[-4000:]
    bare.operator.stop()
