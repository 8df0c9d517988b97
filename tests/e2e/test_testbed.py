"""The testbed itself: what the other tests lean on is real, and misbehaves when it is told to."""

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.planted import Shape, value
from tests.testbed import audit, operator, process
from tests.testbed import registry as registries
from tests.testbed import testbed as testbeds
from tests.testbed.authority import Authority
from tests.testbed.cosign import Cosign, KeyPair
from tests.testbed.http import request
from tests.testbed.kubeconfig import Kubeconfig
from tests.testbed.kubectl import Kubectl, KubectlFailed
from tests.testbed.paths import ROOT
from tests.testbed.registry import Options, Registry
from tests.testbed.repository import Account, RegistryRefused, Repository
from tests.testbed.testbed import Testbed

LAYER = ("application/vnd.example.layer", b"kind: ConfigMap\n" * 100)
ALICE = Account("alice", value(Shape.DOCKER_AUTH))


def test_the_control_plane_says_its_version(kubectl: Kubectl) -> None:
    version = kubectl.json("version")

    assert version["serverVersion"]["gitVersion"] == "v1.37.2"


def test_nodes_are_kept_alive_by_their_leases(kubectl: Kubectl) -> None:
    kubectl("wait", "--for=create", "lease/node-1", "--namespace=kube-node-lease", "--timeout=30s")

    lease = kubectl.json("get", "lease", "node-1", "--namespace=kube-node-lease")

    assert lease["spec"]["leaseDurationSeconds"] == 40
    kubectl("wait", "--for=jsonpath={.spec.renewTime}", "lease/node-1", "--namespace=kube-node-lease", "--timeout=30s")


def test_a_deployment_becomes_available(kubectl: Kubectl, namespace: str) -> None:
    kubectl("create", "deployment", "web", "--image=example/web", "--replicas=3", "--namespace", namespace)

    kubectl("wait", "--for=condition=Available", "deployment/web", "--namespace", namespace, "--timeout=30s")

    assert kubectl.json("get", "deployment", "web", "--namespace", namespace)["status"]["readyReplicas"] == 3


def test_a_pod_with_the_label_of_chaos_fails(kubectl: Kubectl, namespace: str) -> None:
    labels = {"pod-container-running-failed.stage.kwok.x-k8s.io": "true"}
    spec = {"containers": [{"name": "app", "image": "example/app"}], "restartPolicy": "Never"}
    metadata = {"name": "doomed", "namespace": namespace, "labels": labels}
    kubectl.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/doomed", "--namespace", namespace, "--timeout=30s")


def test_what_kubectl_refuses_is_raised_with_its_words(kubectl: Kubectl) -> None:
    with pytest.raises(KubectlFailed, match='"nobody" not found'):
        kubectl("get", "deployment", "nobody")


@pytest.fixture
def reinstalled(kubectl: Kubectl) -> Iterator[None]:
    """Leave the cluster with the rights of the default installation, as it was: other tests use it, too."""
    yield
    operator.install(operator.DEFAULT, kubectl=kubectl)


@pytest.mark.usefixtures("reinstalled")
@pytest.mark.parametrize("installation", ["default", "restricted"])
def test_every_manifest_of_an_installation_is_accepted(kubectl: Kubectl, installation: str) -> None:
    operator.install(ROOT / "manifests" / installation, kubectl=kubectl)  # the namespace must be there for a dry run

    said = kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", f"manifests/{installation}")

    assert "deployment.apps/pattern-operator serverside-applied (server dry run)" in said


def test_an_operator_is_started_with_the_flags_of_its_installation(kubectl: Kubectl) -> None:
    assert operator.flags_of(operator.DEFAULT, kubectl=kubectl) == ("--unsigned=Allow",)
    assert operator.flags_of(operator.RESTRICTED, kubectl=kubectl) == (
        "--require-service-account",
        "--no-cross-namespace",
        "--unsigned=Deny",
    )
    assert operator.admitting_unsigned(operator.DEFAULT, kubectl=kubectl) == ()


@pytest.mark.parametrize(("installation", "unsigned"), [("default", "Allow"), ("restricted", "Deny")])
def test_what_nobody_signed_is_admitted_by_default_and_not_where_tenants_are(
    kubectl: Kubectl, installation: str, unsigned: str
) -> None:
    objects = yaml.safe_load_all(kubectl("kustomize", ROOT / "manifests" / installation))
    (deployment,) = (each for each in objects if each["kind"] == "Deployment")

    assert f"--unsigned={unsigned}" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize(("installation", "added"), [("default", False), ("restricted", True)])
