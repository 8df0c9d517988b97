"""Whatever refuses a pattern, and however it says so: no value of a Secret, an environment or a token is shown.

Every pattern of ``refusals`` is made once; each has a test. What the search looks at, and that it finds what is there,
is shown here and in tests/test_planted.py.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.cli.program import Patternctl
from tests.e2e.refusals import (
    Refused,
    by_a_reader,
    by_a_registry,
    by_admission,
    by_the_api_server,
    policy,
    vaults,
)
from tests.e2e.scenario import API, YAML, Scenario, condition, config_map, login, push
from tests.planted import Shape, assert_no_leak, leaks, value
from tests.shown import Shown
from tests.testbed import registry as registries
from tests.testbed.gate import Denier, webhook
from tests.testbed.kubectl import Kubectl
from tests.testbed.registry import Registry
from tests.testbed.repository import Account
from tests.testbed.testbed import Testbed

NAMESPACE = f"leaks-{uuid4().hex[:6]}"
GROUP = f"g{uuid4().hex[:8]}.example.com"
SECONDS = 180.0  # for all patterns together, on a busy machine
WRITING = 0.3  # seconds between two looks at all patterns
CASES = [*by_the_api_server(GROUP), *by_admission(), *by_a_reader(), *by_a_registry("")]


@dataclass(frozen=True)
class Told:
    """What a pattern came to."""

    refused: Refused
    status: dict[str, Any]
    events: list[dict[str, Any]]


@pytest.fixture(scope="module")
def answering(testbed_state: Path) -> Iterator[Registry]:
    """A registry that misbehaves all through the module."""
    started = registries.start(testbed_state, name=f"registry-{uuid4().hex[:8]}")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def told(operated: Testbed, answering: Registry) -> Iterator[dict[str, Told]]:
    """Every pattern once it was refused."""
    if not operated.operates:  # a test of another file has ended it
        operated.operator.restart()
    kubectl = operated.kubectl
    refused = by_the_api_server(GROUP) | by_admission() | by_a_reader()
    refused |= by_a_registry(f"http://localhost:{answering.address.rpartition(':')[2]}/v2/tokens/all")
    policies = (
        *policy(f"{NAMESPACE}-web", resource="apps/deployments", prefix="policy-", quoted="object.spec.template.spec"),
        *policy(f"{NAMESPACE}-pods", resource="pods", prefix="pods-", quoted="object.spec"),
    )
    kubectl("create", "namespace", NAMESPACE)
    kubectl.apply(vaults(GROUP), *policies)
    kubectl.established(f"vaults.{GROUP}")
    denier = Denier("webhook-")
    with webhook(denier, "configmaps", "secrets", namespace=NAMESPACE, kubectl=kubectl, authority=operated.authority):
        try:
            yield _tell(kubectl, answering, {name: _called(name, each) for name, each in refused.items()})
        finally:
            kubectl("-n", NAMESPACE, "delete", "dp", "--all", f"--timeout={SECONDS}s", seconds=SECONDS + 30)
            kubectl("delete", "--wait=false", "crd", f"vaults.{GROUP}")
            kubectl("delete", "--wait=false", "namespace", NAMESPACE)
            for kind in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
                kubectl("delete", kind, f"{NAMESPACE}-web", f"{NAMESPACE}-pods")


def _called(name: str, refused: Refused) -> Refused:
    """Its objects bear the name of their pattern."""

    def renamed(bodies: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        return tuple({**each, "metadata": {**each["metadata"], "name": name}} for each in bodies)

    return replace(
        refused, content=renamed(refused.content), before=renamed(refused.before), there=renamed(refused.there)
    )


def _tell(kubectl: Kubectl, registry: Registry, refused: dict[str, Refused]) -> dict[str, Told]:
    """Make every pattern, bring it to where it is refused, and read what is said of it."""
    stories, rules = {}, [{"path": "^/v2/tokens/all$", "body": json.dumps({"token": value(Shape.BEARER_TOKEN)})}]
    for name, each in refused.items():
        scenario = Scenario(kubectl, NAMESPACE, registry.repository(name), name)
        _push(scenario, "1.0.0", each.before or each.content, each.text)
        _push(scenario, "2.0.0", each.content, each.text)
        rules += [{**fault, "path": f"^/v2/{scenario.repository.name}/{fault['path']}/"} for fault in each.faults]
        stories[name] = scenario
    registry.misbehave(*rules)
    theirs = [each for one in refused.values() for each in one.there]
    kubectl("apply", "--server-side", "-n", NAMESPACE, "-f", "-", stdin="\n---\n".join(map(json.dumps, theirs)))
    account = Account("alice", value(Shape.DOCKER_AUTH))
    kubectl.apply(_in_namespace(login("pull", registry.address, account)))
    kubectl.apply(*(_pattern(stories[name], each, tag="1.0.0") for name, each in refused.items()))
    moved = {name: each for name, each in refused.items() if each.before}
    _until(kubectl, moved, lambda status: condition(status, "Ready").get("status") == "True")
    kubectl.apply(*(_pattern(stories[name], each, tag="2.0.0") for name, each in moved.items()))
    found = _until(kubectl, refused, lambda status: condition(status, "Ready").get("reason") not in _ON_ITS_WAY)
    events = kubectl.json("-n", NAMESPACE, "get", "events")["items"]
    return {
        name: Told(each, found[name], [event for event in events if event["involvedObject"]["name"] == name])
        for name, each in refused.items()
    }


_ON_ITS_WAY = (None, "Ready", "Progressing", "WaitingForHealth", "Modified")  # the last is tried again


def _push(scenario: Scenario, tag: str, objects: tuple[dict[str, Any], ...], text: str) -> None:
    if text:
        scenario.repository.push(tag, [(YAML, text.encode())])
    else:
        push(scenario.repository, tag, *objects)


def _in_namespace(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "namespace": NAMESPACE}}


def _pattern(scenario: Scenario, refused: Refused, *, tag: str) -> dict[str, Any]:
    source: dict[str, Any] = {"url": scenario.repository.oci, "insecure": True, "ref": {"tag": tag}}
    if refused.faults:
        source["secretRef"] = {"name": "pull"}
    spec = {"interval": "1h", "retryInterval": "30s", "source": source, **refused.spec}
    return {
        "apiVersion": API,
        "kind": "DesignPattern",
        "metadata": {"name": scenario.name, "namespace": NAMESPACE},
        "spec": spec,
    }


def _until(
    kubectl: Kubectl, names: dict[str, Refused], done: Callable[[dict[str, Any]], bool]
) -> dict[str, dict[str, Any]]:
    """The status of each once ``done`` is true of all of them."""
    deadline = time.monotonic() + SECONDS
    while True:
        patterns = {each["metadata"]["name"]: each for each in kubectl.json("-n", NAMESPACE, "get", "dp")["items"]}
        statuses = {
            name: patterns[name]["status"]
            for name in names
            if patterns[name].get("status", {}).get("observedGeneration") == patterns[name]["metadata"]["generation"]
        }
        missing = {name for name in names if name not in statuses or not done(statuses[name])}
        if not missing:
            return statuses
        stand = {name: condition(statuses.get(name, {}), "Ready") for name in missing}
        assert time.monotonic() < deadline, f"not so after {SECONDS} s: {json.dumps(stand, indent=1)}"
        time.sleep(WRITING)


# --- each refusal -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_what_is_refused_is_told_without_a_value_of_it(testbed: Testbed, told: dict[str, Told], name: str) -> None:
    found = told[name]
    ready = condition(found.status, "Ready")

    assert ready["status"] != "True"
    assert found.refused.reason in ("", ready["reason"])
    assert found.refused.says in ready["message"]
    assert_no_leak({"status": json.dumps(found.status), "events": json.dumps(found.events)})


def test_patternctl_get_tells_of_them_without_a_value(told: dict[str, Told], operated: Testbed, tmp_path: Path) -> None:
    patternctl = Patternctl(tmp_path, {"KUBECONFIG": str(operated.kubectl.kubeconfig.path)})

    whole = [patternctl("get", "-n", NAMESPACE, "-o", form) for form in ("wide", "json", "yaml")]
    each = [patternctl("get", name, "-n", NAMESPACE) for name in list(told)[::24]]

    assert all(name in whole[0].out for name in told)
    assert all(done.out for done in [*whole, *each])  # and none shows a value: patternctl looks for itself


@pytest.mark.parametrize("name", by_a_reader())
def test_patternctl_render_tells_why_without_a_value(tmp_path: Path, name: str) -> None:
    document = tmp_path / "manifests.yaml"
    document.write_text(by_a_reader()[name].text)

    done = Patternctl(tmp_path)("render", document)

    if done.code:  # else it prints the objects, as it is asked to; of what it says patternctl looks for itself
        assert_no_leak({"standard output": done.out})


@pytest.mark.parametrize("name", by_a_registry(""))
def test_patternctl_verify_tells_why_without_a_value(
    told: dict[str, Told], operated: Testbed, answering: Registry, tmp_path: Path, name: str
) -> None:
    pattern = operated.kubectl.json("-n", NAMESPACE, "get", "dp", name)
    key = tmp_path / "cosign.pub"
    key.write_text("-----BEGIN PUBLIC KEY-----\n" + value(Shape.PRIVATE_KEY))
    patternctl = Patternctl(tmp_path)
    patternctl.log_in(answering.address, name="alice", password=value(Shape.DOCKER_AUTH))

    done = patternctl("verify", f"{pattern['spec']['source']['url']}:1.0.0", "--key", key, "--insecure")

    assert done.code != 0  # and it shows no value: patternctl looks for itself


# --- the search itself ------------------------------------------------------------------------------------------------


def test_the_search_looks_into_status_events_log_and_metrics(testbed: Testbed, scenario: Scenario) -> None:
    push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want(suspend=True)
    scenario.until(lambda status: True)
    log = testbed.operator.process.log
    shown = Shown()
    note = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "planted"}, "type": "Normal", "reason": "Planted"}
    note |= {"message": value(Shape.STRING_DATA), "reportingComponent": "pattern-operator.io/operator"}
    note |= {"involvedObject": {"kind": "DesignPattern", "name": scenario.name, "namespace": scenario.namespace}}

    scenario.make(note)
    patch = json.dumps({"status": {"version": value(Shape.BEARER_TOKEN)}})
    scenario.kubectl(
        "-n", scenario.namespace, "patch", "dp", scenario.name, "--subresource=status", "--type=merge", "-p", patch
    )
    found = shown.news(testbed, logs=[log])
    again = shown.news(testbed, logs=[log])
    scenario.remove("event", "planted")
    scenario.kubectl("-n", scenario.namespace, "delete", "dp", scenario.name)

    mine = {place for place, text in found.items() if leaks(text) and scenario.namespace in place}
    assert mine == {f"status of {scenario.namespace}/{scenario.name}", f"event of {scenario.namespace}/planted"}
    assert b"leads: lease=" in found[str(log)]
    assert b"pattern_operator_reconcile_total" in found["metrics"]
    assert not {place for place, text in again.items() if leaks(text)}


def test_the_search_reads_of_a_log_what_is_new(tmp_path: Path) -> None:
    log = tmp_path / "operator.log"
    log.write_text(f"old: {value(Shape.STRING_DATA)}\n")
    shown = Shown()

    first = shown.news(logs=[log])
    with log.open("a") as lines:
        lines.write("new: nothing\n")
    second = shown.news(logs=[log])

    assert [len(leaks(text)) for text in first.values()] == [1]
    assert second == {str(log): b"new: nothing\n"}
