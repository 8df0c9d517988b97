"""What of a memory is kept when the cluster may have changed unseen."""

from dataclasses import replace

from tests.reconcile.pattern import REVISION, VERIFIED, pattern

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Reference, Repository
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.errors import Stalled
from pattern_operator.reconcile.changes import Changes
from pattern_operator.reconcile.checked import Checked, SignedArtifact
from pattern_operator.reconcile.comparison import Comparison
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.results import AppliedObjects, Leaving, PrunedObjects
from pattern_operator.reconcile.state import (
    Applying,
    Caches,
    Lookup,
    Lookups,
    Nothing,
    Refused,
    Running,
    State,
    Unrepaired,
)

DESIRED = desired_state(pattern(), REVISION, VerificationPolicy())
KEY = ObjectKey("", "ConfigMap", "team", "a")
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


def test_what_was_applied_in_part_is_known_and_asked_for_again():
    error = Stalled(reason=Reason.APPLY_FAILED, message="no")

    applied = State(reapply=True).with_applied(DESIRED, replace(MADE, error=error))

    assert (applied.reapply, applied.objects) == (True, Applying(DESIRED, frozenset({KEY})))


def test_what_was_deleted_is_told_also_where_nothing_runs_as_a_whole():
    gone = Changes(pruned=frozenset({ObjectKey("", "ConfigMap", "team", "a")}))
    made = PrunedObjects(leaving=Leaving(), changes=gone)

    assert State().with_pruned(made) == State(changes=gone)
