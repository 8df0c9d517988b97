from datetime import timedelta

import pytest
from tests.apply.harness import config_map

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.api.status import InventoryEntry
from pattern_operator.apply import ApplyFailure, ApplyResult, to_error
from pattern_operator.apply.prune import PruneResult
from pattern_operator.apply.result import NAMED, REST, rest_after, summarize
from pattern_operator.errors import Transient, Waiting


def key(name: str) -> ObjectKey:
    return config_map(name, "team").key


def failure(name: str, reason: Reason, *, seconds: int | None = None) -> ApplyFailure:
    return ApplyFailure(key(name), reason, "no", timedelta(seconds=seconds) if seconds is not None else None)


def test_a_run_without_failures_has_no_error():
    assert to_error(ApplyResult()) is None
    assert to_error(ApplyResult((key("a"),), ((key("b"), "is skipped"),))) is None


def test_the_message_counts_all_objects_and_names_the_failed_ones():
    applied = ApplyResult((key("a"),), ((key("b"), "is skipped"),), (failure("c", Reason.FORBIDDEN),))

    error = to_error(applied, unknown=(failure("d", Reason.KIND_NOT_FOUND),))

    assert error is not None
    assert error.message == "2 of 4 objects could not be applied: ConfigMap team/c: no; ConfigMap team/d: no"


@pytest.mark.parametrize(
    ("reasons", "kind", "reason"),
    [
        pytest.param([Reason.KIND_NOT_FOUND] * 2, Waiting, Reason.KIND_NOT_FOUND, id="a CRD will come, and wake us"),
        pytest.param([Reason.KIND_NOT_FOUND, Reason.CONFLICT], Transient, Reason.CONFLICT, id="what can be retried is"),
        pytest.param([Reason.FORBIDDEN, Reason.CONFLICT], Transient, Reason.FORBIDDEN, id="the first reason counts"),
    ],
)
def test_what_can_be_done_about_failures(reasons: list[Reason], kind: type[Exception], reason: Reason):
    error = to_error(ApplyResult(failures=tuple(failure(f"c{n}", each) for n, each in enumerate(reasons))))

    assert type(error) is kind
    assert error.reason is reason


def test_the_longest_rest_that_was_asked_for_is_kept():
    rests = (None, 3, 7, 5)
    error = to_error(
        ApplyResult(failures=tuple(failure(f"c{n}", Reason.APPLY_FAILED, seconds=s) for n, s in enumerate(rests)))
    )

    assert isinstance(error, Transient)
    assert error.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(("count", "seconds"), [(1, 0.01), (1_500, 15)])
def test_the_more_objects_failed_the_longer_they_are_let_rest(count: int, seconds: float):
    failures = tuple(failure(f"c{number}", Reason.APPLY_FAILED) for number in range(count))
    entries = tuple(InventoryEntry(str(each.key), "v1") for each in failures)
    errors = to_error(ApplyResult(failures=failures)), PruneResult(remaining=entries, failures=failures).error

    assert [isinstance(each, Transient) and each.retry_after for each in errors] == [timedelta(seconds=seconds)] * 2


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, ""), (1, "0"), (NAMED, "0; 1; 2; 3; 4"), (NAMED + 2, "0; 1; 2; 3; 4; and 2 more")],
)
def test_a_few_are_named_and_the_rest_is_counted(count: int, text: str):
    assert summarize(range(count)) == text


def test_one_object_is_one_object_and_those_that_were_not_to_be_applied_count():
    failed = ApplyResult(failures=(failure("c", Reason.FORBIDDEN),))

    one, two = to_error(failed), to_error(failed, others=1)

    assert one is not None
    assert two is not None
    assert one.message.startswith("1 of 1 object could not")
    assert two.message.startswith("1 of 2 objects could not")


def test_no_sentence_ends_where_another_follows():
    assert summarize(["a: no. Grant it.", "b: no.", "c and so on..."]) == "a: no. Grant it; b: no; c and so on..."


@pytest.mark.parametrize(("asked", "rest"), [(None, 3 * REST), (0, 3 * REST), (3600, timedelta(hours=1))])
def test_what_failed_is_retried_after_as_long_as_it_asks_and_as_many_as_they_are(asked: int | None, rest: timedelta):
    failures = [failure(name, Reason.APPLY_FAILED, seconds=asked) for name in ("a", "b", "c")]

    assert rest_after(failures) == rest
