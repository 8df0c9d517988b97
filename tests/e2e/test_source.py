"""From the reference to proven bytes: which artifact is pulled, how often the registry is asked, and what it may do
wrong without harm to what runs."""

import asyncio
import gzip
import hashlib
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.e2e.scenario import (
    YAML,
    Scenario,
    condition,
    config_map,
    eventually,
    login,
    push,
    push_design,
    push_files,
    secret,
    tar,
)
from tests.executors import EXECUTORS
from tests.planted import Shape, value
from tests.render.designs import DATA
from tests.testbed.authority import Authority
from tests.testbed.http import request
from tests.testbed.registry import Options, Registry
from tests.testbed.repository import Account, Repository
from tests.testbed.testbed import Testbed

from pattern_operator import source
from pattern_operator.api.artifact import File
from pattern_operator.api.reference import Repository as Address

ALICE = Account("alice", value(Shape.DOCKER_AUTH))
THIEF = Account("alice", f"a-guess-{value(Shape.DOCKER_AUTH)}")
ABSENT = "sha256:" + "0" * 64


def fresh() -> dict[str, Any]:
    """A ConfigMap that no cache has seen: the registry has to be asked for it."""
    return config_map("settings", nonce=uuid4().hex)


def stays_ready(scenario: Scenario) -> bool:
    return bool(condition(scenario.status, "Ready")["status"] == "True")


def path_of(repository: Repository, kind: str) -> str:
    """The paths of one repository, for a rule of misbehaviour that leaves every other alone."""
    return f"^/v2/{repository.name}/{kind}/"


# --- which artifact -------------------------------------------------------------------------------------------------


def test_a_digest_is_pulled_once_and_the_registry_is_asked_no_more(own_registry: Registry, own_story: Scenario) -> None:
    digest = push(own_story.repository, None, config_map("settings"))
    own_story.want(ref={"digest": digest}, interval="1s")
    own_story.until_runs(digest)
    own_registry.forget_requests()

    status = own_story.request()

    assert own_registry.requests() == {}
    assert status["revision"] == f"@{digest}"
    assert own_story.names() == ["settings"]


def test_beside_a_tag_the_digest_is_pulled_and_the_tag_is_what_the_version_is_called(
    own_registry: Registry, own_story: Scenario
) -> None:
    digest = push(own_story.repository, "1.0.0", config_map("settings"))
    push(own_story.repository, "1.0.0", config_map("of-somebody-else"))

    own_story.want(ref={"tag": "1.0.0", "digest": digest}, interval="1s")
    status = own_story.until_runs(digest)
    own_registry.forget_requests()
    push(own_story.repository, "1.0.0", config_map("of-a-third"))
    asked_to_push = own_registry.requests()
    own_story.request()

    assert (status["version"], status["revision"]) == ("1.0.0", f"1.0.0@{digest}")
    assert own_registry.requests() == asked_to_push
    assert own_story.names() == ["settings"]


def test_the_highest_version_of_a_range_runs_and_a_higher_one_is_an_update(scenario: Scenario) -> None:
    for tag in ("latest", "1.0.0", "1.9.0-rc.1", "2.0.0"):
        push(scenario.repository, tag, config_map("settings", a=tag))
    first = push(scenario.repository, "1.4.2", config_map("settings", a="1.4.2"))

    scenario.want(ref={"semver": ">=1.0 <2"}, interval="1s")
    before = scenario.until_runs(first)
    second = push(scenario.repository, "1.10.0", config_map("settings", a="1.10.0"))
    after = scenario.until_runs(second)

    assert (before["version"], after["version"]) == ("1.4.2", "1.10.0")
    assert scenario.get("configmap", "settings")["data"] == {"a": "1.10.0"}


