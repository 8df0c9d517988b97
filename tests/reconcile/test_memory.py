"""What of a memory is kept when the cluster may have changed unseen."""

from tests.reconcile.pattern import REVISION, VERIFIED

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reference import Reference, Repository
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.reconcile.memory import Lookup, Memory

KEY = ObjectKey("", "ConfigMap", "team", "a")


def test_what_registries_and_keys_said_outlives_a_lost_lease_and_what_the_cluster_was_like_does_not():
    lookup = Lookup(Reference(Repository.parse("oci://registry.example/web"), tag="1.0.0"), REVISION, 7.0)
    verification = (REVISION.digest, VerificationPolicy(), VERIFIED)
    memory = Memory(
        lookup=lookup,
        held="1.1.0 is held",
        verification=verification,
        policy="keys",
        handled_request="now",
        settled=True,
        followed=True,
        apply_again=True,
        unkept=frozenset({KEY}),
        failures=3,
        ill_since=5.0,
    )

    kept = memory.of_registries()

    assert kept == Memory(
        lookup=lookup, held="1.1.0 is held", verification=verification, policy="keys", handled_request="now"
    )


def test_to_find_everything_out_again_is_to_apply_it_again():
    memory = Memory(policy="keys", settled=True)

    memory.forget()

    assert (memory.settled, memory.apply_again) == (False, True)
