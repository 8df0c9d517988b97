"""Seats: what each lane holds of them, and when it may hold no more."""

import pytest

from pattern_operator.fair_queue.seats import Lane, Seats, Sort


def test_a_seat_counts_once_for_each_of_its_lanes_and_for_its_flow():
    seats = Seats(4)

    seats.take(("team", "host", "team"))

    assert (seats.free, seats.held("team"), seats.held("host"), seats.held("other")) == (3, 1, 1, 0)
    assert (list(seats.flows), seats.held_as_flow("team"), seats.held_as_flow("host")) == (["team"], 1, 0)


def test_what_is_given_back_leaves_nothing_behind():
    seats = Seats(4)
    seats.take(("team", "host"))

    seats.give_back(("team", "host"))

    assert (seats.free, seats.held("team"), list(seats.flows), seats.largest_share) == (4, 0, [], 0)


@pytest.mark.parametrize(("lane", "most"), [("flow", 6), (Lane("flow", 1), 4), (Lane("flow", 7), 7)])
def test_a_flow_is_closed_once_it_holds_its_share_of_what_is_free(lane: object, most: int):
    seats = Seats(8)

    while not seats.is_flow_closed(lane):
        seats.take((lane,))

    assert seats.held(lane) == most


def test_a_lane_that_serves_everybody_closes_later_than_a_flow():
    seats = Seats(8)
    for number in range(6):
        seats.take((f"flow {number}", "host"))
    before = seats.is_lane_closed("host"), seats.is_flow_closed("host")

    seats.take(("flow 6", "host"))

    assert before == (False, True)
    assert seats.is_lane_closed("host")


def test_a_sort_of_work_is_nobodys_share():
    seats = Seats(4)

    for flow in ("a", "b"):
        seats.take((flow, Sort("registries", 7)))

    assert seats.largest_share == 0.25
