"""``patternctl tree``: objects and pods of a pattern with their health, from a real API server."""

from typing import Any

import pytest
from tests.cli.program import Patternctl
from tests.cli.running import Running, owned_by, pod, workload
from tests.planted import Shape, value
from tests.testbed.kubeconfig import Kubeconfig

READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
WAITING = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
BROKEN = {
    "phase": "Pending",
    "containerStatuses": [
        {"name": "app", "image": "registry.example/app:1", "imageID": "", "ready": False, "restartCount": 0}
        | {"state": WAITING}
    ],
}


@pytest.fixture
def patternctl(patternctl: Patternctl, known) -> Patternctl:
    """patternctl, for a user whose kubeconfig is at its usual place."""
    (patternctl.home / ".kube").mkdir()
    (patternctl.home / ".kube" / "config").write_text(known.kubeconfig.path.read_text())
    return patternctl


@pytest.fixture
def running(known, namespace, pattern):
    pattern("web", {"version": "1.4.2", "status": "Progressing"})
    return Running(known, namespace)


@pytest.fixture
def deployed(running):
    """A Deployment with an old ReplicaSet, and a new one of two pods, of which one cannot start."""
    deployment = running.manage(workload("Deployment", "web"))
    labels = {"app": "web"}
    old = workload("ReplicaSet", "web", replicas=0) | {"metadata": owned_by(deployment, labels=labels)}
    running.make(old)
    new = running.make(workload("ReplicaSet", "web", replicas=2) | {"metadata": owned_by(deployment, labels=labels)})
    good = running.make(pod(owned_by(new, labels=labels)), status=READY)
    bad = running.make(pod(owned_by(new, labels=labels)), status=BROKEN)
    return {"deployment": deployment, "replica set": new, "good": good, "bad": bad}


def names_of(items):
    """The kind, name and state of each item, and of those below it."""
    return {f"{each['kind']} {each['name']}": (each["state"], names_of(each.get("items", []))) for each in items}


def test_a_tree_shows_objects_and_the_pods_that_they_run_with_the_worst_first(patternctl, namespace, deployed):
    done = patternctl("tree", "web", "-n", namespace)

    assert (done.code, done.err) == (0, "")
    heading, deployment, replica_set, bad, good = done.out.splitlines()
    assert heading.startswith(f"DesignPattern {namespace}/web   1.4.2   Progressing")
    assert deployment.startswith("… Deployment web   InProgress")
    assert replica_set.startswith(f"└─ … ReplicaSet {deployed['replica set']['metadata']['name']}   InProgress")
    assert bad.startswith(f"   ├─ … Pod {deployed['bad']['metadata']['name']}   InProgress   container app:")
    assert "registry.example/app:1" in bad
    assert good == f"   └─ ✓ Pod {deployed['good']['metadata']['name']}   Current   is ready"


def test_a_tree_for_programs_has_the_same_nested(patternctl, namespace, deployed):
    done = patternctl("tree", "web", "-n", namespace, "-o", "json")

    assert (done.json["pattern"]["name"], done.json["pattern"]["version"]) == ("web", "1.4.2")
    assert done.json["worst"] == "InProgress"
    name = {which: each["metadata"]["name"] for which, each in deployed.items()}
    pods: dict[str, Any] = {f"Pod {name['good']}": ("Current", {}), f"Pod {name['bad']}": ("InProgress", {})}
    assert names_of(done.json["items"]) == {
        "Deployment web": ("InProgress", {f"ReplicaSet {name['replica set']}": ("InProgress", pods)})
    }


def test_pods_that_a_selector_selects_and_another_owns_are_not_shown(patternctl, namespace, running, deployed):
    running.make(pod({"name": "stray", "labels": {"app": "web"}}), status=READY)

    assert "stray" not in patternctl("tree", "web", "-n", namespace).out


def test_the_jobs_of_a_cron_job_and_their_pods_are_below_it(patternctl, namespace, running):
    template = {"template": {"spec": {"restartPolicy": "Never", **workload("Job", "a")["spec"]["template"]["spec"]}}}
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "night"}}
    made = running.manage(cron | {"spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": template}}})
    job = running.make(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": owned_by(made), "spec": template},
    )
    running.make({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "foreign"}, "spec": template})

    found = names_of(patternctl("tree", "web", "-n", namespace, "-o", "json").json["items"])

    (jobs,) = [below for _, below in found.values()]
    assert list(jobs) == [f"Job {job['metadata']['name']}"]


def test_an_object_that_is_gone_is_not_found_and_stands_first(patternctl, namespace, running, known):
    running.manage({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    running.manage({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gone"}})
    known("delete", "configmap", "gone", "-n", namespace)

    _, gone, there = patternctl("tree", "web", "-n", namespace).out.splitlines()

    assert gone == "∅ ConfigMap gone   NotFound   is not there"
    assert there == "✓ ConfigMap a   Current   exists"


def test_an_object_that_lost_its_owner_label_says_so(patternctl, namespace, running):
    made = running.make({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "taken"}})
    running.list(made)

    (_, line) = patternctl("tree", "web", "-n", namespace).out.splitlines()

    assert line == "∅ ConfigMap taken   NotFound   is there, and does not have the pattern's owner label any more"


def test_a_kind_that_is_gone_is_said(patternctl, namespace, running):
    running.list({"apiVersion": "shop.example/v1", "kind": "Widget", "metadata": {"name": "a"}})

    (_, line) = patternctl("tree", "web", "-n", namespace).out.splitlines()

    assert line == "∅ Widget a   NotFound   the API server does not know its kind"


def test_what_the_user_may_not_read_is_unknown_and_says_which_right_is_missing(
    patternctl, namespace, running, deployed, known
):
    running.manage({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"a": "b"}})
    known("create", "role", "patterns", "-n", namespace, "--verb=get", "--resource=designpatterns.pattern-operator.io")
    account = f"--serviceaccount={namespace}:default"
    known("create", "rolebinding", "patterns", "-n", namespace, "--role=patterns", account)
    token = known("create", "token", "default", "-n", namespace).strip()
    admin = known.kubeconfig
    Kubeconfig(patternctl.home / ".kube" / "config", admin.server, admin.ca, token, "reader").write()

    done = patternctl("tree", "web", "-n", namespace)

    assert done.code == 0
    lines = done.out.splitlines()[1:]
    assert [line.split("   ")[:2] for line in lines] == [["? Deployment web", "Unknown"], ["? Secret db", "Unknown"]]
    assert "cannot list resource" in lines[0]


def test_of_a_secret_no_value_is_asked_for(patternctl, namespace, running):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}}
    running.manage(secret | {"stringData": {"password": value(Shape.STRING_DATA)}})

    for form in ("table", "json", "yaml"):
        assert "db" in patternctl("tree", "web", "-n", namespace, "-o", form).out  # which looks for planted values


def test_a_pattern_with_no_objects_has_only_its_heading(patternctl, namespace, running):
    done = patternctl("tree", "web", "-n", namespace)

    assert (done.code, len(done.out.splitlines())) == (0, 1)


def test_a_pattern_that_is_not_there_is_refused(patternctl, namespace):
    done = patternctl("tree", "nothing", "-n", namespace)

    assert done.code == 1
    assert f"there is no DesignPattern {namespace}/nothing" in done.err
