"""StartTimeRanking: who had much waits behind himself, and what is remembered of flows is bounded."""

from pattern_operator.start_time_ranking import StartTimeRanking


def test_within_a_flow_who_came_first_goes_first():
    turns = StartTimeRanking()

    assert (ranks := [turns.rank("a") for _ in range(5)]) == sorted(set(ranks))


def test_a_flow_that_comes_later_goes_before_what_another_one_has_waiting():
    turns = StartTimeRanking()
    waiting = [turns.rank("many") for _ in range(40)]
    turns.begun(waiting[0])

    assert waiting[0] <= turns.rank("one") < waiting[1]


def test_a_flow_is_charged_what_its_last_work_took():
    turns = StartTimeRanking()
    for flow, seconds in (("long", 1.0), ("short", 0.001)):
        turns.begun(turns.rank(flow))
        turns.ended(flow, seconds)
    long, short = ([turns.rank(flow) for _ in range(10)] for flow in ("long", "short"))

    assert short[-1] < long[1]


def test_a_flow_that_did_nothing_for_long_has_saved_up_nothing():
    turns = StartTimeRanking()
    turns.rank("idle")
    for _ in range(100):
        turns.begun(turns.rank("busy"))

    mine, others = [turns.rank("idle") for _ in range(10)], [turns.rank("busy") for _ in range(10)]
    assert mine[-1] > others[0]


def test_flows_without_work_are_forgotten():
    turns = StartTimeRanking()
    for number in range(100_000):
        turns.begun(turns.rank(number))
        turns.ended(number, 0.01)
        turns.begun(turns.rank("always there"))

    assert len(turns) < 5_000
