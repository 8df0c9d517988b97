"""TrustPolicies of the whole cluster: what they cover is judged by them, and again within seconds when they change."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.e2e.scenario import API, Scenario, condition, config_map, eventually, push
from tests.testbed.cosign import Cosign, KeyPair
from tests.testbed.operator import NAMESPACE, RESTRICTED
from tests.testbed.registry import Registry
from tests.testbed.testbed import Testbed

SECONDS = 10.0  # within which a change is followed; it takes some 0.3 s beside an operator that has nothing to do


@pytest.fixture(scope="session")
def other_key(cosign: Cosign) -> KeyPair:
    """A key pair of another team."""
    return cosign.key_pair("other-team")


@pytest.fixture
def make_policy(scenario: Scenario) -> Iterator[Callable[..., None]]:
    """Make or change a TrustPolicy that covers the scenario's repository; they are gone after the test."""
    made: set[str] = set()

    def make(name: str, *authorities: dict[str, Any], **spec: Any) -> None:
        full = f"{scenario.namespace}-{name}"
        made.add(full)
        match = spec.pop("match", [{"url": scenario.repository.oci}])
        body = {"match": match, "authorities": list(authorities), **spec}
        scenario.kubectl.apply({"apiVersion": API, "kind": "TrustPolicy", "metadata": {"name": full}, "spec": body})

    yield make
    for name in made:
        scenario.kubectl("delete", "trustpolicy", name, "--ignore-not-found")
        for kind in ("secret", "configmap"):
            scenario.kubectl("-n", NAMESPACE, "delete", kind, name, "--ignore-not-found")


def signed_by(key: KeyPair, name: str = "release-team") -> dict[str, Any]:
    return {"name": name, "key": {"data": key.pem}}


def policy_status(scenario: Scenario, name: str) -> dict[str, Any]:
    status: dict[str, Any] = scenario.kubectl.json("get", "tp", f"{scenario.namespace}-{name}").get("status", {})
    return status


def counts(scenario: Scenario, name: str) -> tuple[int, int, int]:
    found = policy_status(scenario, name).get("patterns", {})
    return found.get("covered", -1), found.get("passing", -1), found.get("failing", -1)


def passing(policy: dict[str, Any]) -> int:
    found: int = policy.get("status", {}).get("patterns", {}).get("passing", -1)
    return found


def signed(scenario: Scenario, cosign: Cosign, *keys: KeyPair, tag: str = "1.0.0", **data: str) -> str:
    digest = push(scenario.repository, tag, config_map("settings", **data))
    for key in keys:
        cosign.sign_bundle(scenario.repository.at(digest), key=key)
    return digest


def test_what_a_policy_covers_runs_when_it_is_met_and_both_say_so(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair
) -> None:
    make_policy("release", signed_by(key_pair))
    digest = signed(scenario, cosign, key_pair)

    scenario.want()
    status = scenario.until_runs(digest)

    name = f"{scenario.namespace}-release"
    assert condition(status, "Verified")["message"] == f"verified by release-team, as TrustPolicy {name} requires"
    (signature,) = status["verifiedBy"]
    assert signature["policies"] == [name]
    assert len(signature["keyId"]) == 64
    eventually(lambda: counts(scenario, "release") == (1, 1, 0))
    assert condition(policy_status(scenario, "release"), "Ready")["status"] == "True"
    assert scenario.kubectl("get", "tp", name, "--no-headers").split()[:5] == [name, "True", "Enforce", "1", "1"]


def test_what_does_not_meet_a_policy_is_not_applied_whatever_the_pattern_asks_for(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair, other_key: KeyPair
) -> None:
    make_policy("release", signed_by(key_pair))
    signed(scenario, cosign, other_key)

    scenario.want(verify={"authorities": [signed_by(other_key, "own")]})
    said = scenario.until_says("Ready", "SignatureUntrusted")

    assert f"TrustPolicy {scenario.namespace}-release is not met" in said["message"]
    assert scenario.names() == []
    eventually(lambda: counts(scenario, "release") == (1, 0, 1))
    assert policy_status(scenario, "release")["failingPatterns"] == [f"{scenario.namespace}/{scenario.name}"]


def test_every_policy_has_to_be_met(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair, other_key: KeyPair
) -> None:
    make_policy("release", signed_by(key_pair))
    make_policy("security", signed_by(other_key, "security-team"))
    digest = signed(scenario, cosign, key_pair)
    scenario.want()
    said = scenario.until_says("Ready", "SignatureUntrusted")

    cosign.sign_bundle(scenario.repository.at(digest), key=other_key)
    scenario.request()
    status = scenario.until_runs(digest)

    assert f"TrustPolicy {scenario.namespace}-security is not met" in said["message"]
    assert {each["authority"] for each in status["verifiedBy"]} == {"release-team", "security-team"}


