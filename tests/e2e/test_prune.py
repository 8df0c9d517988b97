"""What leaves a pattern: in which order it goes, what is said while it goes, and what of it is never forgotten."""

from typing import Any

from tests.e2e.story import API, Story, condition, config_map, deployment, push, widget, widgets

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
    story: Story, group: str
) -> None:
    kind = f"widgets.{group}"
    push(
        story.repository, "1.0.0", widgets(group), widget(group, "first"), deployment("controller"), config_map("stay")
    )
    second = push(story.repository, "2.0.0", config_map("stay", a="2"))
    story.want()
    story.until_says("Ready", "Ready")
    story.edit(kind, "first", HELD)

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    going = story.until_runs(second)
    there = (story.names("deployment"), story.there("crd", kind), story.names(kind))
    story.edit("configmap", "stay", {"data": {"a": "theirs"}})
    story.until_object("configmap", "stay", lambda found: found["data"] == {"a": "2"}, seconds=10)
    story.request()  # all is found out anew, as after a restart
    again = story.status
    story.edit(kind, "first", FREE)  # as its controller would have done
    story.until_says("Applied", "Succeeded")

    words = f"Widget.{group} {story.namespace}/first: is being deleted, held by the finalizers example.com/controller"
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
    assert story.status["inventory"]["count"] == 1
    assert story.names("deployment") == []
    assert not story.there("crd", kind)


def going(story: Story) -> str:
    """Let the pattern drop the ConfigMap ``held``, which a finalizer holds, and its ServiceAccount after it."""
    push(story.repository, "1.0.0", config_map("held"), service_account("later"), config_map("stay"))
    second = push(story.repository, "2.0.0", config_map("stay"))
    story.want()
    story.until_says("Ready", "Ready")
    story.edit("configmap", "held", HELD)
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    assert condition(story.until_runs(second), "Applied")["reason"] == "Pruning"
    return second


def test_a_newer_version_that_cannot_be_had_holds_up_no_prune(story: Story) -> None:
    going(story)
    story.change({"source": {"ref": {"tag": "9.9.9"}}})
    story.until_says("Ready", "ArtifactNotFound")

    story.edit("configmap", "held", FREE)
    status = story.until(lambda status: status["inventory"]["count"] == 1)

    assert condition(status, "Ready")["reason"] == "ArtifactNotFound"
    assert (condition(status, "Applied")["status"], condition(status, "Applied")["reason"]) == ("True", "Succeeded")
    assert story.names("serviceaccount") == []


def test_a_prune_rests_while_the_pattern_is_suspended_and_goes_on_after(story: Story) -> None:
    going(story)
    story.change({"suspend": True})
    story.until(lambda status: status["status"] == "Suspended")

    story.edit("configmap", "held", FREE)
    story.until_object("configmap", "held", lambda found: found is None)
    there = (story.names("serviceaccount"), story.status["inventory"]["count"])
    story.change({"suspend": False})
    story.until_says("Applied", "Succeeded")

    assert there == (["later"], 3)
    assert story.names("serviceaccount") == []
    assert story.status["inventory"]["count"] == 1


def test_a_pattern_that_is_deleted_while_it_prunes_waits_for_what_is_still_going(story: Story) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/controller"]
    push(story.repository, "1.0.0", held, config_map("stay"))
    second = push(story.repository, "2.0.0", config_map("stay"))
    story.want()
    story.until_says("Ready", "Ready")
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)

    story.delete()
    deleting = story.until_says("Ready", "Deleting")
    story.edit("configmap", "held", FREE)
    story.until_gone()

    assert f"1 object left: ConfigMap {story.namespace}/held: is being deleted" in deleting["message"]
    assert story.names() == []


