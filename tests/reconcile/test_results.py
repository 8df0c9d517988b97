"""What one run gave, put together of its steps, and what of it is said again while a back-off lasts."""

from dataclasses import replace
from typing import Any

import pytest
from tests.reconcile.pattern import ENTRIES, results

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.apply.need import NamespaceNeeded
from pattern_operator.errors import Transient
from pattern_operator.reconcile.comparison import Comparison
from pattern_operator.reconcile.results import (
    AppliedObjects,
    Leaving,
    PrunedObjects,
    RepairedObjects,
    Results,
    StepError,
    failing_at,
)

AWAY = Transient(reason=Reason.REGISTRY_UNAVAILABLE, message="it is away; it is retried.")
KEY, OTHER = ObjectKey("", "ConfigMap", "team", "a"), ObjectKey("", "ConfigMap", "team", "b")
NEED, OTHER_NEED = NamespaceNeeded("new"), NamespaceNeeded("newer")
GOES, STAYS = Leaving(message="a goes"), Leaving(message="b goes")


def test_what_fails_in_a_step_may_be_a_failure_of_another_stage():
    with pytest.raises(StepError) as failure, failing_at(Stage.SOURCE):
        raise AWAY

    assert (failure.value.stage, failure.value.error, failure.value.__cause__) == (Stage.SOURCE, AWAY, AWAY)
    assert str(failure.value) == str(AWAY)


def test_while_a_back_off_lasts_no_objects_are_said_again_and_nothing_that_was_done_once():
    made = results(failure=AWAY, repaired=("a was deleted",), notes=("b is paused",))

    assert made.remembered() == replace(made, rendering=None, inventory=None, applied=False, repaired=())


def applied(**more: Any) -> AppliedObjects:
    made = AppliedObjects(
        applied=frozenset({KEY}),
        inventory=ENTRIES,
        sent="digest",
        fingerprints=Comparison("digest"),
        repaired=("a was deleted",),
        needs=frozenset({NEED}),
        failed=frozenset({OTHER}),
        leaving=GOES,
        unwatched=True,
    )
    return replace(made, **more)


def test_an_apply_says_what_there_is_and_what_goes():
    assert Results().with_applied(applied()) == Results(
        inventory=ENTRIES,
        needs=frozenset({NEED}),
        failed=frozenset({OTHER}),
        applied=True,
        repaired=("a was deleted",),
        leaving=GOES,
        unwatched=True,
        comparison=Comparison("digest"),
    )


def test_of_an_apply_that_failed_it_is_not_said_what_goes():
    found = Results().with_applied(applied(error=AWAY))

    assert (found.applied, found.leaving, found.inventory) == (False, None, ENTRIES)


@pytest.mark.parametrize(("left", "inventory"), [(None, ENTRIES), (ENTRIES[:1], ENTRIES[:1])])
def test_a_repair_changes_the_inventory_where_something_left_it(left: Any, inventory: Any):
    found = Results(inventory=ENTRIES).with_repaired(RepairedObjects(inventory=left, failed=frozenset({KEY})))

    assert (found.inventory, found.failed) == (inventory, frozenset({KEY}))


@pytest.mark.parametrize(("error", "leaving"), [(None, GOES), (AWAY, STAYS)])
def test_what_is_pruned_is_said_beside_what_was_known_before(error: Any, leaving: Leaving):
    before = Results(leaving=STAYS, needs=frozenset({NEED}), failed=frozenset({KEY}), inventory=ENTRIES)
    made = PrunedObjects(
        leaving=GOES, needs=frozenset({OTHER_NEED}), failed=frozenset({OTHER}), inventory=ENTRIES[:1], error=error
    )

    assert before.with_pruned(made) == Results(
        leaving=leaving, needs=frozenset({NEED, OTHER_NEED}), failed=frozenset({KEY, OTHER}), inventory=ENTRIES[:1]
    )


@pytest.mark.parametrize(("before", "now"), [(True, False), (False, True), (True, True), (False, False)])
def test_what_no_watch_tells_of_is_looked_at_again_whichever_step_found_it(before: bool, now: bool):
    found = Results(unwatched=before).with_pruned(PrunedObjects(leaving=GOES, unwatched=now))

    assert found.unwatched is (before or now)