def test_a_version_whose_tag_is_deleted_runs_on_until_the_spec_is_changed(
    own_registry: Registry, own_story: Scenario
) -> None:
    first = push(own_story.repository, "1.0.0", config_map("settings", a="1.0.0"))
    second = push(own_story.repository, "1.1.0", config_map("settings", a="1.1.0"))
    own_story.want(ref={"semver": ">=1.0.0"}, interval="1s")
    own_story.until_runs(second)

    request("DELETE", f"{own_registry.url}/v2/{own_story.repository.name}/manifests/1.1.0")
    own_story.until_says("Fetched", "VersionWithdrawn")
    ready = own_story.condition("Ready")
    own_story.request()
    held = own_story.get("configmap", "settings")["data"]
    own_story.want(ref={"semver": ">=1.0.0 <1.1.0"}, interval="1s")
    own_story.until_runs(first)

    assert held == {"a": "1.1.0"}
    assert ready["status"] == "True"
    assert "1.1.0 is held" in ready["message"]
    assert "name tag 1.0.0, or a range without 1.1.0" in ready["message"]
    eventually(lambda: len(own_story.events("VersionWithdrawn")) == 1)
    assert own_story.get("configmap", "settings")["data"] == {"a": "1.0.0"}


@pytest.mark.parametrize("before", ["nothing", "1.0.0"])
def test_a_version_that_was_applied_in_part_is_held_when_its_tag_is_deleted_after_a_restart_too(
    testbed: Testbed, own_registry: Registry, own_story: Scenario, before: str
) -> None:
    refused = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 0}]}}
    first = push(own_story.repository, "1.0.0", config_map("settings", a="1.0.0"))
    if before != "nothing":
        own_story.want(ref={"semver": ">=1.0.0"}, interval="1s", retryInterval="1s")
        own_story.until_runs(first)
    push(own_story.repository, "2.0.0", config_map("settings", a="2.0.0"), refused)
    own_story.want(ref={"semver": ">=1.0.0"}, interval="1s", retryInterval="1s")
    own_story.until(lambda s: s.get("applyingRevision", "").startswith("2.0.0@"))

    request("DELETE", f"{own_registry.url}/v2/{own_story.repository.name}/manifests/2.0.0")
    own_story.until_says("Fetched", "VersionWithdrawn")
    testbed.operator.kill()
    testbed.operator.restart()
    own_story.request()
    held, said = own_story.get("configmap", "settings")["data"], own_story.condition("Fetched")
    own_story.want(ref={"semver": ">=1.0.0 <2"}, interval="1s")
    own_story.until_runs(first)

    assert held == {"a": "2.0.0"}
    assert (said["reason"], "2.0.0 is held" in said["message"]) == ("VersionWithdrawn", True)
    assert own_story.get("configmap", "settings")["data"] == {"a": "1.0.0"}


def test_only_tags_that_the_filter_keeps_are_considered(scenario: Scenario) -> None:
    stable = push(scenario.repository, "1.0.0", config_map("settings"))
    push(scenario.repository, "1.1.0_nightly", config_map("settings", a="nightly"))

    scenario.want(ref={"semver": "1.x", "semverFilter": "^[0-9.]+$"})
    status = scenario.until_runs(stable)

    assert status["version"] == "1.0.0"


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ({"semver": ">=18446744073709551616"}, "source.ref.semver '>=18446744073709551616' is not a range of versions"),
        ({"semver": "1.x", "semverFilter": "("}, "source.ref.semverFilter '(' is not a regular expression"),
    ],
)
def test_what_is_not_a_range_is_refused_with_what_one_looks_like(
    scenario: Scenario, ref: dict[str, str], words: str
) -> None:
    push(scenario.repository, "1.0.0", config_map("settings"))

    scenario.want(ref=ref)
    refused = scenario.until_says("Ready", "InvalidReference")

    assert words in refused["message"]


def test_a_range_without_a_version_in_it_waits_for_one_to_be_pushed(scenario: Scenario) -> None:
    push(scenario.repository, "1.0.0", config_map("settings"))

    scenario.want(ref={"semver": "^2"}, interval="1s")
    refused = scenario.until_says("Fetched", "NoMatchingVersion")
    second = push(scenario.repository, "2.0.1", config_map("settings"))
    scenario.until_runs(second)

    assert f"{scenario.repository.name}: none of its 1 tags is a version in '^2'" in refused["message"]
    assert "source.ref.semver" in refused["message"]


