"""Places of runs that wait for a registry: how many there are, and whose run gives way."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from pattern_operator.reconcile.aside import TENURE, Entered, Places


def test_who_has_fewer_places_takes_one_of_who_has_the_most_the_one_that_waits_longest():
    places = filled("a", "b", "b", "c", capacity=4)

    assert places.enter("new", flow="d", now=0.0) == Entered("b1")


def test_who_has_as_many_as_the_others_takes_none():
    places = filled("a", "a", "b", "b", capacity=4)

    assert places.enter("new", flow="a", now=1_000.0) is None


def test_who_has_one_less_takes_the_place_of_who_had_it_for_long_only():
    begun = 100.0
    places = filled("a", "b", capacity=2, at=begun)

    assert places.enter("early", flow="c", now=begun + TENURE - 1) is None
    assert places.enter("late", flow="c", now=begun + TENURE) == Entered("a0")


def test_a_run_that_is_about_to_go_on_is_displaced_by_nobody():
    places = filled("a", "a", capacity=2)
    places.end("a0")

    assert places.enter("new", flow="b", now=TENURE) == Entered("a1")
    assert places.enter("more", flow="c", now=3 * TENURE) is None  # both that end are still here, and so is the new one


ENTERED = st.tuples(st.integers(0, 6), st.sampled_from(["enter", "end", "leave"]))


@settings(max_examples=examples(200))
@given(st.integers(1, 12), st.integers(0, 4), st.lists(ENTERED, max_size=80))
def test_no_more_are_there_than_there_are_places_and_nobody_has_two_more_than_who_was_refused(capacity, spare, steps):
    places, here = Places[str](capacity, spare), dict[str, str]()
    for number, (who, what) in enumerate(steps):
        flow = str(who)
        mine = [key for key, owner in here.items() if owner == flow]
        match what:
            case "enter":
                found = places.enter(f"{flow}/{number}", flow=flow, now=float(number))
                have = Counter(owner for owner in here.values())
                if found is None and len(places) < capacity + spare:
                    assert max(have.values(), default=0) - have[flow] < 2
                if found is not None:
                    here[f"{flow}/{number}"] = flow
                    if found.displaced is not None:
                        del here[found.displaced]
            case "end" if mine:
                places.end(mine[0])
                del here[mine[0]]
            case "leave" if mine:
                places.leave(mine[0])
                del here[mine[0]]
        assert len(places) <= capacity + spare
        assert len(here) <= capacity


def filled(*flows: str, capacity: int, at: float = 0.0) -> Places[str]:
    """Places that runs of these flows have since ``at``, named by their flows and numbers."""
    places = Places[str](capacity, 1)
    for number, flow in enumerate(flows):
        assert places.enter(f"{flow}{number}", flow=flow, now=at) == Entered()
    return places