def test_a_policy_that_only_warns_is_said_and_holds_nothing_up(
    scenario: Scenario, make_policy: Callable[..., None]
) -> None:
    make_policy(
        "trial", {"name": "release-team", "key": {"configMapRef": {"name": "nowhere", "key": "k"}}}, mode="Warn"
    )
    digest = push(scenario.repository, "1.0.0", config_map("settings"))

    scenario.want()
    status = scenario.until_runs(digest)

    verified = condition(status, "Verified")
    assert (verified["status"], verified["reason"]) == ("False", "PolicyWarning")
    assert "ConfigMap pattern-operator-system/nowhere does not exist" in verified["message"]
    eventually(lambda: scenario.events("PolicyWarning"))
    eventually(lambda: condition(policy_status(scenario, "trial"), "Ready").get("reason") == "SecretNotFound")


def test_a_key_that_is_rotated_is_followed_at_once_and_nothing_is_pulled(
    scenario: Scenario,
    own_story: Scenario,
    own_registry: Registry,
    make_policy: Callable[..., None],
    cosign: Cosign,
    key_pair: KeyPair,
    other_key: KeyPair,
) -> None:
    name = f"{scenario.namespace}-release"
    keys = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}}
    authority = {"name": "release-team", "key": {"secretRef": {"name": name}}}
    scenario.kubectl.apply({**keys, "stringData": {"cosign.pub": key_pair.pem}})
    make_policy("release", authority, match=[{"url": own_story.repository.oci}])
    digest = signed(own_story, cosign, key_pair, other_key)
    own_story.want()
    before = own_story.until_runs(digest)["verifiedBy"][0]["keyId"]
    own_registry.forget_requests()

    rotated = time.monotonic()
    scenario.kubectl.apply({**keys, "stringData": {"cosign.pub": other_key.pem}})
    own_story.until(lambda status: [each["keyId"] for each in status["verifiedBy"]] not in ([], [before]))

    assert time.monotonic() - rotated < SECONDS
    assert own_registry.requests() == {}
    assert condition(own_story.status, "Ready")["status"] == "True"


def test_a_secret_that_is_deleted_takes_the_trust_and_leaves_what_runs(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair
) -> None:
    name = f"{scenario.namespace}-release"
    keys = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}}
    scenario.kubectl.apply({**keys, "stringData": {"cosign.pub": key_pair.pem}})
    make_policy("release", {"name": "release-team", "key": {"secretRef": {"name": name}}}, onFailure="Prune")
    digest = signed(scenario, cosign, key_pair)
    scenario.want()
    scenario.until_runs(digest)

    scenario.kubectl("-n", NAMESPACE, "delete", "secret", name)
    said = scenario.until_says("Ready", "PolicyInvalid", seconds=SECONDS)
    scenario.remove("configmap", "settings")
    eventually(lambda: condition(policy_status(scenario, "release"), "Ready").get("status") == "False")
    lost = scenario.there("configmap", "settings")
    scenario.kubectl.apply({**keys, "stringData": {"cosign.pub": key_pair.pem}})
    scenario.until_runs(digest, seconds=SECONDS)

    assert "cannot be used, so that nothing meets it" in said["message"]
    assert not lost
    scenario.until_object("configmap", "settings", lambda found: found is not None)


def test_what_loses_its_trust_is_deleted_where_the_policy_says_so_and_comes_back_with_it(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair, other_key: KeyPair
) -> None:
    make_policy("release", signed_by(key_pair), onFailure="Prune")
    digest = signed(scenario, cosign, key_pair)
    scenario.want()
    scenario.until_runs(digest)

    make_policy("release", signed_by(other_key), onFailure="Prune")
    said = scenario.until_says("Ready", "SignatureUntrusted", seconds=SECONDS)
    scenario.until_object("configmap", "settings", lambda found: found is None)
    status = scenario.until(lambda status: not status.get("inventory", {}).get("count"))
    make_policy("release", signed_by(key_pair), onFailure="Prune")
    scenario.until_runs(digest)

    assert "What ran is deleted, as a TrustPolicy asks for" in said["message"]
    assert status.get("revision", "") == ""
    assert scenario.names() == ["settings"]


# What the API server refuses, so that only a part of an artifact can be applied.
REFUSED = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "refused"}, "spec": {"ports": [{"port": 0}]}}