def test_a_tag_costs_one_head_an_interval_and_nothing_else(own_registry: Registry, own_story: Scenario) -> None:
    own_story.want(ref={"tag": "latest"}, interval="1s")
    own_story.until_runs(push(own_story.repository, "latest", config_map("settings")))

    began = time.monotonic()
    own_registry.forget_requests()
    eventually(lambda: own_registry.requests().get("HEAD manifests", 0) >= 2)
    elapsed = time.monotonic() - began

    assert elapsed >= 0.9
    assert own_registry.requests().keys() == {"HEAD manifests"}


def test_a_tag_that_is_not_there_is_waited_for(scenario: Scenario) -> None:
    scenario.want(ref={"tag": "1.0.0"}, interval="1s")
    refused = scenario.until_says("Ready", "ArtifactNotFound")
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.until_runs(digest)

    assert f"{scenario.repository.registry}/{scenario.repository.name}: tag 1.0.0" in refused["message"]
    assert "source.ref" in refused["message"]


def test_a_digest_that_is_not_there_stalls_and_what_ran_keeps_running(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.want(ref={"digest": digest})
    scenario.until_runs(digest)

    scenario.change({"source": {"ref": {"digest": ABSENT}}})
    status = scenario.until(lambda s: condition(s, "Ready")["reason"] == "ArtifactNotFound")

    assert ABSENT in condition(status, "Ready")["message"]
    assert condition(status, "Stalled")["status"] == "True"
    assert status["digest"] == digest
    assert scenario.names() == ["settings"]


# --- a registry that fails ------------------------------------------------------------------------------------------


def test_while_the_registry_is_away_what_runs_is_ready_and_kept_so_and_an_update_comes_when_it_is_back(
    own_registry: Registry, own_story: Scenario
) -> None:
    first = push(own_story.repository, "latest", config_map("settings"))
    own_story.want(ref={"tag": "latest"}, interval="1s")
    own_story.until_runs(first)

    own_registry.stop()
    away = own_story.until_says("Fetched", "RegistryUnavailable")
    own_story.edit("configmap", "settings", {"data": {"a": "drifted"}})
    own_story.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})
    ready_meanwhile = stays_ready(own_story)
    own_registry.restart()
    second = push(own_story.repository, "latest", config_map("settings", a="2"))
    status = own_story.until_runs(second)

    assert away["status"] == "False"
    assert own_registry.address in away["message"]
    assert "it is retried later" in away["message"]
    assert ready_meanwhile
    assert condition(status, "Fetched")["status"] == "True"


def test_a_pattern_that_is_made_while_the_registry_is_away_is_ready_soon_after_it_is_back(
    own_registry: Registry, own_story: Scenario
) -> None:
    digest = push(own_story.repository, "1.0.0", config_map("settings"))
    own_registry.stop()

    own_story.want()
    status = own_story.until(lambda s: condition(s, "Ready")["reason"] == "RegistryUnavailable")
    own_registry.restart()
    own_story.until_runs(digest)

    assert condition(status, "Ready")["status"] == "False"
    assert condition(status, "Reconciling")["status"] == "True"
    assert condition(status, "Stalled") == {}


def test_a_pattern_can_be_deleted_while_its_registry_is_away(own_registry: Registry, own_story: Scenario) -> None:
    digest = push(own_story.repository, "1.0.0", config_map("settings"))
    own_story.want()
    own_story.until_runs(digest)

    own_registry.stop()
    own_story.delete()
    own_story.until_gone()

    assert own_story.names() == []


def test_a_change_of_the_spec_is_not_ready_while_the_registry_cannot_be_asked_for_it(
    own_registry: Registry, own_story: Scenario
) -> None:
    digest = push(own_story.repository, "1.0.0", config_map("settings"))
    own_story.want()
    own_story.until_runs(digest)

    own_registry.stop()
    own_story.change({"source": {"ref": {"tag": "2.0.0"}}})
    status = own_story.until(lambda s: condition(s, "Fetched")["reason"] == "RegistryUnavailable")

    assert condition(status, "Ready")["status"] == "False"
    assert status["digest"] == digest
    assert own_story.names() == ["settings"]


