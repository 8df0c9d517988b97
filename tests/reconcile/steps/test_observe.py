"""What runs is followed, as far as its kinds can be asked."""

import asyncio
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from tests.reconcile.pattern import NEWER, NOW, REVISION, pattern

from pattern_operator.api.condition import Condition
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.status import Inventory, InventoryEntry, Status
from pattern_operator.apply import Health, HealthState, ManagedObjects
from pattern_operator.apply.finished import FinishState, RunRecord
from pattern_operator.kube import ApiUnavailable, KindNotFound
from pattern_operator.kube.errors import GroupUnavailable
from pattern_operator.reconcile.comparison import Comparison, packed, unpacked
from pattern_operator.reconcile.results import Observed
from pattern_operator.reconcile.status import ahead
from pattern_operator.reconcile.steps.observe import MANY, follow, observe, observe_if_known

ENTRIES = tuple(
    InventoryEntry(id=each, v="v1")
    for each in (
        "team_a_down.example_Load",
        "team_b_down.example_Load",
        "team_c_gone.example_Ghost",
        "team_d_slow.example_Snail",
        "team_e__ConfigMap",
    )
)


class Cluster:
    """Knows ConfigMaps; every other kind fails in a way of its own."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.expected: list[ObjectKey] = []
        self.missed: list[ObjectKey] = []
        self.compared: list[tuple[str, bytes]] = []
        self.managed = SimpleNamespace(
            expect=lambda key, owner: self.expected.append(key),
            mark_missing=lambda key, owner: self.missed.append(key),
            restore=lambda key, owner, known: self.compared.append((key.name, known)),
            is_terminating=lambda _: False,
        )

    async def watch(self, *, group: str, kind: str) -> None:
        self.asked.append(kind)
        if group == "down.example":
            raise GroupUnavailable(group)
        if group == "gone.example":
            raise KindNotFound(group=group, version=None, kind=kind)
        if group == "slow.example":
            raise ApiUnavailable(code=503, reason="ServiceUnavailable", message="it is not there")


async def test_a_kind_that_cannot_be_asked_costs_its_own_objects_alone():
    cluster: Any = Cluster()
    followed = pattern(status=Status(inventory=Inventory(entries=ENTRIES)))

    await follow(followed, port=cluster)

    assert [each.name for each in cluster.expected] == ["e"]
    assert sorted(cluster.asked) == ["ConfigMap", "Ghost", "Load", "Snail"]  # each kind once


async def test_an_inventory_that_cannot_be_read_is_not_followed():
    cluster: Any = Cluster()
    broken = pattern(status=Status(inventory=Inventory(entries=(InventoryEntry(id="nonsense", v="v1"),))))

    await follow(broken, port=cluster)

    assert cluster.asked == []


def condition(kind: str, status: Literal["True", "False", "Unknown"], reason: str) -> Condition:
    moment = "2026-11-25T12:00:00Z"
    return Condition(type=kind, status=status, reason=reason, message="", last_transition_time=moment)


MIXED = tuple(
    InventoryEntry(id=each, v="v1")
    for each in ("team_a__ConfigMap", "team_done_batch_Job", "team_once__Pod", "team_web_apps_Deployment")
)


@pytest.mark.parametrize(
    ("applied", "missed"),
    [
        (condition("Applied", "True", "Succeeded"), ["a", "web"]),
        (condition("Applied", "True", "Drifted"), ["a", "web"]),
        (condition("Applied", "Unknown", "Progressing"), []),  # named ahead, and maybe never made
        (condition("Applied", "Unknown", "Pruning"), []),  # named, and maybe gone as it should
        (condition("Applied", "False", "ApplyFailed"), []),
    ],
)
async def test_of_what_was_applied_whole_each_missing_object_counts_but_those_that_end_by_themselves(applied, missed):
    cluster: Any = Cluster()
    status = Status(revision=str(REVISION), conditions=(applied,), inventory=Inventory(entries=MIXED))

    await follow(pattern(status=status), port=cluster)

    assert [each.name for each in cluster.missed] == missed


async def test_each_object_is_compared_with_what_it_was_like_when_it_was_applied():
    cluster: Any = Cluster()
    ids = {each.id.split("_")[1]: each.id for each in MIXED}
    known = Comparison("digest", {ids["a"]: b"aaaaaaaa", ids["done"]: bytes(RunRecord(FinishState.SUCCEEDED, b"job"))})
    status = Status(
        revision=str(REVISION),
        conditions=(condition("Applied", "True", "Succeeded"),),
        inventory=Inventory(entries=MIXED),
        fingerprints=packed(known, MIXED),
    )

    await follow(pattern(status=status), port=cluster)

    assert sorted(cluster.compared) == [
        ("a", b"aaaaaaaa"),
        ("done", bytes(RunRecord(FinishState.SUCCEEDED, b"job"))),
        ("once", b""),
    ]
    assert cluster.missed == []


async def test_of_what_is_on_its_way_only_the_marks_of_what_ends_by_itself_are_known():
    cluster: Any = Cluster()
    ids = {each.id.split("_")[1]: each.id for each in MIXED}
    running, done = (
        bytes(RunRecord(FinishState.RUNNING_EPHEMERAL, b"pod")),
        bytes(RunRecord(FinishState.SUCCEEDED, b"job")),
    )
    known = Comparison("digest", {ids["a"]: b"aaaaaaaa", ids["done"]: done, ids["once"]: running})
    whole = Status(revision=str(REVISION), inventory=Inventory(entries=MIXED), fingerprints=packed(known, MIXED))
    entries = (*MIXED, InventoryEntry(id="team_z__ConfigMap", v="v1"))

    planned = ahead(pattern(status=whole), entries, to=NEWER, now=NOW)
    again = ahead(pattern(status=planned), MIXED, to=NEWER, now=NOW)
    await follow(pattern(status=again), port=cluster)

    assert sorted(cluster.compared) == [("done", done), ("once", running)]
    assert cluster.missed == []
    assert unpacked(planned) == Comparison("", {ids["done"]: done, ids["once"]: running})


@pytest.mark.parametrize(
    ("applied", "terminating", "expected"),
    [
        pytest.param(condition("Applied", "Unknown", "Pruning"), {"a"}, ["done", "once", "web"], id="it is pruned"),
        pytest.param(condition("Applied", "Unknown", "Pruning"), set(), ["a", "done", "once", "web"], id="it stays"),
        pytest.param(condition("Applied", "True", "Succeeded"), {"a"}, ["a", "done", "once", "web"], id="by others"),
    ],
)
async def test_what_is_pruned_and_goes_does_not_count_and_all_else_does(
    applied: Condition, terminating: set[str], expected: list[str]
):
    cluster: Any = Cluster()
    cluster.managed.is_terminating = lambda key: key.name in terminating
    status = Status(revision=str(REVISION), conditions=(applied,), inventory=Inventory(entries=MIXED))

    await follow(pattern(status=status), port=cluster)

    assert sorted(each.name for each in cluster.expected) == expected


async def test_while_many_objects_are_looked_at_others_have_their_turn():
    turns, cluster = 0, Cluster()

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    entries = tuple(InventoryEntry(id=f"team_c{number:04}__ConfigMap", v="v1") for number in range(2 * MANY + 1))
    waiting = asyncio.create_task(others())
    await follow(pattern(status=Status(inventory=Inventory(entries=entries))), port=cluster)  # type: ignore[arg-type] # a stand-in
    waiting.cancel()

    assert turns == 3


class Seen(ManagedObjects):
    """ManagedObjects of one health, and a clock."""

    def __init__(self) -> None:
        self.state, self.now, self.any = HealthState.CURRENT, 0.0, True
        self.managed = self

    def conflicts(self, _: str) -> tuple[str, ...]:
        return ()

    def all_drifted(self, _: str) -> frozenset[ObjectKey]:
        return frozenset({ObjectKey("", "ConfigMap", "team", "a")})

    def get(self, _: ObjectKey) -> None:
        return None

    def health(self, owner: str, *, keys: Collection[ObjectKey] | None = None) -> Health:
        return Health(self.state, "it is so")

    def expects_any(self, _: str) -> bool:
        return self.any


class Watched:
    """One pattern that is looked at time and again."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.since: float | None = None

    def overdue(self) -> bool:
        made: Observed = observe(
            pattern(spec={"timeout": "1m"}), unhealthy_since=self.since, now=self.seen.now, port=self.seen
        )
        self.since = made.unhealthy_since
        return made.overdue