def signed_in_part(scenario: Scenario, cosign: Cosign, key: KeyPair, *objects: dict[str, Any]) -> str:
    """An artifact of which some objects cannot be applied, signed, under the tag ``stable``."""
    digest = push(scenario.repository, "stable", *objects, REFUSED)
    cosign.sign_bundle(scenario.repository.at(digest), key=key)
    return digest


def test_a_registry_that_is_empty_after_a_restart_deletes_nothing(
    testbed: Testbed,
    own_story: Scenario,
    own_registry: Registry,
    make_policy: Callable[..., None],
    cosign: Cosign,
    key_pair: KeyPair,
) -> None:
    make_policy("release", signed_by(key_pair), match=[{"url": own_story.repository.oci}], onFailure="Prune")
    digest = signed(own_story, cosign, key_pair)
    own_story.want()
    own_story.until_runs(digest)

    with own_registry.faulty({"path": "^/v2/.+", "status": 404}):
        testbed.operator.restart()
        said = own_story.until_says("Verified", "SignatureMissing")
        ready = own_story.condition("Ready")
        kept = own_story.names()
    own_story.request()
    own_story.until_runs(digest)

    assert said["status"] == "False"
    assert (ready["status"], ready["reason"]) == ("False", "ArtifactNotFound")
    assert kept == ["settings"]


def test_what_was_applied_in_part_is_not_deleted_because_something_newer_is_not_signed(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair, other_key: KeyPair
) -> None:
    make_policy("release", signed_by(key_pair), onFailure="Prune")
    signed_in_part(scenario, cosign, key_pair, config_map("settings"))
    scenario.want(ref={"tag": "stable"})
    scenario.until(lambda status: status.get("applyingRevision"))

    signed(scenario, cosign, other_key, tag="stable", version="2")
    scenario.request()
    scenario.until_says("Ready", "SignatureUntrusted")

    assert scenario.names() == ["settings"]


def test_an_update_that_was_applied_in_part_is_deleted_when_it_loses_its_trust(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair, other_key: KeyPair
) -> None:
    make_policy("release", signed_by(key_pair), onFailure="Prune")
    older = signed(scenario, cosign, key_pair, tag="stable", version="1")
    scenario.want(ref={"tag": "stable"})
    scenario.until_runs(older)
    signed_in_part(scenario, cosign, key_pair, config_map("settings", version="2"), config_map("more"))
    scenario.request()
    scenario.until(lambda status: status.get("applyingRevision"))

    make_policy("release", signed_by(other_key), onFailure="Prune")
    scenario.until_object("configmap", "more", lambda found: found is None)
    scenario.until_object("configmap", "settings", lambda found: found is None)
    scenario.until(lambda status: not status.get("inventory", {}).get("count"))

    eventually(lambda: counts(scenario, "release") == (1, 0, 1))


def test_who_edits_the_url_takes_nothing_from_the_policies_of_what_runs(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair, other_key: KeyPair
) -> None:
    make_policy("release", signed_by(key_pair), onFailure="Prune")
    digest = signed(scenario, cosign, key_pair)
    scenario.want()
    scenario.until_runs(digest)
    elsewhere = f"{scenario.repository.oci}-elsewhere"
    make_policy("elsewhere", signed_by(other_key), match=[{"url": elsewhere}], onFailure="Prune")

    scenario.change({"source": {"url": elsewhere}})
    scenario.until_says("Ready", "ArtifactNotFound")
    kept = scenario.names()
    make_policy("release", signed_by(other_key), onFailure="Prune")
    scenario.until_object("configmap", "settings", lambda found: found is None)
    said = scenario.until_says("Verified", "SignatureUntrusted")

    assert kept == ["settings"]
    assert f"TrustPolicy {scenario.namespace}-release is not met" in said["message"]


def test_a_tag_that_moves_back_is_refused(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair
) -> None:
    make_policy("release", signed_by(key_pair))
    older = signed(scenario, cosign, key_pair, tag="stable", version="1")
    scenario.want(ref={"tag": "stable"})
    scenario.until_runs(older)
    newer = signed(scenario, cosign, key_pair, tag="stable", version="2")
    scenario.request()
    scenario.until_runs(newer)

    assert signed(scenario, cosign, tag="stable", version="1") == older
    scenario.request()
    refused = scenario.until_says("Ready", "DowngradeRefused")
    kept = scenario.get("configmap", "settings")["data"]["version"]
    make_policy("release", signed_by(key_pair), allowDowngrade=True)
    scenario.until_runs(older)

    assert "which ran before" in refused["message"]
    assert kept == "2"


