"""The process itself: how it starts, stands by, is restricted, and reaches the API server."""

import json
import subprocess
import sys
from pathlib import Path

from tests.e2e.scenario import Scenario, config_map, push
from tests.testbed import operator, process
from tests.testbed.http import answers, request
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.kubectl import BINARY
from tests.testbed.once_served import once_served
from tests.testbed.testbed import Testbed


def test_an_operator_without_its_crd_says_so_and_begins_when_it_comes(restricted_cluster: Testbed) -> None:
    restricted, kubectl = restricted_cluster, restricted_cluster.kubectl
    if restricted.operates:  # the tests before left patterns, and those would hold the CRD
        kubectl("delete", "designpatterns", "--all", "--all-namespaces")
        restricted.operator.stop()
    operator.install(operator.RESTRICTED, kubectl=kubectl)
    kubectl("delete", "crd", "designpatterns.pattern-operator.io")
    account = operator.account(restricted.directory, kubectl=kubectl)
    address = f"127.0.0.1:{process.free_port()}"
    command: list[str | Path] = [
        operator.PROGRAM,
        "run",
        "--kubeconfig",
        account.path,
        "--cache-dir",
        restricted.directory / "cache",
    ]
    started = process.start("operator", [*command, "--metrics-bind", address], directory=restricted.directory)

    started.wait_until(lambda: "kubectl apply --server-side -k crds" in started.log.read_text(), seconds=60)
    says = request("GET", f"http://{address}/readyz")
    operator.install(operator.RESTRICTED, kubectl=kubectl)
    started.wait_until(lambda: answers(f"http://{address}/readyz"), seconds=60)

    assert says.status == 503
    assert b"kubectl apply --server-side -k crds" in says.body
    started.stop()


def test_a_restricted_operator_applies_in_the_name_of_tenants_only(tenants: Testbed) -> None:
    kubectl, repository = tenants.kubectl, tenants.registry.repository("tenants")
    kubectl("create", "namespace", "tenant")
    digest = push(repository, "1.0.0", config_map("settings"))
    scenario = Scenario(kubectl, "tenant", repository)

    scenario.want()
    refused = scenario.until_says("Applied", "ServiceAccountRequired")
    kubectl("-n", "tenant", "create", "serviceaccount", "deployer")
    kubectl(
        "-n", "tenant", "create", "rolebinding", "deployer", "--clusterrole=edit", "--serviceaccount=tenant:deployer"
    )
    scenario.change({"apply": {"serviceAccountName": "deployer"}})
    scenario.until_runs(digest)

    assert "set spec.apply.serviceAccountName to a ServiceAccount of namespace tenant" in refused["message"]
    assert "pattern-operator-system" not in refused["message"]
    managers = kubectl.json("-n", "tenant", "get", "configmap", "settings", "--show-managed-fields")["metadata"]
    assert [each["manager"] for each in managers["managedFields"]] == ["pattern-operator"]
    scenario.delete()
    scenario.until_gone()
    assert scenario.names() == []


def test_a_second_operator_stands_by_and_leads_when_the_first_one_ends(
    testbed: Testbed, scenario: Scenario, tmp_path: Path
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    second = operator.start(tmp_path, kubeconfig=testbed.operator.kubeconfig)
    stands_by = request("GET", f"http://{second.address}/readyz")

    testbed.operator.stop()
    scenario.want()
    scenario.until_runs(digest)
    second.stop()
    testbed.operator.restart()

    assert stands_by.status == 200
    assert stands_by.body.startswith(b"stands by: ")
    assert stands_by.body.endswith(b" holds the Lease\n")
    assert "leads: lease=pattern-operator-system/pattern-operator" in second.process.log.read_text()


def test_an_operator_works_through_a_plain_http_proxy(testbed: Testbed, scenario: Scenario, tmp_path: Path) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    testbed.operator.stop()
    account = testbed.operator.kubeconfig
    port = process.free_port()
    command: list[str | Path] = [BINARY, "--kubeconfig", account.path, "proxy", f"--port={port}"]
    proxy = process.start("proxy", command, directory=tmp_path)
    proxy.wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), seconds=60)
    plain = Kubeconfig(tmp_path / "plain", f"http://127.0.0.1:{port}", account.ca, account.token, "plain").write()

    through = operator.start(tmp_path, kubeconfig=plain)
    scenario.want()
    scenario.until_runs(digest)
    through.stop()
    proxy.stop()
    testbed.operator.restart()

    assert scenario.names() == ["settings"]


