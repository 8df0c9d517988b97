"""The fair queue: who is next, held to a model that looks at everybody; and what it costs."""

from collections import Counter
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cputime import cpu_time
from tests.examples import examples

from pattern_operator.fair_queue import FLOW_SHARE, LANE_SHARE, FairQueue, Lane, Lanes, Sort

Item = TypeVar("Item")


class Model:
    """The same rules, said as plainly as they can be: look at everybody, each time."""

    def __init__(self, capacity: int) -> None:
        self.free = capacity
        self.waiting: dict[int, tuple[int, int, Lanes]] = {}
        self.held: Counter[object] = Counter()
        self.now = 0.0
        self.starts: dict[object, float] = {}

    def push(self, item: int, rank: int, order: int, lanes: Lanes) -> None:
        if item in self.waiting:
            rank, order, before = self.waiting[item]
            if before == lanes:
                return
            del self.waiting[item]
        flow = lanes[0]
        if flow not in {waiting[0] for *_, waiting in self.waiting.values()}:
            earliest = min((self.starts[each[0]] for *_, each in self.waiting.values()), default=self.now)
            self.starts[flow] = max(self.starts.get(flow, 0.0), min(self.now, earliest))
        self.waiting[item] = (rank, order, lanes)

    def pop(self) -> int | None:
        may = [item for item, (*_, lanes) in self.waiting.items() if self.free and self.may_start(lanes)]
        if not may:
            return None
        return min(may, key=self.turn)

    def turn(self, item: int) -> tuple[int, float, int, int]:
        rank, order, (flow, *_) = self.waiting[item]
        return self.held[flow], self.starts[flow], rank, order

    def may_start(self, lanes: Lanes) -> bool:
        flow, *others = lanes
        return (not self.held[flow] or self.held[flow] < FLOW_SHARE * self.free) and all(
            self.held[lane] < LANE_SHARE * self.free for lane in others
        )

    def start(self, item: int) -> None:
        *_, lanes = self.waiting.pop(item)
        self.now = max(self.now, self.starts[lanes[0]])
        self.held.update(lanes)
        self.free -= 1

    def end(self, lanes: Lanes, used: int) -> None:
        self.starts[lanes[0]] += used
        self.held.subtract(lanes)
        self.free += 1


FLOWS, HOSTS = st.sampled_from("abcde"), st.sampled_from(["h1", "h2", "h3"])
PUSH = st.tuples(st.just("push"), st.integers(0, 60), st.integers(0, 3), st.tuples(FLOWS, HOSTS))
STEPS = st.one_of(
    PUSH,
    PUSH,
    st.tuples(st.just("pop")),
    st.tuples(st.just("pop")),
    st.tuples(st.just("end"), st.integers(0, 100), st.integers(0, 3)),
    st.tuples(st.just("remove"), st.integers(0, 60)),
)


@settings(max_examples=examples(400))
@given(st.integers(1, 24), st.lists(STEPS, max_size=250))
def test_who_is_next_is_who_the_plain_rules_say(capacity, steps):
    queue, model = FairQueue[int](capacity), Model(capacity)
    seated: list[Lanes] = []

    for order, (what, *values) in enumerate(steps):
        match what:
            case "push":
                item, rank, lanes = values
                queue.push(item, rank=rank, lanes=lanes)
                model.push(item, rank, order, lanes)
            case "remove":
                queue.remove(values[0])
                model.waiting.pop(values[0], None)
            case "end" if seated:
                lanes = seated.pop(values[0] % len(seated))
                queue.give_back(lanes, used=values[1])
                model.end(lanes, values[1])
            case "pop":
                expected, taken = model.pop(), queue.pop()
                assert (taken[0] if taken else None) == expected
                if taken and expected is not None:
                    model.start(expected)
                    seated.append(taken[1])
        assert (len(queue), queue.free) == (len(model.waiting), model.free)

    for lanes in seated:
        queue.give_back(lanes)
    assert sorted(drain(queue)) == sorted(model.waiting)  # nobody is lost


@settings(max_examples=examples(400))
@given(st.integers(1, 24), st.lists(STEPS, max_size=250))
def test_who_takes_a_seat_at_once_is_who_would_have_got_it_by_waiting(capacity, steps):
    """And whoever comes after that finds the same order."""
    quick, slow = FairQueue[int](capacity), FairQueue[int](capacity)
    seated: list[Lanes] = []

    for number, (what, *values) in enumerate(steps):
        match what:
            case "push":
                _, rank, lanes = values
                slow.push(number, rank=rank, lanes=lanes)
                waits_alone = len(slow) == 1
                gets_it = slow.pop() if waits_alone else None
                assert quick.take(lanes) == (gets_it is not None)
                if gets_it is not None:
                    seated.append(lanes)
                else:
                    quick.push(number, rank=rank, lanes=lanes)
            case "end" if seated:
                lanes = seated.pop(values[0] % len(seated))
                for queue in (quick, slow):
                    queue.give_back(lanes, used=values[1])
            case "pop":
                taken = slow.pop()
                assert quick.pop() == taken
                if taken is not None:
                    seated.append(taken[1])
        assert (len(quick), quick.free, quick.largest_share) == (len(slow), slow.free, slow.largest_share)

    for lanes in seated:
        for queue in (quick, slow):
            queue.give_back(lanes)
    assert drain(quick) == drain(slow)