def test_the_ways_to_roll_back_work_under_a_policy_and_so_does_the_way_forward(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair
) -> None:
    make_policy("release", signed_by(key_pair))
    older = signed(scenario, cosign, key_pair, tag="stable", version="1")
    scenario.want(ref={"tag": "stable"})
    scenario.until_runs(older)
    newer = signed(scenario, cosign, key_pair, tag="stable", version="2")
    scenario.request()
    scenario.until_runs(newer)

    for ref, expected in (
        ({"tag": "stable", "digest": older}, older),
        ({"tag": "stable"}, newer),
        ({"digest": older}, older),
        ({"digest": newer}, newer),
        ({"digest": older}, older),
    ):
        scenario.want(ref=ref)
        scenario.until_runs(expected)
    assert scenario.get("configmap", "settings")["data"]["version"] == "1"


def test_a_condition_with_a_typing_mistake_makes_the_policy_unusable_and_deletes_nothing(
    scenario: Scenario, make_policy: Callable[..., None], cosign: Cosign, key_pair: KeyPair
) -> None:
    make_policy("release", signed_by(key_pair), onFailure="Prune")
    digest = signed(scenario, cosign, key_pair)
    scenario.want()
    scenario.until_runs(digest)

    scan = {"name": "scan", "predicateType": "https://example.org/scan", "condition": "predicate.critical =="}
    make_policy("release", {**signed_by(key_pair), "attestations": [scan]}, onFailure="Prune")
    said = scenario.until_says("Ready", "PolicyInvalid", seconds=SECONDS)
    eventually(lambda: condition(policy_status(scenario, "release"), "Ready").get("status") == "False")

    where = (
        "spec.authorities[0].attestations[0].condition ('scan' of 'release-team') does not compile: 1:22: Syntax error"
    )
    assert where in said["message"]
    assert where in condition(policy_status(scenario, "release"), "Ready")["message"]
    assert scenario.names() == ["settings"]


def test_the_labels_of_a_namespace_decide_and_are_followed(
    scenario: Scenario, make_policy: Callable[..., None]
) -> None:
    selector = {"matchLabels": {"trust.example/env": "prod"}}
    make_policy(
        "release",
        {"name": "release-team", "key": {"configMapRef": {"name": "nowhere", "key": "k"}}},
        match=[{"url": "oci://**", "namespaceSelector": selector}],
    )
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want()
    scenario.until_runs(digest)

    scenario.kubectl("label", "namespace", scenario.namespace, "trust.example/env=prod")
    scenario.until_says("Ready", "PolicyInvalid", seconds=SECONDS)
    scenario.kubectl("label", "namespace", scenario.namespace, "trust.example/env-")
    status = scenario.until_runs(digest, seconds=SECONDS)

    assert condition(status, "Verified")["reason"] == "NoPolicy"


def test_where_nothing_unsigned_is_admitted_a_policy_or_the_pattern_has_to_require_a_signature(
    restricted_cluster: Testbed, scenario: Scenario, cosign: Cosign, key_pair: KeyPair
) -> None:
    if restricted_cluster.operates:
        restricted_cluster.operator.stop()
    restricted_cluster.start_operator(manifests=RESTRICTED, flags=("--unsigned=Deny",))
    kubectl = restricted_cluster.kubectl
    kubectl("create", "namespace", scenario.namespace)
    place = ("-n", scenario.namespace)
    kubectl(*place, "create", "serviceaccount", "deployer")
    account = f"--serviceaccount={scenario.namespace}:deployer"
    kubectl(*place, "create", "rolebinding", "edit", "--clusterrole=edit", account)
    there = Scenario(kubectl, scenario.namespace, scenario.repository)
    digest = signed(there, cosign, key_pair)

    try:
        there.want(apply={"serviceAccountName": "deployer"})
        refused = there.until_says("Ready", "NoTrustPolicy")
        spec = {"match": [{"url": there.repository.oci}], "authorities": [signed_by(key_pair)], "mode": "Warn"}
        warns = {"apiVersion": API, "kind": "TrustPolicy", "metadata": {"name": "warns"}, "spec": spec}
        kubectl.apply(warns)
        there.until(lambda status: "only warn (TrustPolicy warns)" in condition(status, "Ready").get("message", ""))
        eventually(lambda: passing(kubectl.json("get", "tp", "warns")) == 1)
        nothing = there.names()
        there.change({"verify": {"authorities": [signed_by(key_pair)]}})
        there.until_runs(digest)
        there.delete()
        there.until_gone()
    finally:
        restricted_cluster.operator.stop()
        kubectl("delete", "trustpolicy", "warns", "--ignore-not-found")
        kubectl("delete", "namespace", scenario.namespace, "--wait=false")

    assert "(--unsigned=Deny)" in refused["message"]
    assert nothing == []
