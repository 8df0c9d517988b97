"""What is remembered of a pattern keeps nothing of the runs that it came from."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tests.reconcile.pattern import REVISION, pattern

from pattern_operator.api.reason import Reason
from pattern_operator.api.stage import Stage
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.reconcile.desired import desired_state
from pattern_operator.reconcile.results import Results
from pattern_operator.reconcile.state import Failed, Refused, State
from pattern_operator.reconcile.states import StateStore
from pattern_operator.reconcile.summary import Moment

MOMENT = Moment(now=datetime(2026, 1, 1, tzinfo=UTC), clock=0.0, jitter=0.5)
DESIRED = desired_state(pattern(), REVISION, VerificationPolicy())


def raised() -> PatternError:
    """An error that came through a frame."""
    try:
        raise Stalled(reason=Reason.COMPONENTS_REFUSED, message="no")
    except PatternError as error:
        return error


def with_failure(error: PatternError) -> State:
    return State(failed=Failed(results=Results(stage=Stage.RENDER, failure=error), retry_at=1.0))


def with_refusal(error: PatternError) -> State:
    return State(refused=Refused(DESIRED, Stage.ROLLOUT, error))


def with_unbuildable(error: PatternError) -> State:
    return State().with_unbuildable(Refused(DESIRED, Stage.RENDER, error))


@pytest.mark.parametrize("state", [with_failure, with_refusal, with_unbuildable])
def test_no_frame_of_an_error_is_remembered(state: Callable[[PatternError], State]) -> None:
    store, error = StateStore(), raised()
    store.begin(pattern(), moment=MOMENT)
    before = error.__traceback__

    store.remember(pattern(), state(error))

    assert before is not None
    assert error.__traceback__ is None
    assert store.of(pattern()).errors() == (error,)


def test_what_nothing_failed_of_has_no_error() -> None:
    assert State(failed=Failed(results=None, retry_at=1.0)).errors() == ()
    assert State(failed=Failed(results=Results(), retry_at=1.0)).errors() == ()
