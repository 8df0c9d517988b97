"""Who signed what runs: signatures of the real cosign in a real registry, keys where users keep them, and every
way in which a signature can be missing, somebody else's, or of another artifact."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, eventually, push, secret
from tests.testbed.cosign import Cosign, KeyPair
from tests.testbed.kubectl import KubectlFailed
from tests.testbed.registry import Options, Registry
from tests.testbed.repository import Repository
from tests.testbed.testbed import Testbed

from pattern_operator.api.signing import SIGN

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIGNED = "https://sigstore.dev/cosign/sign/v1"
SPDX = "https://spdx.dev/Document"
SETTINGS = config_map("settings")
CHANGED = config_map("settings", a="2")


@pytest.fixture(scope="session")
def stranger(cosign: Cosign) -> KeyPair:
    """A key pair that no pattern trusts."""
    return cosign.key_pair("stranger")


def trusting(*keys: dict[str, Any]) -> dict[str, Any]:
    """``spec.verify`` with these keys."""
    return {"authorities": [{"key": key} for key in keys]}


def release_team(key: KeyPair) -> dict[str, Any]:
    """``spec.verify`` that wants the signature of this key."""
    return {"authorities": [{"name": "release-team", "key": {"data": key.pem}}]}


def classic_tag(digest: str) -> str:
    return f"{digest.replace(':', '-')}.sig"


def assert_refused(status: dict[str, Any], reason: str, *words: str, kept: str = "") -> None:
    """Verification refused it, in these words, as Ready, Stalled and Verified say; Ready also what is kept."""
    verified, ready = condition(status, "Verified"), condition(status, "Ready")
    assert (verified["status"], verified["reason"]) == (ready["status"], ready["reason"]) == ("False", reason)
    assert ready["message"] == f"{verified['message']}{kept}"
    assert [word for word in words if word not in verified["message"]] == []
    assert condition(status, "Stalled")["reason"] == reason
    assert condition(status, "Reconciling") == {}


# --- signed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["bundle", "cosign"])
def test_what_is_signed_runs_and_status_says_who_signed(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair, form: str
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    sign = cosign.sign_bundle if form == "bundle" else cosign.sign_classic
    sign(scenario.repository.at(digest), key=key_pair)

    scenario.want(verify=release_team(key_pair))
    status = scenario.until_runs(digest)

    (each,) = status["verifiedBy"]
    assert (each["authority"], each["format"]) == ("release-team", form)
    assert each["where"].startswith("referrer sha256:" if form == "bundle" else classic_tag(digest))
    assert condition(status, "Verified")["status"] == "True"
    assert condition(status, "Verified")["message"] == "verified by release-team"
    assert status["history"][0]["verifiedBy"] == ["release-team"]
    eventually(lambda: scenario.events("Ready"))
    assert "verified by release-team" in scenario.events("Ready")[0]["message"]


def test_kubectl_shows_at_a_glance_what_runs_and_who_signed(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(digest), key=key_pair)
    scenario.want(verify=release_team(key_pair))
    scenario.until_runs(digest)

    short = scenario.kubectl("-n", scenario.namespace, "get", "dp", "--no-headers").split()
    wide = scenario.kubectl("-n", scenario.namespace, "get", "patterns", "-o", "wide", "--no-headers").split()

    assert short[:5] == ["web", "True", "Ready", "1.0.0", digest.removeprefix("sha256:")[:12]]
    assert scenario.repository.oci in wide
    assert any("release-team" in word for word in wide)


def test_a_signature_is_found_where_the_registry_has_no_referrers_api(
    scenario: Scenario, start_registry: Callable[..., Registry], cosign: Cosign, key_pair: KeyPair
) -> None:
    old = scenario.another("web", repository=start_registry(Options(referrers="fallback-tag")).repository())
    digest = push(old.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(old.repository.at(digest), key=key_pair)

    old.want(verify=release_team(key_pair))
    status = old.until_runs(digest)

    assert status["verifiedBy"][0]["format"] == "bundle"


@pytest.mark.parametrize("kind", ["secretRef", "configMapRef", "data"])
def test_an_authority_without_a_name_is_called_after_its_key(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair, kind: str
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(digest), key=key_pair)
    scenario.make(secret("in-a-secret", **{"cosign.pub": key_pair.pem}))
    scenario.make(config_map("in-a-config-map", **{"team.pem": key_pair.pem}))
    keys: dict[str, dict[str, Any]] = {
        "secretRef": {"secretRef": {"name": "in-a-secret"}},
        "configMapRef": {"configMapRef": {"name": "in-a-config-map", "key": "team.pem"}},
        "data": {"data": key_pair.pem},
    }
    names = {
        "secretRef": "in-a-secret",
        "configMapRef": "in-a-config-map",
        "data": f"key {hashlib.sha256(key_pair.pem.encode()).hexdigest()[:12]}",
    }

    scenario.want(verify=trusting(keys[kind]))
    status = scenario.until_runs(digest)

    assert [each["authority"] for each in status["verifiedBy"]] == [names[kind]]


def test_of_several_authorities_one_that_signs_is_enough(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair, stranger: KeyPair
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(digest), key=stranger)
    authorities = release_team(key_pair)["authorities"]
    authorities.append({"name": "security-team", "key": {"data": stranger.pem}})

    scenario.want(verify={"authorities": authorities})
    status = scenario.until_runs(digest)

    assert [each["authority"] for each in status["verifiedBy"]] == ["security-team"]


# --- not signed, or by others ---------------------------------------------------------------------------------------


def test_of_what_is_not_signed_no_layer_is_pulled(
    own_story: Scenario, own_registry: Registry, cosign: Cosign, key_pair: KeyPair
) -> None:
    digest = push(own_story.repository, "1.0.0", SETTINGS)
    own_registry.forget_requests()

    own_story.want(verify=release_team(key_pair))
    own_story.until_says("Verified", "SignatureMissing")
    refused = own_story.status

    assert "GET manifests" in own_registry.requests()
    assert "GET blobs" not in own_registry.requests()
    assert condition(refused, "Fetched")["status"] == "True"
    assert "pulled when it is verified" in condition(refused, "Fetched")["message"]

    cosign.sign_bundle(own_story.repository.at(digest), key=key_pair)
    own_story.request()
    status = own_story.until_runs(digest)
    assert "GET blobs" in own_registry.requests()
    assert condition(status, "Fetched")["message"].startswith("pulled ")


def test_what_is_not_signed_is_not_applied_until_it_is(scenario: Scenario, cosign: Cosign, key_pair: KeyPair) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)

    scenario.want(verify=release_team(key_pair), interval="1s")
    refused = scenario.until(lambda status: condition(status, "Verified").get("status") == "False")
    nothing = scenario.names()
    cosign.sign_bundle(scenario.repository.at(digest), key=key_pair)
    scenario.until_runs(digest)

    assert_refused(
        refused,
        "SignatureMissing",
        digest,
        "release-team",
        f"`{SIGN} --insecure oci://{scenario.repository.at(digest)}`",
    )
    assert nothing == []
    assert not refused.get("digest")
    eventually(lambda: scenario.events("SignatureMissing"))
    assert [event["type"] for event in scenario.events("SignatureMissing")] == ["Warning"]


def test_what_somebody_else_signed_is_refused_by_name(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair, stranger: KeyPair
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(digest), key=stranger)
    cosign.sign_classic(scenario.repository.at(digest), key=stranger)

    scenario.want(verify=release_team(key_pair))
    status = scenario.until(lambda status: condition(status, "Verified").get("status") == "False")

    assert_refused(status, "SignatureUntrusted", digest, "release-team", classic_tag(digest), "referrer sha256:")
    assert scenario.names() == []


def copied_bundle(repository: Repository, signed: str, other: str) -> None:
    """Let the bundle that signs ``signed`` refer to ``other``."""
    (referrer,) = repository.referrers(signed)
    (layer,) = json.loads(repository.manifest(referrer["digest"]).body)["layers"]
    annotations = {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": SIGNED}
    bundle = (BUNDLE, repository.blob(layer["digest"]))
    repository.push(None, [bundle], artifact_type=BUNDLE, subject=other, annotations=annotations)


def copied_tag(repository: Repository, signed: str, other: str) -> None:
    """Let the signatures of ``signed`` be found under the tag of those of ``other``."""
    repository.push_manifest(repository.manifest(classic_tag(signed)).body, tag=classic_tag(other))


@pytest.mark.parametrize("form", ["bundle", "cosign"])
def test_a_signature_that_was_copied_from_another_artifact_is_told_for_what_it_is(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair, form: str
) -> None:
    signed, other = push(scenario.repository, "1.0.0", SETTINGS), push(scenario.repository, "2.0.0", CHANGED)
    sign, copy = (cosign.sign_bundle, copied_bundle) if form == "bundle" else (cosign.sign_classic, copied_tag)
    sign(scenario.repository.at(signed), key=key_pair)
    copy(scenario.repository, signed, other)

    scenario.want(ref={"tag": "2.0.0"}, verify=release_team(key_pair))
    status = scenario.until(lambda status: condition(status, "Verified").get("status") == "False")

    assert_refused(status, "SignatureOfAnotherArtifact", other, f"signs {signed}", "release-team")
    assert scenario.names() == []


SCAN = "https://example.org/scan/v1"


@pytest.mark.parametrize("form", ["bundle", "att"])
def test_what_is_attested_runs_only_once_the_condition_is_true(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair, form: str
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    attest = cosign.attest_bundle if form == "bundle" else cosign.attest_classic
    attest(scenario.repository.at(digest), key=key_pair, predicate_type=SCAN, predicate={"critical": 3})
    attestation = {"name": "scan", "predicateType": SCAN, "condition": "predicate.critical == 0"}
    authority = {"name": "scanner", "key": {"data": key_pair.pem}, "attestations": [attestation]}

    scenario.want(verify={"authorities": [authority]}, interval="1s")
    refused = scenario.until(lambda status: condition(status, "Verified").get("status") == "False")
    nothing = scenario.names()
    attest(scenario.repository.at(digest), key=key_pair, predicate_type=SCAN, predicate={"critical": 0})
    status = scenario.until_runs(digest)

    assert_refused(refused, "SignatureUntrusted", "what the condition of 'scan' is not true of: it does not hold")
    assert nothing == []
    assert [each["authority"] for each in status["verifiedBy"]] == ["scanner"]


def test_an_attestation_is_not_an_approval(scenario: Scenario, cosign: Cosign, key_pair: KeyPair) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    cosign.attest_bundle(
        scenario.repository.at(digest), key=key_pair, predicate_type=SPDX, predicate={"vulnerable": True}
    )

    scenario.want(verify=release_team(key_pair))
    status = scenario.until(lambda status: condition(status, "Verified").get("status") == "False")

    assert_refused(status, "SignatureUntrusted", digest, "is by release-team", "which is not an approval")


# --- updates, and trust that is lost --------------------------------------------------------------------------------


def test_an_update_that_nobody_signed_is_refused_and_what_runs_is_kept_so(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair
) -> None:
    first = push(scenario.repository, "latest", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(first), key=key_pair)
    scenario.want(ref={"tag": "latest"}, verify=release_team(key_pair), interval="1s")
    scenario.until_runs(first)

    second = push(scenario.repository, "latest", CHANGED)
    refused = scenario.until(lambda status: condition(status, "Verified")["status"] == "False")
    scenario.remove("configmap", "settings")
    scenario.until_object("configmap", "settings", lambda found: found and found["data"] == {"a": "1"})
    cosign.sign_bundle(scenario.repository.at(second), key=key_pair)
    scenario.until_runs(second)

    assert_refused(refused, "SignatureMissing", second)
    assert (refused["digest"], refused["lastAttemptedRevision"]) == (first, f"latest@{second}")
    assert condition(refused, "Applied")["status"] == condition(refused, "Healthy")["status"] == "True"
    assert [each["authority"] for each in refused["verifiedBy"]] == ["release-team"]
    assert scenario.get("configmap", "settings")["data"] == {"a": "2"}


def test_what_runs_is_kept_so_by_a_restarted_operator_that_refuses_the_update(
    testbed: Testbed, scenario: Scenario, cosign: Cosign, key_pair: KeyPair
) -> None:
    first = push(scenario.repository, "latest", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(first), key=key_pair)
    scenario.want(ref={"tag": "latest"}, verify=release_team(key_pair))
    scenario.until_runs(first)
    push(scenario.repository, "latest", CHANGED)
    scenario.request()

    testbed.operator.restart()
    scenario.edit("configmap", "settings", {"data": {"a": "drifted"}})
    scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})

    assert condition(scenario.status, "Verified")["reason"] == "SignatureMissing"
    assert condition(scenario.status, "Healthy")["status"] == "True"


def test_when_a_key_is_withdrawn_nothing_is_deleted_and_nothing_more_is_applied_until_it_is_back(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair, stranger: KeyPair
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS, config_map("other"))
    cosign.sign_bundle(scenario.repository.at(digest), key=key_pair)
    scenario.make(secret("team-key", **{"cosign.pub": key_pair.pem}))
    scenario.want(verify=trusting({"secretRef": {"name": "team-key"}}))  # whose interval is an hour
    scenario.until_runs(digest)

    scenario.make(secret("team-key", **{"cosign.pub": stranger.pem}))
    withdrawn = scenario.until(lambda status: condition(status, "Verified")["status"] == "False")
    kept = scenario.names()
    scenario.remove("configmap", "settings")
    scenario.request()
    left = scenario.names()
    scenario.make(secret("team-key", **{"cosign.pub": key_pair.pem}))
    scenario.until_object("configmap", "settings", lambda found: found is not None)
    scenario.until_runs(digest)

    stays = " What runs stays as it is, and is neither repaired nor pruned until it passes."
    assert_refused(withdrawn, "SignatureUntrusted", digest, "team-key", kept=stays)
    assert withdrawn["digest"] == digest
    assert kept == ["other", "settings"]
    assert left == ["other"]


def test_what_is_no_longer_verified_is_not_said_to_be(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair, stranger: KeyPair
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(digest), key=key_pair)
    scenario.want(verify=release_team(key_pair))
    scenario.until_runs(digest)

    scenario.change({"verify": release_team(stranger)})
    status = scenario.until(lambda status: condition(status, "Verified")["status"] == "False")

    assert status["verifiedBy"] == []
    assert status["digest"] == digest


# --- keys that are not there ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["secretRef", "configMapRef"])
def test_a_key_that_does_not_exist_is_named_and_used_as_soon_as_it_does(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair, kind: str
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(digest), key=key_pair)
    make, title = (secret, "Secret") if kind == "secretRef" else (config_map, "ConfigMap")

    scenario.want(verify=trusting({kind: {"name": "team-key"}}))  # whose interval is an hour
    missing = scenario.until(lambda status: condition(status, "Verified").get("status") == "False")
    scenario.make(make("team-key", **{"cosign.pub": key_pair.pem}))
    scenario.until_runs(digest)

    assert_refused(missing, "SecretNotFound", f"{title} {scenario.namespace}/team-key does not exist")


def test_a_secret_without_the_entry_is_told_which_one_it_lacks(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(digest), key=key_pair)
    scenario.make(secret("team-key", **{"team.pub": key_pair.pem}))

    scenario.want(verify=trusting({"secretRef": {"name": "team-key"}}))
    lacking = scenario.until(lambda status: condition(status, "Verified").get("status") == "False")
    scenario.make(secret("team-key", **{"cosign.pub": key_pair.pem}))
    scenario.until_runs(digest)

    assert_refused(lacking, "SecretInvalid", f"Secret {scenario.namespace}/team-key has no entry cosign.pub")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("s3cret", id="no PEM"),
        pytest.param("-----BEGIN PUBLIC KEY-----\nczNjcmV0\n-----END PUBLIC KEY-----\n", id="no key in it"),
        pytest.param("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ns3cret\n", id="the private key"),
    ],
)
def test_a_key_that_is_none_is_refused_with_what_it_should_be_and_never_with_what_it_holds(
    scenario: Scenario, cosign: Cosign, key_pair: KeyPair, content: str
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(digest), key=key_pair)
    scenario.make(secret("team-key", **{"cosign.pub": content}))

    scenario.want(verify=trusting({"secretRef": {"name": "team-key"}}))
    refused = scenario.until(lambda status: condition(status, "Verified").get("status") == "False")
    scenario.make(secret("team-key", **{"cosign.pub": key_pair.pem}))
    scenario.until_runs(digest)

    assert_refused(refused, "KeyInvalid", "team-key", "PUBLIC KEY")
    assert "s3cret" not in json.dumps(refused)
    assert "czNjcmV0" not in json.dumps(refused)


def test_a_key_that_is_none_does_not_get_past_the_api_server_inline(scenario: Scenario) -> None:
    with pytest.raises(KubectlFailed, match="must be the PEM of one public key"):
        scenario.want(verify=trusting({"data": "ssh-ed25519 AAAA"}))


# --- a registry that does not answer -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (500, "RegistryUnavailable"),
        (429, "RegistryThrottled"),
        (401, "AuthenticationRequired"),
        (403, "AccessDenied"),
    ],
)
@pytest.mark.parametrize("place", ["referrers", "classic tag"])
def test_who_cannot_be_asked_for_signatures_never_says_that_there_is_none(
    registry: Registry, scenario: Scenario, cosign: Cosign, key_pair: KeyPair, place: str, status: int, reason: str
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    path = f"/{scenario.repository.name}/" + ("referrers/" if place == "referrers" else "manifests/.*[.]sig$")

    with registry.faulty({"path": path, "status": status}):
        scenario.want(verify=release_team(key_pair))
        failed = scenario.until(lambda status: condition(status, "Verified").get("status") == "False")
    cosign.sign_bundle(scenario.repository.at(digest), key=key_pair)
    scenario.request()
    scenario.until_runs(digest)

    assert condition(failed, "Verified")["reason"] == condition(failed, "Ready")["reason"] == reason
    assert scenario.repository.name in condition(failed, "Verified")["message"]
    assert (condition(failed, "Stalled") == {}) == (status in (429, 500))


def test_an_update_whose_signatures_cannot_be_asked_for_leaves_what_runs(
    registry: Registry, scenario: Scenario, cosign: Cosign, key_pair: KeyPair
) -> None:
    first = push(scenario.repository, "latest", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(first), key=key_pair)
    scenario.want(ref={"tag": "latest"}, verify=release_team(key_pair))
    scenario.until_runs(first)

    with registry.faulty({"path": f"/{scenario.repository.name}/referrers/", "status": 503}):
        second = push(scenario.repository, "latest", CHANGED)
        failed = scenario.request()
        scenario.edit("configmap", "settings", {"data": {"a": "drifted"}})
        scenario.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})
    cosign.sign_bundle(scenario.repository.at(second), key=key_pair)
    scenario.request()  # a retry before the signature was there has found none, and would look again in an hour
    scenario.until_runs(second)

    assert condition(failed, "Verified")["reason"] == "RegistryUnavailable"
    assert condition(failed, "Ready")["status"] == "False"
    assert failed["digest"] == first


def test_what_was_verified_stays_ready_when_a_restarted_operator_cannot_ask_again(
    testbed: Testbed, scenario: Scenario, own_registry: Registry, cosign: Cosign, key_pair: KeyPair
) -> None:
    pinned = scenario.another("pinned", repository=own_registry.repository())
    digest = push(pinned.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(pinned.repository.at(digest), key=key_pair)
    pinned.want(ref={"digest": digest}, verify=release_team(key_pair))
    pinned.until_runs(digest)

    own_registry.stop()
    testbed.operator.restart()
    unasked = pinned.until_says("Verified", "RegistryUnavailable")
    meanwhile = condition(pinned.status, "Ready")["status"]
    own_registry.restart()
    pinned.until_says("Verified", "Succeeded")

    assert own_registry.address in unasked["message"]
    assert meanwhile == "True"


def test_what_other_keys_may_not_have_signed_is_not_ready_while_nobody_can_be_asked(
    registry: Registry, scenario: Scenario, cosign: Cosign, key_pair: KeyPair, stranger: KeyPair
) -> None:
    digest = push(scenario.repository, "1.0.0", SETTINGS)
    cosign.sign_bundle(scenario.repository.at(digest), key=key_pair)
    scenario.make(secret("team-key", **{"cosign.pub": key_pair.pem}))
    scenario.want(verify=trusting({"secretRef": {"name": "team-key"}}))
    scenario.until_runs(digest)

    with registry.faulty({"path": f"/{scenario.repository.name}/referrers/", "status": 503}):
        scenario.make(secret("team-key", **{"cosign.pub": stranger.pem}))
        status = scenario.until(lambda status: condition(status, "Verified")["status"] == "False")

    assert condition(status, "Verified")["reason"] == condition(status, "Ready")["reason"] == "RegistryUnavailable"
    assert condition(status, "Ready")["status"] == "False"
    assert scenario.names() == ["settings"]
