"""What leaves a pattern: in which order it goes, what is said while it goes, and what of it is never forgotten."""

from typing import Any

from tests.e2e.scenario import API, Scenario, condition, config_map, deployment, push, widget, widgets

RBAC = "rbac.authorization.k8s.io"
HELD = {"metadata": {"finalizers": ["example.com/controller"]}}
FREE = {"metadata": {"finalizers": None}}


def role_binding(name: str, account: str, namespace: str, *, role: str = "admin") -> dict[str, Any]:
    """A binding of an account to a ClusterRole that every cluster has."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    }


def service_account(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}


def test_a_controller_outlives_its_custom_resources_and_nothing_that_goes_is_forgotten(
    scenario: Scenario, group: str
) -> None:
    kind = f"widgets.{group}"
    push(
        scenario.repository,
        "1.0.0",
        widgets(group),
        widget(group, "first"),
        deployment("controller"),
        config_map("stay"),
    )
    second = push(scenario.repository, "2.0.0", config_map("stay", a="2"))
    scenario.want()
    scenario.until_says("Ready", "Ready")
    scenario.edit(kind, "first", HELD)

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    going = scenario.until_runs(second)
    there = (scenario.names("deployment"), scenario.there("crd", kind), scenario.names(kind))
    scenario.edit("configmap", "stay", {"data": {"a": "theirs"}})
    scenario.until_object("configmap", "stay", lambda found: found["data"] == {"a": "2"})
    scenario.request()  # all is found out anew, as after a restart
    again = scenario.status
    scenario.edit(kind, "first", FREE)  # as its controller would have done
    scenario.until_says("Applied", "Succeeded")

    words = (
        f"Widget.{group} {scenario.namespace}/first: is being deleted, held by the finalizers example.com/controller"
    )
    assert there == (["controller"], True, ["first"])
    for status in (going, again):
        applied = condition(status, "Applied")
        assert (applied["status"], applied["reason"]) == ("Unknown", "Pruning")
        assert words in applied["message"]
        assert "2 more go after that" in applied["message"]
        assert words in condition(status, "Ready")["message"]
        assert (
            "runs: 1 object; 3 objects that left the pattern are not gone yet" in condition(status, "Ready")["message"]
        )
        assert condition(status, "Reconciling") == {}
        assert status["inventory"]["count"] == 4
    assert scenario.status["inventory"]["count"] == 1
    assert scenario.names("deployment") == []
    assert not scenario.there("crd", kind)


def going(scenario: Scenario) -> str:
    """Let the pattern drop the ConfigMap ``held``, which a finalizer holds, and its ServiceAccount after it."""
    push(scenario.repository, "1.0.0", config_map("held"), service_account("later"), config_map("stay"))
    second = push(scenario.repository, "2.0.0", config_map("stay"))
    scenario.want()
    scenario.until_says("Ready", "Ready")
    scenario.edit("configmap", "held", HELD)
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    assert condition(scenario.until_runs(second), "Applied")["reason"] == "Pruning"
    return second


def test_what_leaves_and_has_what_the_new_version_is_to_get_is_named_with_the_way_out(scenario: Scenario) -> None:
    """A Service is renamed and keeps its address, which the API server gives to one only."""
    spec = {"clusterIP": "10.96.0.77", "selector": {"app": "dns"}, "ports": [{"port": 53}]}
    old, new = (
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec} for name in ("old", "new")
    )
    push(scenario.repository, "1.0.0", old)
    second = push(scenario.repository, "2.0.0", new)
    scenario.want(retryInterval="1s")
    scenario.until_says("Ready", "Ready")

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    refused = scenario.until_says("Applied", "ApplyFailed")
    runs = scenario.names("service")
    scenario.remove("service", "old")
    scenario.until_runs(second)

    assert f"kubectl delete service old -n {scenario.namespace}" in refused["message"]
    assert (runs, scenario.names("service")) == (["old"], ["new"])


def test_a_newer_version_that_cannot_be_had_holds_up_no_prune(scenario: Scenario) -> None:
    going(scenario)
    scenario.change({"source": {"ref": {"tag": "9.9.9"}}})
    scenario.until_says("Ready", "ArtifactNotFound")

    scenario.edit("configmap", "held", FREE)
    status = scenario.until(lambda status: status["inventory"]["count"] == 1)

    assert condition(status, "Ready")["reason"] == "ArtifactNotFound"
    assert (condition(status, "Applied")["status"], condition(status, "Applied")["reason"]) == ("True", "Succeeded")
    assert scenario.names("serviceaccount") == []


def test_a_prune_rests_while_the_pattern_is_suspended_and_goes_on_after(scenario: Scenario) -> None:
    going(scenario)
    scenario.change({"suspend": True})
    scenario.until(lambda status: status["status"] == "Suspended")

    scenario.edit("configmap", "held", FREE)
    scenario.until_object("configmap", "held", lambda found: found is None)
    there = (scenario.names("serviceaccount"), scenario.status["inventory"]["count"])
    scenario.change({"suspend": False})
    scenario.until_says("Applied", "Succeeded")

    assert there == (["later"], 3)
    assert scenario.names("serviceaccount") == []
    assert scenario.status["inventory"]["count"] == 1


def test_a_pattern_that_is_deleted_while_it_prunes_waits_for_what_is_still_going(scenario: Scenario) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/controller"]
    push(scenario.repository, "1.0.0", held, config_map("stay"))
    second = push(scenario.repository, "2.0.0", config_map("stay"))
    scenario.want()
    scenario.until_says("Ready", "Ready")
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)

    scenario.delete()
    deleting = scenario.until_says("Ready", "Deleting")
    scenario.edit("configmap", "held", FREE)
    scenario.until_gone()

    assert f"1 object left: ConfigMap {scenario.namespace}/held: is being deleted" in deleting["message"]
    assert scenario.names() == []


def test_what_comes_back_while_it_goes_is_made_anew(scenario: Scenario) -> None:
    push(scenario.repository, "1.0.0", config_map("held"), config_map("stay"))
    second = push(scenario.repository, "2.0.0", config_map("stay"))
    third = push(scenario.repository, "3.0.0", config_map("held", a="3"), config_map("stay"))
    scenario.want()
    scenario.until_says("Ready", "Ready")
    scenario.edit("configmap", "held", HELD)
    before = scenario.get("configmap", "held")["metadata"]["uid"]
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(second)

    scenario.change({"source": {"ref": {"tag": "3.0.0"}}})
    scenario.until_says("Ready", "WaitingForHealth")
    scenario.edit("configmap", "held", FREE)
    status = scenario.until_runs(third)

    after = scenario.get("configmap", "held")
    assert after["metadata"]["uid"] != before
    assert after["data"] == {"a": "3"}
    assert condition(status, "Applied")["reason"] == "Succeeded"


def test_a_pattern_in_a_pattern_is_waited_for_before_what_it_needs_goes(scenario: Scenario, registry) -> None:
    nested = registry.repository("nested")
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/controller"]
    push(nested, "1.0.0", held)
    source = {"url": nested.oci, "insecure": True, "ref": {"tag": "1.0.0"}}
    spec = {"interval": "1h", "source": source, "apply": {"serviceAccountName": "inner"}}
    inner = {"apiVersion": API, "kind": "DesignPattern", "metadata": {"name": "inner"}, "spec": spec}
    needs = [service_account("inner"), role_binding("inner", "inner", scenario.namespace)]
    push(scenario.repository, "1.0.0", inner, *needs, config_map("stay"))
    second = push(scenario.repository, "2.0.0", config_map("stay"))
    scenario.want()
    scenario.until_says("Ready", "Ready")

    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    going = scenario.until_runs(second)
    there = (scenario.names("serviceaccount"), scenario.names("rolebinding"))
    scenario.edit("configmap", "held", FREE)
    scenario.until_says("Applied", "Succeeded")

    assert (
        f"DesignPattern.pattern-operator.io {scenario.namespace}/inner: is being deleted"
        in (condition(going, "Applied")["message"])
    )
    assert there == (["inner"], ["inner"])
    assert scenario.names("serviceaccount") == scenario.names("rolebinding") == scenario.names("designpattern") == []


def test_a_pattern_that_holds_the_rights_of_its_own_account_takes_them_last(scenario: Scenario) -> None:
    rights = [service_account("own"), role_binding("own", "own", scenario.namespace)]
    others = [role_binding("another", "default", scenario.namespace), config_map("settings")]
    digest = push(scenario.repository, "1.0.0", *rights, *others)
    scenario.make(role_binding("first", "own", scenario.namespace))  # who installs the pattern begins with this
    scenario.want(apply={"serviceAccountName": "own"})
    scenario.until_runs(digest)
    scenario.remove("rolebinding", "first")

    scenario.delete()
    scenario.until_gone()

    assert not scenario.there("configmap", "settings")
    assert not scenario.there("serviceaccount", "own")
    assert not scenario.there("rolebinding", "own")
    assert not scenario.there("rolebinding", "another")


def test_a_kind_that_comes_back_with_another_scope_is_applied_anew_and_never_said_to_be_before(
    scenario: Scenario, group: str
) -> None:
    kind = f"widgets.{group}"
    scenario.kubectl.apply(widgets(group))
    digest = push(scenario.repository, "1.0.0", widget(group, "first"), config_map("stay"))
    scenario.want()
    scenario.until_runs(digest)

    scenario.kubectl("delete", "crd", kind)
    wide = widgets(group)
    wide["spec"]["scope"] = "Cluster"
    scenario.kubectl.apply(wide)
    status = scenario.until(
        lambda s: (
            s["inventory"]["entries"][0]["id"] == f"_first_{group}_Widget" and condition(s, "Ready")["status"] == "True"
        )
    )

    assert condition(status, "Applied")["reason"] == "Succeeded"
    assert scenario.names(kind) == ["first"]
    said = [event["message"] for event in scenario.events("DriftRepaired")]
    assert not [each for each in said if f"{scenario.namespace}/first" in each]
    scenario.kubectl("delete", "crd", kind, "--wait=false")
