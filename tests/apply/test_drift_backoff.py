import pytest

from pattern_operator.apply.drift_backoff import FREE_REPAIRS, MAX_DELAY, RESET_AFTER, DriftBackoff


def test_a_few_repairs_are_made_at_once():
    backoff = DriftBackoff()

    for second in range(FREE_REPAIRS):
        assert backoff.pause(float(second)) == 0.0
        backoff.record_repair(float(second))

    assert not backoff.is_active
    assert backoff.pause(float(FREE_REPAIRS)) == 0.0


def test_repairs_that_are_undone_each_time_are_spaced_out_up_to_a_limit():
    backoff, now, pauses = DriftBackoff(), 0.0, []

    for _ in range(FREE_REPAIRS + 12):
        pauses.append(backoff.pause(now))
        now += pauses[-1]
        backoff.record_repair(now)
        now += 0.1

    assert pauses[FREE_REPAIRS + 1 : FREE_REPAIRS + 4] == [2.0, 4.0, 8.0]
    assert pauses[-1] == MAX_DELAY
    assert backoff.is_active


def test_the_pause_ends():
    backoff = DriftBackoff()
    for _ in range(FREE_REPAIRS + 1):
        backoff.record_repair(0.0)

    pause = backoff.pause(1.0)

    assert backoff.is_waiting(1.0 + pause / 2)
    assert not backoff.is_waiting(1.0 + pause)


def test_a_change_long_after_a_repair_is_not_a_quarrel():
    backoff = DriftBackoff()
    for _ in range(FREE_REPAIRS + 3):
        backoff.record_repair(0.0)

    assert backoff.pause(RESET_AFTER + 1) == 0.0
    backoff.record_repair(RESET_AFTER + 1)
    assert backoff.repairs == 1


def test_a_change_that_is_only_looked_at_later_counts_as_one_after_the_repair():
    backoff, now = DriftBackoff(), 0.0

    for _ in range(FREE_REPAIRS + 1):
        backoff.record_wait(now + 1.0, until=now + 300.0)
        now += 300.0
        backoff.record_repair(now)

    assert backoff.is_active
    assert backoff.pause(now + 1.0) > 0.0


def test_a_change_long_after_a_repair_is_not_one_more_because_it_is_looked_at_later():
    backoff, now = DriftBackoff(), 0.0

    for _ in range(FREE_REPAIRS + 3):
        now += RESET_AFTER + 1.0
        backoff.record_wait(now, until=now + 2.0)
        now += 2.0
        backoff.record_repair(now)

    assert backoff.repairs == 1


@pytest.mark.parametrize(("after", "counts"), [(RESET_AFTER, True), (RESET_AFTER + 0.5, False)])
def test_a_repair_counts_with_the_one_before_for_a_minute(after: float, counts: bool):
    backoff, waiting, plain = DriftBackoff(), DriftBackoff(), DriftBackoff()
    for each in (backoff, waiting, plain):
        for _ in range(FREE_REPAIRS + 1):
            each.record_repair(0.0)

    pause = backoff.pause(after)
    waiting.record_wait(after, until=after + 100.0)
    for each, moment in ((backoff, after), (waiting, after + 100.0), (plain, after)):
        each.record_repair(moment)

    assert (pause > 0.0) is counts
    assert [each.is_active for each in (backoff, waiting, plain)] == [counts] * 3


def test_however_long_it_goes_on_there_is_a_pause():
    backoff = DriftBackoff()
    for _ in range(2_000):
        backoff.record_repair(0.0)

    assert backoff.pause(1.0) == MAX_DELAY
