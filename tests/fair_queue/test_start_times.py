"""Start times: who used more begins later, and who comes anew begins where the others are."""

from pattern_operator.fair_queue.start_times import FEW_FLOWS, StartTimes


def test_a_flow_begins_later_by_what_it_used():
    starts = StartTimes()
    starts.begin_to_wait("a", seated=())

    starts.charge("a", 5)
    starts.charge("a", 2)

    assert starts["a"] == 7


def test_who_comes_anew_begins_where_what_was_served_last_began():
    starts = StartTimes()
    starts.begin_to_wait("busy", seated=())
    starts.charge("busy", 30)
    starts.serve("busy")
    starts.end_to_wait("busy")

    starts.begin_to_wait("new", seated=())

    assert starts["new"] == 30


def test_who_comes_anew_begins_not_behind_those_who_wait():
    starts = StartTimes()
    for flow, used in (("late", 3), ("busy", 30)):
        starts.begin_to_wait(flow, seated=())
        starts.charge(flow, used)
    starts.serve("busy")

    starts.begin_to_wait("new", seated=())

    assert starts["new"] == 3


def test_a_flow_waits_as_long_as_one_of_its_items_does():
    starts = StartTimes()
    starts.begin_to_wait("a", seated=())
    starts.begin_to_wait("a", seated=())

    starts.end_to_wait("a")
    one_left = list(starts.waiting)
    starts.end_to_wait("a")

    assert (one_left, list(starts.waiting)) == (["a"], [])


def test_flows_that_neither_wait_nor_hold_a_seat_are_forgotten_but_for_those_that_used_most():
    starts = StartTimes()
    starts.begin_to_wait("seated", seated=())
    starts.end_to_wait("seated")
    starts.charge("hog", 1_000)
    for number in range(3 * FEW_FLOWS):
        starts.begin_to_wait(number, seated={"seated"})
        starts.end_to_wait(number)

    assert len(starts._starts) < 2 * FEW_FLOWS
    assert (starts["seated"], starts["hog"]) == (0, 1_000)
