"""The operator is killed at each of its writes, of whatever work: the next one leaves no object that nobody knows."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from tests.e2e.scenario import Scenario, config_map, push, widget, widgets
from tests.testbed import operator as operators
from tests.testbed.killer import Killer, killer
from tests.testbed.operator import DEFAULT, Operator
from tests.testbed.testbed import Testbed

MOST = 30  # writes of one piece of work: more is an endless one
POLL = 0.02


@dataclass
class Killed:
    """The operator of a cluster, behind a proxy that ends it."""

    killer: Killer
    operator: Operator

    def ends_at(self, write: int, work: Callable[[], None], done: Callable[[], bool], *, path: str = "") -> bool:
        """Do ``work``, and let the operator end at this write of it; False where it is ``done`` with fewer.

        Counted are the writes to a URL that ends with ``path``.
        """
        self.killer.arm(write, path=path)
        work()
        while not self.killer.killed.wait(POLL):
            if done() and not self.killer.ends:
                self.killer.let_by()
                return False
        return True

    def begins_again(self) -> None:
        self.killer.let_by()
        self.operator.restart()


@pytest.fixture
def killed(testbed: Testbed) -> Iterator[Killed]:
    """In place of the operator of the testbed, which comes back afterwards."""
    before = testbed.operator
    before.stop()
    directory = testbed.directory / f"killed-{uuid4().hex[:8]}"
    directory.mkdir()
    with killer(before.kubeconfig, authority=testbed.authority) as (made, kubeconfig):
        flags = operators.admitting_unsigned(DEFAULT, kubectl=testbed.kubectl)
        started = operators.start(directory, kubeconfig=kubeconfig, flags=flags)
        found = Killed(made, started)
        made.kill = lambda: found.operator.kill()
        yield found
        found.operator.stop()
    before.restart()


def named(number: int, *names: str) -> list[dict[str, Any]]:
    return [config_map(f"{name}-{number}") for name in names]


def all_maps(scenario: Scenario) -> list[str]:
    """Every ConfigMap that a pattern of the test has made, with or without our label."""
    listed = scenario.kubectl.json("-n", scenario.namespace, "get", "configmap")["items"]
    return sorted(each["metadata"]["name"] for each in listed if each["metadata"]["name"] != "kube-root-ca.crt")


def asks_for(scenario: Scenario, tag: str) -> None:
    scenario.change({"source": {"ref": {"tag": tag}}})


def is_ready(scenario: Scenario, digest: str) -> bool:
    found = scenario.status
    ready = [each for each in found.get("conditions", ()) if each["type"] == "Ready"]
    return found.get("digest") == digest and bool(ready) and ready[0]["status"] == "True"


def is_gone(scenario: Scenario) -> bool:
    return not scenario.there("dp", scenario.name)


def ended_with_nothing_left(scenario: Scenario) -> None:
    scenario.delete()
    scenario.until_gone()
    assert all_maps(scenario) == []


def is_labelled(found: Any) -> bool:
    return found is not None and "pattern-operator.io/owner" in found["metadata"].get("labels", {})


def unlabel(scenario: Scenario) -> list[str]:
    """Somebody takes our label off all that there is; the names of that."""
    names = scenario.names()
    for name in names:
        scenario.kubectl("-n", scenario.namespace, "label", "configmap", name, "pattern-operator.io/owner-")
    return names


@pytest.mark.parametrize("meanwhile", ["nothing", "update", "deletion", "no labels"])
def test_a_pattern_that_was_being_created(killed: Killed, scenario: Scenario, meanwhile: str) -> None:
    for write in itertools.count(1):
        assert write < MOST
        mine = scenario.another(f"made-{write}")
        digest = push(scenario.repository, f"1.0.{write}", *named(write, "a", "b"))
        other = push(scenario.repository, f"2.0.{write}", *named(write, "b", "c"))
        if not killed.ends_at(write, partial(mine.want, ref={"tag": f"1.0.{write}"}), partial(is_ready, mine, digest)):
            break
        taken_out: list[str] = []
        match meanwhile:
            case "update":
                asks_for(mine, f"2.0.{write}")
                digest = other
            case "deletion":
                mine.delete()
            case "no labels":  # what no status names was there before the pattern then, and stays when it goes
                unlabelled = unlabel(mine)
                taken_out = unlabelled if not is_ready(mine, digest) else []
        killed.begins_again()
        if meanwhile == "deletion":
            mine.until_gone()
        else:
            mine.until_runs(digest)
            names = ["b", "c"] if meanwhile == "update" else ["a", "b"]
            for name in names:
                mine.until_object("configmap", f"{name}-{write}", is_labelled)
            assert all_maps(mine) == mine.names() == [f"{name}-{write}" for name in names]
            mine.delete()
            mine.until_gone()
        assert all_maps(mine) == taken_out
        for name in taken_out:
            mine.remove("configmap", name)
    assert write > 3, "it takes a write ahead, two objects and a status"


def speaks_of_its_spec(pattern: Any) -> bool:
    return bool(pattern["status"]["observedGeneration"] == pattern["metadata"]["generation"])


def replaced(scenario: Scenario, *, spec: dict[str, Any], annotations: dict[str, str]) -> None:
    """Somebody writes the whole manifest, as ``kubectl replace`` and Argo CD's Replace=true do."""
    found = scenario.get("dp", scenario.name)
    metadata = {"name": scenario.name, "namespace": scenario.namespace, "annotations": annotations}
    manifest = {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": metadata, "spec": spec}
    scenario.kubectl("replace", "-f", "-", stdin=json.dumps(manifest))


@pytest.mark.parametrize("meanwhile", ["nothing", "rollback", "deletion", "replaced", "backup put back"])
def test_a_pattern_that_was_being_updated(killed: Killed, scenario: Scenario, meanwhile: str) -> None:
    for write in itertools.count(1):
        assert write < MOST
        mine = scenario.another(f"updated-{write}")
        old = [config_map(f"kept-{write}", version="1"), *named(write, "left")]
        new = [config_map(f"kept-{write}", version="2"), *named(write, "came")]
        first = push(scenario.repository, f"1.1.{write}", *old)
        second = push(scenario.repository, f"2.1.{write}", *new)
        killed.killer.let_by()
        mine.want(ref={"tag": f"1.1.{write}"})
        mine.until_runs(first)
        backup = mine.get("dp", mine.name)
        if not killed.ends_at(write, partial(asks_for, mine, f"2.1.{write}"), partial(is_ready, mine, second)):
            break
        is_back = meanwhile not in ("nothing", "deletion")
        match meanwhile:
            case "rollback":
                asks_for(mine, f"1.1.{write}")
            case "deletion":
                mine.delete()
            case "replaced":
                replaced(mine, spec=backup["spec"], annotations={})
            case "backup put back":
                replaced(mine, spec=backup["spec"], annotations=backup["metadata"]["annotations"])
        killed.begins_again()
        if meanwhile == "deletion":
            mine.until_gone()
        else:
            mine.kubectl.until("designpattern", mine.name, speaks_of_its_spec, namespace=mine.namespace, seconds=60.0)
            mine.until_runs(first if is_back else second)
            other, version = ("left", "1") if is_back else ("came", "2")
            assert all_maps(mine) == mine.names() == sorted([f"kept-{write}", f"{other}-{write}"])
            assert mine.get("configmap", f"kept-{write}")["data"]["version"] == version
            ended_with_nothing_left(mine)
        assert all_maps(mine) == []
    assert write > 4, "it takes a write ahead, two objects, a deletion and a status"


@pytest.mark.parametrize("meanwhile", ["nothing", "deletion"])
def test_what_a_pattern_had_left_in_the_cluster_stays(killed: Killed, scenario: Scenario, meanwhile: str) -> None:
    first = push(scenario.repository, "1.3.0", *named(0, "kept", "left"))
    second = push(scenario.repository, "2.3.0", *named(0, "kept"))
    third = push(scenario.repository, "3.3.0", *named(0, "kept", "came"))
    killed.killer.let_by()
    scenario.want(ref={"tag": "1.3.0"}, apply={"prune": False})
    scenario.until_runs(first)
    asks_for(scenario, "2.3.0")
    scenario.until_runs(second)
    scenario.change({"apply": {"prune": True}})
    scenario.kubectl.until("designpattern", scenario.name, speaks_of_its_spec, namespace=scenario.namespace)
    scenario.until_runs(second)
    update, ready = partial(asks_for, scenario, "3.3.0"), partial(is_ready, scenario, third)
    assert killed.ends_at(1, update, ready, path="/configmaps/came-0")
    assert all_maps(scenario) == ["came-0", "kept-0", "left-0"]
    if meanwhile == "deletion":
        scenario.delete()
    killed.begins_again()
    if meanwhile == "nothing":
        scenario.until_runs(third)
        assert all_maps(scenario) == ["came-0", "kept-0", "left-0"]
        scenario.delete()
    scenario.until_gone()
    assert all_maps(scenario) == ["left-0"]


def test_a_pattern_that_was_being_deleted(killed: Killed, scenario: Scenario) -> None:
    for write in itertools.count(1):
        assert write < MOST
        mine = scenario.another(f"deleted-{write}")
        digest = push(scenario.repository, f"1.2.{write}", *named(write, "a", "b"))
        killed.killer.let_by()
        mine.want(ref={"tag": f"1.2.{write}"})
        mine.until_runs(digest)
        if not killed.ends_at(write, mine.delete, partial(is_gone, mine)):
            break
        killed.begins_again()
        mine.until_gone()
        assert all_maps(mine) == []
    assert write > 2, "it takes two deletions and the finalizer"


@pytest.mark.parametrize("meanwhile", ["nothing", "deletion", "its CRD goes"])
def test_a_pattern_whose_kind_was_being_changed(killed: Killed, scenario: Scenario, group: str, meanwhile: str) -> None:
    for write in itertools.count(1):
        assert write < MOST
        own, mine = f"w{write}.{group}", scenario.another(f"kinds-{write}")
        newer = json.loads(json.dumps(widgets(own)))
        newer["spec"]["versions"][0]["additionalPrinterColumns"] = [
            {"name": "Size", "type": "integer", "jsonPath": ".spec.size"}
        ]
        first = push(scenario.repository, f"1.3.{write}", *named(write, "a"))
        second = push(scenario.repository, f"2.3.{write}", widgets(own), widget(own, "one"), *named(write, "a"))
        third = push(scenario.repository, f"3.3.{write}", newer, widget(own, "two"), *named(write, "a"))
        killed.killer.let_by()
        tag, digest = (f"2.3.{write}", second) if meanwhile == "its CRD goes" else (f"3.3.{write}", third)
        mine.want(ref={"tag": f"1.3.{write}" if meanwhile == "its CRD goes" else f"2.3.{write}"})
        mine.until_runs(first if meanwhile == "its CRD goes" else second)
        if not killed.ends_at(write, partial(asks_for, mine, tag), partial(is_ready, mine, digest)):
            break
        match meanwhile:
            case "its CRD goes":
                scenario.kubectl("delete", "crd", f"widgets.{own}", "--ignore-not-found", "--wait=true")
                asks_for(mine, f"1.3.{write}")
                digest = first
            case "deletion":
                mine.delete()
        killed.begins_again()
        if meanwhile != "deletion":
            mine.until_runs(digest)
            if meanwhile == "nothing":
                assert mine.names(f"widgets.{own}") == ["two"]
            mine.delete()
        mine.until_gone()
        assert all_maps(mine) == []
        assert not scenario.there("crd", f"widgets.{own}")
    assert write > 3