def test_a_registry_that_asks_to_slow_down_is_left_alone_as_long_as_it_says(
    own_registry: Registry, own_story: Scenario
) -> None:
    digest = push(own_story.repository, "1.0.0", config_map("settings"))
    own_registry.misbehave({"path": "/manifests/", "status": 429, "headers": {"Retry-After": "2"}, "times": 1})

    began = time.monotonic()
    own_story.want()
    throttled = own_story.until_says("Fetched", "RegistryThrottled")
    own_story.until_runs(digest)

    assert time.monotonic() - began >= 2.0
    assert own_registry.requests()["HEAD manifests"] == 2
    assert f"{own_registry.address}/{own_story.repository.name}" in throttled["message"]
    assert "slow down (429)" in throttled["message"]


def test_a_new_version_that_cannot_be_pulled_is_wanted_all_the_same(registry: Registry, scenario: Scenario) -> None:
    first = push(scenario.repository, "latest", config_map("settings"))
    scenario.want(ref={"tag": "latest"})
    scenario.until_runs(first)

    with registry.faulty({"path": path_of(scenario.repository, "blobs"), "method": "GET", "status": 503}):
        second = push(scenario.repository, "latest", fresh())
        status = scenario.request()
    scenario.until_runs(second)

    assert condition(status, "Fetched")["reason"] == condition(status, "Ready")["reason"] == "RegistryUnavailable"
    assert condition(status, "Ready")["status"] == "False"
    assert (status["digest"], status["lastAttemptedRevision"]) == (first, f"latest@{second}")