def test_nobody_takes_a_seat_at_once_before_those_who_wait():
    queue = FairQueue[str](2)
    queue.push("waits", rank=0.0, lanes=("a",))

    assert not queue.take(("b",))
    assert queue.pop() == ("waits", ("a",))
    assert queue.take(("b",))
    assert not queue.take(("c",))


def test_everybody_who_waits_gets_a_seat_in_the_end():
    queue = FairQueue[int](4)
    for item in range(500):
        queue.push(item, rank=0, lanes=(f"flow {item % 7}", f"host {item % 3}"))

    served = drain(queue)

    assert sorted(served) == list(range(500))


def test_one_flow_alone_leaves_a_reserve_and_the_next_flow_finds_it():
    queue = FairQueue[str](32)
    for number in range(100):
        queue.push(f"hog {number}", rank=0, lanes=("hog",))
    alone = seat_all(queue)
    queue.push("guest", rank=1, lanes=("guest",))

    taken = queue.pop()

    assert (alone, queue.held("hog"), queue.largest_share) == (24, 24, 0.75)
    assert taken is not None
    assert taken[0] == "guest"


def test_however_many_flows_take_what_they_can_the_next_one_finds_a_seat():
    for flows in range(1, 9):
        queue = FairQueue[str](32)
        for flow in range(flows):
            for number in range(100):
                queue.push(f"{flow}/{number}", rank=0, lanes=(flow,))
        seat_all(queue)

        queue.push("guest", rank=1, lanes=("guest",))

        assert queue.pop() == ("guest", ("guest",)), f"{flows} flows hold all seats"


def test_a_host_that_hangs_leaves_seats_for_the_other_hosts_however_many_flows_ask_it():
    queue = FairQueue[str](32)
    for number in range(100):
        queue.push(f"hanging {number}", rank=0, lanes=(f"tenant {number}", "hangs.example"))
    seat_all(queue)
    queue.push("guest", rank=1, lanes=("tenant 99", "works.example"))

    taken = queue.pop()

    assert queue.held("hangs.example") == 28
    assert taken is not None
    assert taken[0] == "guest"


def test_a_flow_that_floods_a_shared_host_does_not_keep_the_others_from_it():
    queue = FairQueue[str](32)
    for number in range(5_000):
        queue.push(f"hog {number}", rank=0, lanes=("hog", "ghcr.example"))
    seat_all(queue)

    queue.push("guest", rank=1, lanes=("guest", "ghcr.example"))

    assert queue.pop() == ("guest", ("guest", "ghcr.example"))


def test_who_holds_the_fewest_seats_goes_first_and_among_equals_who_is_due_first():
    queue = FairQueue[str](4)
    for item, rank in (("a1", 0), ("a2", 0), ("b1", 1), ("c1", 2)):
        queue.push(item, rank=rank, lanes=(item[0],))

    assert [queue.pop()[0] for _ in range(3)] == ["a1", "b1", "c1"]  # type: ignore[index] # something waits


def test_few_seats_are_all_used_by_one_flow_alone():
    for seats in (1, 2, 3):
        queue = FairQueue[int](seats)
        for item in range(9):
            queue.push(item, rank=0, lanes=("only",))

        assert seat_all(queue) == seats


def test_ten_thousand_items_behind_a_closed_lane_cost_the_others_nothing():
    """The time of 2,000 turns beside 10,000 blocked items; a scan of them would take minutes."""
    queue = FairQueue[str](32)
    for number in range(10_000):
        queue.push(f"blocked {number}", rank=0, lanes=(f"tenant {number}", "hangs.example"))
    seat_all(queue)

    def serve_guests() -> None:
        for number in range(2_000):
            queue.push(f"guest {number}", rank=1, lanes=(f"guest {number % 50}", "works.example"))
            taken = queue.pop()
            assert taken is not None
            assert taken[0] == f"guest {number}"
            queue.give_back(taken[1])

    assert cpu_time(serve_guests, enough=2.0) < 2.0


def test_what_is_put_in_and_taken_out_over_and_over_leaves_nothing_behind():
    queue = FairQueue[int](2)
    queue.push(-1, rank=0, lanes=("a", "h"))
    queue.push(-2, rank=0, lanes=("b", "h"))
    seat_all(queue)

    for number in range(5_000):
        queue.push(number, rank=-number, lanes=("a", "h"))
        queue.remove(number)

    kept = len(queue._idle) + sum(map(len, queue._flows.values())) + sum(map(len, queue._parked.values()))
    assert kept + sum(len(group.items) for group in queue._groups.values()) < 1_000


