"""Taking the operator out of a cluster, and putting it back: nothing hangs or is lost, and it says what it lacks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.program import Patternctl
from tests.e2e.scenario import Scenario, condition, config_map, eventually, push
from tests.testbed import operator
from tests.testbed.http import request
from tests.testbed.registry import Registry
from tests.testbed.testbed import Testbed

from pattern_operator.reconcile.backoff import JITTER, OF_OTHERS

pytestmark = pytest.mark.e2e

CRD = "designpatterns.pattern-operator.io"
TEAM = "team"
# Seconds until the operator tries again what it had no right for, at the most, and a machine that is busy then.
TRIED_AGAIN = OF_OTHERS.total_seconds() * (1 + JITTER) + 15.0


@pytest.fixture(scope="module")
def bare(testbed_state: Path, registry_server: Registry) -> Iterator[Testbed]:
    """A cluster of this file's own, because the tests take the operator out of it."""
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
    """An installation; what does not depend on which one is tried with one alone."""
    return Path("manifests") / str(request.param)


@pytest.fixture
def told(bare: Testbed, manifests: Path, registry: Registry, request: pytest.FixtureRequest) -> Iterator[Scenario]:
    """A pattern that runs, in a cluster with the operator of ``manifests``."""
    bare.start_operator(manifests=manifests)
    scenario = Scenario(
        bare.kubectl, TEAM, registry.repository(f"uninstall-{manifests.name}-{abs(hash(request.node.name))}")
    )
    digest = push(scenario.repository, "1.0.0", config_map("settings"), config_map("more"))
    scenario.want(apply={"serviceAccountName": "deployer"})
    scenario.until_runs(digest)
    yield scenario
    if bare.operates:
        bare.operator.stop()
    if bare.kubectl("get", "crd", CRD, "--ignore-not-found"):  # only where the test failed
        swept(bare, manifests)


def swept(testbed: Testbed, manifests: Path) -> None:
    """What a test that failed has left is taken away, without an operator: the next one tells of its own."""
    for each in testbed.kubectl.client.find("dp", namespace=TEAM):
        nobody: dict[str, object] = {"metadata": {"finalizers": None}}
        testbed.kubectl.client.patch("dp", each["metadata"]["name"], nobody, namespace=TEAM, manager="kubectl-patch")
    testbed.kubectl("delete", "crd", CRD)
    testbed.kubectl("-n", TEAM, "delete", "configmap", "-l", "pattern-operator.io/owner")
    testbed.kubectl("delete", "--ignore-not-found", "-k", manifests, seconds=90.0)


def ready(testbed: Testbed) -> tuple[int, str]:
    """What the probe for readiness says."""
    answer = request("GET", f"http://{testbed.operator.address}/readyz")
    return answer.status, answer.body.decode()


def without_pod(testbed: Testbed, *words: str | Path) -> str:
    """kubectl delete, with the operator ended as its pod is when the Deployment goes."""
    testbed.operator.stop()
    return testbed.kubectl("delete", "--ignore-not-found", *words, seconds=90.0)


@pytest.fixture
def patternctl(bare: Testbed, tmp_path: Path) -> Patternctl:
    """The program, for the cluster's admin."""
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(bare.kubectl.kubeconfig.path.read_text())
    return Patternctl(tmp_path)


def removed(testbed: Testbed) -> None:
    """All patterns with what they hold, the operator and the CRD."""
    testbed.kubectl("delete", "dp", "--all", "--all-namespaces")
    testbed.operator.stop()
    testbed.kubectl("delete", "crd", CRD)


def test_deleting_the_manifests_hangs_on_nothing_and_another_installation_goes_on(
    bare: Testbed, told: Scenario, manifests: Path
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
    bare: Testbed, told: Scenario, manifests: Path
) -> None:
    bindings = ["pattern-operator", "pattern-operator-applier"]
    bare.kubectl("delete", "clusterrolebinding", "--ignore-not-found", *bindings)
    told.change({"suspend": True})  # which is a status to be written
    eventually(lambda: ready(bare)[0] == 503)
    says = ready(bare)[1]
    operator.install(manifests, kubectl=bare.kubectl)
    eventually(lambda: ready(bare)[0] == 200, seconds=TRIED_AGAIN)

    assert "the operator itself may not patch designpatterns.pattern-operator.io/status (403)" in says
    told.change({"suspend": False})
    told.until(lambda status: condition(status, "Ready")["status"] == "True")
    removed(bare)


@pytest.mark.parametrize("manifests", ["restricted"], indirect=True)
def test_readyz_says_that_the_crd_is_gone_while_the_operator_works(bare: Testbed, told: Scenario) -> None:
    bare.kubectl("delete", "crd", CRD)  # which deletes every pattern, and the operator what they hold
    eventually(lambda: ready(bare)[0] == 503)
    eventually(lambda: "kubectl apply --server-side -k crds" in ready(bare)[1])

    assert told.names() == []
    log = bare.operator.process.log.read_text()
    assert "Traceback" not in log, log[-4000:]
    bare.operator.stop()


# --- patternctl uninstall -------------------------------------------------------------------------------------------