def test_who_may_edit_a_namespace_may_write_designpatterns_only_where_accounts_are_required(
    kubectl: Kubectl, installation: str, added: bool
) -> None:
    objects = yaml.safe_load_all(kubectl("kustomize", ROOT / "manifests" / installation))
    roles = [each for each in objects if each["kind"] == "ClusterRole"]
    to_edit = [each for each in roles if "rbac.authorization.k8s.io/aggregate-to-edit" in each["metadata"]["labels"]]
    verbs = {verb for role in to_edit for rule in role["rules"] for verb in rule["verbs"]}

    assert verbs > {"get", "list", "watch"} if added else verbs == {"get", "list", "watch"}


@pytest.fixture
def restricted(kubectl: Kubectl, namespace: str, tmp_path: Path) -> Iterator[Kubectl]:
    """kubectl as the operator of manifests/restricted, in a namespace where no other installation reaches it."""
    (tmp_path / "objects.yaml").write_text(kubectl("kustomize", operator.RESTRICTED))
    overlay = {"namespace": namespace, "nameSuffix": f"-{namespace}", "resources": ["objects.yaml"]}
    (tmp_path / "kustomization.yaml").write_text(json.dumps(overlay))
    operator.install(tmp_path, kubectl=kubectl)
    token = kubectl("create", "token", f"pattern-operator-{namespace}", "--namespace", namespace).strip()
    admin = kubectl.kubeconfig
    yield Kubectl(Kubeconfig(tmp_path / "kubeconfig", admin.server, admin.ca, token, "restricted").write(), tmp_path)
    for kind in ("clusterroles", "clusterrolebindings"):  # some are added to edit, for every namespace
        found = kubectl("get", kind, "-o", "name", "-l", "app.kubernetes.io/part-of=pattern-operator").split()
        kubectl("delete", *(name for name in found if name.endswith(f"-{namespace}")))


def test_the_restricted_operator_reads_and_cannot_write(restricted: Kubectl, namespace: str) -> None:
    assert restricted.json("get", "deployments", "--all-namespaces")["kind"] == "List"

    with pytest.raises(KubectlFailed, match="forbidden"):
        restricted("create", "configmap", "forbidden", "--namespace", namespace)


def test_the_restricted_operator_writes_as_a_tenant_what_the_tenant_may(
    restricted: Kubectl, kubectl: Kubectl, namespace: str
) -> None:
    kubectl("create", "serviceaccount", "tenant", "--namespace", namespace)
    tenant = f"--as=system:serviceaccount:{namespace}:tenant"
    with pytest.raises(KubectlFailed, match="forbidden"):
        restricted("create", "configmap", "granted", "--namespace", namespace, tenant)

    kubectl(
        "create", "rolebinding", "tenant", "--clusterrole=edit", f"--serviceaccount={namespace}:tenant", "-n", namespace
    )
    restricted("create", "configmap", "granted", "--namespace", namespace, tenant)

    assert kubectl("get", "configmap", "granted", "--namespace", namespace, "-o", "name") == "configmap/granted\n"
    with pytest.raises(KubectlFailed, match="forbidden"):
        restricted("create", "configmap", "elsewhere", "--namespace", "default", tenant)


def test_what_is_pushed_is_pulled(repository: Repository) -> None:
    digest = repository.push("1.0.0", [LAYER], artifact_type="application/vnd.example", annotations={"a": "b"})

    pulled = repository.manifest("1.0.0")

    assert pulled.headers["Docker-Content-Digest"] == digest
    assert repository.blob(json.loads(pulled.body)["layers"][0]["digest"]) == LAYER[1]
    assert repository.tags() == ["1.0.0"]


def test_what_was_pushed_survives_a_restart_of_the_registry(registry: Registry, repository: Repository) -> None:
    digest = repository.push("1.0.0", [LAYER])

    registry.stop()
    with pytest.raises(OSError, match="refused"):
        repository.manifest("1.0.0")
    registry.restart()

    assert repository.manifest("1.0.0").headers["Docker-Content-Digest"] == digest


def test_a_referrer_is_listed_with_the_type_that_its_manifest_says(repository: Repository) -> None:
    subject = repository.push("1.0.0", [LAYER])

    referrer = repository.push(None, [LAYER], artifact_type="application/vnd.example.signature", subject=subject)

    assert [(each["digest"], each["artifactType"]) for each in repository.referrers(subject)] == [
        (referrer, "application/vnd.example.signature")
    ]


