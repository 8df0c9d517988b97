import pytest

from pattern_operator.apply.managed.pacing import LONGEST, QUIET, Pacing


def test_what_changes_once_is_told_soon():
    assert Pacing().wait(100.0) == 2.0


def test_what_keeps_changing_is_told_ever_less_often_up_to_minutes():
    pace, now, waits = Pacing(), 0.0, []
    for _ in range(12):
        waits.append(pace.wait(now))
        now += waits[-1] + 1.0  # it changes again a second after it was told

    assert waits == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, LONGEST, LONGEST, LONGEST, LONGEST]


def test_after_a_quiet_time_it_begins_anew():
    pace, now = Pacing(), 0.0
    for _ in range(4):
        now += pace.wait(now)

    assert pace.wait(now + QUIET + 1.0) == 2.0


def test_a_quiet_time_is_longer_than_the_pause_itself():
    pace, now = Pacing(), 0.0
    for _ in range(10):
        now += pace.wait(now)

    assert pace.wait(now + QUIET + 1.0) == LONGEST


def test_the_first_tellings_may_be_free():
    pace = Pacing(free=2)

    assert [pace.wait(float(now)) for now in range(4)] == [0.0, 0.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("told", "quiet", "begins"),
    [(2, QUIET, False), (2, QUIET + 0.5, True), (6, 128.0, False), (6, 128.5, True)],
    ids=["a minute", "more than a minute", "twice the pause", "more than twice the pause"],
)
def test_it_begins_anew_after_a_minute_or_twice_the_pause(told: int, quiet: float, begins: bool):
    pace = Pacing()
    for _ in range(told):
        pace.wait(0.0)

    assert (pace.wait(quiet) == 2.0) is begins


def test_however_long_it_goes_on_there_is_a_pause():
    pace = Pacing()
    for _ in range(2_000):
        pace.wait(0.0)

    assert pace.wait(0.0) == LONGEST