def test_an_answer_that_breaks_off_is_asked_for_again(registry: Registry, scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", fresh())
    registry.misbehave({"path": path_of(scenario.repository, "blobs"), "truncate": 3, "times": 1})

    scenario.want()
    broken = scenario.until_says("Fetched", "RegistryUnavailable")
    scenario.until_runs(digest)

    assert "the connection broke" in broken["message"]


def test_the_cache_serves_a_restarted_operator_while_the_registry_fails(
    testbed: Testbed, own_registry: Registry, own_story: Scenario
) -> None:
    digest = push(own_story.repository, "1.0.0", config_map("settings"))
    own_story.want()
    own_story.until_runs(digest)

    testbed.operator.stop()
    own_story.remove("configmap", "settings")
    own_registry.misbehave({"path": "/v2/", "method": "GET", "status": 503})
    own_registry.forget_requests()
    testbed.operator.restart()
    own_story.until_object("configmap", "settings", lambda found: found is not None)
    own_story.until_runs(digest)

    assert own_registry.requests() == {"HEAD manifests": 1}


def test_a_restart_while_the_registry_is_away_changes_nothing_for_what_runs(
    testbed: Testbed, own_registry: Registry, own_story: Scenario
) -> None:
    digest = push(own_story.repository, "1.0.0", config_map("settings"))
    own_story.want()
    own_story.until_runs(digest)

    own_registry.stop()
    testbed.operator.restart()
    own_story.until_says("Fetched", "RegistryUnavailable")
    own_story.edit("configmap", "settings", {"data": {"a": "drifted"}})
    own_story.until_object("configmap", "settings", lambda found: found["data"] == {"a": "1"})

    assert stays_ready(own_story)


# --- a registry that lies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["blobs", "manifests"])
def test_what_was_changed_on_its_way_is_refused_and_nothing_is_applied(
    registry: Registry, scenario: Scenario, kind: str
) -> None:
    digest = push(scenario.repository, "1.0.0", fresh())
    changed = (
        json.loads(scenario.repository.manifest(digest).body)["layers"][0]["digest"] if kind == "blobs" else digest
    )

    with registry.faulty({"path": path_of(scenario.repository, kind), "method": "GET", "tamper": "flip"}):
        scenario.want()
        status = scenario.until(lambda s: condition(s, "Ready")["reason"] == "DigestMismatch")
    nothing = scenario.names()
    scenario.request()
    scenario.until_runs(digest)

    assert nothing == []
    assert changed in condition(status, "Fetched")["message"]
    assert "Nothing of it is used" in condition(status, "Fetched")["message"]
    assert condition(status, "Stalled")["status"] == "True"


def test_an_update_that_was_changed_on_its_way_leaves_what_runs(registry: Registry, scenario: Scenario) -> None:
    first = push(scenario.repository, "latest", config_map("settings"))
    scenario.want(ref={"tag": "latest"}, interval="1s")
    scenario.until_runs(first)

    with registry.faulty({"path": path_of(scenario.repository, "blobs"), "method": "GET", "tamper": "flip"}):
        second = push(scenario.repository, "latest", fresh())
        status = scenario.until(lambda s: condition(s, "Fetched")["reason"] == "DigestMismatch")
        scenario.remove("configmap", "settings")
        scenario.until_object("configmap", "settings", lambda found: found and found["data"] == {"a": "1"})
    scenario.until_runs(second)

    assert condition(status, "Ready")["status"] == "False"
    assert status["digest"] == first
    assert status["lastAttemptedRevision"] == f"latest@{second}"


# --- who we are -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["basic", "bearer"])
def guarded(request: pytest.FixtureRequest, scenario: Scenario, start_registry: Callable[..., Registry]) -> Scenario:
    """A scenario whose repository only alice may read."""
    registry = start_registry(Options(auth=request.param, account=ALICE, token_ttl="1s"))
    return scenario.another("web", repository=registry.repository())


def test_a_registry_that_wants_credentials_is_given_those_of_the_secret(guarded: Scenario) -> None:
    digest = push(guarded.repository, "latest", config_map("settings"))

    guarded.want(ref={"tag": "latest"}, interval="1s")
    refused = guarded.until_says("Ready", "AuthenticationRequired")
    guarded.make(login("pull", guarded.repository.registry, ALICE))
    guarded.change({"source": {"secretRef": {"name": "pull"}}})
    guarded.until_runs(digest)
    second = push(guarded.repository, "latest", config_map("settings", a="2"))
    guarded.until_runs(second)

    assert f"{guarded.repository.registry}/{guarded.repository.name}" in refused["message"]
    assert "set source.secretRef" in refused["message"]


def test_wrong_credentials_are_refused_and_corrected_ones_are_used_at_once(guarded: Scenario) -> None:
    digest = push(guarded.repository, "1.0.0", config_map("settings"))
    guarded.make(login("pull", guarded.repository.registry, THIEF))

    guarded.want(source={"secretRef": {"name": "pull"}})  # whose interval is an hour
    status = guarded.until(lambda s: condition(s, "Ready")["reason"] == "AuthenticationFailed")
    guarded.make(login("pull", guarded.repository.registry, ALICE))
    guarded.until_runs(digest)

    assert "correct the Secret of source.secretRef" in condition(status, "Fetched")["message"]
    assert THIEF.password not in json.dumps(status)
    assert condition(status, "Stalled")["status"] == "True"


def test_a_missing_secret_is_named_and_used_as_soon_as_it_is_there(guarded: Scenario) -> None:
    digest = push(guarded.repository, "1.0.0", config_map("settings"))

    guarded.want(source={"secretRef": {"name": "pull"}})  # whose interval is an hour
    missing = guarded.until_says("Ready", "SecretNotFound")
    guarded.make(login("pull", guarded.repository.registry, ALICE))
    guarded.until_runs(digest)

    assert f"Secret {guarded.namespace}/pull does not exist" in missing["message"]


def test_a_secret_for_another_registry_is_not_sent_to_this_one(guarded: Scenario) -> None:
    push(guarded.repository, "1.0.0", config_map("settings"))
    guarded.make(login("pull", "registry.example", ALICE))

    guarded.want(source={"secretRef": {"name": "pull"}})
    refused = guarded.until_says("Ready", "AuthenticationRequired")

    assert "has one entry, and none is for 127.0.0.1" in refused["message"]
    assert "registry.example" not in refused["message"]
    assert "with an entry for it" in refused["message"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"password": "s3cret"}, "has no entry .dockerconfigjson"),
        ({".dockerconfigjson": "s3cret"}, "is not a docker config"),
        ({".dockerconfigjson": '{"auths": {"registry.example": {"auth": "s3cret!"}}}'}, "is not a docker config"),
    ],
)
def test_a_secret_of_another_shape_is_refused_with_what_it_should_hold_and_never_with_what_it_holds(
    scenario: Scenario, data: dict[str, str], words: str
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.make(secret("pull", **data))

    scenario.want(source={"secretRef": {"name": "pull"}})
    status = scenario.until(lambda s: condition(s, "Ready")["reason"] == "SecretInvalid")
    scenario.make(secret("pull", **{".dockerconfigjson": "{}"}))
    scenario.until_runs(digest)

    assert f"Secret {scenario.namespace}/pull {words}" in condition(status, "Ready")["message"]
    assert "s3cret" not in json.dumps(status)


def test_a_secret_that_was_deleted_stops_updates_and_nothing_else(guarded: Scenario) -> None:
    first = push(guarded.repository, "latest", config_map("settings"))
    guarded.make(login("pull", guarded.repository.registry, ALICE))
    guarded.want(ref={"tag": "latest"}, source={"secretRef": {"name": "pull"}}, interval="1s")
    guarded.until_runs(first)

    guarded.remove("secret", "pull")
    push(guarded.repository, "latest", config_map("settings", a="2"))
    guarded.until_says("Fetched", "SecretNotFound")

    assert guarded.get("configmap", "settings")["data"] == {"a": "1"}


def test_a_login_that_no_longer_works_is_told_at_once_and_what_runs_goes_on(guarded: Scenario) -> None:
    digest = push(guarded.repository, "1.0.0", config_map("settings"))
    guarded.make(login("pull", guarded.repository.registry, ALICE))
    guarded.want(source={"secretRef": {"name": "pull"}})  # whose interval is an hour
    guarded.until_runs(digest)
    before = guarded.get("configmap", "settings")["metadata"]

    guarded.make(login("pull", guarded.repository.registry, THIEF))
    refused = guarded.until_says("Fetched", "AuthenticationFailed")
    guarded.remove("secret", "pull")
    missing = guarded.until_says("Fetched", "SecretNotFound")
    guarded.make(secret("pull", password="of another shape"))
    invalid = guarded.until_says("Fetched", "SecretInvalid")
    guarded.remove("secret", "pull")
    guarded.make(login("pull", guarded.repository.registry, ALICE))
    guarded.until_runs(digest)

    assert "correct the Secret of source.secretRef" in refused["message"]
    assert "does not exist" in missing["message"]
    assert "has no entry .dockerconfigjson" in invalid["message"]
    assert guarded.get("configmap", "settings")["metadata"]["uid"] == before["uid"]


def test_what_one_pattern_may_read_is_not_given_to_one_that_the_registry_would_refuse(guarded: Scenario) -> None:
    digest = push(guarded.repository, "1.0.0", config_map("settings"))
    guarded.make(login("pull", guarded.repository.registry, ALICE))
    guarded.want(ref={"digest": digest}, source={"secretRef": {"name": "pull"}})
    guarded.until_runs(digest)

    stranger = guarded.another("stranger")
    stranger.want(ref={"digest": digest})
    status = stranger.until(lambda status: condition(status, "Fetched"))

    assert condition(status, "Fetched")["reason"] == "AuthenticationRequired"
    assert not status.get("digest")


def test_a_repository_that_nobody_may_read_is_told_from_one_that_is_not_there(
    registry: Registry, scenario: Scenario
) -> None:
    push(scenario.repository, "1.0.0", config_map("settings"))

    with registry.faulty({"path": path_of(scenario.repository, "manifests"), "status": 403}):
        scenario.want()
        denied = scenario.until_says("Ready", "AccessDenied")

    assert "this is not allowed without credentials" in denied["message"]


def test_a_registry_that_speaks_plain_http_is_asked_so_only_when_the_pattern_says_insecure(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))

    scenario.want(source={"insecure": False})
    refused = scenario.until_says("Ready", "TLSFailed")
    scenario.change({"source": {"insecure": True}})
    scenario.until_runs(digest)

    assert scenario.repository.registry in refused["message"]
    assert "source.insecure: true" in refused["message"]