def test_a_long_list_of_tags_comes_in_pages(registry: Registry, repository: Repository) -> None:
    for tag in ("1.0.0", "1.0.1", "1.0.2"):
        repository.push(tag, [LAYER])

    first = request("GET", f"{registry.url}/v2/{repository.name}/tags/list?n=2")
    path = first.headers["Link"].partition("<")[2].partition(">")[0]
    second = request("GET", registry.url + path)

    assert json.loads(first.body)["tags"] == ["1.0.0", "1.0.1"]
    assert json.loads(second.body)["tags"] == ["1.0.2"]
    assert "Link" not in second.headers


def flipped(pulled: bytes, pushed: bytes) -> bool:
    return len(pulled) == len(pushed) and sum(a != b for a, b in zip(pulled, pushed, strict=True)) == 1


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        pytest.param({"tamper": "flip"}, lambda got: flipped(got.body, LAYER[1]), id="tampered"),
        pytest.param({"body": "{}"}, lambda got: got.body == b"{}", id="replaced"),
        pytest.param(
            {"status": 429, "headers": {"Retry-After": "7"}},
            lambda got: (got.status, got.headers["Retry-After"]) == (429, "7"),
            id="throttled",
        ),
        pytest.param({"status": 503}, lambda got: got.status == 503, id="unavailable"),
    ],
)
def test_a_fault_is_seen_until_it_is_cleared(
    registry: Registry, repository: Repository, rule: dict[str, Any], seen: Callable[[Any], bool]
) -> None:
    blob = repository.push_blob(*LAYER)
    url = f"{registry.url}/v2/{repository.name}/blobs/{blob['digest']}"

    with registry.faulty({"path": "/blobs/", "method": "GET", **rule}):
        during = request("GET", url)
    after = request("GET", url)

    assert seen(during)
    assert after.body == LAYER[1]


def test_a_truncated_answer_breaks_the_connection(registry: Registry, repository: Repository) -> None:
    blob = repository.push_blob(*LAYER)

    with registry.faulty({"path": "/blobs/", "truncate": 10}), pytest.raises(Exception, match="IncompleteRead"):
        repository.blob(blob["digest"])


def test_a_registry_can_be_slow_for_one_request(registry: Registry, repository: Repository) -> None:
    repository.push("1.0.0", [LAYER])
    registry.misbehave({"path": "/manifests/", "delayMs": 3000, "times": 1})

    began = time.monotonic()
    repository.manifest("1.0.0")
    slow = time.monotonic() - began
    repository.manifest("1.0.0")

    assert slow >= 3.0
    assert time.monotonic() - began < slow + 3.0


def test_a_misspelt_fault_is_refused(registry: Registry) -> None:
    with pytest.raises(ValueError, match="stauts"):
        registry.misbehave({"path": "/", "stauts": 500})


def test_requests_are_counted_by_method_and_kind(registry: Registry, repository: Repository) -> None:
    repository.push("1.0.0", [LAYER])
    registry.forget_requests()

    repository.manifest("1.0.0")
    repository.tags()

    assert registry.requests() == {"GET manifests": 1, "GET tags": 1}


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_a_registry_with_an_account_serves_nobody_else(testbed_state: Path, auth: Any) -> None:
    registry = registries.start(testbed_state, name=f"registry-{auth}", options=Options(auth=auth, account=ALICE))
    known = registry.repository()
    stranger = Repository(known.registry, known.name, known.base)
    thief = Repository(known.registry, known.name, known.base, Account("alice", "guess"))
    known.push("1.0.0", [LAYER])

    assert known.tags() == ["1.0.0"]
    for other in (stranger, thief):
        with pytest.raises((RegistryRefused, KeyError)):
            other.tags()
    registry.stop()


def test_a_bearer_token_opens_only_the_repository_it_was_asked_for(testbed_state: Path) -> None:
    registry = registries.start(testbed_state, name="registry-scoped", options=Options(auth="bearer", account=ALICE))
    mine, other = registry.repository(), registry.repository()
    mine.push("1.0.0", [LAYER])
    realm = f"{registry.url}/token?service=testbed&scope=repository:{other.name}:pull"
    token = json.loads(request("GET", realm, headers={"Authorization": ALICE.basic}).body)["token"]

    answer = request("GET", f"{registry.url}/v2/{mine.name}/tags/list", headers={"Authorization": f"Bearer {token}"})

    assert answer.status == 401
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    registry.stop()


