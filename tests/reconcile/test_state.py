"""What of a memory is kept when the cluster may have changed unseen."""

from dataclasses import replace

import pytest
from tests.reconcile.pattern import REVISION, VERIFIED, pattern

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Reference, Repository
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.apply import Notification, NotificationKind
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.changes import Changes
from pattern_operator.reconcile.checked import Checked, SignedArtifact
from pattern_operator.reconcile.comparison import Comparison
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.results import AppliedObjects, Leaving, PrunedObjects, RepairedObjects, Results
from pattern_operator.reconcile.state import (
    Applying,
    Caches,
    Failed,
    Lookup,
    Lookups,
    Nothing,
    Refused,
    Running,
    State,
    Unrepaired,
)

DESIRED = desired_state(pattern(), REVISION, VerificationPolicy())
KEY, OTHER = ObjectKey("", "ConfigMap", "team", "a"), ObjectKey("", "ConfigMap", "team", "b")
MADE = AppliedObjects(applied=frozenset({KEY}), inventory=(), sent="digest", fingerprints=Comparison())


def test_what_registries_and_keys_said_outlives_a_lost_lease_and_what_the_cluster_was_like_does_not():
    lookup = Lookup(Reference(Repository.parse("oci://registry.example/web"), tag="1.0.0"), REVISION, 7.0)
    checked = Checked(SignedArtifact(DESIRED.repository, REVISION.digest), VerificationPolicy(), VERIFIED)
    caches = Caches(
        lookups=Lookups(last=lookup, held="held", login_changed=True, rest=3.0), checked=checked, policy="keys"
    )
    state = State(
        objects=Running(desired=DESIRED),
        caches=caches,
        handled_request="now",
        reapply=True,
        unrepaired=Unrepaired(frozenset({KEY}), 7.0, 2),
        failures=3,
        unhealthy_since=5.0,
    )

    kept = Caches(lookups=Lookups(last=lookup, held="held"), checked=checked, policy="keys")
    assert state.of_registries() == State(caches=kept, handled_request="now")


def test_to_find_everything_out_again_is_to_apply_it_again_and_what_runs_is_known_all_the_same():
    refused = Refused(DESIRED, Stage.ROLLOUT, Stalled(reason=Reason.COMPONENTS_REFUSED, message="no"))
    state = State(objects=Running(desired=DESIRED), refused=refused).with_policy("keys")

    asked = state.asked_again()

    assert asked.running == Running(desired=DESIRED, settled=False)
    assert (asked.reapply, asked.refused, asked.caches.policy) == (True, None, "keys")
    assert not asked.is_settled_on(DESIRED)


def test_a_try_that_is_given_up_is_begun_anew():
    assert State().applying(DESIRED, frozenset({KEY})).asked_again().objects == Nothing()


def test_what_was_applied_as_a_whole_is_not_applied_again():
    made = replace(MADE, notes=("a note",))

    applied = State(reapply=True).with_applied(DESIRED, made)

    assert (applied.reapply, applied.running) == (False, Running(desired=DESIRED, sent="digest", notes=("a note",)))


@pytest.mark.parametrize("same", [True, False])
def test_what_was_generated_anew_is_said_as_long_as_it_is_rendered_of_the_same(same: bool):
    before = State(objects=Running(desired=DESIRED, regenerated=("pw",)))
    desired = DESIRED if same else replace(DESIRED, parameters=b'{"a": 1}')

    applied = before.with_repaired(RepairedObjects(regenerated=("tls",))).with_applied(desired, MADE).running

    assert applied is not None
    assert applied.regenerated == (("pw", "tls") if same else ())


def test_what_was_applied_in_part_is_known_and_asked_for_again():
    error = Stalled(reason=Reason.APPLY_FAILED, message="no")

    applied = State(reapply=True).with_applied(DESIRED, replace(MADE, error=error))

    assert (applied.reapply, applied.objects) == (True, Applying(DESIRED, frozenset({KEY})))


def test_what_was_deleted_is_told_also_where_nothing_runs_as_a_whole():
    gone = Changes(pruned=frozenset({ObjectKey("", "ConfigMap", "team", "a")}))
    made = PrunedObjects(leaving=Leaving(), changes=gone)

    assert State().with_pruned(made) == State(changes=gone)


def test_a_failure_may_end_by_what_happens_to_the_object_that_failed_and_by_nothing_else():
    refused = Failed(results=Results(stage=Stage.APPLY, failed=frozenset({KEY})), retry_at=7.0)
    changed = [Notification(NotificationKind.DRIFTED, each) for each in (KEY, OTHER)]

    assert [State(failed=refused).is_ended_by(each) for each in changed] == [True, False]
    assert not State(failed=Failed(results=None, retry_at=7.0)).is_ended_by(changed[0])
    assert not State().is_ended_by(changed[0])


def test_a_repair_adds_its_notes_and_one_that_failed_none():
    runs = State(objects=Running(desired=DESIRED, notes=("a",)))
    error = Stalled(reason=Reason.APPLY_FAILED, message="no")

    assert runs.with_repaired(RepairedObjects(notes=("b",))).running == Running(desired=DESIRED, notes=("a", "b"))
    assert runs.with_repaired(RepairedObjects(notes=("b",), error=error)) == runs


@pytest.mark.parametrize(
    ("settled", "unresolved", "after"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_what_a_repair_could_not_send_is_applied_as_a_whole(settled: bool, unresolved: bool, after: bool):
    runs = State(objects=Running(desired=DESIRED, settled=settled))
    keys = frozenset({KEY}) if unresolved else frozenset[ObjectKey]()

    found = runs.with_repaired(RepairedObjects(unresolved=keys)).running

    assert found == Running(desired=DESIRED, settled=after)


def test_of_what_runs_it_is_known_what_still_leaves():
    runs, gone = State(objects=Running(desired=DESIRED)), Changes(pruned=frozenset({KEY}))
    made = PrunedObjects(leaving=Leaving(message="b goes"), changes=gone, notes=("a note",))

    found = runs.with_pruned(made)

    assert found.changes == gone
    assert found.running == Running(desired=DESIRED, notes=("a note",), leaving=Leaving(message="b goes"))


def test_what_runs_loses_its_trust_and_has_it_again_and_nothing_else_does():
    runs = State(objects=Running(desired=DESIRED))
    lost = runs.without_trust()

    assert lost == State(objects=Running(desired=DESIRED, trusted=False))
    assert lost.with_trust(DESIRED) == runs
    assert (State().without_trust(), State().with_trust(DESIRED)) == (State(), State())