def test_a_certificate_of_an_unknown_authority_is_refused(
    scenario: Scenario, start_registry: Callable[..., Registry], tmp_path: Path
) -> None:
    authority = Authority.create(tmp_path)
    registry = start_registry(Options(tls=authority.serving("registry"), ca=authority.ca))
    stranger = scenario.another("web", repository=registry.repository())
    push(stranger.repository, "1.0.0", config_map("settings"))

    stranger.want(source={"insecure": False})
    refused = stranger.until_says("Ready", "TLSFailed")

    assert "certificate was refused" in refused["message"]
    assert stranger.names() == []


# --- how it is packed -----------------------------------------------------------------------------------------------


def by_meshery(repository: Repository) -> str:
    return push_design(repository, "1.0.0", "deployments-tutorial")


def by_flux(repository: Repository) -> str:
    manifest = json.dumps(config_map("packed")).encode()
    return push_files(repository, "1.0.0", {"./README.md": b"# no manifest", "./deploy/settings.json": manifest})


def by_oras(repository: Repository) -> str:
    """``oras push <repository>:1.0.0 pattern.yaml``."""
    layer = repository.push_blob("application/vnd.oci.image.layer.v1.tar", json.dumps(config_map("packed")).encode())
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.unknown.artifact.v1",
        "config": repository.push_blob("application/vnd.oci.empty.v1+json", b"{}"),
        "layers": [{**layer, "annotations": {"org.opencontainers.image.title": "pattern.yaml"}}],
    }
    return repository.push_manifest(json.dumps(manifest).encode(), tag="1.0.0")


