"""Ready speaks of a desired state only once it was reached: every reason, kind of error, stage and situation."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.reconcile.pattern import (
    BUSY,
    KEYS,
    LATER,
    NEWER,
    NOW,
    REVISION,
    WELL,
    conditions,
    moved_to,
    pattern,
    results,
)

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, Reference, Repository, Revision
from pattern_operator.api.stage import Stage
from pattern_operator.api.status import Status
from pattern_operator.api.verification import PolicySource, TrustedAuthority, UnusablePolicy, VerificationPolicy
from pattern_operator.errors import PatternError, Stalled, Transient, Waiting
from pattern_operator.reconcile import status
from pattern_operator.reconcile.desired import DesiredState, desired_state
from pattern_operator.reconcile.reached import (
    UNREADABLE,
    is_asked_otherwise,
    is_reached,
    policy_digest,
    running_revision,
    state_of,
)
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.state import Applying, Lookup, Nothing, Objects, Running
from pattern_operator.reconcile.status import VERDICTS

OTHER_KEYS = "keys-of-somebody-else"
PASSES = [Transient, Waiting]  # errors that may end without a change of the spec
ASKS = [Stage.SOURCE, Stage.VERIFY]  # stages that ask others, and may get no answer


def first_status() -> Status:
    """The status of a pattern of which 1.0.0 was applied in full."""
    return status.after(pattern(), results(), now=NOW)


def failures(*kinds: type[PatternError]) -> Iterator[PatternError]:
    """An error of each kind for every reason there is."""
    return (kind(reason=reason, message="it is so") for kind in kinds for reason in Reason)


def failed(found: DesignPattern, failure: PatternError, *, stage: Stage, **more: Any) -> DesignPattern:
    """``found`` as it is after one more run that failed so."""
    made = Results(**{"stage": stage, "policy": KEYS, "failure": failure, "health": WELL, **more})
    return msgspec.structs.replace(found, status=status.after(found, made, now=LATER))


# What runs is what is asked for, although the generation, or what says nothing of the desired state, is another.
SAME: dict[str, dict[str, Any]] = {
    "nothing changed": {},
    "requestedAt": {"annotations": {"pattern-operator.io/requestedAt": "now"}},
    "another annotation": {"annotations": {"example.com/a": "b"}},
    "labels": {"labels": {"a": "b"}},
    "an interval": {"generation": 2, "spec": {"interval": "7m"}},
    "a timeout": {"generation": 2, "spec": {"timeout": "7m", "retryInterval": "9s"}},
    "suspended and resumed": {"generation": 3},
    "the history": {"generation": 2, "spec": {"rollout": {"historyLimit": 1}}},
}
# What is asked for is something else than what runs.
ZEROS = f"sha256:{'0' * 64}"
OTHER: dict[str, dict[str, Any]] = {
    "tag": moved_to("2.0.0"),
    "digest": {
        "source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0", "digest": f"sha256:{'0' * 64}"}}
    },
    "semver": {"source": {"url": "oci://registry.example/web", "ref": {"semver": "1.x"}}},
    "registry": {"source": {"url": "oci://other.example/web", "ref": {"tag": "1.0.0"}}},
    "layer": {"source": {"url": "oci://registry.example/web", "ref": {"tag": "1.0.0"}, "layer": {"path": "a.yaml"}}},
    "policy": {"verify": {"authorities": [{"key": {"configMapRef": {"name": "keys"}}}]}},
    "rendering": {"render": {"targetNamespace": "other"}},
    "applying": {"apply": {"prune": False}},
    "account": {"apply": {"serviceAccountName": "deployer"}},
}


@pytest.mark.parametrize("stage", ASKS)
@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_while_nobody_answers_what_runs_is_ready_as_long_as_it_is_what_is_asked_for(change, stage):
    for failure in failures(*PASSES):
        if failure.reason in VERDICTS:  # no error of somebody who is asked, and does not answer
            continue
        found = failed(pattern(status=first_status(), **change), failure, stage=stage)

        assert failed(found, failure, stage=stage) == found, "once more, and it is something else"
        assert conditions(found.status)["Ready"] == ("True", "Ready"), failure.reason
        assert conditions(found.status)["Fetched" if stage is Stage.SOURCE else "Verified"] == ("False", failure.reason)
        assert not {"Reconciling", "Stalled"} & conditions(found.status).keys()


@pytest.mark.parametrize("stage", ASKS)
@pytest.mark.parametrize("reason", sorted(VERDICTS))
def test_a_verdict_is_not_taken_back_by_an_error(reason, stage):
    """Who controls the registry would end the alarm with a 503."""
    verdict = Stalled(reason=reason, message="nobody who is trusted signed it.")
    refused = failed(pattern(status=first_status()), verdict, stage=Stage.VERIFY, revision=REVISION)
    away = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="the registry is away.")

    found = failed(failed(refused, away, stage=stage), away, stage=stage)

    assert conditions(found.status)["Verified"] == ("False", reason)
    assert conditions(found.status)["Ready"][0] == "False"


@pytest.mark.parametrize("stage", ASKS)
@pytest.mark.parametrize("revision", [None, REVISION, NEWER], ids=["not found", "the same", "newer"])
@pytest.mark.parametrize("spec", OTHER.values(), ids=OTHER)
def test_what_was_never_reached_is_not_ready_however_often_it_fails(spec, revision, stage):
    for failure in failures(*PASSES):
        found = failed(pattern(status=first_status(), generation=2, spec=spec), failure, stage=stage, revision=revision)

        assert conditions(found.status)["Ready"] == ("False", failure.reason)
        assert conditions(found.status)["Reconciling"] == ("True", failure.reason)
        assert found.status.revision == str(REVISION)
        assert failed(found, failure, stage=stage, revision=revision) == found, "once more, and it is something else"


@pytest.mark.parametrize("stage", ASKS)
def test_a_tag_that_was_moved_is_not_ready_until_what_it_leads_to_runs(stage):
    for failure in failures(*PASSES):
        moved = failed(pattern(status=first_status()), failure, stage=stage, revision=NEWER)
        away = failed(moved, failure, stage=Stage.SOURCE)

        assert conditions(moved.status)["Ready"] == conditions(away.status)["Ready"] == ("False", failure.reason)


@pytest.mark.parametrize("policy", [OTHER_KEYS, UNREADABLE])
@pytest.mark.parametrize("stage", ASKS)
def test_what_other_keys_must_sign_is_not_ready_although_the_spec_is_the_same(stage, policy):
    for failure in failures(*PASSES):
        found = pattern(status=first_status())
        for _ in range(3):
            found = failed(found, failure, stage=stage, policy=policy)

            assert conditions(found.status)["Ready"] == ("False", failure.reason)


def test_what_no_retry_helps_is_not_ready_at_any_stage():
    for failure in failures(Stalled):
        for stage in Stage:
            found = failed(pattern(status=first_status()), failure, stage=stage)

            assert conditions(found.status)["Ready"] == ("False", failure.reason)
            assert conditions(found.status)["Stalled"] == ("True", failure.reason)


@pytest.mark.parametrize("stage", [Stage.RENDER, Stage.ROLLOUT, Stage.APPLY])
def test_what_could_not_be_rendered_or_applied_is_not_ready(stage):
    for failure in failures(*PASSES):
        found = failed(pattern(status=first_status()), failure, stage=stage, revision=REVISION)

        waits = stage is Stage.ROLLOUT and isinstance(failure, Waiting) and failure.reason is Reason.HOOK_RUNNING
        assert conditions(found.status)["Ready"] == ("Unknown" if waits else "False", failure.reason)


def test_a_spec_that_goes_back_to_what_runs_is_ready_again_although_nobody_answers():
    away = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="it is away")
    moved = failed(pattern(status=first_status(), generation=2, spec=moved_to("2.0.0")), away, stage=Stage.SOURCE)

    back = failed(pattern(status=moved.status, generation=3), away, stage=Stage.SOURCE)

    assert conditions(back.status)["Ready"] == ("True", "Ready")


def test_what_was_reached_is_reached_no_longer_once_something_newer_is_on_its_way():
    refused = Transient(reason=Reason.APPLY_FAILED, message="it is refused")
    newer = pattern(status=first_status(), generation=2, spec=moved_to("2.0.0"))
    ahead = status.applying(newer, revision=NEWER, now=LATER)
    broken = failed(newer, refused, stage=Stage.APPLY, revision=NEWER)

    for left in (ahead, broken.status):
        assert left.last_applied_state == ""
        assert not is_reached(pattern(status=left, generation=3), KEYS)


def test_a_repair_that_fails_leaves_what_was_reached():
    refused = Transient(reason=Reason.APPLY_FAILED, message="it is refused")

    found = failed(pattern(status=first_status()), refused, stage=Stage.APPLY, revision=REVISION)

    assert found.status.last_applied_state == first_status().last_applied_state == state_of(pattern().spec, KEYS)


def test_a_status_of_an_older_operator_is_believed_where_it_says_ready_of_this_generation():
    old = msgspec.structs.replace(first_status(), last_applied_state="")
    lost = msgspec.structs.replace(old, conditions=())

    assert is_reached(pattern(status=old), KEYS)
    assert not is_reached(pattern(status=old, generation=2), KEYS)
    assert not is_reached(pattern(status=lost), KEYS)
    assert not is_reached(pattern(status=Status()), KEYS)


def test_a_policy_is_told_by_its_names_and_keys():
    one, renamed = (
        VerificationPolicy.of(TrustedAuthority.of_key("a", b"one")),
        VerificationPolicy.of(TrustedAuthority.of_key("b", b"one")),
    )
    other, both = (
        VerificationPolicy.of(TrustedAuthority.of_key("a", b"two")),
        VerificationPolicy.of(TrustedAuthority.of_key("a", b"one"), TrustedAuthority.of_key("b", b"two")),
    )

    digests = {policy_digest(each) for each in (VerificationPolicy(), one, renamed, other, both)}

    assert len(digests) == 5
    assert policy_digest(one) == policy_digest(VerificationPolicy.of(TrustedAuthority.of_key("a", b"one")))
    assert all("one" not in each and "-" not in each for each in digests)


# --- where what runs came from --------------------------------------------------------------------------------------

HERE, ELSEWHERE = Repository.parse("oci://registry.example/web"), Repository.parse("oci://other.example/web")


def desired_of(repository: Repository) -> DesiredState:
    return replace(desired_state(pattern(), REVISION, VerificationPolicy()), repository=repository)


@pytest.mark.parametrize("spec", [OTHER[each] for each in ("tag", "digest", "semver")])
def test_after_a_restart_nobody_knows_where_what_runs_came_from_where_the_reference_was_changed(spec):
    changed = pattern(status=first_status(), spec=spec)

    assert running_revision(changed, HERE, objects=Nothing(), last=None) is None


@pytest.mark.parametrize(
    ("objects", "repository", "known"),
    [
        pytest.param(Nothing(), HERE, True, id="the spec was applied as it is"),
        pytest.param(Running(desired=desired_of(HERE)), HERE, True, id="it was applied from there"),
        pytest.param(Running(desired=desired_of(HERE)), ELSEWHERE, False, id="the spec names another repository now"),
    ],
)
def test_what_runs_is_known_to_be_of_a_repository(objects: Objects, repository: Repository, known: bool):
    runs = pattern(status=first_status())

    assert running_revision(runs, repository, objects=objects, last=None) == (REVISION if known else None)


@pytest.mark.parametrize(
    ("objects", "last", "known"),
    [
        pytest.param(Nothing(), None, True, id="after a restart the reference is known"),
        pytest.param(Applying(desired_of(HERE)), None, True, id="it is applied again from there"),
        pytest.param(Applying(desired_of(ELSEWHERE)), None, True, id="something else is applied, of which nothing is"),
        pytest.param(Nothing(), Lookup(Reference(HERE, semver="1"), REVISION, 0.0), True, id="it was found there"),
        pytest.param(Nothing(), Lookup(Reference(HERE, semver="1"), NEWER, 0.0), True, id="another was found there"),
    ],
)
def test_where_anything_but_the_reference_was_changed_it_is_known_where_what_runs_came_from(
    objects: Objects, last: Lookup | None, known: bool
):
    runs = pattern(status=first_status(), spec={"apply": {"prune": False}})

    assert running_revision(runs, HERE, objects=objects, last=last) == (REVISION if known else None)


# --- what was applied in part ---------------------------------------------------------------------------------------

IN_PART = results(
    stage=Stage.APPLY,
    revision=NEWER,
    applied=False,
    partly=True,
    failure=Transient(reason=Reason.FORBIDDEN, message="it may not."),
)
SPEC_OF_RANGE = {"source": {"url": "oci://registry.example/web", "ref": {"semver": ">=1.0.0"}}}


def ranged(found: Status, **metadata: Any) -> DesignPattern:
    return pattern(status=found, spec=SPEC_OF_RANGE, **metadata)


def then(found: Status, made: Results, **metadata: Any) -> Status:
    return status.after(ranged(found, **metadata), made, now=LATER)


def whole() -> Status:
    return then(Status(), results())


@pytest.mark.parametrize("before", [Status, whole], ids=["a first version", "an update"])
def test_a_version_of_which_some_objects_are_applied_counts_as_what_runs_after_a_restart_too(
    before: Callable[[], Status],
):
    found = then(before(), IN_PART)
    away = Results(stage=Stage.SOURCE, policy=KEYS, failure=Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="."))

    for left in (found, then(found, away), then(then(found, away), replace(IN_PART, partly=False))):
        assert running_revision(ranged(left), HERE, objects=Nothing(), last=None) == NEWER


def test_a_version_whose_apply_was_cut_short_by_a_restart_counts_as_what_runs():
    cut_short = status.applying(ranged(whole()), revision=NEWER, now=LATER)

    assert running_revision(ranged(cut_short), HERE, objects=Nothing(), last=None) == NEWER


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(replace(IN_PART, partly=False), id="nothing of it is applied"),
        pytest.param(replace(IN_PART, partly=False, stage=Stage.VERIFY), id="nobody signed it"),
        pytest.param(results(revision=NEWER, health=BUSY), id="all of it is applied"),
    ],
)
def test_only_a_version_of_which_some_objects_are_applied_is_in_part(made: Results):
    found = then(whole(), made)

    assert (found.applying_revision, found.applying_state) == ("", "")


def test_what_is_applied_in_part_is_so_until_all_of_something_is():
    third = replace(IN_PART, revision=Revision("3.0.0", Digest.of(b"three")))
    unsigned = replace(third, partly=False, stage=Stage.VERIFY)

    found = then(then(whole(), IN_PART), unsigned)
    newer = then(found, third)

    assert (found.applying_revision, newer.applying_revision) == (str(NEWER), str(third.revision))
    assert then(newer, results(revision=NEWER)).applying_revision == ""


def test_where_the_spec_was_changed_what_was_applied_in_part_may_have_come_from_elsewhere():
    found = msgspec.structs.replace(then(whole(), IN_PART), revision="nonsense")
    changed = pattern(status=found, spec={"apply": {"prune": False}})

    assert running_revision(changed, HERE, objects=Nothing(), last=None) is None
    seen = Lookup(Reference(HERE, semver=">=1.0.0"), NEWER, 0.0)
    assert running_revision(changed, HERE, objects=Nothing(), last=seen) == NEWER


@pytest.mark.parametrize("applied", [True, False], ids=["some objects", "no object"])
def test_what_this_process_is_applying_counts_once_some_of_it_is_there(applied: bool):
    keys = frozenset({ObjectKey("", "ConfigMap", "team", "a")} if applied else ())
    objects = Applying(replace(desired_of(HERE), revision=NEWER), keys)

    assert running_revision(ranged(whole()), HERE, objects=objects, last=None) == (NEWER if applied else REVISION)


def test_a_policy_that_cannot_be_used_is_another_one_when_it_has_another_reason():
    unusable = [
        UnusablePolicy(source=PolicySource(name=name), reason=reason, message=message)
        for name in ("release", "trial")
        for reason in (Reason.SECRET_INVALID, Reason.SECRET_NOT_FOUND)
        for message in ("no key", "no such Secret")
    ]

    assert len({policy_digest(VerificationPolicy((each,))) for each in unusable}) == len(unusable)


def test_what_status_says_of_a_policy_holds_for_later_versions_of_the_operator_too():
    assert policy_digest(VerificationPolicy()) == "1788f993b4772e3516f54099"


# --- whether a reference moved by itself, or the user asks for another ---

BY_ANOTHER = {key: OTHER[key] for key in ("tag", "digest", "semver", "registry")}


@pytest.mark.parametrize("spec", BY_ANOTHER.values(), ids=BY_ANOTHER)
def test_another_reference_than_led_to_what_runs_is_what_the_user_asks_for(spec: dict[str, Any]):
    assert is_asked_otherwise(pattern(spec=spec, status=first_status()), REVISION)


def test_the_reference_that_led_to_what_runs_is_the_same_whatever_else_of_the_spec_is_another():
    others = [OTHER[key] for key in ("layer", "policy", "rendering")]

    assert [is_asked_otherwise(pattern(spec=each, status=first_status()), REVISION) for each in ({}, *others)] == [
        False
    ] * 4


def test_what_began_to_be_applied_is_known_by_the_reference_that_it_was_asked_for_with():
    begun = status.applying(pattern(spec=OTHER["tag"], status=first_status()), revision=NEWER, now=LATER)

    assert not is_asked_otherwise(pattern(spec=OTHER["tag"], status=begun), NEWER)
    assert is_asked_otherwise(pattern(status=begun), NEWER)


def test_where_status_does_not_know_the_reference_nothing_is_taken_for_a_wish():
    old = msgspec.structs.replace(first_status(), last_applied_state=f"{'0' * 24}-{KEYS}")

    assert not is_asked_otherwise(pattern(spec=OTHER["tag"], status=old), REVISION)
    assert not is_asked_otherwise(pattern(spec=OTHER["tag"], status=first_status()), NEWER)
    assert is_reached(pattern(status=msgspec.structs.replace(old, last_applied_state=before_it_was_kept())), KEYS)


def before_it_was_kept() -> str:
    """The state as an earlier version wrote it."""
    return state_of(pattern().spec, KEYS).partition("+")[0]