def test_a_crash_a_week_after_a_rollout_has_the_whole_time():
    watched = Watched()
    watched.overdue()

    watched.seen.now, watched.seen.state = 604_800.0, HealthState.IN_PROGRESS
    at_once = watched.overdue()
    watched.seen.now += 59.0
    later = watched.overdue()
    watched.seen.now += 1.0

    assert (at_once, later, watched.overdue()) == (False, False, True)


def test_after_it_was_healthy_again_the_time_begins_anew():
    watched = Watched()
    watched.seen.state = HealthState.IN_PROGRESS
    watched.overdue()
    watched.seen.now, watched.seen.state = 50.0, HealthState.CURRENT
    watched.overdue()

    watched.seen.now, watched.seen.state = 70.0, HealthState.IN_PROGRESS

    assert not watched.overdue()


def test_what_fails_and_starts_by_turns_is_not_given_new_time_each_time():
    watched = Watched()
    for second in range(60):
        watched.seen.now = float(second)
        watched.seen.state = (HealthState.FAILED, HealthState.IN_PROGRESS)[second % 2]
        watched.overdue()
    watched.seen.now = 60.0

    assert watched.overdue()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({}, ()),
        ({"apply": {"driftPolicy": "Report"}}, ("ConfigMap team/a was deleted, or lost its owner label",)),
        ({"suspend": True}, ("ConfigMap team/a was deleted, or lost its owner label",)),
    ],
)
def test_drift_is_told_where_it_is_left(spec: dict[str, Any], told: tuple[str, ...]):
    made = observe(pattern(spec=spec), unhealthy_since=None, now=0.0, port=Seen())

    assert made.drifted == told


def test_where_no_object_could_be_followed_nothing_is_said_of_health():
    seen = Seen()
    seen.any = False

    assert observe_if_known(pattern(), unhealthy_since=None, now=0.0, port=seen) is None