def by_crane(repository: Repository) -> str:
    """``crane push meshery-export.tar <repository>:1.0.0``: what ``docker save`` wrote, with docker's media types."""
    with tarfile.open(DATA / "meshery-export.tar") as archive:
        files = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        content = {name: file.read() for name, file in files.items() if file is not None}
    (saved,) = json.loads(content["manifest.json"])
    docker = "application/vnd.docker"
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{docker}.distribution.manifest.v2+json",
        "config": repository.push_blob(f"{docker}.container.image.v1+json", content[saved["Config"]]),
        "layers": [
            repository.push_blob(f"{docker}.image.rootfs.diff.tar.gzip", content[name]) for name in saved["Layers"]
        ],
    }
    return repository.push_manifest(
        json.dumps(manifest).encode(), tag="1.0.0", media_type=f"{docker}.distribution.manifest.v2+json"
    )


def by_ourselves(repository: Repository) -> str:
    """``patternctl push``."""

    async def push_it() -> str:
        async with source.Network.open(resolver=source.DnsResolver()) as network:
            registry = source.RepositoryClient(
                Address.parse(repository.oci),
                network=network,
                credentials=None,
                scheme="http",
                tokens=source.TokenCache(),
                executors=EXECUTORS,
                user_agent="test",
            )
            files = [File("pattern.yaml", json.dumps(config_map("packed")).encode())]
            return str((await source.push(files, registry=registry, tag="1.0.0")).digest)

    return asyncio.run(push_it())


@pytest.mark.parametrize(
    ("pack", "kind", "count", "format_"),
    [
        pytest.param(by_meshery, "deployment", 1, "Meshery", id="Meshery's own build"),
        pytest.param(by_crane, "configmap", 3, "Meshery", id="docker save, crane push"),
        pytest.param(by_flux, "configmap", 1, "Manifests", id="flux push artifact"),
        pytest.param(by_oras, "configmap", 1, "Manifests", id="oras push"),
        pytest.param(by_ourselves, "configmap", 1, "Manifests", id="patternctl push"),
    ],
)
def test_however_it_was_packed_it_runs(
    scenario: Scenario, pack: Callable[[Repository], str], kind: str, count: int, format_: str
) -> None:
    digest = pack(scenario.repository)

    scenario.want(render={"targetNamespace": scenario.namespace})
    status = scenario.until_runs(digest)

    assert len(scenario.names(kind)) == count
    assert f" of {format_}: " in condition(status, "Rendered")["message"]


