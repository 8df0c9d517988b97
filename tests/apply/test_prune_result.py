"""What is said of a prune that has not deleted all that left its pattern."""

import pytest
from tests.apply.harness import config_map, entries

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.delete_result import Deletion, DeletionOutcome
from pattern_operator.apply.prune import PruneResult
from pattern_operator.apply.result import ApplyFailure

LEFT = entries(*(config_map(name, "team") for name in ("a", "b", "c", "d", "e")))
KEYS = [ObjectKey("", "ConfigMap", "team", name) for name in ("a", "b", "c", "d", "e")]
WAY_OUT = "To leave it in the cluster: `kubectl annotate configmap a -n team pattern-operator.io/prune=disabled`"


def going(number: int) -> Deletion:
    return Deletion(LEFT[number], KEYS[number], DeletionOutcome.TERMINATING, "is being deleted")


def failed(number: int, reason: Reason = Reason.FORBIDDEN) -> ApplyFailure:
    return ApplyFailure(KEYS[number], reason, "may not be deleted")


def test_what_goes_after_what_is_left_is_counted():
    left = PruneResult(terminating=(going(0),), remaining=LEFT)

    assert left.message == (
        "5 objects that left the pattern are not gone yet: ConfigMap team/a: is being deleted; 4 more go after that"
    )
    assert left.error is None
    assert PruneResult(terminating=(going(0),), remaining=LEFT[:1]).message.endswith("is being deleted")
    assert PruneResult().message == ""


def test_who_may_not_delete_one_object_is_told_how_to_leave_it():
    error = PruneResult(failures=(failed(0),), terminating=(going(1),), remaining=LEFT).error

    assert error is not None
    assert error.reason is Reason.FORBIDDEN
    assert "ConfigMap team/a: may not be deleted" in error.message
    assert "; 3 more go after that. What cannot be deleted stays" in error.message
    assert error.message.endswith(WAY_OUT)


def test_the_way_out_of_many_refusals_comes_before_them():
    error = PruneResult(failures=(failed(0), failed(1)), remaining=LEFT[:2]).error

    assert error is not None
    assert error.message.startswith("2 objects that left the pattern could not be deleted. What cannot be deleted")
    assert error.message.index(WAY_OUT) < error.message.index("In the way: ConfigMap team/a")


@pytest.mark.parametrize("number", [1, 2])
def test_where_no_right_is_missing_nobody_is_told_to_leave_it(number: int):
    failures = tuple(failed(each, Reason.PRUNE_FAILED) for each in range(number))

    error = PruneResult(failures=failures, remaining=LEFT[:number]).error

    assert error is not None
    assert "kubectl annotate" not in error.message
