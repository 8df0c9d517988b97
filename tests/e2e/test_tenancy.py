"""Two tenants on one cluster: what one of them writes never acts with the rights of the other, or of the operator."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest
from tests.e2e.scenario import API, Scenario, condition, config_map, eventually, push
from tests.testbed import operator
from tests.testbed.kubectl import Kubectl, KubectlFailed
from tests.testbed.paths import ROOT
from tests.testbed.repository import Repository
from tests.testbed.testbed import Testbed

SYSTEM = "pattern-operator-system"
OPERATOR = f"system:serviceaccount:{SYSTEM}:pattern-operator"
RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Tenant:
    """A namespace with an editor, and with an account ``deployer`` that has ``edit`` there and nothing elsewhere."""

    kubectl: Kubectl
    namespace: str

    @property
    def editor(self) -> str:
        return f"editor-of-{self.namespace}"

    @property
    def deployer(self) -> str:
        return f"system:serviceaccount:{self.namespace}:deployer"

    def scenario(self, repository: Repository, name: str = "web") -> "Told":
        return Told(self.kubectl, self.namespace, repository, name, self.editor)

    def may(self, *words: str, who: str = "") -> bool:
        """Ask as ``kubectl auth can-i`` does, as the editor: verb, resource, and ``-n`` with a namespace."""
        verb, resource, *place = words
        namespace = place[1] if place else "default"
        return self.kubectl.client.may(verb, resource, namespace=namespace, who=who or self.editor)

    def gained_nothing(self, other: "Tenant") -> bool:
        """Whether neither the editor nor the account has any right outside of the namespace."""
        asked = (
            ("create", "configmaps", "-n", other.namespace),
            ("get", "secrets", "-n", other.namespace),
            ("patch", "designpatterns.pattern-operator.io", "-n", other.namespace),
            ("impersonate", "serviceaccounts", "-n", other.namespace),
            ("update", "leases.coordination.k8s.io", "-n", SYSTEM),
            ("patch", "deployments.apps", "-n", SYSTEM),
            ("create", f"clusterrolebindings.{RBAC}"),
            ("patch", "customresourcedefinitions.apiextensions.k8s.io"),
            ("*", "*"),
        )
        return not any(self.may(*words, who=who) for words in asked for who in (self.editor, self.deployer))


@dataclass(frozen=True)
class Told(Scenario):
    """A DesignPattern that ``author`` writes."""

    author: str = ""

    def want(self, **spec: Any) -> None:
        self.kubectl("apply", "-f", "-", f"--as={self.author}", stdin=json.dumps(self.body(**spec)))

    def body(self, **spec: Any) -> dict[str, Any]:
        source = {"url": self.repository.oci, "insecure": True, "ref": spec.pop("ref", {"tag": "1.0.0"})}
        metadata = {"name": self.name, "namespace": self.namespace}
        spec = {"interval": "1h", "retryInterval": "2s", "source": source, **spec}
        return {"apiVersion": API, "kind": "DesignPattern", "metadata": metadata, "spec": spec}


AS_DEPLOYER = {"serviceAccountName": "deployer", "conflicts": "Take"}
AS_NOBODY = {"conflicts": "Take"}


def tenant(kubectl: Kubectl, name: str) -> Tenant:
    made = Tenant(kubectl, f"{name}-{uuid4().hex[:6]}")
    place = ("-n", made.namespace)
    kubectl("create", "namespace", made.namespace)
    kubectl(*place, "create", "serviceaccount", "deployer")
    account = f"--serviceaccount={made.namespace}:deployer"
    kubectl(*place, "create", "rolebinding", "edit", "--clusterrole=edit", account, f"--user={made.editor}")
    return made


def two_tenants(kubectl: Kubectl) -> Iterator[tuple[Tenant, Tenant]]:
    both = tenant(kubectl, "attacker"), tenant(kubectl, "victim")
    yield both
    for each in both:
        patterns = kubectl.json("-n", each.namespace, "get", "dp")["items"]
        for name in (found["metadata"]["name"] for found in patterns):
            left = json.dumps({"spec": {"apply": {"deletionPolicy": "Orphan"}}})
            kubectl("-n", each.namespace, "patch", "dp", name, "--type=merge", "-p", left)
        kubectl("delete", "namespace", each.namespace, "--wait=false")


@pytest.fixture
def two(tenants: Testbed) -> Iterator[tuple[Tenant, Tenant]]:
    """An attacker and a victim on the cluster of tenants."""
    yield from two_tenants(tenants.kubectl)


@pytest.fixture
def two_in_default(testbed: Testbed) -> Iterator[tuple[Tenant, Tenant]]:
    """An attacker and a victim on a cluster with the default installation."""
    yield from two_tenants(testbed.kubectl)


def until_roles_are_aggregated(each: Tenant) -> None:
    """The cluster's controller adds the operator's roles to ``edit`` a moment after they were made."""
    eventually(lambda: each.may("create", "designpatterns.pattern-operator.io", "-n", each.namespace))


# --- restricted: taking over another tenant ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("apply", "render", "names_it", "reason"),
    [
        (AS_NOBODY, {}, True, "ServiceAccountRequired"),
        (AS_DEPLOYER, {}, True, "CrossNamespace"),
        (AS_DEPLOYER, {"targetNamespace": "victim"}, False, "CrossNamespace"),
    ],
    ids=["as nobody", "as an account", "by its target namespace"],
)
def test_a_tenant_cannot_write_the_designpattern_of_another(
    two: tuple[Tenant, Tenant], registry, apply: dict[str, Any], render: dict[str, Any], names_it, reason: str
) -> None:
    attacker, victim = two
    until_roles_are_aggregated(attacker)
    theirs = victim.scenario(registry.repository("victim"))
    digest = push(theirs.repository, "1.0.0", config_map("settings", a="theirs"))
    theirs.want(apply=AS_DEPLOYER)
    theirs.until_runs(digest)
    evil = registry.repository("evil")
    push(evil, "1.0.0", config_map("settings", a="the attacker's"))
    taken = replace(theirs, repository=evil).body(apply=AS_DEPLOYER)
    if not names_it:
        del taken["metadata"]["namespace"]
        render = {"targetNamespace": victim.namespace}
    scenario = attacker.scenario(registry.repository("attack"))
    push(scenario.repository, "1.0.0", taken)

    scenario.want(apply=apply, render=render)
    refused = scenario.until_says("Ready", reason)

    assert victim.kubectl.json("-n", victim.namespace, "get", "dp", "web")["spec"]["source"]["url"] == (
        theirs.repository.oci
    )
    assert theirs.get("configmap", "settings")["data"] == {"a": "theirs"}
    assert refused["message"]
    assert attacker.gained_nothing(victim)


def test_an_account_of_a_tenant_writes_nothing_of_another_and_its_pattern_owns_nothing_there(
    two: tuple[Tenant, Tenant], registry
) -> None:
    attacker, victim = two
    until_roles_are_aggregated(attacker)
    scenario = attacker.scenario(registry.repository("attack"))
    astray = config_map("settings")
    astray["metadata"]["namespace"] = victim.namespace
    push(scenario.repository, "1.0.0", astray)

    scenario.want(apply=AS_DEPLOYER)
    # A next try writes ahead, and takes it back.
    status = scenario.until(
        lambda s: condition(s, "Ready").get("reason") == "Forbidden" and not s["inventory"]["count"]
    )

    refused = condition(status, "Ready")["message"]
    assert f'User "{attacker.deployer}" cannot get resource "configmaps"' in refused  # it looks whose it is
    assert not victim.scenario(scenario.repository).there("configmap", "settings")


def test_a_tenant_may_hold_designpatterns_of_its_own_namespace(two: tuple[Tenant, Tenant], registry) -> None:
    attacker, _ = two
    until_roles_are_aggregated(attacker)
    inner = attacker.scenario(registry.repository("inner"), name="inner")
    push(inner.repository, "1.0.0", config_map("settings"))
    scenario = attacker.scenario(registry.repository("outer"))
    digest = push(scenario.repository, "1.0.0", inner.body(apply=AS_DEPLOYER))

    scenario.want(apply=AS_DEPLOYER)
    scenario.until_runs(digest)

    assert scenario.names() == ["settings"]


# --- restricted and default: taking over the operator -----------------------------------------------------------------


def lease(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "pattern-operator", "namespace": SYSTEM}
    spec = {"holderIdentity": "attacker", "leaseDurationSeconds": 2**31 - 1, **spec}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def binding(kind: str, name: str, namespace: str = "") -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    subject = {"kind": "ServiceAccount", "name": "pattern-operator", "namespace": SYSTEM}
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, "roleRef": role, "subjects": [subject]}


def deployment_of_the_operator() -> dict[str, Any]:
    labels = {"app": "evil"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "operator", "image": "evil:1"}]}}
    metadata = {"name": "pattern-operator", "namespace": SYSTEM}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def crd_of_the_operator() -> dict[str, Any]:
    names = {"plural": "designpatterns", "singular": "designpattern", "kind": "DesignPattern"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": schema}
    spec = {"group": "pattern-operator.io", "scope": "Namespaced", "names": names, "versions": [version]}
    metadata = {"name": "designpatterns.pattern-operator.io"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def detour() -> tuple[dict[str, Any], dict[str, Any]]:
    """A CRD whose plural is a way into the operator's namespace, and a Lease that would take it."""
    crd = crd_of_the_operator()
    crd["metadata"] = {"name": "leases.coordination.k8s.io"}
    crd["spec"]["group"], crd["spec"]["scope"] = "coordination.k8s.io", "Cluster"
    crd["spec"]["names"] = {"plural": f"namespaces/{SYSTEM}/leases", "singular": "lease", "kind": "Lease"}
    crd["spec"]["versions"][0]["name"] = "v1"
    way = lease()
    del way["metadata"]["namespace"]
    return crd, way