NAMELESS = """
import getpass, sys
def getuser(): raise OSError("No username set in the environment")
getpass.getuser = getuser
from pattern_operator.__main__ import main
sys.exit(main())
"""


def test_an_operator_that_cannot_reach_the_api_server_is_not_ready(testbed: Testbed, tmp_path: Path) -> None:
    account = testbed.operator.kubeconfig
    nowhere = f"https://127.0.0.1:{process.free_port()}"
    lost = Kubeconfig(tmp_path / "lost", nowhere, account.ca, account.token, "lost").write()
    address = f"127.0.0.1:{process.free_port()}"
    command: list[str | Path] = [operator.PROGRAM, "run", "--kubeconfig", lost.path, "--cache-dir", tmp_path / "cache"]
    started = process.start("operator", [*command, "--metrics-bind", address], directory=tmp_path)

    started.wait_until(lambda: "cannot be reached" in started.log.read_text(), seconds=60)
    says = request("GET", f"http://{address}/readyz")
    started.stop()

    assert says.status == 503
    assert b"cannot watch the Lease pattern-operator-system/pattern-operator, and so not lead" in says.body


def test_an_operator_that_cannot_listen_says_what_to_choose(testbed: Testbed, tmp_path: Path) -> None:
    command: list[str | Path] = [operator.PROGRAM, "run", "--kubeconfig", testbed.operator.kubeconfig.path]
    command += ["--cache-dir", tmp_path / "cache", "--metrics-bind", testbed.operator.address]

    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 1
    assert f"cannot listen: address={testbed.operator.address}" in done.stderr
    assert "choose another --metrics-bind" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_operator_whose_user_has_no_name_works(testbed: Testbed, scenario: Scenario, tmp_path: Path) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    testbed.operator.stop()
    command: list[str | Path] = [sys.executable, "-c", NAMELESS]
    command += ["run", "--kubeconfig", testbed.operator.kubeconfig.path]
    command += ["--cache-dir", tmp_path / "cache", "--metrics-bind", "127.0.0.1:0"]
    nameless = process.start("operator", command, directory=tmp_path)

    scenario.want()
    scenario.until_runs(digest)
    nameless.stop()
    testbed.operator.restart()

    assert "ended by an error" not in nameless.log.read_text()


def test_a_resource_that_only_an_older_crd_admitted_ends_nothing(testbed: Testbed, scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    kubectl, name = scenario.kubectl, "crd/designpatterns.pattern-operator.io"
    loose = [
        {"op": "replace", "path": SCHEMA, "value": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    ]
    strict = kubectl.json("get", name)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    kubectl("patch", name, "--type=json", "-p", json.dumps(loose))
    try:
        odd = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "DesignPattern", "spec": {"source": 7}}
        odd["metadata"] = {"name": "odd", "namespace": scenario.namespace}
        once_served(lambda: kubectl.apply(odd))
    finally:
        kubectl("patch", name, "--type=json", "-p", json.dumps([{"op": "replace", "path": SCHEMA, "value": strict}]))

    scenario.want()
    scenario.until_runs(digest)

    assert (
        f"skipped, because the CRD would refuse it: pattern={scenario.namespace}/odd"
        in testbed.operator.process.log.read_text()
    )


SCHEMA = "/spec/versions/0/schema/openAPIV3Schema"