def test_a_registry_serves_tls_with_a_certificate_of_its_own_authority(testbed_state: Path, tmp_path: Path) -> None:
    authority = Authority.create(tmp_path)
    options = Options(tls=authority.serving("registry"), ca=authority.ca)
    registry = registries.start(testbed_state, name="registry-tls", options=options)

    digest = registry.repository().push("1.0.0", [LAYER])

    assert digest.startswith("sha256:")
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        request("GET", f"{registry.url}/v2/")
    registry.stop()


def test_two_key_pairs_of_one_name_are_two(cosign: Cosign) -> None:
    assert cosign.key_pair("twin").pem != cosign.key_pair("twin").pem


def test_cosign_signs_as_a_referrer_and_as_a_classic_tag(
    cosign: Cosign, key_pair: KeyPair, repository: Repository
) -> None:
    digest = repository.push("1.0.0", [LAYER])

    cosign.sign_bundle(repository.at(digest), key=key_pair)
    cosign.sign_classic(repository.at(digest), key=key_pair)

    assert [each["artifactType"] for each in repository.referrers(digest)] == [
        "application/vnd.dev.sigstore.bundle.v0.3+json"
    ]
    assert f"{digest.replace(':', '-')}.sig" in repository.tags()


def test_cosign_falls_back_to_a_tag_where_there_is_no_referrers_api(
    testbed_state: Path, cosign: Cosign, key_pair: KeyPair
) -> None:
    registry = registries.start(testbed_state, name="registry-old", options=Options(referrers="fallback-tag"))
    repository = registry.repository()
    digest = repository.push("1.0.0", [LAYER])

    cosign.sign_bundle(repository.at(digest), key=key_pair)

    assert digest.replace(":", "-") in repository.tags()
    with pytest.raises(RegistryRefused, match="404"):
        repository.referrers(digest)
    registry.stop()


def test_the_api_server_comes_back_with_what_it_held(cluster: Testbed, namespace: str) -> None:
    cluster.kubectl("create", "configmap", "kept", "--namespace", namespace)

    cluster.controlplane.stop_api_server()
    with pytest.raises(KubectlFailed, match="refused"):
        cluster.kubectl("get", "namespaces")
    cluster.controlplane.start_api_server()

    assert cluster.kubectl("get", "configmap", "kept", "--namespace", namespace, "-o", "name") == "configmap/kept\n"


def test_the_audit_log_counts_requests_by_user_and_verb(tmp_path: Path) -> None:
    audited = Testbed.start(tmp_path / "audited", audit=True)
    try:
        log = audited.controlplane.audit_log
        before = log.stat().st_size

        audited.kubectl("create", "configmap", "counted")

        assert audit.count(log, after=before)["admin", "create"] == 1
    finally:
        audited.stop()
    assert not any(each.alive for each in process.saved(tmp_path / "audited").values())


@pytest.mark.parametrize("inside", [".", "restricted"])
def test_what_a_killed_run_left_behind_is_ended_by_the_next(tmp_path: Path, inside: str) -> None:
    script = f"""
import os, signal
from pathlib import Path
from tests.testbed import registry, testbed
testbed.own(Path({str(tmp_path / "left")!r}))
registry.start(Path({str(tmp_path / "left" / inside)!r}))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    left = process.saved(tmp_path / "left" / inside)["registry"]
    assert left.alive

    testbeds.sweep(tmp_path)

    assert not left.alive
    assert not (tmp_path / "left").exists()


def test_a_testbed_in_use_is_not_swept(testbed_state: Path, registry: Registry) -> None:
    testbeds.sweep(testbed_state.parent)

    assert registry.process.alive


def test_a_process_whose_id_was_taken_by_another_is_left_alone(tmp_path: Path) -> None:
    stranger = process.start("stranger", ["sleep", "60"], directory=tmp_path)
    remembered = dataclasses.replace(stranger, started="another moment")

    remembered.stop()

    assert not remembered.alive
    assert stranger.alive
    stranger.kill()


def test_a_process_that_ended_before_it_was_looked_at_is_not_alive(tmp_path: Path) -> None:
    short = process.start("short", ["true"], directory=tmp_path)
    assert short.wait(seconds=60)

    assert not dataclasses.replace(short, started="").alive


def test_a_server_that_ends_while_it_starts_is_told_with_its_last_words(tmp_path: Path) -> None:
    doomed = process.start("doomed", ["sh", "-c", "echo no such flag; exit 1"], directory=tmp_path)

    with pytest.raises(process.ProcessEnded, match="no such flag"):
        doomed.wait_until(lambda: False, seconds=60)