def test_uninstall_shows_what_it_would_do_and_does_it_when_told(
    bare: Testbed, told: Scenario, manifests: Path, patternctl: Patternctl
) -> None:
    told.kubectl("-n", TEAM, "annotate", "configmap", "more", "helm.sh/resource-policy=keep")
    shown = patternctl("uninstall")
    facts = patternctl("uninstall", "-o", "json").json
    before = told.names()

    done = patternctl("uninstall", "--yes", "-o", "json")
    bare.operator.stop()

    assert (shown.code, before) == (0, ["more", "settings"])
    assert "1. 1 pattern, with its objects, except those that are LEFT in the cluster:" in shown.out
    assert ["team", "web", "2", "1"] in [line.split() for line in shown.out.splitlines()]
    assert "Nothing was changed." in shown.out
    assert facts["operator"]["works"]
    (pattern,) = facts["patterns"]
    assert pattern == {"namespace": TEAM, "name": "web", "objects": 2, "left": 1, "deletionPolicy": "Delete"}
    assert done.code == 0, done.err
    assert (done.json["done"], done.json["remaining"]) == (True, [])
    assert "1 of 1 patterns left" in done.err
    assert told.names() == []  # which carry our label
    assert told.there("configmap", "more")  # which was asked to stay
    told.remove("configmap", "more")
    label = ("-l", "app.kubernetes.io/name=pattern-operator", "-o", "name")
    assert bare.kubectl("get", "clusterroles,clusterrolebindings,crd", *label) == ""
    assert bare.kubectl("get", "crd", CRD, "--ignore-not-found") == ""
    bare.kubectl("wait", "--for=delete", "namespace/pattern-operator-system", "--timeout=60s", seconds=70.0)

    bare.start_operator(manifests=manifests)  # and it can be installed again
    digest = push(told.repository, "2.0.0", config_map("settings"))
    told.want(ref={"tag": "2.0.0"}, apply={"serviceAccountName": "deployer"})
    told.until_runs(digest)
    removed(bare)


@pytest.mark.parametrize("manifests", ["restricted"], indirect=True)
def test_where_a_pattern_cannot_go_nothing_of_the_operator_is_taken_away(
    bare: Testbed, told: Scenario, patternctl: Patternctl
) -> None:
    bare.kubectl("-n", TEAM, "delete", "rolebinding", "deployer")

    done = patternctl("uninstall", "--yes", "--timeout", "5")
    there = bare.kubectl("get", "clusterrole", "pattern-operator", "-o", "name")
    kept = patternctl("uninstall", "--yes", "--keep-objects")

    rights = ("--clusterrole=cluster-admin", f"--serviceaccount={TEAM}:deployer")
    bare.kubectl("-n", TEAM, "create", "rolebinding", "deployer", *rights)
    assert done.code == 4
    assert "after 5 s these patterns are left, so nothing of the operator was removed" in done.err
    assert f"{TEAM}/web: " in done.err
    assert f"ServiceAccount {TEAM}/deployer" in done.err
    assert there == "clusterrole.rbac.authorization.k8s.io/pattern-operator\n"
    assert kept.code == 0, kept.err
    assert told.names() == ["more", "settings"]
    bare.operator.stop()
    bare.kubectl("-n", TEAM, "delete", "configmap", "more", "settings")


@pytest.mark.parametrize("manifests", ["default"], indirect=True)
def test_a_deletion_that_hangs_since_the_operator_went_first_ends_when_it_comes_back(
    bare: Testbed, told: Scenario, manifests: Path, patternctl: Patternctl
) -> None:
    bare.operator.kill()  # as by kubectl delete -k of a release that had the CRD in it
    bare.kubectl("delete", "--ignore-not-found", "-k", manifests, seconds=90.0)
    bare.kubectl("delete", "crd", CRD, "--wait=false")
    bare.kubectl("wait", "--for=delete", "namespace/pattern-operator-system", "--timeout=60s", seconds=70.0)
    refused = patternctl("uninstall", "--yes")

    bare.start_operator(manifests=manifests)
    told.kubectl("wait", "--for=delete", f"crd/{CRD}", "--timeout=60s", seconds=70.0)

    assert refused.code == 1
    assert "no operator runs here, and 1 pattern waits for one to delete its objects" in refused.err
    assert "--keep-objects" in refused.err
    assert told.names() == []
    bare.operator.stop()


@pytest.mark.parametrize("manifests", ["restricted"], indirect=True)
def test_without_an_operator_patterns_are_let_go_of_and_what_they_hold_stays(
    bare: Testbed, told: Scenario, patternctl: Patternctl
) -> None:
    bare.operator.stop()
    bare.kubectl("delete", "crd", CRD, "--wait=false")

    shown = patternctl("uninstall")
    done = patternctl("uninstall", "--yes", "--keep-objects")

    assert "The deletion of the CRD has begun already" in shown.out
    assert done.code == 0, done.err
    assert bare.kubectl("get", "crd", CRD, "--ignore-not-found") == ""
    assert told.names() == ["more", "settings"]
    bare.kubectl("-n", TEAM, "delete", "configmap", "more", "settings")


def test_where_nothing_is_installed_uninstall_says_so(bare: Testbed, patternctl: Patternctl) -> None:
    shown = patternctl("uninstall")
    done = patternctl("uninstall", "--yes")

    assert "1. patterns: none is here" in shown.out
    assert "2. the operator and its rights: none is here" in shown.out
    assert f"3. the CRD {CRD}, which is not here" in shown.out
    assert (shown.code, done.code) == (0, 0)
    assert done.out == "nothing was removed: neither patterns nor the operator nor the CRD is here\n"
