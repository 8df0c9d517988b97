"""What an apply believes of what status says: nothing, where this process has applied something else meanwhile."""

from typing import Any

import pytest
from tests.reconcile.pattern import NEWER, NOW, REVISION, pattern, results

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.reconcile import status
from pattern_operator.reconcile.comparison import Comparison, unpacked
from pattern_operator.reconcile.desired import DesiredState, desired_state
from pattern_operator.reconcile.reached import is_reached
from pattern_operator.reconcile.state import Applying, Followed, Nothing, Objects, Running
from pattern_operator.reconcile.steps.apply import Known


def applied() -> DesignPattern:
    made = results(comparison=Comparison("sent", {"team_a__ConfigMap": b"12345678"}))
    return pattern(status=status.after(pattern(), made, now=NOW))


def desired(revision: Any = REVISION) -> DesiredState:
    return desired_state(pattern(), revision, VerificationPolicy())


def running(revision: Any) -> Running:
    return Running(desired=desired(revision), settled=True, sent="sent", notes=())


@pytest.mark.parametrize(
    ("objects", "is_believed"),
    [
        pytest.param(Nothing(), True, id="nothing is known"),
        pytest.param(Followed(), True, id="after a restart"),
        pytest.param(running(REVISION), True, id="this process applied the same"),
        pytest.param(running(NEWER), False, id="this process applied something else"),
        pytest.param(Applying(desired(NEWER)), False, id="this process began something else"),
    ],
)
def test_a_status_that_somebody_put_back_is_not_believed_by_who_knows_better(objects: Objects, is_believed: bool):
    found = Known(objects=objects, policy=None).what_is_certain(applied(), desired())

    assert is_reached(found, None, revision=REVISION) is is_believed
    assert (unpacked(found.status).sent == "sent") is is_believed
    assert found.status.inventory == applied().status.inventory