def seat_all(queue: FairQueue[Any]) -> int:
    """Give out seats until nobody may have one; how many."""
    count = 0
    while queue.pop() is not None:
        count += 1
    return count


def drain(queue: FairQueue[Item]) -> list[Item]:
    """Serve everybody, giving each seat back when no other can be given out."""
    served: list[Item] = []
    seated: list[Lanes] = []
    while True:
        taken = queue.pop()
        if taken is not None:
            served.append(taken[0])
            seated.append(taken[1])
        elif seated:
            queue.give_back(seated.pop(0))
        else:
            return served


def test_what_is_slow_for_a_few_namespaces_does_not_close_its_kind_to_the_others():
    for slow in range(1, 4):
        queue = FairQueue[str](32)
        for namespace in range(slow):
            for number in range(200):
                lanes = (Lane(f"{namespace}/{number % 5}", 2), Lane(namespace, 3), Lane("ConfigMap", 15))
                queue.push(f"{namespace}: {number}", rank=0, lanes=lanes)
        seat_all(queue)
        queue.push("guest", rank=1, lanes=(Lane("guest", 2), Lane("elsewhere", 3), Lane("ConfigMap", 15)))

        taken = queue.pop()

        assert taken is not None, f"{slow} namespaces hold {queue.held(Lane('ConfigMap', 15))} of 32 seats"
        assert taken[0] == "guest"


def test_a_lane_holds_no_more_than_its_own_share():
    queue = FairQueue[int](32)
    for number in range(100):
        queue.push(number, rank=0, lanes=(Lane(number, 1), Lane("namespace", 3), "kind"))

    assert seat_all(queue) == 24


def test_who_has_used_little_goes_before_who_has_used_much_whoever_has_waited_for_longer():
    queue = FairQueue[str](1)
    for turn in range(3):
        queue.push(f"hog {turn}", rank=0, lanes=("hog", f"host {turn}"))
        assert queue.pop() is not None
        queue.give_back(("hog", f"host {turn}"), used=40)
    for number in range(300):
        queue.push(f"old {number}", rank=number, lanes=("hog", f"another host {number}"))
    queue.push("guest", rank=1_000, lanes=("guest", "works.example"))

    taken = [queue.pop()]
    queue.give_back(taken[0][1], used=1)  # type: ignore[index] # something waits
    taken.append(queue.pop())

    assert [each[0] for each in taken if each] == ["guest", "old 0"]


def test_who_comes_anew_has_no_arrears_to_call_in():
    """Who did nothing for long goes first once, not until it has used as much as the others did meanwhile."""
    queue = FairQueue[str](1)
    for number in range(20):
        queue.push(f"busy {number}", rank=0, lanes=("busy",))
    for _ in range(10):
        one_turn(queue, used=5)
    for number in range(10):
        queue.push(f"late {number}", rank=0, lanes=("late",))

    after = [one_turn(queue, used=5).split()[0] for _ in range(10)]

    assert after.count("late") == after.count("busy") == 5


BURSTS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 30), st.integers(1, 40)), min_size=1, max_size=120)


@settings(max_examples=examples(200))
@given(st.integers(1, 8), BURSTS)
def test_a_quiet_namespace_waits_for_one_turn_of_each_other_at_most_whatever_flows_they_make(seats, bursts):
    """Twelve namespaces with hosts without end, each turn as long as they like; then somebody who has used nothing."""
    queue = FairQueue[object](seats)
    seated: list[tuple[Lanes, int]] = []
    for number, (namespace, hosts, seconds) in enumerate(bursts):
        for host in range(hosts):
            lanes = (
                Lane(("namespace", namespace), 3),
                Lane(("runs", namespace, number, host), 2),
                Sort("registries", 7),
            )
            queue.push((number, host), rank=number, lanes=lanes)
        while (taken := queue.pop()) is not None:
            seated.append((taken[1], seconds))
        if seated:
            ended, used = seated.pop(0)
            queue.give_back(ended, used=used)
    queue.push("guest", rank=1_000, lanes=(Lane(("namespace", "quiet"), 3), Lane("its host", 2), Sort("registries", 7)))

    before = Counter[object]()
    while (taken := queue.pop()) is None or taken[0] != "guest":
        if taken is not None:
            before[taken[1][0]] += 1
            seated.append((taken[1], 40))
        else:
            ended, used = seated.pop(0)
            queue.give_back(ended, used=used)

    assert max(before.values(), default=0) <= 1


def one_turn(queue: FairQueue[str], *, used: float) -> str:
    """Who is served next, with the only seat."""
    taken = queue.pop()
    assert taken is not None
    queue.give_back(taken[1], used=used)
    return taken[0]
