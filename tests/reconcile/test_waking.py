"""What wakes a pattern, how often, and what is done then: a back-off holds against all but a change of what failed."""

import asyncio
from collections.abc import Callable

import pytest

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.stage import Stage
from pattern_operator.apply import Notification, NotificationKind
from pattern_operator.reconcile.pattern_store import PatternKey
from pattern_operator.reconcile.state import concerns
from pattern_operator.reconcile.waking import MAX_EVENTS, OBJECTS, OTHERS, USER, Plan, Waker, Woken, plan

KEY = PatternKey("team", "web")
REFUSED, OTHER = ObjectKey("", "ConfigMap", "team", "refused"), ObjectKey("", "ConfigMap", "team", "other")
GONE, DRIFTED, HEALTH = NotificationKind.GONE, NotificationKind.DRIFTED, NotificationKind.HEALTH
EVENT = Notification(DRIFTED, OTHER)


class Added:
    """A queue that only writes down what is added, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.delays: list[float] = []

    def add(self, key: PatternKey, *, delay: float = 0.0) -> None:
        assert key == KEY
        self.delays.append(delay)


@pytest.fixture
def added() -> Added:
    return Added()


@pytest.fixture
def waker(added: Added) -> Waker:
    return Waker(added, clock=lambda: added.now)


@pytest.mark.parametrize(
    ("stage", "kind", "key", "ends"),
    [
        (Stage.APPLY, GONE, REFUSED, True),
        (Stage.APPLY, DRIFTED, REFUSED, True),
        (Stage.APPLY, HEALTH, REFUSED, False),
        (Stage.APPLY, GONE, OTHER, False),
        (Stage.APPLY, DRIFTED, OTHER, False),
        (Stage.SOURCE, GONE, REFUSED, False),
        (Stage.VERIFY, DRIFTED, REFUSED, False),
        (Stage.RENDER, GONE, REFUSED, False),
        (Stage.ROLLOUT, GONE, REFUSED, False),
        (Stage.HEALTH, GONE, REFUSED, False),
    ],
)
def test_a_failure_is_ended_only_by_a_change_of_the_object_that_failed(stage, kind, key, ends):
    assert concerns(Notification(kind, key), stage=stage, failed=frozenset({REFUSED})) is ends


@pytest.mark.parametrize(
    ("woken", "retried_at", "runs", "asks", "done"),
    [
        # nothing failed
        (Woken(), None, True, True, Plan.WHOLE),
        (Woken(events=frozenset({EVENT})), None, True, False, Plan.WHOLE),
        (Woken(events=frozenset({EVENT})), None, True, True, Plan.UPKEEP_FIRST),
        (Woken(events=frozenset({EVENT})), None, False, True, Plan.WHOLE),
        (Woken(whole=True), None, True, True, Plan.WHOLE),
        # a back-off lasts
        (Woken(), 101, True, True, Plan.UPKEEP),
        (Woken(events=frozenset({EVENT})), 101, True, True, Plan.UPKEEP),
        (Woken(events=frozenset({EVENT})), float("inf"), False, True, Plan.UPKEEP),
        (Woken(whole=True), float("inf"), True, True, Plan.WHOLE),
        (Woken(whole=True, events=frozenset({EVENT})), 101, True, True, Plan.UPKEEP_FIRST),
        # it is over
        (Woken(), 100, True, True, Plan.WHOLE),
        (Woken(events=frozenset({EVENT})), 100, True, True, Plan.UPKEEP_FIRST),
    ],
)
def test_what_a_run_does_follows_from_what_woke_it_and_what_failed(woken, retried_at, runs, asks, done):
    assert plan(woken, retried_at=retried_at, now=100, runs=runs, asks=asks) is done


def test_what_a_user_changes_is_followed_at_once_and_in_a_loop_at_a_pace(added: Added, waker: Waker):
    for _ in range(100):
        waker.asked(KEY)
        assert waker.begin(KEY, ends_failure=never).whole

    burst, pace = USER
    assert added.delays[:burst] == [0.0] * burst
    assert added.delays[-1] == pytest.approx(pace)


def test_a_secret_that_changes_all_the_time_runs_its_pattern_a_few_times_and_then_now_and_then(added, waker):
    runs = 0
    for _ in range(600):  # a minute, ten changes a second
        added.now += 0.1
        waker.found(KEY)
        runs += waker.begin(KEY, ends_failure=never).whole

    burst, pace = OTHERS
    assert burst < runs <= burst + 60 / pace


def test_the_last_change_of_a_secret_is_followed_although_it_came_too_soon(added: Added, waker: Waker):
    for _ in range(OTHERS[0] + 1):
        waker.found(KEY)
        waker.begin(KEY, ends_failure=never)
    soon = waker.wait(KEY)
    added.now += soon or 0.0

    assert soon == pytest.approx(OTHERS[1])
    assert waker.begin(KEY, ends_failure=never).whole
    assert waker.wait(KEY) is None


def test_a_run_for_another_reason_does_not_follow_a_change_that_came_too_soon(added: Added, waker: Waker):
    for _ in range(OTHERS[0] + 1):
        waker.found(KEY)
        waker.begin(KEY, ends_failure=never)
    waker.noticed(KEY, EVENT)

    assert not waker.pending(KEY, ends_failure=never).whole
    assert waker.begin(KEY, ends_failure=never) == Woken(events=frozenset({EVENT}))
    assert waker.wait(KEY) is not None


def test_an_object_that_failed_and_changes_all_the_time_is_tried_as_seldom(added: Added, waker: Waker):
    runs = 0
    for _ in range(600):
        added.now += 0.1
        waker.noticed(KEY, Notification(DRIFTED, REFUSED))
        runs += waker.begin(KEY, ends_failure=lambda event: event.key == REFUSED).whole

    assert OTHERS[0] < runs <= OTHERS[0] + 60 / OTHERS[1]


def test_noise_of_objects_wakes_for_upkeep_at_a_pace_that_keeps_the_promise_of_a_second(added: Added, waker: Waker):
    for _ in range(100):
        waker.noticed(KEY, EVENT)
        assert not waker.begin(KEY, ends_failure=never).whole

    assert 0 < added.delays[-1] <= OBJECTS[1] < 1


def test_to_look_at_what_is_pending_takes_nothing(waker: Waker):
    waker.asked(KEY)
    waker.noticed(KEY, EVENT)

    looked = [waker.pending(KEY, ends_failure=never) for _ in range(3)]

    assert looked == [Woken(whole=True, events=frozenset({EVENT}))] * 3
    assert waker.begin(KEY, ends_failure=never) == looked[0]
    assert waker.begin(KEY, ends_failure=never) == Woken()


def test_of_a_pattern_that_nothing_happened_to_nothing_is_pending(waker: Waker):
    assert waker.pending(KEY, ends_failure=never) == Woken()


def test_events_that_come_too_soon_are_given_when_it_is_said(added: Added, waker: Waker):
    while not waker.wait_for_events(KEY):
        waker.noticed(KEY, EVENT)
        assert waker.take_events(KEY) == {EVENT}
    waker.noticed(KEY, EVENT)
    wait = waker.wait_for_events(KEY)
    too_soon = waker.take_events(KEY)
    added.now += wait

    assert 0 < wait <= OBJECTS[1]
    assert too_soon == frozenset()
    assert waker.wait_for_events(KEY) == 0.0
    assert waker.take_events(KEY) == {EVENT}


def test_the_events_of_a_flood_are_remembered_in_bounded_memory(waker: Waker):
    for number in range(3 * MAX_EVENTS):
        waker.noticed(KEY, Notification(GONE, ObjectKey("", "ConfigMap", "team", f"c{number}")))

    assert len(waker.begin(KEY, ends_failure=never).events) == MAX_EVENTS


def test_noise_of_objects_does_not_keep_a_pattern_from_what_is_due(added: Added, waker: Waker):
    """Events that come without end give way to a run without them after each that looks at them."""
    with_events = 0
    for _ in range(1_000):
        waker.noticed(KEY, EVENT)
        with_events += bool(waker.begin(KEY, ends_failure=never).events)
        added.now += 0.01

    assert with_events <= OBJECTS[0] + 10 / OBJECTS[1]
    assert waker.wait(KEY) is not None  # and what is left is looked at soon
    added.now += waker.wait(KEY) or 0.0
    assert waker.begin(KEY, ends_failure=never).events == {EVENT}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda waker: waker.noticed(KEY, EVENT), id="an object"),
        pytest.param(lambda waker: waker.asked(KEY), id="the pattern"),
        pytest.param(lambda waker: waker.forget(KEY), id="the pattern is gone"),
    ],
)
async def test_whoever_runs_is_told_in_the_middle_of_it(waker: Waker, change: Callable[[Waker], None]):
    with waker.during(KEY) as happened:
        before = happened.is_set()
        change(waker)
        async with asyncio.timeout(1):
            await happened.wait()

    assert not before
    happened.clear()
    waker.noticed(KEY, EVENT)
    assert not happened.is_set()  # nobody runs, and nobody is told


def test_what_others_change_wakes_at_once_and_is_followed_the_whole_way(added: Added, waker: Waker):
    waker.found(KEY)

    assert added.delays == [0.0]
    assert waker.pending(KEY, ends_failure=never) == Woken(whole=True)
    assert waker.begin(KEY, ends_failure=never) == Woken(whole=True)


def test_the_whole_way_is_gone_by_the_run_after_one_that_did_not_come_to_it(waker: Waker):
    waker.keep_asking(KEY)

    assert waker.begin(KEY, ends_failure=never).whole


def never(_: Notification) -> bool:
    return False