PROTECTED = {
    "lease": lease(),
    "lease in a list": {"apiVersion": "v1", "kind": "List", "items": [lease()]},
    "lease in a typed list": {"apiVersion": "coordination.k8s.io/v1", "kind": "LeaseList", "items": [lease()]},
    "deployment": deployment_of_the_operator(),
    "namespace": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}},
    "binding by name": binding("ClusterRoleBinding", "pattern-operator"),
    "binding by subject": binding("ClusterRoleBinding", "innocent"),
    "binding in any namespace": binding("RoleBinding", "innocent", "default"),
    "crd": crd_of_the_operator(),
    "role that it is bound to": {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "cluster-admin"},
        "rules": [],
    },
}


def versions(kubectl: Kubectl) -> dict[str, Any]:
    """What the operator consists of, as it is now; its Lease by its holder, because it is renewed."""
    found = {
        name: kubectl.json(*words.split())["metadata"]["resourceVersion"]
        for name, words in {
            "namespace": f"get namespace {SYSTEM}",
            "account": f"get serviceaccount pattern-operator -n {SYSTEM}",
            "crd": "get crd designpatterns.pattern-operator.io",
            "role": "get clusterrole pattern-operator",
            "binding": "get clusterrolebinding pattern-operator",
        }.items()
    }
    held = kubectl.json("get", "lease", "pattern-operator", "-n", SYSTEM)["spec"]
    return {**found, **{name: held[name] for name in ("holderIdentity", "leaseDurationSeconds", "acquireTime")}}