def test_the_layer_and_the_file_in_it_can_be_chosen(scenario: Scenario) -> None:
    files = {f"{name}/settings.json": json.dumps(config_map(name)).encode() for name in ("one", "two")}
    other = ("application/vnd.example+json", json.dumps(config_map("other")).encode())
    digest = scenario.repository.push("1.0.0", [other, ("application/vnd.example.tar+gzip", tar(files))])

    scenario.want(source={"layer": {"mediaType": "application/vnd.example.tar+gzip", "path": "three"}})
    missing = scenario.until_says("Ready", "LayerNotFound")
    scenario.change({"source": {"layer": {"path": "two"}}})
    scenario.until_runs(digest)

    assert "neither file nor folder 'three'" in missing["message"]
    assert "one/settings.json, two/settings.json" in missing["message"]
    assert scenario.names() == ["two"]


@pytest.mark.parametrize(
    ("layer", "reason", "words"),
    [
        pytest.param((YAML, b"greeting: hello\n"), "NotAPattern", "neither a Meshery design", id="some other YAML"),
        pytest.param(
            (YAML.replace("yaml", "octet-stream"), b"\0"), "LayerNotFound", "no layer with files", id="no files at all"
        ),
        pytest.param(
            ("application/vnd.oci.image.layer.v1.tar+gzip", tar({"web/Chart.yaml": b"name: web\n"})),
            "ChartInvalid",
            "Chart.yaml has no version",
            id="half a chart",
        ),
        pytest.param(
            ("application/vnd.oci.image.layer.v1.tar+gzip", tar({"../etc/passwd.yaml": b"a: b\n"})),
            "ArchiveRefused",
            "'../etc/passwd.yaml'",
            id="a path that leads out",
        ),
        pytest.param(
            ("application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(b"\0" * 200_000_000, compresslevel=1)),
            "ArchiveRefused",
            "as decompression bombs do",
            id="a decompression bomb",
        ),
    ],
)
def test_an_artifact_that_is_not_a_pattern_is_refused_with_what_it_is(
    scenario: Scenario, layer: tuple[str, bytes], reason: str, words: str
) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    scenario.repository.tag(digest, "latest")
    scenario.want(ref={"tag": "latest"})
    scenario.until_runs(digest)

    scenario.repository.push("latest", [layer])
    status = scenario.request()

    assert condition(status, "Ready")["reason"] == reason
    assert words in condition(status, "Ready")["message"]
    assert condition(status, "Stalled")["status"] == "True"
    assert status["digest"] == digest
    assert scenario.names() == ["settings"]


def test_an_index_of_several_artifacts_is_refused_with_their_digests(scenario: Scenario) -> None:
    digest = push(scenario.repository, "1.0.0", config_map("settings"))
    body = scenario.repository.manifest(digest)
    entry = {"mediaType": body.headers["Content-Type"], "digest": digest, "size": len(body.body)}
    index = "application/vnd.oci.image.index.v1+json"
    other = push(scenario.repository, "2.0.0", config_map("settings", a="2"))
    both = [entry, {**entry, "digest": other, "size": len(scenario.repository.manifest(other).body)}]
    content = json.dumps({"schemaVersion": 2, "mediaType": index, "manifests": both}).encode()
    scenario.repository.push_manifest(content, tag="both", media_type=index)

    scenario.want(ref={"tag": "both"})
    refused = scenario.until_says("Ready", "ArtifactUnsupported")

    assert f"sha256:{hashlib.sha256(content).hexdigest()} is an index" in refused["message"]
    assert f"an index of 2 manifests ({digest}, {other})" in refused["message"]