def test_what_comes_back_while_it_goes_is_made_anew(story: Story) -> None:
    push(story.repository, "1.0.0", config_map("held"), config_map("stay"))
    second = push(story.repository, "2.0.0", config_map("stay"))
    third = push(story.repository, "3.0.0", config_map("held", a="3"), config_map("stay"))
    story.want()
    story.until_says("Ready", "Ready")
    story.edit("configmap", "held", HELD)
    before = story.get("configmap", "held")["metadata"]["uid"]
    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    story.until_runs(second)

    story.change({"source": {"ref": {"tag": "3.0.0"}}})
    story.until_says("Ready", "WaitingForHealth")
    story.edit("configmap", "held", FREE)
    status = story.until_runs(third)

    after = story.get("configmap", "held")
    assert after["metadata"]["uid"] != before
    assert after["data"] == {"a": "3"}
    assert condition(status, "Applied")["reason"] == "Succeeded"


def test_a_pattern_in_a_pattern_is_waited_for_before_what_it_needs_goes(story: Story, registry) -> None:
    nested = registry.repository("nested")
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/controller"]
    push(nested, "1.0.0", held)
    source = {"url": nested.oci, "insecure": True, "ref": {"tag": "1.0.0"}}
    spec = {"interval": "1h", "source": source, "apply": {"serviceAccountName": "inner"}}
    inner = {"apiVersion": API, "kind": "DesignPattern", "metadata": {"name": "inner"}, "spec": spec}
    needs = [service_account("inner"), role_binding("inner", "inner", story.namespace)]
    push(story.repository, "1.0.0", inner, *needs, config_map("stay"))
    second = push(story.repository, "2.0.0", config_map("stay"))
    story.want()
    story.until_says("Ready", "Ready")

    story.change({"source": {"ref": {"tag": "2.0.0"}}})
    going = story.until_runs(second)
    there = (story.names("serviceaccount"), story.names("rolebinding"))
    story.edit("configmap", "held", FREE)
    story.until_says("Applied", "Succeeded")

    assert (
        f"DesignPattern.pattern-operator.io {story.namespace}/inner: is being deleted"
        in (condition(going, "Applied")["message"])
    )
    assert there == (["inner"], ["inner"])
    assert story.names("serviceaccount") == story.names("rolebinding") == story.names("designpattern") == []


def test_a_pattern_that_holds_the_rights_of_its_own_account_takes_them_last(story: Story) -> None:
    rights = [service_account("own"), role_binding("own", "own", story.namespace)]
    others = [role_binding("another", "default", story.namespace), config_map("settings")]
    digest = push(story.repository, "1.0.0", *rights, *others)
    story.make(role_binding("first", "own", story.namespace))  # who installs the pattern begins with this
    story.want(apply={"serviceAccountName": "own"})
    story.until_runs(digest)
    story.remove("rolebinding", "first")

    story.delete()
    story.until_gone()

    assert not story.there("configmap", "settings")
    assert not story.there("serviceaccount", "own")
    assert not story.there("rolebinding", "own")
    assert not story.there("rolebinding", "another")


def test_a_kind_that_comes_back_with_another_scope_is_applied_anew_and_never_said_to_be_before(
    story: Story, group: str
) -> None:
    kind = f"widgets.{group}"
    story.kubectl.apply(widgets(group))
    digest = push(story.repository, "1.0.0", widget(group, "first"), config_map("stay"))
    story.want()
    story.until_runs(digest)

    story.kubectl("delete", "crd", kind)
    wide = widgets(group)
    wide["spec"]["scope"] = "Cluster"
    story.kubectl.apply(wide)
    status = story.until(
        lambda s: (
            s["inventory"]["entries"][0]["id"] == f"_first_{group}_Widget" and condition(s, "Ready")["status"] == "True"
        )
    )

    assert condition(status, "Applied")["reason"] == "Succeeded"
    assert story.names(kind) == ["first"]
    said = [event["message"] for event in story.events("DriftRepaired")]
    assert not [each for each in said if f"{story.namespace}/first" in each]
    story.kubectl("delete", "crd", kind, "--wait=false")