@pytest.mark.parametrize("held", PROTECTED.values(), ids=PROTECTED.keys())
def test_the_objects_of_the_operator_are_objects_of_no_pattern_whoever_applies_it(
    testbed: Testbed, scenario: Scenario, held: dict[str, Any]
) -> None:
    push(scenario.repository, "1.0.0", config_map("settings"), held)
    before = versions(testbed.kubectl)

    scenario.want(apply=AS_NOBODY)  # as the operator itself, which is cluster-admin here
    refused = scenario.until_says("Ready", "ProtectedObject")

    assert "so no pattern may contain it" in refused["message"]
    assert "nothing was applied" in refused["message"]
    assert versions(testbed.kubectl) == before
    assert scenario.names() == []
    assert "inventory" not in scenario.status


def test_an_update_that_holds_an_object_of_the_operator_leaves_what_runs_and_keeps_it_so(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings", a="1"))
    push(scenario.repository, "2.0.0", config_map("settings", a="2"), lease())
    scenario.want()
    scenario.until_runs(digest)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_says("Ready", "ProtectedObject")
    scenario.remove("configmap", "settings")
    repaired = scenario.until_object("configmap", "settings", lambda found: found is not None)

    assert repaired["data"] == {"a": "1"}
    assert scenario.status["digest"] == digest


def altered(**changes: Any) -> dict[str, Any]:
    """The Lease with other words for what it is, and for where it is."""
    body = lease()
    named = {name: value for name, value in changes.items() if name in ("name", "namespace", "generateName")}
    metadata = {name: value for name, value in {**body["metadata"], **named}.items() if value is not None}
    return {**body, **{name: changes[name] for name in changes.keys() - named.keys()}, "metadata": metadata}


WAYS_AROUND = {
    "a definition": detour(),
    "another case of the kind": (altered(kind="lease"),),
    "another case of the namespace": (altered(namespace=SYSTEM.upper()),),
    "the plural for the kind": (altered(kind="leases"),),
    "an older version": (altered(apiVersion="coordination.k8s.io/v1beta1"),),
    "a path for a name": (altered(name=f"x/../../../{SYSTEM}/leases/pattern-operator", namespace="default"),),
    "a path for a namespace": (altered(namespace=f"default/../{SYSTEM}"),),
    "a generated name": (altered(name=None, generateName="pattern-operator"),),
}


@pytest.mark.parametrize("objects", WAYS_AROUND.values(), ids=WAYS_AROUND.keys())
def test_no_other_words_lead_to_an_object_of_the_operator(
    testbed: Testbed, scenario: Scenario, objects: tuple[dict[str, Any], ...]
) -> None:
    push(scenario.repository, "1.0.0", *objects)
    before = versions(testbed.kubectl)

    scenario.want(apply=AS_NOBODY)
    scenario.until(lambda status: condition(status, "Ready").get("status") == "False")

    assert versions(testbed.kubectl) == before


@pytest.mark.parametrize("held", [PROTECTED["lease"], PROTECTED["binding by name"]], ids=["lease", "binding"])
def test_a_tenant_cannot_take_over_the_operator(two: tuple[Tenant, Tenant], registry, held: dict[str, Any]) -> None:
    attacker, victim = two
    until_roles_are_aggregated(attacker)
    scenario = attacker.scenario(registry.repository("attack"))
    push(scenario.repository, "1.0.0", held)
    before = versions(attacker.kubectl)

    scenario.want(apply=AS_NOBODY)
    unnamed = scenario.until_says("Ready", "ServiceAccountRequired")
    scenario.want(apply=AS_DEPLOYER)
    scenario.until_says("Ready", "ProtectedObject")

    assert (
        f"set spec.apply.serviceAccountName to a ServiceAccount of namespace {attacker.namespace}"
        in (unnamed["message"])
    )
    assert versions(attacker.kubectl) == before
    assert attacker.gained_nothing(victim)


def test_what_is_protected_is_not_deleted_because_a_status_says_that_it_is_owned(
    testbed: Testbed, scenario: Scenario
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want()
    entries = scenario.until_runs(digest)["inventory"]["entries"]
    label = testbed.kubectl.json("-n", scenario.namespace, "get", "configmap", "settings")["metadata"]["labels"]
    owner = label["pattern-operator.io/owner"]
    probe = f"probe-{uuid4().hex[:6]}"
    testbed.kubectl("-n", SYSTEM, "create", "configmap", probe)
    testbed.kubectl("-n", SYSTEM, "label", "configmap", probe, f"pattern-operator.io/owner={owner}")

    owned = [*entries, {"id": f"{SYSTEM}_{probe}__ConfigMap", "v": "v1"}]
    patch = json.dumps({"status": {"inventory": {"count": 2, "entries": owned}}})
    scenario.kubectl(
        "-n", scenario.namespace, "patch", "dp", "web", "--subresource=status", "--type=merge", "-p", patch
    )
    scenario.delete()
    scenario.until_gone()

    assert not scenario.there("configmap", "settings")
    testbed.kubectl("-n", SYSTEM, "get", "configmap", probe)
    testbed.kubectl("-n", SYSTEM, "delete", "configmap", probe)


# --- restricted: nothing with the operator's own rights ---------------------------------------------------------------


def test_the_operator_of_tenants_has_no_right_to_read_one_object_or_to_write_any(two: tuple[Tenant, Tenant]) -> None:
    mine, victim = two
    place = ("-n", victim.namespace)

    assert mine.may("impersonate", "serviceaccounts", "-n", mine.namespace)  # no account more by patterns
    assert not any(
        victim.may(verb, kind, *place, who=OPERATOR)
        for verb, kind in (
            ("get", "deployments.apps"),
            ("create", "configmaps"),
            ("patch", "deployments.apps"),
            ("delete", "configmaps"),
            ("create", "designpatterns.pattern-operator.io"),
            ("delete", "designpatterns.pattern-operator.io"),
            ("update", "leases.coordination.k8s.io"),
        )
    )


def readyz(tenants: Testbed) -> str:
    with urlopen(f"http://{tenants.operator.address}/readyz", timeout=5) as answer:
        return bytes(answer.read()).decode()


def test_an_operator_that_kept_the_rights_of_default_says_so_and_what_takes_them_away(tenants: Testbed) -> None:
    clean = readyz(tenants)
    tenants.kubectl.apply((ROOT / "manifests" / "default" / "applier.yaml").read_text())  # as applying it first leaves
    try:
        tenants.operator.restart()
        said, logged = readyz(tenants), tenants.operator.process.tail()
    finally:
        tenants.kubectl("delete", "clusterrolebinding", "pattern-operator-applier")
        tenants.operator.restart()

    assert clean == readyz(tenants) == "works\n"
    assert "kubectl delete clusterrolebinding pattern-operator-applier" in said
    assert "although --require-service-account is set" in logged


def test_a_pattern_that_lost_its_account_is_neither_repaired_nor_taken_down_until_it_names_one(
    tenants: Testbed, two: tuple[Tenant, Tenant], registry
) -> None:
    mine, _ = two
    until_roles_are_aggregated(mine)
    scenario = mine.scenario(registry.repository("mine"))
    digest = push(scenario.repository, "1.0.0", config_map("kept"), config_map("drifted"))
    scenario.want(apply=AS_DEPLOYER)
    scenario.until_runs(digest)

    tenants.operator.stop()
    scenario.change({"apply": {"serviceAccountName": None}})
    scenario.remove("configmap", "drifted")
    tenants.operator.restart()  # and so it would recall from status what runs
    scenario.until_says("Ready", "ServiceAccountRequired")
    scenario.delete()
    stuck = scenario.until(lambda status: "left" in condition(status, "Ready").get("message", ""))
    there = scenario.names()
    scenario.change({"apply": {"serviceAccountName": "deployer"}})
    scenario.until_gone()

    message = condition(stuck, "Ready")["message"]
    assert condition(stuck, "Ready")["reason"] == "ServiceAccountRequired"
    assert message.startswith("2 objects left: DesignPattern")
    assert "set spec.apply.serviceAccountName" in message
    assert '{"spec":{"apply":{"deletionPolicy":"Orphan"}}}' in message
    assert there == ["kept"]
    assert scenario.names() == []


def test_a_pattern_whose_account_is_gone_leaves_its_objects_and_says_how_to_let_go(
    two: tuple[Tenant, Tenant], registry
) -> None:
    mine, _ = two
    until_roles_are_aggregated(mine)
    scenario = mine.scenario(registry.repository("mine"))
    digest = push(scenario.repository, "1.0.0", config_map("kept"), config_map("removed-by-hand"))
    scenario.want(apply=AS_DEPLOYER)
    scenario.until_runs(digest)
    scenario.change({"suspend": True})
    scenario.until(lambda status: status["status"] == "Suspended")
    scenario.kubectl("-n", mine.namespace, "delete", "serviceaccount", "deployer")
    scenario.kubectl("-n", mine.namespace, "delete", "rolebinding", "edit")
    scenario.remove("configmap", "removed-by-hand")

    scenario.delete()
    stuck = scenario.until_says("Ready", "Forbidden")
    there = scenario.names()
    scenario.change({"apply": {"deletionPolicy": "Orphan"}})
    scenario.until_gone()

    assert stuck["message"].startswith("1 object left: ConfigMap")  # what is gone needs no right
    assert f'User "{mine.deployer}" cannot delete' in stuck["message"]
    assert "To keep them in the cluster instead" in stuck["message"]
    assert there == scenario.names() == ["kept"]


def test_a_pattern_that_names_no_account_uses_the_default_one_of_its_own_namespace(
    tenants: Testbed, two: tuple[Tenant, Tenant], registry, tmp_path: Path
) -> None:
    mine, _ = two
    until_roles_are_aggregated(mine)
    scenario = mine.scenario(registry.repository("mine"))
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    tenants.operator.stop()
    flags = (
        *operator.admitting_unsigned(operator.RESTRICTED, kubectl=tenants.kubectl),
        "--default-service-account=deployer",
    )
    with_default = operator.start(tmp_path, kubeconfig=tenants.operator.kubeconfig, flags=flags)

    scenario.want()
    scenario.until_runs(digest)
    mine.kubectl("-n", mine.namespace, "delete", "rolebinding", "edit")
    eventually(lambda: not mine.may("patch", "configmaps", "-n", mine.namespace, who=mine.deployer))
    push(scenario.repository, "2.0.0", config_map("settings", a="2"))
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    refused = scenario.until_says("Ready", "Forbidden")
    with_default.stop()
    tenants.operator.restart()

    assert f'User "{mine.deployer}" cannot' in refused["message"]


# --- default ----------------------------------------------------------------------------------------------------------


def test_an_editor_of_a_namespace_may_write_no_designpattern_by_default(
    two_in_default: tuple[Tenant, Tenant], registry
) -> None:
    attacker, victim = two_in_default
    scenario = attacker.scenario(registry.repository("attack"))
    push(scenario.repository, "1.0.0", binding("ClusterRoleBinding", "pwned"))
    eventually(lambda: attacker.may("list", "designpatterns.pattern-operator.io", "-n", attacker.namespace))

    with pytest.raises(KubectlFailed, match=f'User "{attacker.editor}" cannot'):
        scenario.want(apply=AS_NOBODY)
    with pytest.raises(KubectlFailed, match=f'User "{attacker.editor}" cannot'):
        scenario.want(apply=AS_DEPLOYER)

    for who in (attacker.editor, attacker.deployer):
        for verb in ("create", "update", "patch", "delete"):
            assert not attacker.may(verb, "designpatterns.pattern-operator.io", "-n", attacker.namespace, who=who)
    assert attacker.gained_nothing(victim)


# --- the policy of impersonation --------------------------------------------------------------------------------------


@pytest.fixture
def policy(tenants: Testbed, two: tuple[Tenant, Tenant], tmp_path: Path) -> Iterator[None]:
    """The component impersonation-policy, in force."""
    kubectl, (someone, _) = tenants.kubectl, two
    component = ROOT / "manifests" / "components" / "impersonation-policy"
    shutil.copytree(component, tmp_path / "component")
    (tmp_path / "kustomization.yaml").write_text(json.dumps({"components": ["component"]}))
    kubectl.apply(kubectl("kustomize", tmp_path))
    until_roles_are_aggregated(someone)
    denied = Told(kubectl, someone.namespace, tenants.registry.repository("x"), "probe", someone.editor)

    def in_force() -> bool:
        try:
            body = json.dumps(denied.body())
            kubectl("create", "--dry-run=server", "-f", "-", f"--as={denied.author}", stdin=body)
        except KubectlFailed as error:
            return "names no ServiceAccount" in str(error)
        return False

    eventually(in_force)
    yield
    for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
        kubectl("delete", kind, "pattern-operator-impersonation")


def author(mine: Tenant, name: str, *, impersonates: str = "") -> str:
    """Somebody who may write DesignPatterns in the namespace and, it may be, act as one account, and nothing else."""
    place = ("-n", mine.namespace)
    mine.kubectl(*place, "create", "rolebinding", name, "--clusterrole=pattern-operator-edit", f"--user={name}")
    if impersonates:
        rule = ("--verb=impersonate", "--resource=serviceaccounts", f"--resource-name={impersonates}")
        mine.kubectl(*place, "create", "role", f"as-{impersonates}", *rule)
        mine.kubectl(*place, "create", "rolebinding", f"{name}-as", f"--role=as-{impersonates}", f"--user={name}")
    return name


@pytest.mark.usefixtures("policy")
def test_an_author_who_may_not_act_as_the_account_is_refused_at_the_api_server(
    two: tuple[Tenant, Tenant], registry
) -> None:
    mine, _ = two
    scenario = mine.scenario(registry.repository("mine"))
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    push(scenario.repository, "2.0.0", config_map("settings"))
    stranger = replace(scenario, author=author(mine, "stranger"))
    trusted = replace(scenario, author=author(mine, "trusted", impersonates="deployer"))

    with pytest.raises(
        KubectlFailed, match=f"stranger may not impersonate the ServiceAccount {mine.namespace}/deployer"
    ):
        stranger.want(apply=AS_DEPLOYER)
    with pytest.raises(KubectlFailed, match="names no ServiceAccount, so it would be applied with") as refused:
        trusted.want()
    trusted.want(apply=AS_DEPLOYER)
    trusted.until_runs(digest)  # the operator wrote its finalizer and the status meanwhile
    with pytest.raises(KubectlFailed, match="stranger may not impersonate"):
        stranger.want(apply=AS_DEPLOYER, ref={"tag": "2.0.0"})
    scenario.kubectl("-n", mine.namespace, "annotate", "dp", "web", "x=y", "--as=stranger")  # the spec is as it was
    trusted.delete()
    trusted.until_gone()

    assert scenario.names() == []
    assert f"set spec.apply.serviceAccountName to an account of namespace {mine.namespace}" in str(refused.value)
    assert "verb impersonate" not in str(refused.value)  # the operator's account is cluster-admin's


@pytest.mark.usefixtures("policy")
def test_under_the_policy_a_nested_pattern_is_judged_by_the_account_that_applies_it(
    two: tuple[Tenant, Tenant], registry
) -> None:
    mine, _ = two
    place = ("-n", mine.namespace)
    mine.kubectl(*place, "create", "serviceaccount", "narrow")
    mine.kubectl(
        *place, "create", "rolebinding", "narrow", "--clusterrole=pattern-operator-edit",
        f"--serviceaccount={mine.namespace}:narrow",
    )  # fmt: skip
    inner = mine.scenario(registry.repository("inner"), name="inner")
    push(inner.repository, "1.0.0", config_map("settings"))
    outer = mine.scenario(registry.repository("outer"))
    push(outer.repository, "1.0.0", inner.body(apply=AS_DEPLOYER))

    outer.want(apply={"serviceAccountName": "narrow"})
    outer.until(
        lambda status: "may not impersonate the ServiceAccount" in condition(status, "Applied").get("message", "")
    )
    refused = not inner.there("dp", "inner")
    impersonate = ("--verb=impersonate", "--resource=serviceaccounts", "--resource-name=deployer")
    mine.kubectl(*place, "create", "role", "as-deployer", *impersonate)
    account = f"--serviceaccount={mine.namespace}:narrow"
    mine.kubectl(*place, "create", "rolebinding", "narrow-as", "--role=as-deployer", account)
    outer.until(lambda status: condition(status, "Ready")["status"] == "True")

    assert refused
    assert inner.names() == ["settings"]
